"""What a search for neighbours takes and gives, whatever stands behind it; pure functions, any thread."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lookalike.core.errors import InputError

log = logging.getLogger(__name__)

NO_CONTENT = -1
"""Stands where there are fewer neighbours than were asked for."""
NO_SCORE = -1.0
"""The score beside :data:`NO_CONTENT`: the lowest there is."""
ONE_BY_ONE = 8
"""Up to so many queries are compared one by one."""
SHORTEST = 1e-6
"""A vector below this length has no direction to compare."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The answer to a search, best first.

    Attributes:
        content_ids: int64 (Q, k), padded with -1.
        scores: float32 (Q, k), cosine in [-1, 1] whatever the metric, -1 where padded.
    """

    content_ids: NDArray[np.int64]
    scores: NDArray[np.float32]


class NeighbourSearch(Protocol):
    """Anything that finds the nearest contents; safe for searching and adding on different threads."""

    def add(self, content_ids: ArrayLike, vectors: ArrayLike, change_seq: int) -> None:
        """Takes in embeddings; a content that is there already gets the new one."""

    def remove(self, content_ids: Iterable[int]) -> None:
        """Forgets contents; they are not returned again unless added again."""

    def keep_only(self, content_ids: ArrayLike) -> int:
        """Forgets every content that is not named; returns how many went."""

    def contents(self) -> NDArray[np.int64]:
        """Returns the contents that can be found, int64 (N,), ascending."""

    def search(self, queries: ArrayLike, k: int) -> Neighbours:
        """Returns the ``k`` nearest contents of every row of ``queries``, float32 (Q, dim).

        Raises:
            InputError: A query is not finite, has no length or the wrong dimension, or ``k`` is negative.
        """

    def close(self) -> None:
        """Lets go of everything held."""


def prepare_queries(queries: ArrayLike, dim: int, k: int) -> NDArray[np.float32]:
    """Returns the queries as float32 (Q, dim), C order, rows of unit length.

    Raises:
        InputError: A query is not finite, has no length or the wrong dimension, or ``k`` is negative.
    """
    if k < 0:
        raise InputError(f"The number of look-alikes must not be negative, and {k} is.")
    try:
        rows = np.array(queries, dtype=np.float32, order="C", ndmin=2)
    except (TypeError, ValueError) as error:
        raise InputError("The photo's embedding is not made of numbers.") from error
    if rows.size == 0 and rows.shape[0] <= 1:
        rows = rows.reshape(0, dim)
    if rows.ndim != 2 or rows.shape[1] != dim:
        raise InputError(f"The photo's embedding has not the {dim} values that this index compares.")
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1)
    if not np.isfinite(lengths).all():
        raise InputError(
            "The photo's embedding holds values that are not numbers, so nothing compares with it."
        )
    if (lengths < SHORTEST).any():
        raise InputError("The photo's embedding is empty, so nothing compares with it.")
    rows /= lengths[:, None].astype(np.float32)
    return rows


def prepare_rows(
    content_ids: ArrayLike, vectors: ArrayLike, dim: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Returns embeddings fit to be kept: unit length, one row per content, the last one given.

    A row that is not finite or has no length cannot be compared with anything: it is left out with a warning,
    because one bad row of the catalog must not keep all others from being found.

    Raises:
        ValueError: The shapes do not belong together or an id is negative.
    """
    ids = np.array(content_ids, dtype=np.int64).reshape(-1)
    rows = np.array(vectors, dtype=np.float32, order="C", ndmin=2)
    if not ids.size and not rows.size:
        rows = rows.reshape(0, dim)
    if rows.shape != (len(ids), dim):
        raise ValueError(f"{len(ids)} ids for vectors of shape {rows.shape} where {dim} values each are due")
    if ids.size and int(ids.min()) < 0:
        raise ValueError("content ids are not negative")
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1)
    good = np.isfinite(lengths) & (lengths >= SHORTEST)
    last = np.zeros(len(ids), dtype=bool)
    last[len(ids) - 1 - np.unique(ids[::-1], return_index=True)[1]] = True
    if not good.all():
        log.warning("%d embeddings cannot be compared and are left out of the index", int((~good).sum()))
    keep = good & last
    return ids[keep], rows[keep] / lengths[keep, None].astype(np.float32)


def compare(queries: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns the cosine of every query with every vector, float32 (Q, N), of unit rows.

    A few queries go one by one: BLAS packs all vectors for a product of matrices, which takes as long as ten
    products with one query (0.8 ms against 0.07 ms for 4,096 rows of 256).
    """
    if len(queries) > ONE_BY_ONE:
        return queries @ vectors.T
    scores = np.empty((len(queries), len(vectors)), np.float32)
    for row, query in enumerate(queries):
        np.matmul(vectors, query, out=scores[row])
    return scores


def empty_candidates(queries: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Returns candidates that hold nothing for ``queries`` rows."""
    return np.empty((queries, 0), np.int64), np.empty((queries, 0), np.float32)


def shortlist(
    ids: NDArray[np.int64], scores: NDArray[np.float32], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Returns the ``k`` best columns of each row, in no order; id -1 marks a column that does not count.

    Args:
        ids: int64 (N,) for all rows alike, or (Q, N).
        scores: float32 (Q, N).
        k: How many to keep; fewer come back where there are fewer.
    """
    table = np.broadcast_to(ids, scores.shape)
    scores = np.where(table < 0, np.float32(-np.inf), scores)
    if scores.shape[1] <= k:
        return table, scores
    if k == 0:
        return empty_candidates(len(scores))
    best = np.argpartition(scores, scores.shape[1] - k, axis=1)[:, -k:]
    return np.take_along_axis(table, best, axis=1), np.take_along_axis(scores, best, axis=1)


def rank(
    candidates: Iterable[tuple[NDArray[np.int64], NDArray[np.float32]]], queries: int, k: int
) -> Neighbours:
    """Puts candidates of several sources into one answer of exactly ``k`` columns, best first, ties by id."""
    parts = [empty_candidates(queries), *candidates]
    ids, scores = shortlist(
        np.concatenate([part[0] for part in parts], axis=1),
        np.concatenate([part[1] for part in parts], axis=1),
        k,
    )
    scores = np.where(ids < 0, np.float32(-np.inf), scores)
    order = np.lexsort((ids, -scores), axis=1) if ids.size else np.empty(ids.shape, np.int64)
    found = min(k, ids.shape[1])
    answer_ids = np.full((queries, k), NO_CONTENT, np.int64)
    answer_scores = np.full((queries, k), NO_SCORE, np.float32)
    answer_ids[:, :found] = np.take_along_axis(ids, order, axis=1)[:, :found]
    answer_scores[:, :found] = np.clip(np.take_along_axis(scores, order, axis=1)[:, :found], -1.0, 1.0)
    return Neighbours(answer_ids, answer_scores)
