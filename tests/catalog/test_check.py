"""The check names each kind of damage in words, and nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from lookalike.catalog.catalog import Catalog
from tests.catalog.conftest import Shelf
from tests.catalog.making import DIM, PICTURES, store


@pytest.fixture
def damaged(shelf: Shelf) -> Iterator[sqlite3.Connection]:
    """A connection that does not mind what it does, to a catalog of 30 photos."""
    with closing(shelf.open()) as catalog:
        folder_id = catalog.add_folder(PICTURES, "v")
        for number in range(30):
            store(catalog, folder_id, PICTURES + b"/%d.jpg" % number, number)
        assert catalog.check() == []
    with closing(sqlite3.connect(shelf.file, isolation_level=None)) as db:
        yield db


def _problems(shelf: Shelf) -> list[str]:
    with closing(shelf.open(writable=False)) as catalog:
        return catalog.check()


def test_an_empty_catalog_is_sound(catalog: Catalog) -> None:
    assert catalog.check() == []


@pytest.mark.parametrize(
    ("vector", "words"),
    [
        (b"\0" * (4 * DIM - 4), "28 bytes where 32 belong"),
        (b"", "0 bytes where 32 belong"),
        (np.full(DIM, np.nan, "<f4").tobytes(), "no numbers"),
        (np.full(DIM, np.inf, "<f4").tobytes(), "no numbers"),
        (np.full(DIM, 3e38, "<f4").tobytes(), "not of unit length"),
        (np.ones(DIM, "<f4").tobytes(), "not of unit length"),
        (np.zeros(DIM, "<f4").tobytes(), "not of unit length"),
    ],
)
def test_a_wrong_embedding_is_named(
    shelf: Shelf, damaged: sqlite3.Connection, vector: bytes, words: str
) -> None:
    damaged.execute("UPDATE embedding SET vector = ? WHERE content_id = 7", (vector,))
    (problem,) = _problems(shelf)
    assert "content 7" in problem
    assert words in problem


def test_an_embedding_of_a_wrong_length_does_not_stop_the_others(
    shelf: Shelf, damaged: sqlite3.Connection
) -> None:
    damaged.execute("UPDATE embedding SET vector = x'00' WHERE content_id = 7")
    with closing(shelf.open(writable=False)) as catalog:
        (batch,) = catalog.embeddings_since("resnet-test", 0)
    assert len(batch.content_ids) == 29
    assert 7 not in batch.content_ids


def test_a_row_without_its_parent_is_named(shelf: Shelf, damaged: sqlite3.Connection) -> None:
    damaged.execute("DELETE FROM content WHERE content_id = 3")
    problems = _problems(shelf)
    assert len(problems) == 2  # the file's and the embedding's
    assert all("“content” that is gone" in problem for problem in problems)


def test_contents_without_files_are_named_and_many_are_counted(
    shelf: Shelf, damaged: sqlite3.Connection
) -> None:
    damaged.execute("DELETE FROM file WHERE file_id <= 25")
    problems = _problems(shelf)
    assert problems[0] == "Content 1 belongs to no file; the next scan forgets it."
    assert problems[-1] == "There are 5 more problems of this kind."
    assert len(problems) == 21


def test_files_outside_their_folder_are_named(shelf: Shelf, damaged: sqlite3.Connection) -> None:
    damaged.execute("UPDATE folder SET path = ?", (b"/caf\xe9",))
    (problem,) = _problems(shelf)
    assert "“/home/user/Pictures”" in problem
    assert "“/caf\ufffd”" in problem


def test_a_count_of_changes_that_went_back_is_named(shelf: Shelf, damaged: sqlite3.Connection) -> None:
    damaged.execute("UPDATE meta SET value = 4 WHERE key = 'change_seq'")
    (problem,) = _problems(shelf)
    assert "up to 4" in problem
    assert "30" in problem
