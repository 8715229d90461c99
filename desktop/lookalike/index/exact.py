"""Exact search in memory behind the same interface as the index; safe on any thread.

Serves where hnswlib cannot be used or a library is small, and is what tests measure the index against.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lookalike.index.neighbours import Neighbours, prepare_queries, prepare_rows, rank
from lookalike.index.tail import Tail, scan

QUERIES_AT_ONCE = 256
"""Bounds the table of scores: 256 queries against a block of 4,096 rows take 4 MB."""


class ExactIndex:
    """All embeddings in memory, compared one by one."""

    def __init__(self, dim: int) -> None:
        self._dim = dim
        self._lock = threading.Lock()
        self._tail = Tail(dim)
        self.change_seq = 0

    def __len__(self) -> int:
        return len(self._tail)

    def add(self, content_ids: ArrayLike, vectors: ArrayLike, change_seq: int = 0) -> None:
        """Takes in embeddings; a content that is there already gets the new one."""
        ids, rows = prepare_rows(content_ids, vectors, self._dim)
        with self._lock:
            self._tail.add(ids, rows)
            self.change_seq = max(self.change_seq, change_seq)

    def remove(self, content_ids: Iterable[int]) -> None:
        """Forgets contents."""
        with self._lock:
            self._tail.remove(int(each) for each in content_ids)

    def keep_only(self, content_ids: ArrayLike) -> int:
        """Forgets every content that is not named; returns how many went."""
        with self._lock:
            gone = np.setdiff1d(self._tail.contents(), np.asarray(content_ids, np.int64))
            self._tail.remove(gone.tolist())
        return len(gone)

    def contents(self) -> NDArray[np.int64]:
        """Returns the contents that can be found, int64 (N,), ascending."""
        with self._lock:
            return self._tail.contents()

    def search(self, queries: ArrayLike, k: int) -> Neighbours:
        """Returns the ``k`` nearest contents of every row of ``queries``, float32 (Q, dim).

        Raises:
            InputError: A query is not finite, has no length or the wrong dimension, or ``k`` is negative.
        """
        rows = prepare_queries(queries, self._dim, k)
        with self._lock:
            views = self._tail.view()
        answers = [
            rank(
                scan(views, rows[start : start + QUERIES_AT_ONCE], k),
                len(rows[start : start + QUERIES_AT_ONCE]),
                k,
            )
            for start in range(0, max(len(rows), 1), QUERIES_AT_ONCE)
        ]
        return Neighbours(
            np.concatenate([each.content_ids for each in answers]),
            np.concatenate([each.scores for each in answers]),
        )

    def close(self) -> None:
        """Lets go of the memory."""
        with self._lock:
            self._tail.clear()
