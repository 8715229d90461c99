"""Formats are told by content."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from PIL import Image

from lookalike.core.errors import PhotoUnreadableError
from lookalike.imaging.formats import HAS_JXL, HAS_RAW, PHOTO_SUFFIXES, sniff
from tests.imaging.pictures import CORNERS, corners, decode, encoded, is_close, quarters

FORMATS = {
    "JPEG": "JPEG",
    "PNG": "PNG",
    "WEBP": "WEBP",
    "GIF": "GIF",
    "TIFF": "TIFF",
    "BMP": "BMP",
    "AVIF": "AVIF",
    "HEIC": "HEIF",
}


def tiff_head(*entries: tuple[int, int, int], order: str = "<") -> bytes:
    head = b"II*\0" if order == "<" else b"MM\0*"
    body = b"".join(
        struct.pack(order + "HHI", tag, kind, 1) + struct.pack(order + ("HH" if kind == 3 else "I"), *values)
        for tag, kind, values in (
            (tag, kind, (value, 0) if kind == 3 else (value,)) for tag, kind, value in entries
        )
    )
    return head + struct.pack(order + "IH", 8, len(entries)) + body + bytes(64)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_known_by_its_first_64_bytes(name: str) -> None:
    assert sniff(encoded(quarters(), FORMATS[name])[:64]) == name


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_decodes_under_a_wrong_name(tmp_path: Path, name: str) -> None:
    wrong = "photo.gif" if name != "GIF" else "photo.jpg"
    photo = decode(tmp_path, encoded(quarters(), FORMATS[name]), name=wrong)
    assert photo.facts.format == name
    assert is_close(corners(photo.pixels), CORNERS, 25)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff",
        b"BM" + bytes(62),
        b"RIFF\0\0\0\0WAVEfmt " + bytes(48),
        b"\0\0\0\x20ftypisom" + b"\0\0\2\0isomiso2avc1mp41" + bytes(32),
        b"%PDF-1.7" + bytes(56),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"PK\3\4" + bytes(60),
    ],
)
def test_what_is_no_photo_has_no_format(head: bytes) -> None:
    assert sniff(head) is None


@pytest.mark.parametrize(
    ("major", "compatible", "name"),
    [
        (b"heic", b"mif1heic", "HEIC"),
        (b"mif1", b"mif1heic", "HEIC"),
        (b"mif1", b"mif1avifmiaf", "AVIF"),
        (b"avif", b"mif1avif", "AVIF"),
        (b"msf1", b"hevcheic", "HEIC"),
        (b"mp42", b"isomheic", None),
        (b"crx ", b"crx isom", "RAW"),
    ],
)
def test_brands_tell_pictures_from_films(major: bytes, compatible: bytes, name: str | None) -> None:
    size = 16 + len(compatible)
    assert sniff(size.to_bytes(4, "big") + b"ftyp" + major + bytes(4) + compatible + bytes(64)) == name


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_raw_that_is_built_as_a_tiff_is_no_tiff(order: str) -> None:
    assert sniff(tiff_head((256, 3, 100), (50706, 4, 1), order=order)) == "RAW"  # DNG
    assert sniff(tiff_head((254, 4, 1), (271, 4, 99), (330, 4, 99), order=order)) == "RAW"  # NEF, ARW
    assert sniff(tiff_head((262, 3, 32803), (271, 4, 99), order=order)) == "RAW"  # a mosaic
    assert sniff(tiff_head((262, 3, 2), (271, 4, 99), order=order)) == "TIFF"  # a scan that names its scanner
    assert sniff(b"II*\0\x10\0\0\0CR\2\0" + bytes(64)) == "RAW"


def test_the_first_frame_of_an_animation_is_the_photo(tmp_path: Path) -> None:
    second = Image.new("RGB", (160, 120), "white")
    for format_name in ("GIF", "WEBP", "PNG", "TIFF"):
        data = encoded(quarters(), format_name, save_all=True, append_images=[second])
        assert is_close(corners(decode(tmp_path, data).pixels), CORNERS, 25), format_name


def test_a_jpeg_with_a_second_picture_behind_is_a_jpeg(tmp_path: Path) -> None:
    data = encoded(quarters(), "MPO", save_all=True, append_images=[Image.new("RGB", (160, 120), "white")])
    photo = decode(tmp_path, data)
    assert photo.facts.format == "JPEG"
    assert is_close(corners(photo.pixels), CORNERS)


def test_a_file_is_offered_to_the_decoder_of_its_own_format_alone(tmp_path: Path) -> None:
    postscript = b"\xff\xd8\xff%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n" + bytes(100)
    with pytest.raises(PhotoUnreadableError, match="The file ends before the picture begins"):
        decode(tmp_path, postscript)


def test_only_endings_that_can_be_read_are_offered() -> None:
    assert {b".jpg", b".png", b".webp", b".gif", b".tif", b".bmp", b".avif", b".heic"} <= PHOTO_SUFFIXES
    assert (b".dng" in PHOTO_SUFFIXES) == HAS_RAW
    assert (b".jxl" in PHOTO_SUFFIXES) == HAS_JXL
    assert all(suffix == suffix.lower() and suffix.startswith(b".") for suffix in PHOTO_SUFFIXES)


@pytest.mark.skipif(HAS_RAW, reason="rawpy is installed")
def test_a_raw_without_its_add_on_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(PhotoUnreadableError, match="camera RAW file"):
        decode(tmp_path, tiff_head((50706, 4, 1)))


@pytest.mark.skipif(HAS_JXL, reason="pillow-jxl-plugin is installed")
def test_a_jpeg_xl_without_its_add_on_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(PhotoUnreadableError, match="JPEG XL"):
        decode(tmp_path, b"\xff\x0a" + bytes(100))
