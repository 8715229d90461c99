"""The evaluation's counting, against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from models.evaluate.measures import (
    PairCurve,
    calibration_error,
    hits_at_1,
    isotonic,
    neighbours_by_class,
    stair_at,
)


def f32(*values: object) -> np.ndarray:
    return np.array(values, np.float32)


def test_a_hit_is_the_original_in_first_place() -> None:
    scores = f32([0.9, 0.1, 0.2], [0.9, 0.8, 0.2])
    assert hits_at_1(scores, np.array([0, 1])).tolist() == [1.0, 0.0]


def test_ties_are_broken_by_lot() -> None:
    scores = f32([0.5, 0.5, 0.5, 0.1], [0.5, 0.5, 0.1, 0.1])
    assert hits_at_1(scores, np.array([1, 2])).tolist() == pytest.approx([1 / 3, 0.0])


def test_perfect_separation_has_full_average_precision() -> None:
    curve = PairCurve(f32(0.9, 0.8), f32(0.1, 0.2, 0.3))
    assert curve.average_precision() == 1.0
    assert curve.recall_at(0.99) == 1.0


def test_average_precision_of_a_mixed_ranking() -> None:
    # In order: right, wrong, right, wrong, wrong: precision 1/1 at the first, 2/3 at the second.
    curve = PairCurve(f32(0.9, 0.7), f32(0.8, 0.6, 0.5))
    assert curve.average_precision() == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert curve.recall_at(0.99) == 0.5
    assert curve.recall_at(0.6) == 1.0


def test_a_wrong_pair_with_an_equal_score_counts_against_the_right_one() -> None:
    assert PairCurve(f32(0.5), f32(0.5)).average_precision() == 0.5
    assert PairCurve(f32(0.5), f32(0.5)).recall_at(0.99) == 0.0


def test_neighbours_by_class_leave_the_photo_itself_out() -> None:
    rows = f32([1, 0], [0.99, 0.1], [0, 1], [0.6, 0.8])
    nearest, first_two = neighbours_by_class(rows @ rows.T, np.array(["a", "a", "b", "a"]), k=2)
    # Nearest: 1, 0, 3, 2; right for the first two only. Second: 3, 3, 1, 1; right for all but the b.
    assert nearest == 0.5
    assert first_two == pytest.approx((2 + 2 + 0 + 1) / 8)


def test_isotonic_pools_what_falls() -> None:
    edges, chances = isotonic(np.array([0.1, 0.2, 0.3, 0.4, 0.5]), np.array([0.0, 1.0, 0.0, 1.0, 1.0]))
    assert edges.tolist() == [0.1, 0.2, 0.4]
    assert chances.tolist() == [0.0, 0.5, 1.0]
    assert stair_at(edges, chances, np.array([0.0, 0.15, 0.2, 0.39, 0.9])).tolist() == [
        0.0,
        0.0,
        0.5,
        0.5,
        1.0,
    ]


def test_isotonic_gives_equal_scores_one_chance() -> None:
    edges, chances = isotonic(np.array([0.5, 0.5, 0.5, 0.5]), np.array([1.0, 0.0, 0.0, 0.0]))
    assert (edges.tolist(), chances.tolist()) == ([0.5], [0.25])


def test_calibration_error_is_the_distance_from_what_happened() -> None:
    outcomes = np.array([1.0, 0.0, 1.0, 0.0])
    assert calibration_error(np.full(4, 0.5), outcomes) == 0.0
    assert calibration_error(np.full(4, 0.8), outcomes) == pytest.approx(0.3)
