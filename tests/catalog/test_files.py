"""Files and contents: storing, sharing, moving, missing, skipping."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from lookalike.catalog.catalog import Catalog
from lookalike.catalog.records import KnownFile
from lookalike.core.records import ContentState, FileStat, Photo, Skipped
from tests.catalog.conftest import Shelf
from tests.catalog.making import MODEL, PICTURES, facts, fingerprint, stat, store

A, B, C = PICTURES + b"/a.jpg", PICTURES + b"/sub/b.jpg", PICTURES + b"/c.jpg"


@pytest.fixture
def folder_id(catalog: Catalog) -> int:
    """A watched folder without files."""
    return catalog.add_folder(PICTURES, "v")


def test_a_photo_comes_back_as_it_was_stored(shelf: Shelf, catalog: Catalog, folder_id: int) -> None:
    file_id, content_id = store(catalog, folder_id, A, 1, taken_at="2004-06-01T12:30:00.25")
    photo = Photo(
        file_id,
        content_id,
        folder_id,
        A,
        stat(1),
        facts(1, taken_at="2004-06-01T12:30:00.25"),
        ContentState.OK,
        False,
        fingerprint(1),
    )
    with closing(shelf.open(writable=False)) as reader:
        assert reader.photo(file_id) == photo
        assert reader.photo_at(A) == photo
        assert reader.photos([file_id]) == [photo]
        assert reader.photos_of_contents([content_id]) == {content_id: [photo]}
        assert reader.files_of(content_id) == [photo]
        assert reader.known_files(folder_id) == {A: KnownFile(file_id, content_id, stat(1), False, None)}


def test_identical_files_share_a_content_and_its_embedding(catalog: Catalog, folder_id: int) -> None:
    first, content_id = store(catalog, folder_id, A, 1)
    second, again = store(catalog, folder_id, B, 1)
    assert (content_id, first) == (again, first)
    assert first != second
    assert [photo.path for photo in catalog.photos_of_contents([content_id])[content_id]] == [A, B]
    counts = catalog.counts()
    assert (counts.photos, counts.contents, counts.embeddings) == (2, 1, {MODEL: 1})


def test_a_path_that_is_stored_again_keeps_its_row(catalog: Catalog, folder_id: int) -> None:
    file_id, old = store(catalog, folder_id, A, 1)
    again, new = store(catalog, folder_id, A, 2)
    assert again == file_id
    assert new != old
    photo = catalog.photo(file_id)
    assert photo is not None
    assert (photo.content_id, photo.stat) == (new, stat(2))


def test_a_known_content_is_returned_and_left_as_it_is(catalog: Catalog, folder_id: int) -> None:
    file_id, content_id = store(catalog, folder_id, A, 1)
    assert catalog.store_content(fingerprint(1), None, facts(7), ContentState.OK) == content_id
    photo = catalog.photo(file_id)
    assert photo is not None
    assert photo.facts == facts(1)


def test_a_quarantined_content_that_decodes_at_last_gets_its_facts(catalog: Catalog, folder_id: int) -> None:
    file_id, content_id = store(catalog, folder_id, A, 1, state=ContentState.QUARANTINED)
    new = facts(1, taken_at="2010-01-01T00:00:00")
    assert catalog.store_content(fingerprint(1), b"p" * 16, new, ContentState.OK) == content_id
    photo = catalog.photo(file_id)
    assert photo is not None
    assert (photo.facts, photo.state) == (new, ContentState.OK)


def test_contents_are_found_by_fingerprint_and_size(catalog: Catalog, folder_id: int) -> None:
    _, content_id = store(catalog, folder_id, A, 1)
    assert catalog.content_with(fingerprint(1)) == content_id
    assert catalog.content_with(fingerprint(2)) is None
    assert catalog.may_be_known(facts(1).size_bytes)
    assert not catalog.may_be_known(facts(2).size_bytes)


def test_a_file_of_an_unknown_content_is_refused(catalog: Catalog, folder_id: int) -> None:
    with pytest.raises(LookupError):
        catalog.store_file(folder_id, A, stat(1), 12345)
    assert catalog.known_files(folder_id) == {}


def test_a_moved_file_keeps_its_row_and_its_embedding(catalog: Catalog, folder_id: int) -> None:
    file_id, content_id = store(catalog, folder_id, A, 1)
    catalog.mark_missing([file_id], 5.0)
    assert catalog.missing_files_of(content_id) == [file_id]
    catalog.move_file(file_id, folder_id, B, stat(9))
    photo = catalog.photo(file_id)
    assert photo is not None
    assert (photo.path, photo.stat, photo.is_missing, photo.content_id) == (B, stat(9), False, content_id)
    assert catalog.photo_at(A) is None
    assert catalog.has_embedding(content_id, MODEL)
    assert catalog.missing_files_of(content_id) == []


def test_a_file_moved_over_another_one_replaces_it(catalog: Catalog, folder_id: int) -> None:
    moved, content_id = store(catalog, folder_id, A, 1)
    overwritten, _ = store(catalog, folder_id, B, 2)
    catalog.move_file(moved, folder_id, B, stat(1))
    assert catalog.photo(overwritten) is None
    assert {path: known.content_id for path, known in catalog.known_files(folder_id).items()} == {
        B: content_id
    }


def test_moving_a_file_that_is_not_there_is_refused(catalog: Catalog, folder_id: int) -> None:
    with pytest.raises(LookupError):
        catalog.move_file(77, folder_id, B, stat(1))


def test_a_missing_photo_keeps_what_it_had_until_it_returns(catalog: Catalog, folder_id: int) -> None:
    file_id, content_id = store(catalog, folder_id, A, 1)
    catalog.mark_missing([file_id], 5.0)
    photo = catalog.photo(file_id)
    assert photo is not None
    assert photo.is_missing
    assert catalog.known_files(folder_id)[A].is_missing
    assert catalog.photos_of_contents([content_id]) == {}
    counts = catalog.counts()
    assert (counts.photos, counts.missing, counts.photos_in) == (0, 1, {folder_id: 0})
    assert catalog.forget_unused().content_ids == []
    catalog.mark_present(file_id, stat(4))
    photo = catalog.photo(file_id)
    assert photo is not None
    assert (photo.is_missing, photo.stat) == (False, stat(4))


def test_storing_a_missing_path_brings_it_back(catalog: Catalog, folder_id: int) -> None:
    file_id, _ = store(catalog, folder_id, A, 1)
    catalog.mark_missing([file_id], 5.0)
    assert store(catalog, folder_id, A, 1)[0] == file_id
    assert not catalog.known_files(folder_id)[A].is_missing


def test_thousands_of_files_are_marked_and_read_at_once(catalog: Catalog, folder_id: int) -> None:
    with catalog.transaction():
        made = [store(catalog, folder_id, PICTURES + b"/%d.jpg" % number, number) for number in range(2500)]
    file_ids = [file_id for file_id, _ in made][::-1]
    assert [photo.file_id for photo in catalog.photos([*file_ids, 999_999])] == file_ids
    assert len(catalog.photos_of_contents([content_id for _, content_id in made])) == 2500
    catalog.mark_missing(file_ids[:2000], 5.0)
    assert catalog.counts().photos == 500
    assert len(catalog.photos_of_contents([content_id for _, content_id in made])) == 500


def test_a_replaced_content_is_forgotten_on_request_only(catalog: Catalog, folder_id: int) -> None:
    _, old = store(catalog, folder_id, A, 1)
    store(catalog, folder_id, A, 2)
    assert catalog.content_with(fingerprint(1)) == old
    forgotten = catalog.forget_unused()
    assert (forgotten.fingerprints, forgotten.content_ids) == ([fingerprint(1)], [old])
    assert catalog.content_with(fingerprint(1)) is None
    assert catalog.embedding(old, MODEL) is None


def test_the_id_of_a_forgotten_content_is_never_used_again(shelf: Shelf) -> None:
    with closing(shelf.open()) as catalog:
        folder_id = catalog.add_folder(PICTURES, "v")
        _, last = store(catalog, folder_id, A, 1)
        catalog.forget_folder(folder_id)
    with closing(shelf.open()) as catalog:
        assert catalog.add_folder(PICTURES, "v") > folder_id
        assert store(catalog, catalog.folders()[0].folder_id, A, 1)[1] > last


def test_a_skipped_file_is_known_with_its_reason_and_is_no_photo(catalog: Catalog, folder_id: int) -> None:
    catalog.store_skipped(folder_id, B, stat(2), "It is too small.", can_retry=False)
    catalog.store_skipped(folder_id, A, None, "It could not be opened.", can_retry=True)
    assert catalog.skipped() == [
        Skipped(A, "It could not be opened.", True),
        Skipped(B, "It is too small.", False),
    ]
    known = catalog.known_files(folder_id)
    assert (known[A].stat, known[A].skip_reason) == (None, "It could not be opened.")
    assert (known[B].stat, known[B].content_id) == (stat(2), None)
    counts = catalog.counts()
    assert (counts.photos, counts.skipped) == (0, 2)
    assert catalog.photo(known[A].file_id) is None


def test_a_photo_that_cannot_be_read_any_more_is_skipped_and_recovers(
    catalog: Catalog, folder_id: int
) -> None:
    file_id, content_id = store(catalog, folder_id, A, 1)
    catalog.store_skipped(folder_id, A, stat(3), "It is damaged.", can_retry=True)
    assert catalog.photo(file_id) is None
    assert catalog.photos_of_contents([content_id]) == {}
    assert store(catalog, folder_id, A, 1)[0] == file_id
    assert catalog.skipped() == []


def test_a_skipped_file_that_is_gone_leaves_nothing(catalog: Catalog, folder_id: int) -> None:
    catalog.store_skipped(folder_id, A, stat(2), "It is damaged.", can_retry=True)
    catalog.mark_missing([catalog.known_files(folder_id)[A].file_id], 5.0)
    assert catalog.known_files(folder_id) == {}


def test_removing_skipped_files_spares_photos_and_final_reasons(catalog: Catalog, folder_id: int) -> None:
    other = catalog.add_folder(b"/other", "v")
    store(catalog, folder_id, C, 1)
    catalog.store_skipped(folder_id, A, stat(2), "It is damaged.", can_retry=True)
    catalog.store_skipped(folder_id, B, stat(3), "It is too small.", can_retry=False)
    catalog.store_skipped(other, b"/other/d.jpg", stat(4), "It is damaged.", can_retry=True)
    assert catalog.remove_skipped(folder_id) == 1
    assert catalog.remove_skipped() == 1
    assert [skipped.path for skipped in catalog.skipped()] == [B]
    assert catalog.remove_skipped(also_final=True) == 1
    assert list(catalog.known_files(folder_id)) == [C]


def test_known_files_can_be_asked_for_below_a_folder(catalog: Catalog, folder_id: int) -> None:
    for number, path in enumerate((A, B, C, PICTURES + b"/sub2/d.jpg", PICTURES + b"/sub/deep/e.jpg")):
        store(catalog, folder_id, path, number)
    assert set(catalog.known_files(folder_id, PICTURES + b"/sub")) == {B, PICTURES + b"/sub/deep/e.jpg"}


def test_names_that_are_not_utf8_stay_apart_from_their_look_alikes(shelf: Shelf) -> None:
    names = [
        b"caf\xe9.jpg",
        "caf\ufffd.jpg".encode(),
        "café.jpg".encode(),
        "cafe\u0301.jpg".encode(),
        b"a\nb'\".jpg",
    ]
    with closing(shelf.open()) as catalog:
        folder_id = catalog.add_folder(PICTURES + b"/\xff\xfe", "v")
        ids = {
            PICTURES + b"/\xff\xfe/" + name: store(
                catalog, folder_id, PICTURES + b"/\xff\xfe/" + name, number
            )[0]
            for number, name in enumerate(names)
        }
    with closing(shelf.open(writable=False)) as catalog:
        assert {path: known.file_id for path, known in catalog.known_files(folder_id).items()} == ids
        for path, file_id in ids.items():
            photo = catalog.photo_at(path)
            assert photo is not None
            assert photo.file_id == file_id


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 2**64 - 1, 2**100, -(2**63), -(2**63) - 1])
def test_numbers_beyond_64_bits_come_back_exactly(catalog: Catalog, folder_id: int, number: int) -> None:
    seen = FileStat(5, number, abs(number), abs(number))
    file_id, _ = store(catalog, folder_id, A, 1)
    catalog.mark_present(file_id, seen)
    assert catalog.known_files(folder_id)[A].stat == seen
    photo = catalog.photo(file_id)
    assert photo is not None
    assert photo.stat == seen


def test_a_content_that_a_file_needs_cannot_be_deleted(catalog: Catalog, folder_id: int) -> None:
    _, content_id = store(catalog, folder_id, A, 1)
    with pytest.raises(sqlite3.IntegrityError):
        catalog._run("DELETE FROM content WHERE content_id = ?", (content_id,))
