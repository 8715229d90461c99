"""One connection to the catalog's SQLite file: opening, transactions, errors in words.

Confined to the thread that opened it. There is one writing connection per profile (the library's lock file sees to
that) and any number of reading ones; write-ahead logging lets them read the last committed state meanwhile.

What a sudden end costs: with ``synchronous = NORMAL`` a commit appends to the log without waiting for the disk, and
the log is flushed before any of it is copied into the database. Each frame of the log carries a checksum, and one
that did not arrive whole ends the log there. So a killed program loses the transaction it was in, which is at most
one batch; a power cut may take the last few committed ones too; neither leaves half a transaction. All that the
catalog holds of photos can be read from the photos again.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.catalog import migrations
from lookalike.catalog.errors import in_words
from lookalike.catalog.schema import STEPS
from lookalike.core.errors import ProfileError

log = logging.getLogger(__name__)

BUSY_MS = 10_000
"""How long a statement waits for another program's lock."""
TIDY_BUSY_MS = 250
"""How long emptying the log waits for readers: it is tried again after the next commit."""
LOG_LIMIT_BYTES = 32 * 1024**2
"""The log shrinks back to this after a large transaction."""
PAGE_BYTES = 8192
"""Seven embeddings of 256 values fit on a page; on SQLite's 4,096 bytes it would be three, and a tenth more file."""
CACHE_KIB = 16 * 1024
"""Holds what a listing of 100,000 photos reads (10 MB), so that asking again costs no system calls."""
CHUNK = 900
"""Values per statement; SQLite before 3.32 takes 999."""

Row = tuple[Any, ...]


class Connection:
    """What all parts of the catalog stand on."""

    def __init__(self, db: sqlite3.Connection, file: Path, *, writable: bool) -> None:
        self._db = db
        self._file = file
        self._writable = writable
        self._depth = 0
        self._must_tidy = writable and self._row("SELECT 1 FROM meta WHERE key = 'must_tidy'") is not None
        self._must_empty_log = False

    def close(self) -> None:
        """Ends the connection; an open transaction is taken back. The last one to close empties the log."""
        self._db.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is committed as a whole or not at all.

        A block inside a block is part of the outer one: it is committed with it, and if it fails its own changes
        alone are taken back, should the outer block go on. On a reading connection all reads inside see one state.

        Raises:
            CatalogFullError: The disk is full; the outermost block was taken back.
            CatalogBusyError: Another program holds the catalog.
        """
        if self._depth and not self._db.in_transaction:
            raise ProfileError(
                "The running changes to the catalog were taken back after an error of the disk."
            )
        is_outer = self._depth == 0
        point = f"depth{self._depth}"
        self._run(("BEGIN IMMEDIATE" if self._writable else "BEGIN") if is_outer else f"SAVEPOINT {point}")
        self._depth += 1
        try:
            yield
            if not self._db.in_transaction:
                raise ProfileError("The changes to the catalog were taken back after an error of the disk.")
            self._run("COMMIT" if is_outer else f"RELEASE {point}")
        except BaseException:
            if self._db.in_transaction:  # a full disk may have ended it already
                if is_outer:
                    self._db.execute("ROLLBACK")
                else:
                    self._db.execute(f"ROLLBACK TO {point}")
                    self._db.execute(f"RELEASE {point}")
            raise
        finally:
            self._depth -= 1
        if is_outer and (self._must_tidy or self._must_empty_log):
            self._tidy()

    def _forget_bytes(self) -> None:
        """Has the file written anew once the outermost transaction is committed, by the next opening if need be."""
        self._run("INSERT OR REPLACE INTO meta (key, value) VALUES ('must_tidy', 1)")
        self._must_tidy = True

    def _tidy(self) -> None:
        """Writes the file anew and empties the log, so that what was forgotten is in neither any more.

        ``secure_delete`` alone overwrites deleted rows but not the copies that SQLite leaves in the gaps of a page
        when it rearranges a tree: two of 25,000 forgotten paths were still to be read. Costs about 0.7 s of CPU
        time per 100,000 photos, and readers go on meanwhile.
        """
        try:
            if self._must_tidy:
                self._must_tidy = False  # on a full disk it is for the next opening to try again
                self._run("PRAGMA temp_store = FILE")  # the new file is as large as the old one
                self._run("VACUUM")
                self._run("DELETE FROM meta WHERE key = 'must_tidy'")
                self._must_empty_log = True
            self._run(f"PRAGMA busy_timeout = {TIDY_BUSY_MS}")
            self._must_empty_log = bool(self._rows("PRAGMA wal_checkpoint(TRUNCATE)")[0][0])
        except ProfileError as error:
            log.warning("What was forgotten could not be overwritten yet: %s", error)
        finally:
            self._run("PRAGMA temp_store = MEMORY")
            self._run(f"PRAGMA busy_timeout = {BUSY_MS}")

    def _run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Executes one statement and returns how many rows it changed."""
        try:
            return self._db.execute(sql, values).rowcount
        except sqlite3.Error as error:
            trouble = in_words(error, self._file)
            if trouble is None:
                raise
            raise trouble from error

    def _run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Executes one statement for each row of values."""
        try:
            self._db.executemany(sql, rows)
        except sqlite3.Error as error:
            trouble = in_words(error, self._file)
            if trouble is None:
                raise
            raise trouble from error

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Executes one statement and returns all its rows."""
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            trouble = in_words(error, self._file)
            if trouble is None:
                raise
            raise trouble from error

    def _row(self, sql: str, values: Sequence[Any] = ()) -> Row | None:
        """Executes one statement and returns its first row."""
        rows = self._rows(sql, values)
        return rows[0] if rows else None

    def _value(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Executes one statement that always has a row, and returns that row's first value."""
        return self._rows(sql, values)[0][0]

    def _columns(self, sql: str, values: Sequence[Any], columns: int) -> list[NDArray[np.int64]]:
        """Executes one statement whose columns are whole numbers; returns them as int64 arrays, without a loop."""
        kind = np.dtype([(f"c{number}", np.int64) for number in range(columns)])
        try:
            table = np.fromiter(self._db.execute(sql, values), dtype=kind)
        except sqlite3.Error as error:
            trouble = in_words(error, self._file)
            if trouble is None:
                raise
            raise trouble from error
        return [np.ascontiguousarray(table[name]) for name in kind.names or ()]


def connect(file: Path, backups: Path, *, writable: bool) -> sqlite3.Connection:
    """Opens the catalog file, made or brought to this version where ``writable``.

    Raises:
        CatalogDamagedError: It is no database, is malformed, or lacks tables; set it aside and open again.
        ProfileError: It is newer, another program's, not there (reading only), or cannot be opened.
    """
    if writable:
        try:
            migrations.make_private(file)
        except OSError as error:
            reason = (error.strerror or "unknown reason").lower()
            raise ProfileError(f"The catalog “{file}” cannot be written: {reason}.") from error
    elif not file.exists():
        raise ProfileError(f"There is no library in “{file.parent}” yet.")
    db: sqlite3.Connection | None = None
    try:
        db = sqlite3.connect(
            f"{file.absolute().as_uri()}?mode={'rw' if writable else 'ro'}",
            uri=True,
            isolation_level=None,
            timeout=BUSY_MS / 1000,
            cached_statements=256,
        )
        _prepare(db, file, backups, writable=writable)
    except sqlite3.Error as error:
        if db is not None:
            db.close()
        raise (in_words(error, file) or error) from error
    except BaseException:
        if db is not None:
            db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection, file: Path, backups: Path, *, writable: bool) -> None:
    """Refuses what cannot be used before anything is changed, then migrates and sets the connection up."""
    version = migrations.version_of(db, file, len(STEPS))
    db.execute("PRAGMA temp_store = MEMORY")  # what is sorted may be paths
    db.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    if writable:
        db.execute("PRAGMA secure_delete = ON").fetchall()
        db.execute(f"PRAGMA page_size = {PAGE_BYTES}")  # counts for a new file only
        mode = db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            log.warning("The catalog's disk allows no write-ahead log (%s): reading waits for writing", mode)
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute(f"PRAGMA journal_size_limit = {LOG_LIMIT_BYTES}").fetchall()
        migrations.migrate(db, file, backups)
    elif version == 0:
        raise ProfileError(f"There is no library in “{file.parent}” yet.")
    elif version < len(STEPS):
        raise ProfileError(
            "The library is from an older Lookalike: start the window once to bring it up to date."
        )
    db.execute("PRAGMA foreign_keys = ON")
    migrations.refuse_torn(db, file)


def chunks(values: Sequence[int]) -> Iterator[Sequence[int]]:
    """Cuts a long list of ids into pieces that fit into one statement."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]


def marks(values: Sequence[int]) -> str:
    """Returns as many ``?`` as there are values."""
    return ",".join("?" * len(values))
