"""What the evaluation counts: pure functions on score matrices, higher scores meaning more alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]
Floats = NDArray[np.float64]


def hits_at_1(scores: Scores, wanted: NDArray[np.int64]) -> Floats:
    """Returns for each query the chance that its original comes first, ties being broken by lot.

    Args:
        scores: float32 (Q, D), of Q queries with D library photos.
        wanted: int64 (Q,), the column of each query's original.
    """
    best = scores.max(1, keepdims=True)
    ties = (scores == best).sum(1)
    own = scores[np.arange(len(scores)), wanted]
    return np.asarray((own == best[:, 0]) / ties, np.float64)


class PairCurve:
    """Precision against recall over all pairs of query and library photo at once, one threshold for all.

    Args:
        positives: float32 (P,), scores of the right pairs, one per query.
        negatives: float32 (M,), scores of all wrong pairs.
    """

    def __init__(self, positives: Scores, negatives: Scores) -> None:
        values, counts = np.unique(positives, return_counts=True)
        self.thresholds = values[::-1]
        right = np.cumsum(counts[::-1])
        ordered = np.sort(negatives)
        wrong = len(ordered) - np.searchsorted(ordered, self.thresholds, side="left")
        self.recall = right / len(positives)
        self.precision = right / (right + wrong)

    def average_precision(self) -> float:
        """Returns µAP (micro average precision): the sum of precision times the gain in recall."""
        return float((np.diff(self.recall, prepend=0.0) * self.precision).sum())

    def recall_at(self, precision: float) -> float:
        """Returns the largest recall at which the precision is still at least this."""
        reached = self.recall[self.precision >= precision]
        return float(reached.max()) if len(reached) else 0.0


def neighbours_by_class(scores: Scores, labels: NDArray[np.str_], k: int = 5) -> tuple[float, float]:
    """Returns how often the nearest other photo is of the same class, and the part of the first k that are.

    Args:
        scores: float32 (N, N), of each photo with each.
        labels: (N,), the class of each.
        k: How many neighbours count for the second figure.
    """
    scores = scores.copy()
    np.fill_diagonal(scores, -np.inf)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    same = labels[order] == labels[:, None]
    return float(same[:, 0].mean()), float(same.mean())


def isotonic(scores: Floats, outcomes: Floats) -> tuple[Floats, Floats]:
    """Fits a rising staircase of probabilities to outcomes (pool adjacent violators).

    Returns:
        Left edge of each stair's scores, ascending, and its probability, ascending.
    """
    order = np.argsort(scores, kind="stable")
    edges: list[float] = []
    sums: list[float] = []
    counts: list[int] = []
    for score, outcome in zip(scores[order], outcomes[order], strict=True):
        if edges and score == edges[-1]:  # equal scores share one stair
            sums[-1] += float(outcome)
            counts[-1] += 1
        else:
            edges.append(float(score))
            sums.append(float(outcome))
            counts.append(1)
        while len(edges) > 1 and sums[-2] * counts[-1] >= sums[-1] * counts[-2]:
            edges.pop()
            sums[-2:] = [sums[-2] + sums[-1]]
            counts[-2:] = [counts[-2] + counts[-1]]
    return np.array(edges), np.array(sums) / np.array(counts)


def stair_at(edges: Floats, chances: Floats, scores: Floats) -> Floats:
    """Returns the probability of each score on a staircase of :func:`isotonic`."""
    return np.asarray(chances[np.clip(np.searchsorted(edges, scores, side="right") - 1, 0, None)])


def calibration_error(chances: Floats, outcomes: Floats, bins: int = 10) -> float:
    """Returns how far stated probabilities are from what happened, on average (expected calibration error)."""
    which = np.minimum((chances * bins).astype(int), bins - 1)
    total = 0.0
    for number in range(bins):
        inside = which == number
        if inside.any():
            total += inside.mean() * abs(chances[inside].mean() - outcomes[inside].mean())
    return float(total)
