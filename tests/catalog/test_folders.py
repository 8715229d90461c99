"""Watched folders: adding, nesting, counting, forgetting."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from lookalike.catalog.catalog import Catalog
from lookalike.catalog.errors import CatalogFullError
from lookalike.catalog.records import FolderRow, Forgotten
from lookalike.core.listing import ListingQuery
from tests.catalog.conftest import Shelf
from tests.catalog.making import MODEL, PICTURES, bytes_of_all, fingerprint, store, vector

OUTER, INNER, DEEP = b"/photos", b"/photos/trips", b"/photos/trips/rome"


def test_a_folder_added_twice_is_one_folder(catalog: Catalog) -> None:
    folder_id = catalog.add_folder(PICTURES, "v")
    assert catalog.add_folder(PICTURES + b"/", "w") == folder_id
    assert catalog.folders() == [FolderRow(folder_id, PICTURES, "w")]


def test_a_folders_volume_can_change(catalog: Catalog) -> None:
    first, second = catalog.add_folder(b"/a", "v"), catalog.add_folder(b"/b", "v")
    catalog.set_folder_volume(second, "w")
    assert catalog.folders() == [FolderRow(first, b"/a", "v"), FolderRow(second, b"/b", "w")]
    catalog.set_folder_volume(first, "w")
    assert catalog._rows("SELECT name FROM volume") == [("w",)]


def test_forgetting_a_folder_takes_its_files_contents_and_embeddings(catalog: Catalog) -> None:
    folder_id, other = catalog.add_folder(PICTURES, "v"), catalog.add_folder(b"/other", "v")
    _, content_id = store(catalog, folder_id, PICTURES + b"/a.jpg", 1)
    _, kept = store(catalog, other, b"/other/b.jpg", 2)
    catalog.store_skipped(folder_id, PICTURES + b"/c.jpg", None, "It is damaged.", can_retry=True)
    assert catalog.forget_folder(folder_id) == Forgotten(1, [fingerprint(1)], [content_id])
    assert [row.folder_id for row in catalog.folders()] == [other]
    assert catalog.photo_at(PICTURES + b"/a.jpg") is None
    assert catalog.skipped() == []
    assert catalog.embedding(content_id, MODEL) is None
    assert catalog.live_contents(MODEL).tolist() == [kept]
    assert catalog.removed_since(0).tolist() == [content_id]
    assert catalog.check() == []


def test_a_content_that_another_folder_needs_is_kept(catalog: Catalog) -> None:
    folder_id, other = catalog.add_folder(PICTURES, "v"), catalog.add_folder(b"/other", "v")
    _, content_id = store(catalog, folder_id, PICTURES + b"/a.jpg", 1)
    copy, _ = store(catalog, other, b"/other/copy.jpg", 1)
    catalog.mark_missing([copy], 5.0)  # a missing file needs it too
    assert catalog.forget_folder(folder_id) == Forgotten(1, [], [])
    assert catalog.has_embedding(content_id, MODEL)
    assert catalog.removed_since(0).tolist() == []


def test_forgetting_an_unknown_folder_does_nothing(catalog: Catalog) -> None:
    assert catalog.forget_folder(99) == Forgotten(0, [], [])


def test_forgetting_needs_no_more_than_the_running_transaction(catalog: Catalog) -> None:
    folder_id = catalog.add_folder(PICTURES, "v")
    store(catalog, folder_id, PICTURES + b"/a.jpg", 1)

    def change_ones_mind() -> None:
        with catalog.transaction():
            catalog.forget_folder(folder_id)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_ones_mind()
    assert catalog.counts().photos_in == {folder_id: 1}


def _nested(catalog: Catalog, order: tuple[bytes, ...]) -> dict[bytes, int]:
    """Watches three folders inside each other and stores one photo in each."""
    first = catalog.add_folder(order[0], "v")
    if order[0] == OUTER:
        _fill(catalog, first)
    folders = {order[0]: first, **{path: catalog.add_folder(path, "v") for path in order[1:]}}
    if order[0] != OUTER:
        _fill(catalog, folders[DEEP])
    return folders


def _fill(catalog: Catalog, folder_id: int) -> None:
    for number, path in enumerate((OUTER, INNER, DEEP)):
        store(catalog, folder_id, path + b"/a.jpg", number)


@pytest.mark.parametrize("order", [(OUTER, INNER, DEEP), (DEEP, INNER, OUTER), (INNER, OUTER, DEEP)])
def test_the_outermost_folder_keeps_each_file_and_the_inner_ones_answer_too(
    catalog: Catalog, order: tuple[bytes, ...]
) -> None:
    folders = _nested(catalog, order)
    photos = [photo for path in folders if (photo := catalog.photo_at(path + b"/a.jpg")) is not None]
    assert {photo.folder_id for photo in photos} == {folders[OUTER]}
    assert catalog.counts().photos_in == {folders[OUTER]: 3, folders[INNER]: 2, folders[DEEP]: 1}
    assert len(catalog.known_files(folders[OUTER])) == 3
    assert set(catalog.known_files(folders[INNER])) == {INNER + b"/a.jpg", DEEP + b"/a.jpg"}
    assert len(catalog.listing(ListingQuery(folder_id=folders[INNER])).file_ids) == 2
    assert catalog.check() == []


def test_an_outer_folder_added_later_takes_the_inner_files_over(catalog: Catalog) -> None:
    inner = catalog.add_folder(INNER, "v")
    file_id, _ = store(catalog, inner, INNER + b"/a.jpg", 1)
    outer = catalog.add_folder(OUTER, "v")
    photo = catalog.photo(file_id)
    assert photo is not None
    assert photo.folder_id == outer
    assert catalog.forget_folder(inner) == Forgotten(0, [], [])
    assert catalog.photo(file_id) is not None


def test_forgetting_the_outer_folder_leaves_the_inner_one_its_photos(catalog: Catalog) -> None:
    folders = _nested(catalog, (OUTER, INNER, DEEP))
    forgotten = catalog.forget_folder(folders[OUTER])
    assert forgotten.photos == 1
    assert forgotten.fingerprints == [fingerprint(0)]
    photos = [catalog.photo_at(path + b"/a.jpg") for path in (INNER, DEEP)]
    assert [photo and photo.folder_id for photo in photos] == [folders[INNER]] * 2
    assert catalog.counts().photos_in == {folders[INNER]: 2, folders[DEEP]: 1}
    assert catalog.check() == []


def test_a_folder_whose_name_begins_like_another_is_not_inside_it(catalog: Catalog) -> None:
    short, long = catalog.add_folder(b"/photos", "v"), catalog.add_folder(b"/photos2", "v")
    file_id, _ = store(catalog, long, b"/photos2/a.jpg", 1)
    photo = catalog.photo(file_id)
    assert photo is not None
    assert photo.folder_id == long
    assert catalog.counts().photos_in == {short: 0, long: 1}
    assert catalog.forget_folder(short).photos == 0
    assert catalog.photo(file_id) is not None


def test_the_root_can_be_watched(catalog: Catalog) -> None:
    root = catalog.add_folder(b"/", "v")
    store(catalog, root, b"/a.jpg", 1)
    store(catalog, root, b"/sub/b.jpg", 2)
    assert set(catalog.known_files(root)) == {b"/a.jpg", b"/sub/b.jpg"}
    assert catalog.counts().photos_in == {root: 2}
    assert len(catalog.listing(ListingQuery(folder_id=root)).file_ids) == 2
    assert catalog.check() == []


def test_the_bytes_of_a_forgotten_folder_are_gone_from_every_file(shelf: Shelf) -> None:
    marker = b"/home/user/Secret-Holiday"
    with closing(shelf.open()) as catalog, closing(shelf.open(writable=False)) as reader:
        kept, secret = catalog.add_folder(PICTURES, "v"), catalog.add_folder(marker, "secret-volume")
        with catalog.transaction():
            for number in range(3000):
                # Interleaved, so that the trees are rearranged when half of the rows go.
                folder_id, folder = (kept, PICTURES) if number % 2 else (secret, marker)
                store(
                    catalog,
                    folder_id,
                    folder + b"/%03d/secretive_%d.jpg" % (number * 7 % 100, number),
                    number,
                )
        assert len(reader.known_files(secret)) == 1500
        assert marker in bytes_of_all(shelf.file.parent)
        assert vector(0).tobytes() in bytes_of_all(shelf.file.parent)
        catalog.forget_folder(secret)
        left = bytes_of_all(shelf.file.parent)  # while both are open, the log included
        assert marker not in left
        assert marker.lower() not in left
        assert b"secret-volume" not in left
        for number in range(0, 3000, 2):
            assert fingerprint(number) not in left
            assert vector(number).tobytes() not in left
        assert vector(1).tobytes() in left
        assert catalog.check() == []
        assert len(reader.known_files(kept)) == 1500


def test_the_file_is_written_anew_when_a_folder_is_forgotten(shelf: Shelf) -> None:
    marker = b"/home/user/Secret-Holiday"
    with closing(shelf.open()) as catalog:
        secret = catalog.add_folder(marker, "v")
        with catalog.transaction():
            for number in range(50):
                store(catalog, secret, marker + b"/%d.jpg" % number, number)
        # Stands for the gaps that SQLite does not overwrite: they need a catalog too large for a test.
        catalog._value("PRAGMA secure_delete = OFF")
        catalog.forget_folder(secret)
        assert marker not in bytes_of_all(shelf.file.parent)


def test_bytes_that_could_not_be_overwritten_are_after_the_next_opening(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = b"/home/user/Secret-Holiday"
    catalog = shelf.open()
    secret = catalog.add_folder(marker, "v")
    with catalog.transaction():
        for number in range(100):
            store(catalog, secret, marker + b"/%d.jpg" % number, number)
    run = catalog._run

    def no_room(sql: str, values: tuple[object, ...] = ()) -> int:
        if sql == "VACUUM":
            raise CatalogFullError("The disk is full.")
        return run(sql, values)

    monkeypatch.setattr(catalog, "_run", no_room)
    catalog.forget_folder(secret)
    assert catalog._value("SELECT count(*) FROM meta WHERE key = 'must_tidy'") == 1
    catalog.close()
    with closing(shelf.open()) as catalog:
        catalog.add_folder(PICTURES, "v")
        assert catalog._value("SELECT count(*) FROM meta WHERE key = 'must_tidy'") == 0
        assert marker not in bytes_of_all(shelf.file.parent)


def test_a_reader_amid_its_reading_does_not_keep_a_folder_from_being_forgotten(shelf: Shelf) -> None:
    with closing(shelf.open()) as catalog, closing(shelf.open(writable=False)) as reader:
        folder_id = catalog.add_folder(b"/home/user/Secret-Holiday", "v")
        store(catalog, folder_id, b"/home/user/Secret-Holiday/a.jpg", 1)
        with reader.transaction():
            assert reader.counts().photos == 1
            catalog.forget_folder(folder_id)
            assert reader.counts().photos == 1
        assert reader.counts().photos == 0
        catalog.add_folder(PICTURES, "v")  # the next commit empties the log
        assert b"Secret-Holiday" not in bytes_of_all(shelf.file.parent)


def test_decisions_outlive_the_folder_and_hold_no_path(shelf: Shelf) -> None:
    with closing(shelf.open()) as catalog:
        folder_id = catalog.add_folder(PICTURES, "v")
        ids = [store(catalog, folder_id, PICTURES + b"/%d.jpg" % number, number)[1] for number in range(2)]
        first, second = sorted(fingerprint(number) for number in range(2))
        catalog._run(
            "INSERT INTO decision (kind, first_fingerprint, second_fingerprint, decided_at)"
            " VALUES ('not-duplicates', ?, ?, 1.0)",
            (first, second),
        )
        catalog._run("INSERT INTO verdict VALUES (?, ?, 'look-alike', 0.9, '{}', 1, 1.0)", ids)
        with pytest.raises(sqlite3.IntegrityError):  # the other way round is the same pair
            catalog._run(
                "INSERT INTO decision (kind, first_fingerprint, second_fingerprint, decided_at)"
                " VALUES ('not-duplicates', ?, ?, 1.0)",
                (second, first),
            )
        catalog.forget_folder(folder_id)
        assert catalog._rows("SELECT first_fingerprint, second_fingerprint FROM decision") == [
            (first, second)
        ]
        assert catalog._rows("SELECT * FROM verdict") == []
        assert PICTURES not in bytes_of_all(shelf.file.parent)
