"""Opening: new, older, newer, damaged and foreign files, and who may read them."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from lookalike.catalog import migrations
from lookalike.catalog.connection import PAGE_BYTES
from lookalike.catalog.errors import CatalogDamagedError
from lookalike.catalog.schema import APPLICATION_ID, STEPS, TABLES
from lookalike.core.errors import ProfileError
from tests.catalog.conftest import Shelf
from tests.catalog.making import PICTURES, store


def _mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


@contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def _raw(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, isolation_level=None)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o277])
def test_all_files_are_private_whatever_the_umask(shelf: Shelf, mask: int) -> None:
    with _umask(mask), closing(shelf.open()) as catalog:
        store(catalog, catalog.add_folder(PICTURES, "v"), PICTURES + b"/a.jpg", 1)
        files = sorted(shelf.file.parent.glob("catalog.sqlite3*"))
        assert [file.name[len("catalog.sqlite3") :] for file in files] == ["", "-shm", "-wal"]
        assert [_mode(file) for file in files] == [0o600] * 3


def test_a_catalog_that_others_could_read_becomes_private(shelf: Shelf) -> None:
    shelf.open().close()
    shelf.file.chmod(0o644)
    shelf.open().close()
    assert _mode(shelf.file) == 0o600


def test_a_new_catalog_has_its_version_its_mark_and_no_backup(shelf: Shelf) -> None:
    shelf.open().close()
    with closing(_raw(shelf.file)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
        assert db.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert db.execute("PRAGMA page_size").fetchone() == (PAGE_BYTES,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert list(shelf.backups.iterdir()) == []


def test_a_connection_checks_references_and_waits_for_locks(shelf: Shelf) -> None:
    with closing(shelf.open()) as catalog:
        assert catalog._value("PRAGMA foreign_keys") == 1
        assert catalog._value("PRAGMA synchronous") == 1  # NORMAL
        assert catalog._value("PRAGMA secure_delete") == 1
        assert catalog._value("PRAGMA busy_timeout") >= 5000


def test_an_empty_file_left_by_a_kill_becomes_a_catalog(shelf: Shelf) -> None:
    shelf.file.touch()
    with closing(shelf.open()) as catalog:
        assert catalog.folders() == []


def test_a_version_0_file_is_migrated_and_kept_as_a_copy(shelf: Shelf) -> None:
    with closing(_raw(shelf.file)) as db:
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("CREATE TABLE keepsake (text TEXT)")
        db.execute("INSERT INTO keepsake VALUES ('from before')")
    with closing(shelf.open()) as catalog:
        assert catalog._rows("SELECT text FROM keepsake") == [("from before",)]
        assert catalog.counts().photos == 0
    (copy,) = shelf.backups.iterdir()
    assert "-v0-" in copy.name
    assert _mode(copy) == 0o600
    with closing(_raw(copy)) as db:
        assert db.execute("SELECT text FROM keepsake").fetchall() == [("from before",)]
        assert db.execute("PRAGMA user_version").fetchone() == (0,)


def _second(db: sqlite3.Connection) -> None:
    db.execute("ALTER TABLE content ADD COLUMN sharpness REAL")
    db.execute("UPDATE content SET sharpness = 0.5")


def _broken(db: sqlite3.Connection) -> None:
    db.execute("DELETE FROM content")
    db.execute("ALTER TABLE nowhere ADD COLUMN nothing")


def test_an_older_catalog_keeps_its_photos_through_a_migration(shelf: Shelf) -> None:
    with closing(shelf.open()) as catalog:
        store(catalog, catalog.add_folder(PICTURES, "v"), PICTURES + b"/a.jpg", 1)
    with closing(_raw(shelf.file)) as db:
        migrations.migrate(db, shelf.file, shelf.backups, (*STEPS, _second))
        assert db.execute("SELECT sharpness, length(fingerprint) FROM content").fetchall() == [(0.5, 32)]
        assert db.execute("PRAGMA user_version").fetchone() == (2,)
        migrations.migrate(db, shelf.file, shelf.backups, (*STEPS, _second))
    (copy,) = shelf.backups.iterdir()
    with closing(Shelf(copy, shelf.backups).open(writable=False)) as old:
        assert old.photo_at(PICTURES + b"/a.jpg") is not None


def test_a_migration_that_fails_leaves_the_catalog_at_the_last_good_step(shelf: Shelf) -> None:
    with closing(shelf.open()) as catalog:
        store(catalog, catalog.add_folder(PICTURES, "v"), PICTURES + b"/a.jpg", 1)
    with closing(_raw(shelf.file)) as db:
        with pytest.raises(ProfileError, match="could not be brought up"):
            migrations.migrate(db, shelf.file, shelf.backups, (*STEPS, _second, _broken))
        assert db.execute("PRAGMA user_version").fetchone() == (2,)
        assert db.execute("SELECT count(*) FROM content").fetchone() == (1,)


def test_a_migration_that_leaves_rows_without_parents_is_taken_back(shelf: Shelf) -> None:
    with closing(shelf.open()) as catalog:
        store(catalog, catalog.add_folder(PICTURES, "v"), PICTURES + b"/a.jpg", 1)
    with closing(_raw(shelf.file)) as db:
        with pytest.raises(ProfileError):
            migrations.migrate(
                db,
                shelf.file,
                shelf.backups,
                (*STEPS, lambda each: each.execute("DELETE FROM content").close()),
            )
        assert db.execute("SELECT count(*) FROM content").fetchone() == (1,)


def test_nothing_is_migrated_when_no_copy_can_be_made(shelf: Shelf) -> None:
    shelf.open().close()
    with closing(_raw(shelf.file)) as db:
        with pytest.raises(ProfileError, match="could not be copied"):
            migrations.migrate(db, shelf.file, shelf.backups / "gone", (*STEPS, _second))
        assert db.execute("PRAGMA user_version").fetchone() == (1,)


def test_two_copies_within_a_second_are_two_files(shelf: Shelf) -> None:
    with closing(shelf.open()) as catalog:
        names = {migrations.back_up(catalog._db, shelf.backups, "day").name for _ in range(3)}
    assert names == {file.name for file in shelf.backups.iterdir()}
    assert len(names) == 3


@pytest.mark.parametrize("writable", [True, False])
def test_a_newer_catalog_is_refused_in_one_sentence_and_left_alone(shelf: Shelf, writable: bool) -> None:
    shelf.open().close()
    with closing(_raw(shelf.file)) as db:
        db.execute("PRAGMA user_version = 99")
    before = shelf.file.read_bytes()
    with pytest.raises(ProfileError, match="newer") as refusal:
        shelf.open(writable=writable)
    assert not isinstance(refusal.value, CatalogDamagedError)
    assert str(refusal.value).count(". ") == 0
    assert shelf.file.read_bytes() == before


def test_a_database_of_another_program_is_refused_and_left_alone(shelf: Shelf) -> None:
    with closing(_raw(shelf.file)) as db:
        db.execute("CREATE TABLE bookmarks (url TEXT)")
    before = shelf.file.read_bytes()
    with pytest.raises(ProfileError, match="another program") as refusal:
        shelf.open()
    assert not isinstance(refusal.value, CatalogDamagedError)
    assert shelf.file.read_bytes() == before


@pytest.mark.parametrize("writable", [True, False])
def test_a_file_that_is_no_database_is_called_damaged(shelf: Shelf, writable: bool) -> None:
    shelf.file.write_bytes(b"This is a letter, not a catalog.\n" * 100)
    with pytest.raises(CatalogDamagedError, match="damaged"):
        shelf.open(writable=writable)


def test_a_truncated_catalog_is_called_damaged(shelf: Shelf) -> None:
    shelf.open().close()
    whole = shelf.file.read_bytes()
    shelf.file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CatalogDamagedError):
        shelf.open()


def test_a_catalog_with_an_overwritten_schema_is_called_damaged(shelf: Shelf) -> None:
    shelf.open().close()
    whole = shelf.file.read_bytes()
    shelf.file.write_bytes(whole[:100] + b"\xff" * (PAGE_BYTES - 100) + whole[PAGE_BYTES:])
    with pytest.raises(CatalogDamagedError):
        shelf.open()


@pytest.mark.parametrize("table", sorted(TABLES))
def test_a_catalog_without_one_of_its_tables_is_called_damaged(shelf: Shelf, table: str) -> None:
    shelf.open().close()
    with closing(_raw(shelf.file)) as db:
        db.execute(f"DROP TABLE {table}")
    with pytest.raises(CatalogDamagedError):
        shelf.open()


def test_damage_met_while_reading_is_called_damage(shelf: Shelf) -> None:
    with closing(shelf.open()) as catalog:
        folder_id = catalog.add_folder(PICTURES, "v")
        with catalog.transaction():
            for number in range(200):
                store(catalog, folder_id, PICTURES + b"/%d.jpg" % number, number)
    size = shelf.file.stat().st_size
    with closing(_raw(shelf.file)) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'file'").fetchone()
    with open(shelf.file, "rb+") as out:
        out.seek((root - 1) * PAGE_BYTES)
        out.write(b"\xff" * PAGE_BYTES)
    assert shelf.file.stat().st_size == size
    with closing(shelf.open(writable=False)) as catalog:
        with pytest.raises(CatalogDamagedError):
            catalog.known_files(folder_id)
        assert any("damaged" in problem for problem in catalog.check())


def test_reading_a_catalog_that_is_not_there_is_refused_and_makes_none(shelf: Shelf) -> None:
    with pytest.raises(ProfileError, match="no library"):
        shelf.open(writable=False)
    assert not shelf.file.exists()


def test_reading_an_empty_file_says_that_there_is_no_library(shelf: Shelf) -> None:
    shelf.file.touch()
    with pytest.raises(ProfileError, match="no library"):
        shelf.open(writable=False)


def test_a_folder_in_the_place_of_the_catalog_is_refused_in_words(shelf: Shelf) -> None:
    shelf.file.mkdir()
    for writable in (True, False):
        with pytest.raises(ProfileError):
            shelf.open(writable=writable)


def test_a_profile_whose_name_is_not_utf8_works(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9 100% #1?"))
    folder.mkdir()
    shelf = Shelf(folder / "catalog.sqlite3", folder)
    with closing(shelf.open()) as catalog:
        catalog.add_folder(PICTURES, "v")
    with closing(shelf.open(writable=False)) as catalog:
        assert [row.path for row in catalog.folders()] == [PICTURES]
    assert b"catalog.sqlite3" in os.listdir(os.fsencode(folder))
