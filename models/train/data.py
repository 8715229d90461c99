"""The training photos: packed once into one flat file, then cut into views in loader processes."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import DataLoader, IterableDataset

from models.train.augment import strong_view, weak_view


@dataclass(frozen=True, slots=True)
class PhotoSet:
    """All photos of the training folder in the order of ``names.txt``.

    Attributes:
        pixels: uint8 (bytes,), every photo's RGB rows one after another, memory-mapped.
        starts: int64 (P,), where each photo begins in ``pixels``.
        shapes: int32 (P, 2), height and width of each.
        names: File names, as in ``names.txt``.
        labels: Class names, ``-`` where there is none.
        teacher: float32 (P, 256), unit rows.
        held_out: bool (P,), true where the photo must stay out of training.
    """

    pixels: NDArray[np.uint8]
    starts: NDArray[np.int64]
    shapes: NDArray[np.int32]
    names: tuple[str, ...]
    labels: tuple[str, ...]
    teacher: NDArray[np.float32]
    held_out: NDArray[np.bool_]

    def photo(self, row: int) -> NDArray[np.uint8]:
        """Returns one photo, uint8 (H, W, 3), a view into the file."""
        height, width = (int(v) for v in self.shapes[row])
        start = int(self.starts[row])
        return self.pixels[start : start + height * width * 3].reshape(height, width, 3)


def load_photos(source: Path, cache: Path) -> PhotoSet:
    """Opens the training set, decoding it into ``cache`` the first time.

    Args:
        source: Folder with ``photos-*.tar``, ``names.txt``, ``labels.txt``, ``held_out.txt``, ``teacher.npy``.
        cache: Folder for the decoded pixels, about 2.8 GB.
    """
    names = tuple((source / "names.txt").read_text().split())
    labels = tuple((source / "labels.txt").read_text().rstrip("\n").split("\n"))
    held_out = set((source / "held_out.txt").read_text().split())
    teacher = np.load(source / "teacher.npy").astype(np.float32)
    teacher /= np.linalg.norm(teacher, axis=1, keepdims=True)
    cache.mkdir(parents=True, exist_ok=True)
    layout = cache / "layout.json"
    if not layout.exists():
        _decode(source, names, cache)
    table = np.array(json.loads(layout.read_text()), np.int64)
    return PhotoSet(
        pixels=np.memmap(cache / "pixels.bin", np.uint8, "r"),
        starts=table[:, 0],
        shapes=table[:, 1:].astype(np.int32),
        names=names,
        labels=labels,
        teacher=teacher,
        held_out=np.array([name in held_out for name in names]),
    )


def _decode(source: Path, names: tuple[str, ...], cache: Path) -> None:
    rows: dict[str, list[int]] = {}
    position = 0
    with (cache / "pixels.bin").open("wb") as out:
        for archive in sorted(source.glob("photos-*.tar")):
            with tarfile.open(archive) as tar:
                for member in tar:
                    data = tar.extractfile(member) if member.isfile() else None
                    if data is None:
                        continue
                    image = Image.open(io.BytesIO(data.read())).convert("RGB")
                    out.write(image.tobytes())
                    rows[member.name.removeprefix("./")] = [position, image.height, image.width]
                    position += image.height * image.width * 3
    (cache / "layout.json").write_text(json.dumps([rows[name] for name in names]))


class Views(IterableDataset[tuple[torch.Tensor, torch.Tensor]]):
    """Endless batches: the first views of B photos, then second views of the same photos.

    Each item is uint8 (2B, 3, size, size) and int64 (2B,) rows of the training subset. Photos come in an
    order shuffled anew for each pass; ``seed`` and ``skip`` (batches already seen) fix it.
    """

    def __init__(self, photos: PhotoSet, size: int, batch: int, seed: int, harshness: float) -> None:
        self.photos, self.size, self.batch, self.seed, self.harshness = photos, size, batch, seed, harshness
        self.rows = np.flatnonzero(~photos.held_out)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        cv2.setNumThreads(0)
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng((self.seed, worker.id if worker else 0))
        count = self.batch // 2
        while True:
            order = rng.permutation(len(self.rows))
            for begin in range(0, len(order) - count + 1, count):
                chosen = order[begin : begin + count]
                views = [self._view(int(i), first, rng) for first in (True, False) for i in chosen]
                pixels = torch.from_numpy(np.stack(views)).permute(0, 3, 1, 2)
                yield pixels, torch.from_numpy(np.concatenate([chosen, chosen]))

    def _view(self, i: int, first: bool, rng: np.random.Generator) -> NDArray[np.uint8]:
        image = self.photos.photo(int(self.rows[i]))
        if first and rng.random() < 0.5:
            return weak_view(image, self.size, rng)
        other = self.photos.photo(int(self.rows[rng.integers(len(self.rows))]))
        return strong_view(image, self.size, rng, other, self.harshness)


def view_loader(views: Views) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Runs the augmentations in one process beside the training; an iterator without end."""
    return iter(DataLoader(views, batch_size=None, num_workers=1, prefetch_factor=6))
