"""Camera RAW and JPEG XL, where their optional decoders are installed."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest

from lookalike.core.errors import PhotoUnreadableError
from lookalike.imaging.decode import decode_large
from tests.imaging.pictures import CORNERS, corners, decode, encoded, is_close, quarters
from tests.pictures import exif

ORIENTATIONS = {1: (0, 1, 2, 3), 3: (3, 2, 1, 0), 6: (2, 0, 3, 1), 8: (1, 3, 0, 2)}
"""Where the stored corners come to lie: upper left, upper right, lower left, lower right."""


def dng(width: int = 320, height: int = 240, orientation: int = 1) -> bytes:
    """A raw mosaic (red, green, green, blue) whose upper left quarter is bright and whose others are dark."""
    mosaic = np.full((height, width), 3000, "<u2")
    mosaic[: height // 2, : width // 2] = 40_000
    identity = [(1, 1) if place in (0, 4, 8) else (0, 1) for place in range(9)]
    tags: list[tuple[int, int, list[int]]] = [
        (254, 4, [0]),
        (256, 4, [width]),
        (257, 4, [height]),
        (258, 3, [16]),
        (259, 3, [1]),
        (262, 3, [32803]),
        (271, 2, list(b"Test\0")),
        (272, 2, list(b"Camera\0")),
        (273, 4, [0]),
        (274, 3, [orientation]),
        (277, 3, [1]),
        (278, 4, [height]),
        (279, 4, [mosaic.nbytes]),
        (33421, 3, [2, 2]),
        (33422, 1, [0, 1, 1, 2]),
        (50706, 1, [1, 4, 0, 0]),
        (50707, 1, [1, 1, 0, 0]),
        (50708, 2, list(b"Test Camera\0")),
        (50717, 4, [65535]),
        (50721, 10, [part for pair in identity for part in pair]),
        (50728, 5, [1, 1] * 3),
        (50778, 3, [21]),
    ]
    letters = {1: "B", 2: "B", 3: "H", 4: "I", 5: "I", 10: "i"}
    directory, extra = struct.pack("<H", len(tags)), b""
    start = 8 + 2 + 12 * len(tags) + 4
    entries = []
    for tag, kind, values in tags:
        packed = struct.pack(f"<{len(values)}{letters[kind]}", *values)
        count = len(values) // 2 if kind in (5, 10) else len(values)
        if len(packed) > 4:
            offset, packed = start + len(extra), packed + bytes(len(packed) % 2)
            extra += packed
            packed = struct.pack("<I", offset)
        entries.append(struct.pack("<HHI", tag, kind, count) + packed.ljust(4, b"\0"))
    place = next(at for at, tag in enumerate(tags) if tag[0] == 273)
    entries[place] = entries[place][:8] + struct.pack("<I", start + len(extra))
    directory += b"".join(entries) + bytes(4)
    return b"II*\0" + struct.pack("<I", 8) + directory + extra + mosaic.tobytes()


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_raw_develops_upright(tmp_path: Path, orientation: int) -> None:
    pytest.importorskip("rawpy")
    photo = decode(tmp_path, dng(orientation=orientation))
    assert photo.facts.format == "RAW"
    assert photo.facts.camera == "Test Camera"
    assert photo.facts.orientation == orientation
    assert (photo.facts.width, photo.facts.height) == ((320, 240) if orientation < 5 else (240, 320))
    found = [sum(colour) for colour in corners(photo.pixels)]
    bright = ORIENTATIONS[orientation].index(0)
    assert found[bright] == max(found)
    assert all(found[bright] > 2 * value for place, value in enumerate(found) if place != bright)


def test_a_large_raw_is_developed_at_half_size_and_keeps_its_facts(tmp_path: Path) -> None:
    pytest.importorskip("rawpy")
    photo = decode(tmp_path, dng(2000, 1600))
    assert (photo.facts.width, photo.facts.height) == (2000, 1600)
    (tmp_path / "raw").write_bytes(dng(2000, 1600))
    assert decode_large(os.fsencode(tmp_path / "raw"), 1500).shape == (1200, 1500, 3)


def test_a_damaged_raw_is_refused_in_words(tmp_path: Path) -> None:
    pytest.importorskip("rawpy")
    with pytest.raises(PhotoUnreadableError, match="RAW file is damaged"):
        decode(tmp_path, dng()[:400])


def test_a_jpeg_xl_decodes(tmp_path: Path) -> None:
    pytest.importorskip("pillow_jxl")
    data = encoded(quarters(), "JXL", lossless=True, exif=exif(camera=("A", "B")).tobytes())
    photo = decode(tmp_path, data)
    assert photo.facts.format == "JXL"
    assert is_close(corners(photo.pixels), CORNERS, 4)
    assert photo.facts.camera == "A B"
