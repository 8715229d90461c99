"""Damaged photos: what is there is shown and called damaged; the rest is refused in words."""

from __future__ import annotations

import os
import random
from pathlib import Path

import numpy as np
import pytest

from lookalike.core.errors import PhotoUnreadableError
from lookalike.core.records import DecodedPhoto
from lookalike.imaging.decode import decode_large
from tests.imaging.pictures import GREEN, RED, corners, decode, encoded, is_close, quarters
from tests.pictures import exif, picture

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "HEIF")
PARTLY_READABLE = ("JPEG", "PNG", "GIF", "BMP")
"""Formats whose pixels stand in the file in order, so that a part of it is a part of the picture."""


@pytest.mark.parametrize("format_name", PARTLY_READABLE)
def test_the_part_of_a_truncated_photo_that_is_there_decodes(tmp_path: Path, format_name: str) -> None:
    options = {"interlace": False} if format_name == "GIF" else {}
    data = encoded(picture(1, (800, 600)), format_name, **options)
    whole = decode(tmp_path, data)
    photo = decode(tmp_path, data[: len(data) * 6 // 10])
    there = slice(50, None) if format_name == "BMP" else slice(40)  # A BMP is stored from the bottom up.
    ours, theirs = photo.pixels[there], whole.pixels[there]
    assert photo.is_damaged
    assert not whole.is_damaged
    assert np.abs(ours.astype(int) - theirs.astype(int)).mean() < 2


def test_a_truncated_progressive_jpeg_decodes(tmp_path: Path) -> None:
    data = encoded(quarters(800, 600), "JPEG", progressive=True)
    photo = decode(tmp_path, data[: len(data) // 2])
    assert photo.is_damaged
    assert is_close(corners(photo.pixels)[:2], (RED, GREEN), 40)


def test_a_truncated_photo_shows_in_the_large_view(tmp_path: Path) -> None:
    file = tmp_path / "photo"
    data = encoded(picture(2, (800, 600)), "JPEG")
    file.write_bytes(data[: len(data) // 2])
    assert decode_large(os.fsencode(file), 400).shape == (300, 400, 3)


def test_damage_does_not_hide_what_the_photo_says_of_itself(tmp_path: Path) -> None:
    data = encoded(picture(3, (800, 600)), "JPEG", exif=exif(camera=("Zeiss", "Ikon"), orientation=6))
    photo = decode(tmp_path, data[: len(data) // 2])
    assert photo.facts.camera == "Zeiss Ikon"
    assert (photo.facts.width, photo.facts.height) == (600, 800)


@pytest.mark.parametrize("format_name", ["JPEG", "PNG"])
def test_a_file_that_ends_before_the_picture_says_so(tmp_path: Path, format_name: str) -> None:
    data = encoded(picture(4), format_name)
    mark = data.index(b"\xff\xda" if format_name == "JPEG" else b"IDAT")
    for end in (30, mark):
        with pytest.raises(PhotoUnreadableError, match=r"^The file ends before the picture begins\.$"):
            decode(tmp_path, data[:end])


def test_a_jpeg_that_ends_where_the_picture_begins_has_no_part_to_show(tmp_path: Path) -> None:
    data = encoded(picture(5), "JPEG")
    with pytest.raises(PhotoUnreadableError, match="no part of the picture could be decoded"):
        decode(tmp_path, data[: data.index(b"\xff\xda") + 20])


def test_a_gif_without_a_frame_has_no_part_to_show(tmp_path: Path) -> None:
    data = encoded(picture(5), "GIF")
    with pytest.raises(PhotoUnreadableError, match="damaged"):
        decode(tmp_path, data[: data.index(b",", 13 + 3 * 256) + 10])


def test_a_png_with_a_flipped_bit_decodes_as_damaged(tmp_path: Path) -> None:
    data = bytearray(encoded(picture(5), "PNG"))
    whole = decode(tmp_path, bytes(data))
    data[len(data) * 3 // 4] ^= 0x10
    photo = decode(tmp_path, bytes(data))
    assert photo.is_damaged
    assert np.array_equal(photo.pixels[:40], whole.pixels[:40])


def test_damaged_exif_does_not_cost_the_photo(tmp_path: Path) -> None:
    data = encoded(quarters(), "JPEG", exif=exif(orientation=1, camera=("A", "B"), position=(10.0, 20.0)))
    start = data.index(b"Exif\0\0") + 6
    noise = random.Random(1)
    for _ in range(50):
        broken = bytearray(data)
        for _ in range(8):
            broken[start + noise.randrange(8, 120)] = noise.randrange(256)
        photo = decode(tmp_path, bytes(broken))
        assert not photo.is_damaged
        assert sorted((photo.facts.width, photo.facts.height)) == [120, 160]


@pytest.mark.parametrize("format_name", FORMATS)
def test_any_damage_ends_in_a_photo_or_in_a_sentence(tmp_path: Path, format_name: str) -> None:
    data = encoded(picture(6, (200, 150)), format_name, exif=exif(camera=("A", "B"), position=(1.0, 2.0)))
    noise = random.Random(format_name)
    refused = 0
    for round_number in range(60):
        broken = bytearray(data)
        if round_number % 3 == 0:
            del broken[noise.randrange(12, len(broken)) :]
        for _ in range(noise.choice((1, 4, 30))):
            if round_number % 3:
                # Heads of files hold what decoders trust most.
                reach = len(broken) if round_number % 2 else min(400, len(broken))
                broken[noise.randrange(12, reach)] = noise.randrange(256)
        try:
            photo = decode(tmp_path, bytes(broken))
        except PhotoUnreadableError:
            refused += 1
        else:
            assert isinstance(photo, DecodedPhoto)
            assert photo.pixels.shape == (96, 96, 3)
    assert refused < 60, "nothing was decoded at all"
