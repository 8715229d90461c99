"""What a photo says of itself."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from lookalike.core.records import Facts
from tests.imaging.pictures import decode, encoded, quarters
from tests.pictures import exif

ORIGINAL, DIGITIZED, CHANGED = 0x9003, 0x9004, 0x0132
FRACTION_OF_ORIGINAL = 0x9291


def facts_with(folder: Path, data: Image.Exif, format_name: str = "JPEG") -> Facts:
    return decode(folder, encoded(quarters(), format_name, exif=data.tobytes())).facts


def with_times(**values: str) -> Image.Exif:
    names = {"original": ORIGINAL, "digitized": DIGITIZED, "fraction": FRACTION_OF_ORIGINAL}
    data = Image.Exif()
    data.get_ifd(0x8769).update({names[name]: value for name, value in values.items()})
    return data


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_every_format_with_exif_tells_time_camera_and_place(tmp_path: Path, format_name: str) -> None:
    data = exif(
        taken_at=datetime(2004, 6, 1, 12, 30, 5),
        camera=("Canon", "Canon EOS 10D"),
        position=(-33.8568, 151.2153),
    )
    facts = facts_with(tmp_path, data, format_name)
    assert facts.taken_at == "2004-06-01T12:30:05"
    assert facts.camera == "Canon EOS 10D"
    assert facts.latitude == pytest.approx(-33.8568, abs=1e-6)
    assert facts.longitude == pytest.approx(151.2153, abs=1e-6)
    assert (facts.width, facts.height) == (160, 120)
    assert facts.size_bytes == (tmp_path / "photo").stat().st_size


def test_a_photo_that_says_nothing(tmp_path: Path) -> None:
    facts = decode(tmp_path, encoded(quarters(), "JPEG")).facts
    assert (facts.taken_at, facts.camera, facts.latitude, facts.longitude) == (None, None, None, None)


def test_fractions_of_a_second_are_kept(tmp_path: Path) -> None:
    facts = facts_with(tmp_path, with_times(original="2004:06:01 12:30:05", fraction="07"))
    assert facts.taken_at == "2004-06-01T12:30:05.07"


@pytest.mark.parametrize("fraction", ["", "  ", "x", "-1"])
def test_a_fraction_that_is_none_is_left_out(tmp_path: Path, fraction: str) -> None:
    facts = facts_with(tmp_path, with_times(original="2004:06:01 12:30:05", fraction=fraction))
    assert facts.taken_at == "2004-06-01T12:30:05"


@pytest.mark.parametrize(
    "time",
    ["0000:00:00 00:00:00", "    :  :     :  :  ", "2004:13:01 12:30:05", "2004:02:30 10:00:00", "soon"],
)
def test_a_clock_that_was_never_set_says_nothing(tmp_path: Path, time: str) -> None:
    assert facts_with(tmp_path, with_times(original=time)).taken_at is None


def test_the_time_of_scanning_stands_in_for_the_time_of_capture(tmp_path: Path) -> None:
    assert facts_with(tmp_path, with_times(digitized="1999:12:31 23:59:59")).taken_at == "1999-12-31T23:59:59"
    both = with_times(original="1980:01:02 03:04:05", digitized="1999:12:31 23:59:59")
    assert facts_with(tmp_path, both).taken_at == "1980-01-02T03:04:05"


def test_the_time_of_the_last_edit_is_not_the_time_of_capture(tmp_path: Path) -> None:
    data = Image.Exif()
    data[CHANGED] = "2020:01:01 00:00:00"
    assert facts_with(tmp_path, data).taken_at is None


@pytest.mark.parametrize(
    ("maker", "model", "camera"),
    [
        ("Canon", "Canon EOS 10D", "Canon EOS 10D"),
        ("Apple", "iPhone 13", "Apple iPhone 13"),
        ("NIKON CORPORATION", "NIKON D70", "NIKON D70"),
        ("EASTMAN KODAK COMPANY", "KODAK Z612 ZOOM", "KODAK Z612 ZOOM"),
        ("  samsung ", "SM-G991B\0\0garbage", "samsung SM-G991B"),
        ("", "X100", "X100"),
        ("Leica", "", "Leica"),
    ],
)
def test_the_maker_is_not_said_twice(tmp_path: Path, maker: str, model: str, camera: str) -> None:
    assert facts_with(tmp_path, exif(camera=(maker, model))).camera == camera


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
        ((91.0, 0.0, 0.0), (10.0, 0.0, 0.0)),
        ((10.0, 0.0, 0.0), (181.0, 0.0, 0.0)),
        ((IFDRational(1, 0), 0.0, 0.0), (10.0, 0.0, 0.0)),
    ],
)
def test_a_place_that_cannot_be_says_nothing(
    tmp_path: Path, latitude: tuple[float, ...], longitude: tuple[float, ...]
) -> None:
    data = Image.Exif()
    data.get_ifd(0x8825).update({1: "N", 2: latitude, 3: "E", 4: longitude})
    facts = facts_with(tmp_path, data)
    assert (facts.latitude, facts.longitude) == (None, None)
