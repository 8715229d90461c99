"""What the catalog answers with besides the records of the core: frozen, any thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lookalike.core.records import FileStat


@dataclass(frozen=True, slots=True)
class FolderRow:
    """A watched folder as kept.

    Attributes:
        folder_id: Its row; never used again after it was forgotten.
        path: Absolute path without a separator at its end.
        volume: What tells its volume from another one mounted in the same place.
    """

    folder_id: int
    path: bytes
    volume: str


class KnownFile(NamedTuple):
    """What a scan compares a file with; a tuple, because a scan asks for a hundred thousand of them at once.

    Attributes:
        file_id: Its row.
        content_id: None for a skipped file.
        stat: As last seen; None for a file that was skipped before it could be looked at.
        is_missing: It was gone at the last scan.
        skip_reason: Why it is left out; None for a photo.
    """

    file_id: int
    content_id: int | None
    stat: FileStat | None
    is_missing: bool
    skip_reason: str | None


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What left the catalog.

    Attributes:
        photos: Photos that were not missing.
        fingerprints: Of contents no file needs any more: their thumbnails can go.
        content_ids: The same contents' rows: the index may never return them again.
    """

    photos: int
    fingerprints: list[bytes]
    content_ids: list[int]


@dataclass(frozen=True, slots=True)
class Counts:
    """How much the catalog holds.

    Attributes:
        photos: Files that are neither missing nor skipped.
        missing: Photos whose file is gone though its folder can be read.
        contents: Different contents, those of missing photos included.
        skipped: Files left out with a reason.
        embeddings: How many contents are embedded, by model id.
        photos_in: Photos under each watched folder, by folder_id; in a folder watched inside another one they
            count for both.
    """

    photos: int
    missing: int
    contents: int
    skipped: int
    embeddings: Mapping[str, int]
    photos_in: Mapping[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddingBatch:
    """Some embeddings, in the order of their change_seq.

    Attributes:
        content_ids: int64 (N,).
        vectors: float32 (N, dim), rows of unit length.
        change_seq: Of the last row.
    """

    content_ids: NDArray[np.int64]
    vectors: NDArray[np.float32]
    change_seq: int
