"""What a grid asks of the catalog and what it gets: an order of file ids with their days; no thread of its own."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray


class SortBy(Enum):
    """What the photos of a listing are ordered by; the name settles ties."""

    CAPTURE_TIME = "capture-time"
    """The camera's clock; the file's time where the photo does not say."""
    NAME = "name"
    """Case-insensitive and natural: ``IMG_2`` before ``img_10``."""
    FOLDER = "folder"
    """The folder that holds the file, parents before children, then the name."""
    SIZE = "size"
    """Bytes of the file."""
    ADDED = "added"
    """When the photo came into the library."""


@dataclass(frozen=True, slots=True)
class ListingQuery:
    """Which photos to list, and in which order.

    Attributes:
        folder_id: Only photos under this watched folder; None for all.
        text: Only photos whose file name or folder path contains this, case-insensitively; blanks at its ends
            do not count, and an empty text filters nothing.
        sort: What to order by.
        is_descending: The exact reverse of the ascending order.
    """

    folder_id: int | None = None
    text: str = ""
    sort: SortBy = SortBy.CAPTURE_TIME
    is_descending: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """The answer: photos that are neither missing nor skipped, in the order asked for.

    Attributes:
        file_ids: int64 (N,).
        days: int32 (N,), day of capture as ``datetime.date.toordinal`` counts; of the file's time where the photo
            does not say.
    """

    file_ids: NDArray[np.int64]
    days: NDArray[np.int32]
