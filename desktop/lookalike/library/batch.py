"""From a batch of decoded photos to rows to commit: embedding what is new, thumbnails; runs on the ingest thread."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.catalog.catalog import Catalog
from lookalike.core.errors import LookalikeError
from lookalike.core.records import ContentState, DecodedPhoto
from lookalike.imaging.thumbnails import ThumbnailCache
from lookalike.library.commit import Stored
from lookalike.library.model import SharedModel
from lookalike.library.work import Work

log = logging.getLogger(__name__)

Vectors = dict[bytes, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Taken:
    """What a batch came to.

    Attributes:
        stored: Rows to commit.
        failed: Why the model could not embed a photo, by fingerprint; those are in no row.
    """

    stored: tuple[Stored, ...]
    failed: dict[bytes, str]


def embed_new(
    batch: Sequence[tuple[Work, DecodedPhoto]],
    catalog: Catalog,
    model: SharedModel,
    thumbnails: ThumbnailCache,
) -> Taken:
    """Embeds the contents of a batch that are new, each once, and keeps their thumbnails.

    Raises:
        ModelError: The model itself cannot be opened.
    """
    new: dict[bytes, DecodedPhoto] = {}
    for _, photo in batch:
        content_id = catalog.content_with(photo.fingerprint)
        if content_id is None or not catalog.has_embedding(content_id, model.card.model_id):
            new.setdefault(photo.fingerprint, photo)
    vectors, failed = embed_each(model, new)
    for fingerprint in vectors:
        keep_thumbnail(thumbnails, new[fingerprint])
    stored = tuple(
        Stored(
            work.folder_id,
            work.path,
            photo.stat,
            photo.fingerprint,
            photo.pixel_fingerprint,
            photo.facts,
            ContentState.DAMAGED if photo.is_damaged else ContentState.OK,
            vectors.get(photo.fingerprint),
        )
        for work, photo in batch
        if photo.fingerprint not in failed
    )
    return Taken(stored, failed)


def embed_each(model: SharedModel, photos: dict[bytes, DecodedPhoto]) -> tuple[Vectors, dict[bytes, str]]:
    """Embeds a batch; when that fails, one by one.

    Args:
        model: The shared model.
        photos: By fingerprint, at most a batch.

    Returns:
        float32 (dim,) unit vectors by fingerprint, and for each photo that failed the reason in words.

    Raises:
        ModelError: The model itself cannot be opened, which is no photo's fault.
    """
    if not photos:
        return {}, {}
    keys = list(photos)
    try:
        rows = model.embed_batch(np.stack([photos[key].pixels for key in keys]))
        return dict(zip(keys, rows, strict=True)), {}
    except LookalikeError as error:
        model.load()
        if len(keys) == 1:
            return {}, {keys[0]: str(error)}
    vectors: Vectors = {}
    failed: dict[bytes, str] = {}
    for key in keys:
        good, bad = embed_each(model, {key: photos[key]})
        vectors |= good
        failed |= bad
    return vectors, failed


def keep_thumbnail(thumbnails: ThumbnailCache, photo: DecodedPhoto) -> None:
    """Puts the thumbnail into the cache; without it the window makes it again when it is looked at."""
    try:
        thumbnails.put(photo.fingerprint, photo.thumbnail)
    except OSError as error:
        log.warning("A thumbnail could not be kept: %s", error.strerror)
