"""Exact search: right by definition, and the measure of everything else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.core.errors import InputError
from lookalike.index.exact import ExactIndex
from tests.index.rows import DIM, clustered, oracle


def test_neighbours_are_those_with_the_highest_cosine() -> None:
    rows = clustered(10_000)
    found = oracle(rows).search(rows[:7], 20)
    cosines = rows[:7] @ rows.T
    assert np.allclose(found.scores, -np.sort(-cosines, axis=1)[:, :20], atol=1e-6)
    assert np.allclose(np.take_along_axis(cosines, found.content_ids, axis=1), found.scores, atol=1e-6)


def test_fewer_contents_than_asked_for_are_padded() -> None:
    found = oracle(clustered(3)).search(clustered(1), 5)
    assert found.content_ids[0, 3:].tolist() == [-1, -1]
    assert found.scores[0, 3:].tolist() == [-1.0, -1.0]


@pytest.mark.parametrize(("count", "queries", "k"), [(0, 2, 3), (5, 0, 3), (5, 2, 0), (0, 0, 0)])
def test_nothing_to_compare_gives_an_answer_of_the_right_shape(count: int, queries: int, k: int) -> None:
    found = oracle(clustered(count)).search(np.empty((queries, DIM), np.float32) + 1, k)
    assert found.content_ids.shape == found.scores.shape == (queries, k)


@pytest.mark.parametrize(
    "query",
    [
        np.full((1, DIM), np.nan),
        np.full((1, DIM), np.inf),
        np.zeros((1, DIM)),
        np.ones((1, DIM + 1)),
        np.ones((1, 1, DIM)),
        ["no numbers"],
    ],
    ids=["nan", "infinite", "zero", "wrong dimension", "too deep", "text"],
)
def test_a_query_that_cannot_be_compared_is_refused_in_words(query: object) -> None:
    with pytest.raises(InputError, match=r"^The photo's embedding .*\.$"):
        oracle(clustered(5)).search(query, 3)  # type: ignore[arg-type]


def test_a_negative_number_of_neighbours_is_refused() -> None:
    with pytest.raises(InputError):
        oracle(clustered(5)).search(clustered(1), -1)


def test_the_newest_embedding_of_a_content_wins_also_within_one_batch() -> None:
    rows = clustered(3)
    exact = ExactIndex(DIM)
    exact.add([4, 4], rows[:2])
    exact.add([4], rows[2:])
    found = exact.search(rows, 2)
    assert found.content_ids.tolist() == [[4, -1]] * 3
    assert found.scores[:, 0] == pytest.approx(rows @ rows[2], abs=1e-6)


def test_rows_that_cannot_be_compared_are_left_out_and_the_rest_is_found() -> None:
    rows = clustered(4)
    rows[1] = np.nan
    rows[2] = 0
    assert oracle(rows).contents().tolist() == [0, 3]


def test_ids_and_vectors_must_belong_together() -> None:
    with pytest.raises(ValueError, match="3 ids"):
        ExactIndex(DIM).add([1, 2, 3], clustered(2))
    with pytest.raises(ValueError, match="not negative"):
        ExactIndex(DIM).add([-1], clustered(1))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "remove", "keep"]), st.lists(st.integers(0, 30), max_size=8)),
        max_size=20,
    )
)
def test_whatever_is_added_and_removed_what_is_found_is_what_is_there(
    steps: list[tuple[str, list[int]]],
) -> None:
    rows = clustered(2000, seed=5)
    exact, expected = ExactIndex(DIM), dict[int, int]()
    for step, (action, ids) in enumerate(steps):
        if action == "add":
            exact.add(ids, rows[[step * 31 + each for each in ids]].reshape(-1, DIM))
            expected.update((each, step * 31 + each) for each in ids)
        elif action == "remove":
            exact.remove(ids)
            expected = {key: value for key, value in expected.items() if key not in ids}
        else:
            exact.keep_only(ids)
            expected = {key: value for key, value in expected.items() if key in ids}
    found = exact.search(rows[:1], 40)
    assert exact.contents().tolist() == sorted(expected)
    scores = {each: float(rows[0] @ rows[row]) for each, row in expected.items()}
    assert [each for each in found.content_ids[0].tolist() if each >= 0] == sorted(
        scores, key=lambda each: (-found.scores[0, found.content_ids[0].tolist().index(each)], each)
    )
    assert sorted(scores.values(), reverse=True) == pytest.approx(
        found.scores[0, : len(scores)].tolist(), abs=1e-5
    )
