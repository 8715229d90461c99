"""Embeddings as photos have them, in clusters, and waiting for the index process without sleeping."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike.index.exact import ExactIndex
from lookalike.index.neighbours import Neighbours
from lookalike.index.vectors import VectorIndex

DIM = 32
MODEL = "resnet-test"
WAIT_S = 60.0
"""How long the index process may take to start on a machine that is busy with other things."""


def clustered(count: int, dim: int = DIM, *, clusters: int = 50, seed: int = 1) -> NDArray[np.float32]:
    """Returns unit rows around a few centres, float32 (count, dim)."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(clusters, dim))
    rows = centres[random.integers(0, clusters, count)] + 0.6 * random.normal(size=(count, dim))
    unit: NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


def make(folder: Path, **options: object) -> VectorIndex:
    """Returns an open index that uses its process however few rows there are."""
    index = VectorIndex(folder, MODEL, DIM, **({"exact_below": 0} | options))  # type: ignore[arg-type]
    index.open()
    return index


def sealed(folder: Path, rows: NDArray[np.float32], segments: int = 1) -> None:
    """Leaves an index in ``folder`` whose contents 0, 1, 2 ... lie in so many segments, none in the tail."""
    index = make(folder)
    parts = np.array_split(np.arange(len(rows)), segments)
    for part in parts:
        index.add(part, rows[part], int(part[-1]) + 1)
        index.seal()
    index.close()


def oracle(rows: NDArray[np.float32], ids: NDArray[np.int64] | None = None) -> ExactIndex:
    """Returns exact search over the same rows."""
    exact = ExactIndex(rows.shape[1])
    exact.add(np.arange(len(rows)) if ids is None else ids, rows)
    return exact


def until(condition: Callable[[], object], what: str) -> None:
    """Asks again and again until ``condition`` holds."""
    ends_at = time.monotonic() + WAIT_S
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < ends_at, f"waited too long until {what}"
        pause.wait(0.005)  # leaves the core to the process that is waited for


def load_all(index: VectorIndex) -> None:
    """Searches until the index process answers for every segment."""
    query = np.ones((1, DIM), np.float32)

    def is_loaded() -> bool:
        index.search(query, 1)
        return index.loaded == index.segments

    until(is_loaded, "the index process has loaded all segments")


def same(found: Neighbours, expected: Neighbours) -> bool:
    """Says whether two answers agree; equal scores may stand in any order."""
    return found.content_ids.shape == expected.content_ids.shape and bool(
        np.allclose(found.scores, expected.scores, atol=1e-5)
        and ((found.content_ids < 0) == (expected.content_ids < 0)).all()
    )
