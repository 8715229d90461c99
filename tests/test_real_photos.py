"""Real photos beside the checkout: modified copies find their originals, and a castle finds itself."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

from lookalike.__main__ import main

COPIES = 50
LEAST_FIRST = 0.95
"""Share of modified copies whose original must be the first look-alike."""


def answer(capsys: pytest.CaptureFixture[str], profile_dir: Path, *arguments: object) -> dict[str, Any]:
    """Runs a command and returns its JSON."""
    capsys.readouterr()
    assert main(["--profile-dir", str(profile_dir), "--json", *map(str, arguments)]) == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def modified(image: Image.Image, way: int) -> tuple[Image.Image, int]:
    """Returns the copy number ``way`` of a photo and the JPEG quality to save it with."""
    width, height = image.size
    if way == 0:
        return image.resize((max(1, width // 3), max(1, height // 3)), Image.Resampling.LANCZOS), 90
    if way == 1:
        return image, 20
    if way == 2:
        left, top = width // 10, height // 10
        return image.crop((left, top, left + width * 8 // 10, top + height * 8 // 10)), 90
    return ImageOps.grayscale(image), 90


@dataclass(frozen=True)
class Real:
    """The real photos and modified copies of some of them, indexed together.

    Attributes:
        profile_dir: Where the library lies.
        original_of: Each copy's original.
    """

    profile_dir: Path
    original_of: dict[Path, Path]


@pytest.fixture(scope="module")
def real(shared_photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Real:
    """Indexes everything once."""
    base = tmp_path_factory.mktemp("real")
    (base / "copies").mkdir()
    original_of = {}
    photos = sorted(shared_photos.glob("[cpr]*/*.*"))  # castle, clothes, pets, rooms: each a photo of its own
    for number, original in enumerate(photos[:: len(photos) // COPIES][:COPIES]):
        image = ImageOps.exif_transpose(Image.open(original).convert("RGB"))
        copy, quality = modified(image, number % 4)
        file = base / "copies" / f"{number:02d}.jpg"
        copy.save(file, quality=quality)
        original_of[file] = original
    folders = [str(shared_photos), str(base / "copies")]
    assert main(["--profile-dir", str(base / "profile"), "--json", "index", *folders, "--seal"]) == 0
    return Real(base / "profile", original_of)


def test_modified_copies_find_their_originals_first(real: Real, capsys: pytest.CaptureFixture[str]) -> None:
    missed = []
    for copy, original in real.original_of.items():
        results = answer(capsys, real.profile_dir, "similar", copy, "-n", 1)["results"]
        if results[0]["path"] != str(original):
            missed.append(f"{copy.name} of {original.name}")
    assert len(real.original_of) == COPIES
    assert len(missed) <= COPIES * (1 - LEAST_FIRST), missed


def test_the_other_castle_photos_come_first(
    real: Real, shared_photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    castle = sorted((shared_photos / "castle").iterdir())
    results = answer(capsys, real.profile_dir, "similar", castle[4], "-n", 10)["results"]
    assert sum(os.path.basename(os.path.dirname(row["path"])) == "castle" for row in results) >= 8


def test_every_orientation_is_one_picture(
    real: Real, shared_photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = answer(
        capsys, real.profile_dir, "similar", shared_photos / "orientation/Landscape_6.jpg", "-n", 8
    )
    first = [os.path.basename(row["path"]) for row in results["results"]]
    assert all(name.startswith("Landscape") for name in first)
