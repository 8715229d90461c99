"""All eight EXIF orientations come out upright, in every format that carries one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from lookalike.imaging.decode import decode_large
from tests.imaging.pictures import (
    CORNERS,
    corners,
    decode,
    encoded,
    is_close,
    oriented,
    quarters,
    thumbnail_pixels,
)

ORIENTATIONS = range(1, 9)
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF")


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("format_name", FORMATS)
def test_a_photo_comes_out_upright(tmp_path: Path, format_name: str, orientation: int) -> None:
    photo = decode(tmp_path, oriented(quarters(), orientation, format_name, quality=95))
    assert is_close(corners(photo.pixels), CORNERS)
    assert is_close(corners(thumbnail_pixels(photo)), CORNERS)
    assert thumbnail_pixels(photo).shape == (120, 160, 3)
    assert (photo.facts.width, photo.facts.height) == (160, 120)
    assert photo.facts.orientation == orientation
    assert not photo.is_damaged


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("format_name", FORMATS)
def test_the_large_view_is_upright(tmp_path: Path, format_name: str, orientation: int) -> None:
    file = tmp_path / "photo"
    file.write_bytes(oriented(quarters(), orientation, format_name, quality=95))
    pixels = decode_large(os.fsencode(file), 80)
    assert pixels.shape == (60, 80, 3)
    assert is_close(corners(pixels), CORNERS)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_jpeg_decoded_reduced_is_upright_too(tmp_path: Path, orientation: int) -> None:
    photo = decode(tmp_path, oriented(quarters(1606, 1201), orientation, "JPEG"))
    assert is_close(corners(photo.pixels), CORNERS)
    assert (photo.facts.width, photo.facts.height) == (1606, 1201)
    assert thumbnail_pixels(photo).shape == (191, 256, 3)


@pytest.mark.parametrize("format_name", ["PNG", "TIFF"])
def test_the_way_a_picture_is_stored_does_not_change_its_pixel_fingerprint(
    tmp_path: Path, format_name: str
) -> None:
    upright = quarters(1500, 1100)  # Turned in several bands.
    found = {
        decode(tmp_path, oriented(upright, each, format_name)).pixel_fingerprint for each in ORIENTATIONS
    }
    assert len(found) == 1


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_an_orientation_that_does_not_exist_counts_as_upright(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = decode(tmp_path, encoded(quarters(), "JPEG", exif=exif))
    assert is_close(corners(photo.pixels), CORNERS)
    assert photo.facts.orientation == 1


def test_an_orientation_behind_the_pixels_of_a_png_is_found(tmp_path: Path) -> None:
    data = oriented(quarters(), 6, "PNG")
    start = data.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(data[start : start + 4], "big")
    last = data.index(b"IEND") - 4
    moved = data[:start] + data[end:last] + data[start:end] + data[last:]
    assert moved.index(b"IDAT") < moved.index(b"eXIf")
    photo = decode(tmp_path, moved)
    assert is_close(corners(photo.pixels), CORNERS)
    assert photo.facts.orientation == 6
