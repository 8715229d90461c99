"""Counts of everything a profile holds, as the command line and the settings page show them."""

from __future__ import annotations

from dataclasses import dataclass

from lookalike.catalog.catalog import Catalog
from lookalike.core.records import WatchedFolder
from lookalike.imaging.thumbnails import ThumbnailCache
from lookalike.index.vectors import VectorIndex


@dataclass(frozen=True, slots=True)
class Status:
    """What a profile holds.

    Attributes:
        model_id: The model in use.
        photos: Files known and not missing.
        embeddings: Contents embedded with the model in use.
        skipped: Files left out with a reason.
        segments: Sealed segments of the index.
        tail: Embeddings newer than the last segment.
        folders: Watched folders with state and counts.
        cache_bytes: Size of the thumbnail cache.
    """

    model_id: str
    photos: int
    embeddings: int
    skipped: int
    segments: int
    tail: int
    folders: tuple[WatchedFolder, ...]
    cache_bytes: int


def read_status(
    catalog: Catalog,
    model_id: str,
    folders: tuple[WatchedFolder, ...],
    index: VectorIndex,
    thumbnails: ThumbnailCache,
) -> Status:
    """Counts; runs on the query thread."""
    counts = catalog.counts()
    return Status(
        model_id,
        counts.photos,
        counts.embeddings.get(model_id, 0),
        counts.skipped,
        index.segments,
        index.tail,
        folders,
        thumbnails.size_bytes(),
    )
