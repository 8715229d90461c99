"""Look-alikes of one photo: neighbours from the index, named by the catalog; runs on the query thread."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lookalike.catalog.catalog import Catalog
from lookalike.core.errors import InputError, PhotoUnreadableError
from lookalike.core.records import LookAlike, Photo
from lookalike.imaging.decode import DecodeRequest
from lookalike.imaging.pool import DecoderDied, DecoderPool
from lookalike.index.neighbours import Neighbours
from lookalike.library.model import SharedModel
from lookalike.library.scanner import file_stat, is_unchanged

SLACK = 16
"""Neighbours asked for beyond the limit: some have no file any more, one is the query photo."""
MOST_NEIGHBOURS = 4096
"""An answer never needs more; beyond this the search stops widening."""


class NeighbourSearch(Protocol):
    """What answers: the index, or exact search over the catalog's embeddings."""

    def search(self, queries: NDArray[np.float32], k: int) -> Neighbours:
        """Returns the ``k`` best content ids and scores for each of the (Q, dim) queries."""
        ...


def find_similar(
    catalog: Catalog,
    index: NeighbourSearch,
    vector: NDArray[np.float32],
    *,
    limit: int,
    threshold: float,
    left_out: bytes,
) -> list[LookAlike]:
    """Ranks the library's photos by cosine similarity to ``vector``, best first.

    Args:
        catalog: A connection of the calling thread.
        index: Neighbour search over content ids.
        vector: float32 (dim,), unit length.
        limit: Most rows to return.
        threshold: Least score, 0 to 1.
        left_out: Path of the query photo itself.
    """
    most = catalog.content_count()
    wanted = min(limit + SLACK, most)
    query_file = os.path.realpath(left_out)
    while True:
        found = index.search(vector[np.newaxis], wanted)
        ids, scores = found.content_ids[0], found.scores[0]
        is_real = ids >= 0
        ids, scores = ids[is_real], np.clip(scores[is_real], 0.0, 1.0)
        photos = catalog.photos_of_contents([int(each) for each in ids])
        rows = [
            LookAlike(photo, float(score))
            for content_id, score in zip(ids, scores, strict=True)
            for photo in photos.get(int(content_id), ())
            if score >= threshold and not _is_query(photo, left_out, query_file)
        ]
        is_all = len(ids) < wanted or wanted >= most or float(scores[-1]) < threshold
        if len(rows) >= limit or is_all or wanted >= MOST_NEIGHBOURS:
            # Equal scores (identical files) stand in the order of their paths, so an answer is the same twice.
            rows.sort(key=lambda row: (-row.score, row.photo.path))
            return rows[:limit]
        wanted = min(wanted * 4, MOST_NEIGHBOURS, most)


def _is_query(photo: Photo, path: bytes, real: bytes) -> bool:
    """Says whether a photo is the query photo, which may have been named through a symbolic link."""
    if photo.path == path:
        return True
    return os.path.basename(photo.path) == os.path.basename(real) and os.path.realpath(photo.path) == real


def query_vector(
    catalog: Catalog, query: int | bytes, model: SharedModel, decoders: Callable[[], DecoderPool]
) -> tuple[bytes, NDArray[np.float32]]:
    """Returns the query photo's path and embedding: the catalog's where it knows the photo, else a fresh one.

    A photo from outside is decoded and embedded and never added.

    Raises:
        InputError: The photo is not there.
        PhotoUnreadableError: It cannot be decoded.
        ModelError: The model cannot be used.
    """
    photo = catalog.photo(query) if isinstance(query, int) else _photo_at(catalog, query)
    if photo is not None and (isinstance(query, int) or _is_as_known(photo)):
        vector = catalog.embedding(photo.content_id, model.card.model_id)
        if vector is not None:
            return photo.path, vector
    if photo is None and isinstance(query, int):
        raise InputError("This photo is no longer in the library.")
    path = photo.path if photo is not None else bytes(query)
    decoding = decoders().decode(DecodeRequest(path, model.card.input_px, 1), is_urgent=True)
    model.load()  # beside the decoding; nothing once it is loaded
    try:
        decoded = decoding.result()
    except DecoderDied as error:
        raise PhotoUnreadableError(error.reason) from error
    return path, model.embed_query(decoded.pixels)


def _photo_at(catalog: Catalog, path: bytes) -> Photo | None:
    return catalog.photo_at(path) or catalog.photo_at(os.path.realpath(path))


def _is_as_known(photo: Photo) -> bool:
    try:
        return is_unchanged(file_stat(os.stat(photo.path)), photo.stat)
    except OSError:
        return True  # offline: its embedding is still right
