"""Real photos: cameras, phones and the well-known set of orientation samples."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from lookalike.core.records import DecodedPhoto
from lookalike.imaging.decode import DecodeRequest, decode_photo


def decoded(file: Path) -> DecodedPhoto:
    return decode_photo(DecodeRequest(os.fsencode(file), 160))


@pytest.mark.parametrize("kind", ["Landscape", "Portrait"])
def test_all_orientation_samples_show_the_same_upright_picture(shared_photos: Path, kind: str) -> None:
    photos = [decoded(shared_photos / "orientation" / f"{kind}_{number}.jpg") for number in range(1, 9)]
    assert [photo.facts.orientation for photo in photos] == list(range(1, 9))
    size = (1800, 1200) if kind == "Landscape" else (1200, 1800)
    assert {(photo.facts.width, photo.facts.height) for photo in photos} == {size}
    first = photos[0].pixels.astype(np.int32)
    for number, photo in enumerate(photos[1:], 2):
        # The samples carry their number in the middle, so a small part of them differs.
        differs = np.abs(photo.pixels.astype(np.int32) - first).max(axis=2) > 40
        assert differs.mean() < 0.08, number
        assert np.abs(photo.pixels[::-1].astype(np.int32) - first).mean() > 20, "upside down would show"


def test_heic_from_phones_decodes(shared_photos: Path) -> None:
    photo = decoded(shared_photos / "heic" / "iphone_13_pro_max.HEIC")
    assert (photo.facts.format, photo.facts.width, photo.facts.height) == ("HEIC", 3024, 4032)
    assert photo.facts.camera == "Apple iPhone 13 Pro Max"
    assert photo.facts.taken_at == "2022-02-16T12:55:41.762"
    other = decoded(shared_photos / "heic" / "IMG_5195.HEIC")
    assert other.facts.latitude == pytest.approx(39.0513, abs=1e-3)
    assert other.facts.longitude == pytest.approx(-94.2888, abs=1e-3)
    for each in (photo, other):
        assert not each.is_damaged
        assert each.pixels.std() > 20


def test_a_camera_photo_tells_all(shared_photos: Path) -> None:
    photo = decoded(shared_photos / "castle" / "100_7100.JPG")
    assert photo.facts.camera == "KODAK Z612 ZOOM DIGITAL CAMERA"
    assert photo.facts.taken_at == "2010-10-12T14:43:07"
    assert (photo.facts.width, photo.facts.height) == (2832, 2128)
