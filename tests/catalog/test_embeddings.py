"""Embeddings and the numbers by which the index follows them."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from lookalike.catalog.catalog import Catalog
from lookalike.core.records import ContentState
from tests.catalog.conftest import Shelf
from tests.catalog.making import DIM, MODEL, PICTURES, facts, fingerprint, stat, store, vector


@pytest.fixture
def folder_id(catalog: Catalog) -> int:
    """A watched folder without files."""
    return catalog.add_folder(PICTURES, "v")


def _path(number: int) -> bytes:
    return PICTURES + b"/%d.jpg" % number


def test_an_embedding_comes_back_bit_by_bit(shelf: Shelf, catalog: Catalog, folder_id: int) -> None:
    _, content_id = store(catalog, folder_id, _path(1), 1)
    with closing(shelf.open(writable=False)) as reader:
        found = reader.embedding(content_id, MODEL)
    assert found is not None
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, vector(1))
    assert catalog.embedding(content_id, "another") is None


def test_batches_hold_all_embeddings_in_the_order_they_were_stored(catalog: Catalog, folder_id: int) -> None:
    with catalog.transaction():
        ids = [store(catalog, folder_id, _path(number), number)[1] for number in range(10)]
    batches = list(catalog.embeddings_since(MODEL, 0, batch=4))
    assert [len(batch.content_ids) for batch in batches] == [4, 4, 2]
    assert np.concatenate([batch.content_ids for batch in batches]).tolist() == ids
    vectors = np.concatenate([batch.vectors for batch in batches])
    assert (vectors.dtype, vectors.shape) == (np.float32, (10, DIM))
    np.testing.assert_array_equal(vectors, np.stack([vector(number) for number in range(10)]))
    assert batches[-1].change_seq == catalog.change_seq()
    assert list(catalog.embeddings_since(MODEL, catalog.change_seq())) == []
    (rest,) = catalog.embeddings_since(MODEL, batches[0].change_seq)
    assert rest.content_ids.tolist() == ids[4:]


def test_what_is_stored_amid_the_reading_comes_at_its_end(catalog: Catalog, folder_id: int) -> None:
    for number in range(4):
        store(catalog, folder_id, _path(number), number)
    reading = catalog.embeddings_since(MODEL, 0, batch=3)
    next(reading)
    _, late = store(catalog, folder_id, _path(9), 9)
    assert next(reading).content_ids.tolist()[-1] == late


def test_models_do_not_mix(catalog: Catalog, folder_id: int) -> None:
    _, content_id = store(catalog, folder_id, _path(1), 1)
    catalog.store_embedding(content_id, "other", vector(5, dim=16))
    (batch,) = catalog.embeddings_since("other", 0)
    assert batch.vectors.shape == (1, 16)
    (batch,) = catalog.embeddings_since(MODEL, 0)
    assert batch.vectors.shape == (1, DIM)
    assert catalog.counts().embeddings == {MODEL: 1, "other": 1}
    assert list(catalog.embeddings_since("unknown", 0)) == []
    assert catalog.live_contents("unknown").tolist() == []


def test_an_embedding_stored_again_replaces_the_old_one_with_a_higher_number(
    catalog: Catalog, folder_id: int
) -> None:
    _, content_id = store(catalog, folder_id, _path(1), 1)
    before = catalog.change_seq()
    assert catalog.store_embedding(content_id, MODEL, vector(8)) == before + 1
    (batch,) = catalog.embeddings_since(MODEL, 0)
    np.testing.assert_array_equal(batch.vectors, vector(8)[None])
    assert batch.change_seq == before + 1


@pytest.mark.parametrize(
    "wrong",
    [
        np.ones(DIM, np.float32),
        np.zeros(DIM, np.float32),
        np.full(DIM, np.nan, np.float32),
        np.full(DIM, np.inf, np.float32),
        vector(1)[None],
        vector(1, dim=DIM + 1),
    ],
)
def test_a_vector_that_is_no_embedding_of_the_model_is_refused(
    catalog: Catalog, folder_id: int, wrong: np.ndarray[tuple[int], np.dtype[np.float32]]
) -> None:
    _, content_id = store(catalog, folder_id, _path(1), 1)
    before = catalog.change_seq()
    with pytest.raises(ValueError, match="embedding"):
        catalog.store_embedding(content_id, MODEL, wrong)
    assert catalog.change_seq() == before


def test_removed_contents_are_told_once_and_in_order(catalog: Catalog, folder_id: int) -> None:
    ids = [store(catalog, folder_id, _path(number), number)[1] for number in range(4)]
    seen = catalog.change_seq()
    for number in (2, 0):
        store(catalog, folder_id, _path(number), 10 + number)
        catalog.forget_unused()
    assert catalog.removed_since(seen).tolist() == [ids[2], ids[0]]
    assert catalog.removed_since(0).dtype == np.int64
    assert catalog.removed_since(catalog.change_seq()).tolist() == []
    assert catalog.live_contents(MODEL).tolist() == sorted(catalog.live_contents(MODEL).tolist())
    assert not {ids[2], ids[0]} & set(catalog.live_contents(MODEL).tolist())


def test_a_content_without_an_embedding_leaves_no_trace_in_the_numbers(
    catalog: Catalog, folder_id: int
) -> None:
    with catalog.transaction():
        content_id = catalog.store_content(fingerprint(1), None, facts(1), ContentState.OK)
        catalog.store_file(folder_id, _path(1), stat(1), content_id)
    assert catalog.forget_folder(folder_id).content_ids == [content_id]
    assert catalog.removed_since(0).tolist() == []
    assert catalog.change_seq() == 0


def test_numbers_only_grow_over_removal_and_restart(shelf: Shelf) -> None:
    seen = [0]
    for number in range(3):
        with closing(shelf.open()) as catalog:
            folder_id = catalog.add_folder(PICTURES, "v")
            store(catalog, folder_id, _path(number), number)
            seen.append(catalog.change_seq())
            catalog.forget_folder(folder_id)
            seen.append(catalog.change_seq())
    assert seen == sorted(set(seen))


def test_contents_that_wait_for_an_embedding_are_found_oldest_first(catalog: Catalog, folder_id: int) -> None:
    ids = []
    for number in range(6):
        state = ContentState.QUARANTINED if number == 3 else ContentState.OK
        with catalog.transaction():
            ids.append(catalog.store_content(fingerprint(number), None, facts(number), state))
            file_id = catalog.store_file(folder_id, _path(number), stat(number), ids[-1])
        if number == 4:
            catalog.mark_missing([file_id], 5.0)
    catalog.store_embedding(ids[0], MODEL, vector(0))
    assert catalog.contents_without_embedding(MODEL, 10) == [ids[1], ids[2], ids[5]]
    assert catalog.contents_without_embedding(MODEL, 2) == ids[1:3]
    assert catalog.contents_without_embedding("another", 10) == [*ids[:3], ids[5]]
