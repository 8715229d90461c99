"""Transactions: whole or not at all, for this connection, for others, and over a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import closing

import pytest

from lookalike.catalog.catalog import Catalog
from lookalike.catalog.errors import CatalogBusyError, CatalogFullError, CatalogWaitsError
from lookalike.core.errors import LookalikeError, ProfileError
from tests.catalog.conftest import Shelf
from tests.catalog.making import MODEL, PICTURES, store


def test_an_error_takes_everything_back(catalog: Catalog) -> None:
    before = catalog.change_seq()

    def fail() -> None:
        with catalog.transaction():
            store(catalog, catalog.add_folder(PICTURES, "v"), PICTURES + b"/a.jpg", 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert catalog.folders() == []
    assert catalog.counts().contents == 0
    assert catalog.change_seq() == before


def test_an_inner_block_that_fails_takes_back_its_own_changes_alone(catalog: Catalog) -> None:
    folder_id = catalog.add_folder(PICTURES, "v")

    def fail() -> None:
        with catalog.transaction():
            store(catalog, folder_id, PICTURES + b"/b.jpg", 2)
            raise ZeroDivisionError

    with catalog.transaction():
        store(catalog, folder_id, PICTURES + b"/a.jpg", 1)
        with pytest.raises(ZeroDivisionError):
            fail()
        store(catalog, folder_id, PICTURES + b"/c.jpg", 3)
    assert set(catalog.known_files(folder_id)) == {PICTURES + b"/a.jpg", PICTURES + b"/c.jpg"}


def test_an_inner_block_is_taken_back_with_the_outer_one(catalog: Catalog) -> None:
    def fail() -> None:
        with catalog.transaction():
            with catalog.transaction():
                catalog.add_folder(PICTURES, "v")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert catalog.folders() == []


def test_a_reader_sees_what_is_committed_and_nothing_else(shelf: Shelf, catalog: Catalog) -> None:
    folder_id = catalog.add_folder(PICTURES, "v")
    with closing(shelf.open(writable=False)) as reader:
        with catalog.transaction():
            store(catalog, folder_id, PICTURES + b"/a.jpg", 1)
            assert reader.known_files(folder_id) == {}
            assert reader.counts().photos == 0
        assert list(reader.known_files(folder_id)) == [PICTURES + b"/a.jpg"]


def test_reads_inside_a_readers_transaction_see_one_state(shelf: Shelf, catalog: Catalog) -> None:
    folder_id = catalog.add_folder(PICTURES, "v")
    with closing(shelf.open(writable=False)) as reader, reader.transaction():
        assert reader.counts().photos == 0
        store(catalog, folder_id, PICTURES + b"/a.jpg", 1)
        assert reader.counts().photos == 0


def test_a_reading_connection_cannot_write(shelf: Shelf, catalog: Catalog) -> None:
    with closing(shelf.open(writable=False)) as reader, pytest.raises(ProfileError):
        reader.add_folder(PICTURES, "v")
    assert catalog.folders() == []


def test_a_connection_refuses_other_threads(catalog: Catalog) -> None:
    caught: list[Exception] = []

    def ask() -> None:
        try:
            catalog.folders()
        except Exception as error:  # noqa: BLE001
            caught.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert len(caught) == 1
    assert not isinstance(caught[0], LookalikeError)  # a mistake of ours, not a trouble of the user's


def test_a_catalog_that_is_held_is_called_busy_and_can_be_tried_again(shelf: Shelf, catalog: Catalog) -> None:
    with closing(shelf.open()) as other:
        other._run("PRAGMA busy_timeout = 0")
        with catalog.transaction(), pytest.raises(CatalogBusyError) as trouble:
            other.add_folder(PICTURES, "v")
        assert isinstance(trouble.value, CatalogWaitsError)
        assert other.add_folder(PICTURES, "v") > 0


def test_a_full_disk_takes_the_batch_back_and_can_be_tried_again(catalog: Catalog) -> None:
    folder_id = catalog.add_folder(PICTURES, "v")
    pages = catalog._value("PRAGMA page_count")
    catalog._value(f"PRAGMA max_page_count = {pages + 2}")

    def batch() -> None:
        with catalog.transaction():
            for number in range(500):
                store(catalog, folder_id, PICTURES + b"/%d.jpg" % number, number)

    with pytest.raises(CatalogFullError):
        batch()
    assert catalog.counts().photos == 0
    catalog._value("PRAGMA max_page_count = 1000000")
    batch()
    assert catalog.counts().photos == 500
    assert catalog.check() == []


def test_going_on_after_sqlite_took_the_batch_back_by_itself_commits_nothing(catalog: Catalog) -> None:

    def go_on() -> None:
        with catalog.transaction():
            catalog.add_folder(PICTURES, "v")
            catalog._db.execute("ROLLBACK")  # what SQLite does on some errors of the disk
            with pytest.raises(ProfileError, match="taken back"):
                catalog.add_folder(b"/elsewhere", "v")

    with pytest.raises(ProfileError, match="taken back"):
        go_on()
    assert catalog.folders() == []


KILLED = """
import sys
from pathlib import Path
from lookalike.catalog.catalog import Catalog
from tests.catalog.making import PICTURES, store

catalog = Catalog.open(Path(sys.argv[1]), Path(sys.argv[2]), writable=True)
folder_id = catalog.add_folder(PICTURES, "v")
with catalog.transaction():
    for number in range(300):
        store(catalog, folder_id, PICTURES + b"/%d.jpg" % number, number)
catalog._run("PRAGMA cache_size = 1")  # so that half a transaction is written before it is committed
batch = catalog.transaction()
batch.__enter__()
for number in range(300, 1200):
    store(catalog, folder_id, PICTURES + b"/%d.jpg" % number, number)
    if number == 1100:
        print("now", flush=True)
        sys.stdin.read()
"""


def test_a_kill_amid_a_transaction_leaves_the_last_committed_state(shelf: Shelf) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(shelf.file), str(shelf.backups)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"now\n"
        log_size = shelf.file.with_name(shelf.file.name + "-wal").stat().st_size
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert log_size > 500_000  # the uncommitted half had reached the disk
    with closing(shelf.open(writable=False)) as reader:
        assert reader.counts().photos == 300
    with closing(shelf.open()) as catalog:
        assert catalog.check() == []
        assert catalog.counts().embeddings == {MODEL: 300}
        store(catalog, catalog.folders()[0].folder_id, PICTURES + b"/300.jpg", 300)
        assert catalog.counts().photos == 301
