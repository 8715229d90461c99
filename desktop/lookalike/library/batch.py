"""Embedding a batch of decoded photos so that one that fails cannot fail the others; runs on the ingest thread."""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from lookalike.core.errors import LookalikeError
from lookalike.core.records import DecodedPhoto
from lookalike.imaging.thumbnails import ThumbnailCache
from lookalike.library.model import SharedModel

log = logging.getLogger(__name__)

Vectors = dict[bytes, NDArray[np.float32]]


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
