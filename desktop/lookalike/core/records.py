"""The records that cross threads and processes: frozen, slotted, without behaviour that needs the outside."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray


class FolderState(Enum):
    """What the folder list shows beside a watched folder."""

    ONLINE = "online"
    SCANNING = "scanning"
    OFFLINE = "offline"


class ContentState(Enum):
    """Whether a content can be relied on."""

    OK = "ok"
    DAMAGED = "damaged"
    """It decoded, but only in part: never a keeper, never called identical."""
    QUARANTINED = "quarantined"
    """It ended a decoder process twice; retried only by hand."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a photo says of itself.

    Attributes:
        size_bytes: Size of the file.
        width: Pixels across once upright.
        height: Pixels down once upright.
        format: Name of the format as found in the content: ``JPEG``, ``PNG``, ``WEBP``, ``GIF``, ``TIFF``,
            ``BMP``, ``AVIF``, ``HEIC``, ``RAW``, ``JXL``.
        taken_at: Capture time by the camera's own clock, ISO 8601 without a zone (``2004-06-01T12:30:00``),
            with fractions of a second where the camera gives them; None where the photo does not say.
        camera: Maker and model, one text; None where unknown.
        latitude: Degrees north, -90 to 90; None where unknown.
        longitude: Degrees east, -180 to 180; None where unknown.
        orientation: The EXIF orientation that was undone, 1 to 8.
    """

    size_bytes: int
    width: int
    height: int
    format: str
    taken_at: str | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    orientation: int = 1


@dataclass(frozen=True, slots=True)
class FileStat:
    """What the file system says of a file; equal size and mtime mean unchanged."""

    size_bytes: int
    mtime_ns: int
    inode: int
    device: int


@dataclass(frozen=True, slots=True)
class DecodedPhoto:
    """All that one decode yields.

    Attributes:
        stat: Of the open file, taken before and after reading and found equal.
        fingerprint: BLAKE2b-256 of the file's bytes, 32 bytes.
        pixel_fingerprint: BLAKE2b-128 of the upright RGB pixels as decoded, with their dimensions, 16 bytes.
        pixels: uint8 (S, S, 3), upright RGB, the whole photo squashed to the model's square.
        thumbnail: A JPEG file, longer side at most 256 px, upright, sRGB.
        facts: What the photo says of itself.
        is_damaged: Only a part could be decoded.
    """

    stat: FileStat
    fingerprint: bytes
    pixel_fingerprint: bytes
    pixels: NDArray[np.uint8]
    thumbnail: bytes
    facts: Facts
    is_damaged: bool = False


@dataclass(frozen=True, slots=True)
class Photo:
    """One file in the library with the facts of its content.

    Attributes:
        file_id: Row of the file; stays the same over a rename or move.
        content_id: Row of the content, shared by identical files; the label in the index.
        folder_id: The watched folder that holds it.
        path: Absolute path, bytes as the file system gives them.
        stat: As last seen.
        facts: Of the content.
        state: Of the content.
        is_missing: The folder is reachable and the file is gone.
        fingerprint: 32 bytes, the content's.
    """

    file_id: int
    content_id: int
    folder_id: int
    path: bytes
    stat: FileStat
    facts: Facts
    state: ContentState
    is_missing: bool
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class WatchedFolder:
    """A folder the user asked to watch, with everything under it.

    Attributes:
        folder_id: Its row.
        path: Absolute path, bytes.
        state: Online, scanning or offline.
        photos: Files known in it that are not missing.
        reason: Why it is offline or slow, one sentence; empty when all is well.
    """

    folder_id: int
    path: bytes
    state: FolderState
    photos: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is left out, and why in words."""

    path: bytes
    reason: str
    can_retry: bool = True


@dataclass(frozen=True, slots=True)
class LookAlike:
    """One row of an answer: a photo and how much it looks like the query photo.

    Attributes:
        photo: The file; identical files of one content are rows of their own with the same score.
        score: Cosine similarity clipped to 0..1; the window shows it as a percentage.
    """

    photo: Photo
    score: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long work has come.

    Attributes:
        done: Items finished.
        total: Items known so far; grows while a scan finds more.
        per_second: Items per second over the last stretch; 0 while unknown.
        seconds_left: Estimate; None while unknown.
    """

    done: int
    total: int
    per_second: float = 0.0
    seconds_left: float | None = None
