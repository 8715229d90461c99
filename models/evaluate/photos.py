"""The photos of the evaluation: read from the training folder's archives by name, or from any folder."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})


@dataclass(frozen=True, slots=True)
class Lists:
    """The training folder's lists.

    Attributes:
        names: Every photo, in the order of the teacher's rows.
        labels: Class of each, ``-`` where it has none.
        held_out: Names kept out of training.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    held_out: frozenset[str]

    @classmethod
    def read(cls, source: Path) -> Lists:
        """Reads ``names.txt``, ``labels.txt`` and ``held_out.txt``."""
        names = tuple((source / "names.txt").read_text().split())
        labels = tuple((source / "labels.txt").read_text().rstrip("\n").split("\n"))
        return cls(names, labels, frozenset((source / "held_out.txt").read_text().split()))

    def unseen_classes(self) -> frozenset[str]:
        """Returns the classes all of whose photos are held out."""
        trained = {
            label for name, label in zip(self.names, self.labels, strict=True) if name not in self.held_out
        }
        return frozenset(self.labels) - trained - {"-"}


def read_photos(source: Path, names: Iterable[str]) -> dict[str, Image.Image]:
    """Decodes the named photos from ``photos-*.tar``, RGB."""
    wanted = set(names)
    found: dict[str, Image.Image] = {}
    for archive in sorted(source.glob("photos-*.tar")):
        with tarfile.open(archive) as tar:
            for member in tar:
                name = member.name.removeprefix("./")
                data = tar.extractfile(member) if name in wanted else None
                if data is not None:
                    found[name] = Image.open(io.BytesIO(data.read())).convert("RGB")
    missing = wanted - found.keys()
    if missing:
        raise FileNotFoundError(f"{len(missing)} photos are in no archive, such as {min(missing)}")
    return found


def sample(source: Path, count: int, *, is_held_out: bool, seed: int = 7) -> list[Image.Image]:
    """Draws photos at random: of the training folder, held out or not, or of any other folder of photos."""
    rng = np.random.default_rng(seed)
    if (source / "names.txt").exists():
        lists = Lists.read(source)
        pool = [name for name in lists.names if (name in lists.held_out) == is_held_out]
        chosen = [pool[i] for i in rng.permutation(len(pool))[:count]]
        found = read_photos(source, chosen)
        return [found[name] for name in chosen]
    files = photo_files(source)
    half = [files[i] for i in rng.permutation(len(files))][is_held_out::2]
    return [open_photo(file) for file in half[:count]]


def photo_files(folder: Path) -> list[Path]:
    """Returns the photos under a folder, sorted by path."""
    return sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)


def open_photo(file: Path) -> Image.Image:
    """Decodes one photo, upright RGB."""
    with Image.open(file) as photo:
        return ImageOps.exif_transpose(photo).convert("RGB")


def squash(photo: Image.Image, side: int) -> NDArray[np.uint8]:
    """Resizes the whole photo to the model's square, as the app does: uint8 (side, side, 3)."""
    return np.asarray(photo.convert("RGB").resize((side, side), Image.Resampling.LANCZOS))
