"""Fingerprints: of the file's bytes, and of what the picture shows."""

from __future__ import annotations

import hashlib
import os
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike.imaging.decode import fingerprint_file
from tests.imaging.pictures import decode, encoded
from tests.pictures import exif, picture


def test_a_content_fingerprint_is_blake2b_of_the_file(tmp_path: Path) -> None:
    data = encoded(picture(1), "JPEG")
    wanted = hashlib.blake2b(data, digest_size=32).digest()
    photo = decode(tmp_path, data)
    stat, fingerprint = fingerprint_file(os.fsencode(tmp_path / "photo"))
    assert photo.fingerprint == fingerprint == wanted
    assert photo.stat == stat
    status = (tmp_path / "photo").stat()
    assert (stat.size_bytes, stat.mtime_ns, stat.inode, stat.device) == (
        len(data),
        status.st_mtime_ns,
        status.st_ino,
        status.st_dev,
    )


def test_a_pixel_fingerprint_is_blake2b_of_size_and_upright_pixels(tmp_path: Path) -> None:
    image = picture(2, (1301, 1103))  # In more than one band, with one row over.
    digest = hashlib.blake2b(digest_size=16)
    digest.update(np.array(image.size, "<u4").tobytes() + np.asarray(image).tobytes())
    assert decode(tmp_path, encoded(image, "PNG")).pixel_fingerprint == digest.digest()


def test_an_edit_of_the_metadata_leaves_the_pixel_fingerprint(tmp_path: Path) -> None:
    for format_name in ("JPEG", "PNG", "WEBP", "TIFF"):
        first = decode(tmp_path, encoded(picture(3), format_name))
        second = decode(tmp_path, encoded(picture(3), format_name, exif=exif(camera=("A", "B")).tobytes()))
        assert first.fingerprint != second.fingerprint, format_name
        assert first.pixel_fingerprint == second.pixel_fingerprint, format_name


def test_the_container_does_not_change_the_pixel_fingerprint(tmp_path: Path) -> None:
    found = {
        decode(tmp_path, encoded(picture(4), format_name, **options)).pixel_fingerprint
        for format_name, options in (("PNG", {}), ("TIFF", {}), ("BMP", {}), ("WEBP", {"lossless": True}))
    }
    assert len(found) == 1


def test_one_pixel_changes_the_pixel_fingerprint(tmp_path: Path) -> None:
    image = picture(5)
    before = decode(tmp_path, encoded(image, "PNG")).pixel_fingerprint
    red, green, blue = image.getpixel((479, 319))  # type: ignore[misc]
    image.putpixel((479, 319), (red ^ 1, green, blue))
    assert decode(tmp_path, encoded(image, "PNG")).pixel_fingerprint != before


def test_the_size_belongs_to_the_pixel_fingerprint(tmp_path: Path) -> None:
    lying, standing = (Image.new("RGB", size, "red") for size in ((200, 100), (100, 200)))
    found = {decode(tmp_path, encoded(image, "PNG")).pixel_fingerprint for image in (lying, standing)}
    assert len(found) == 2


@pytest.mark.parametrize("size", [(700, 500), (1000, 800), (1900, 1400)])
def test_the_model_does_not_change_the_pixel_fingerprint(tmp_path: Path, size: tuple[int, int]) -> None:
    data = encoded(picture(6, size), "JPEG")
    photos = [decode(tmp_path, data, input_px=input_px) for input_px in (96, 224, 288, 512)]
    assert len({photo.pixel_fingerprint for photo in photos}) == 1
    assert len({photo.thumbnail for photo in photos}) == 1
    assert [photo.pixels.shape[0] for photo in photos] == [96, 224, 288, 512]


@pytest.mark.parametrize("input_px", [160, 224, 512])
@pytest.mark.parametrize("size", [(1600, 1200), (2800, 700)])
def test_a_reduced_decode_looks_like_a_full_one(tmp_path: Path, size: tuple[int, int], input_px: int) -> None:
    data = encoded(picture(7, size), "JPEG", quality=92)
    full = Image.open(BytesIO(data)).convert("RGB")
    wanted = np.asarray(full.resize((input_px, input_px), Image.Resampling.LANCZOS), np.int32)
    found = decode(tmp_path, data, input_px=input_px).pixels.astype(np.int32)
    assert np.abs(found - wanted).mean() < 1.5


@pytest.mark.parametrize("size", [(1600, 1200), (2401, 1801), (4000, 600)])
def test_a_large_lossless_photo_looks_like_one_resized_in_one_step(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    image = picture(8, size)
    wanted = np.asarray(image.resize((160, 160), Image.Resampling.LANCZOS), np.int32)
    found = decode(tmp_path, encoded(image, "BMP"), input_px=160).pixels.astype(np.int32)
    assert np.abs(found - wanted).mean() < 1.0


def test_a_thumbnail_is_a_small_jpeg_without_metadata(tmp_path: Path) -> None:
    data = encoded(picture(9, (800, 600)), "JPEG", exif=exif(camera=("A", "B")).tobytes(), comment=b"secret")
    thumbnail = decode(tmp_path, data).thumbnail
    image = Image.open(BytesIO(thumbnail))
    assert (image.format, image.size, image.mode) == ("JPEG", (256, 192), "RGB")
    assert not image.getexif()
    assert b"secret" not in thumbnail
    small = decode(tmp_path, encoded(picture(9, (100, 80)), "JPEG"))
    assert Image.open(BytesIO(small.thumbnail)).size == (100, 80)
