"""The fixed protocol: copies hidden among many photos, look-alikes by class, what a score means."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.evaluate.measures import (
    Floats,
    PairCurve,
    calibration_error,
    hits_at_1,
    isotonic,
    neighbours_by_class,
    stair_at,
)
from models.evaluate.photos import Lists, read_photos
from models.evaluate.transforms import TRANSFORMS, copies


class Describer(Protocol):
    """Turns photos into rows whose products are scores."""

    name: str

    def describe(self, photos: list[Image.Image]) -> NDArray[np.float32]:
        """Returns float32 (N, d): the product of two rows is the score of two photos, higher is more alike."""
        ...


CHANCES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
"""The probabilities whose scores become the card's bands."""


@dataclass(frozen=True, slots=True)
class Photos:
    """The photos of one evaluation.

    Attributes:
        library: The photos to hide among, none of a class that is held out as a whole.
        queries: Rows of ``library`` whose copies are looked for.
        classes: Photos of the held-out classes.
        labels: Their classes.
        teacher: float32 (len(classes), 256), the teacher's vectors of the clean photos.
    """

    library: list[Image.Image]
    queries: NDArray[np.int64]
    classes: list[Image.Image]
    labels: NDArray[np.str_]
    teacher: NDArray[np.float32]


@dataclass(slots=True)
class Result:
    """What one describer reached; NaN or empty where a line does not apply.

    Attributes:
        recall: Recall at 1 by transformation, mild and strong.
        recall_all: Over all copies.
        average_precision: µAP over all pairs.
        recall_99: Recall at 99 % precision over all pairs.
        nearest_class: How often the nearest neighbour is of the same class.
        class_at_5: Part of the first five neighbours that are of the same class.
        cpu_ms: CPU time per photo with preprocessing, milliseconds, on one thread.
        bands: Score and probability, ascending.
        band_error: Calibration error of the bands on queries they were not fitted to.
    """

    name: str
    recall: dict[str, tuple[float, float]] = field(default_factory=dict)
    recall_all: float = float("nan")
    average_precision: float = float("nan")
    recall_99: float = float("nan")
    nearest_class: float = float("nan")
    class_at_5: float = float("nan")
    cpu_ms: float = float("nan")
    bands: list[tuple[float, float]] = field(default_factory=list)
    band_error: float = float("nan")


def load(source: Path, seed: int, queries: int, limit: int | None) -> Photos:
    """Reads the held-out photos and draws the query photos.

    Args:
        source: The training folder.
        seed: Fixes which photos are looked for.
        queries: How many.
        limit: At most this many photos of each part; for a quick look.
    """
    lists = Lists.read(source)
    unseen = lists.unseen_classes()
    rows = [i for i, name in enumerate(lists.names) if name in lists.held_out]
    rng = np.random.default_rng(seed)
    library = [i for i in rows if lists.labels[i] not in unseen]
    classes = [i for i in rows if lists.labels[i] in unseen]
    if limit is not None:
        library = [library[i] for i in np.sort(rng.permutation(len(library))[:limit])]
        classes = [classes[i] for i in np.sort(rng.permutation(len(classes))[:limit])]
    found = read_photos(source, (lists.names[i] for i in [*library, *classes]))
    teacher = np.load(source / "teacher.npy", mmap_mode="r")[classes].astype(np.float32)
    return Photos(
        library=[found[lists.names[i]] for i in library],
        queries=np.sort(rng.permutation(len(library))[:queries]).astype(np.int64),
        classes=[found[lists.names[i]] for i in classes],
        labels=np.array([lists.labels[i] for i in classes]),
        teacher=teacher / np.linalg.norm(teacher, axis=1, keepdims=True),
    )


def evaluate(
    describers: Sequence[Describer], photos: Photos, seed: int, report: Callable[[str], None] = lambda _: None
) -> list[Result]:
    """Runs the whole protocol for all describers on the same copies; one result each, and the teacher's last."""
    results = [Result(describer.name) for describer in describers]
    for result, describer in zip(results, describers, strict=True):
        report(f"classes: {describer.name}")
        rows = describer.describe(photos.classes)
        result.nearest_class, result.class_at_5 = neighbours_by_class(rows @ rows.T, photos.labels)
        result.cpu_ms = cpu_ms(describer, photos.library[:64])
    _copies(describers, photos, results, seed, report)
    taught = Result("teacher")
    taught.nearest_class, taught.class_at_5 = neighbours_by_class(
        photos.teacher @ photos.teacher.T, photos.labels
    )
    return [*results, taught]


def _copies(
    describers: Sequence[Describer],
    photos: Photos,
    results: Sequence[Result],
    seed: int,
    report: Callable[[str], None],
) -> None:
    """Fills in all lines about copies."""
    libraries = []
    for describer in describers:
        report(f"library: {describer.name}")
        libraries.append(describer.describe(photos.library))
    originals = [photos.library[i] for i in photos.queries]
    is_query = np.zeros(len(photos.library), bool)
    is_query[photos.queries] = True
    others = [
        photo for photo, used in zip(photos.library, is_query, strict=True) if not used
    ] or photos.library
    scores: list[list[NDArray[np.float32]]] = [[] for _ in describers]
    for transform in TRANSFORMS:
        report(f"copies: {transform.name}")
        pairs: list[list[float]] = [[] for _ in describers]
        for strength in (0, 1):
            changed = copies(originals, others, transform, strength, seed)
            for i, describer in enumerate(describers):
                found = describer.describe(changed) @ libraries[i].T
                pairs[i].append(float(hits_at_1(found, photos.queries).mean()))
                scores[i].append(found)
        for i, result in enumerate(results):
            result.recall[transform.name] = (pairs[i][0], pairs[i][1])
    for i, result in enumerate(results):
        _over_all(result, np.concatenate(scores[i]), np.tile(photos.queries, len(scores[i])), seed)
        scores[i].clear()


def _over_all(result: Result, scores: NDArray[np.float32], wanted: NDArray[np.int64], seed: int) -> None:
    rows = np.arange(len(scores))
    result.recall_all = float(np.mean([value for pair in result.recall.values() for value in pair]))
    right = scores[rows, wanted]
    others = scores.copy()
    others[rows, wanted] = -np.inf
    best_wrong = others.max(1)
    curve = PairCurve(right, others[np.isfinite(others)])
    result.average_precision, result.recall_99 = curve.average_precision(), curve.recall_at(0.99)
    result.bands, result.band_error = bands(right.astype(float), best_wrong.astype(float), wanted, seed)


def bands(
    right: Floats, best_wrong: Floats, photo: NDArray[np.int64], seed: int
) -> tuple[list[tuple[float, float]], float]:
    """Says what the score of a first neighbour means when half of all query photos have a copy in the library.

    Each copy counts twice: with its original in the library, where the first neighbour is the better of
    original and best other photo, and without, where it is the best other photo.

    Args:
        right: float64 (Q,), the copy's score with its original.
        best_wrong: float64 (Q,), its best score with any other photo.
        photo: int64 (Q,), which original: all copies of a photo fall into the same half of the check.
        seed: Fixes the halves.

    Returns:
        The lowest score from which each of :data:`CHANCES` is reached, ascending; and the calibration error on
        the half of the photos that was not fitted.
    """
    first = np.concatenate([np.maximum(right, best_wrong), best_wrong])
    is_copy = np.concatenate([right >= best_wrong, np.zeros(len(best_wrong), bool)]).astype(float)
    edges, chances = isotonic(first, is_copy)
    found: list[tuple[float, float]] = []
    for chance in CHANCES:
        reached = np.flatnonzero(chances >= chance)
        if len(reached):
            found.append((round(float(edges[reached[0]]), 4), chance))
    names = np.unique(photo)
    fitted = np.isin(np.tile(photo, 2), np.random.default_rng(seed).permutation(names)[: len(names) // 2])
    if fitted.all() or not fitted.any():
        return found, float("nan")
    check = stair_at(*isotonic(first[fitted], is_copy[fitted]), first[~fitted])
    return found, calibration_error(check, is_copy[~fitted])


def cpu_ms(describer: Describer, photos: list[Image.Image]) -> float:
    """Returns the CPU time per photo, milliseconds, preprocessing included; other programs do not count."""
    describer.describe(photos[:4])
    began = time.process_time()
    describer.describe(photos)
    return (time.process_time() - began) / len(photos) * 1000
