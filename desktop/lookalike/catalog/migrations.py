"""Brings a catalog file to this version, step by step, after a copy was laid by; runs on the writer's thread."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from lookalike.catalog.errors import CatalogDamagedError, in_words
from lookalike.catalog.schema import APPLICATION_ID, STEPS, TABLES, Step
from lookalike.core.errors import ProfileError

log = logging.getLogger(__name__)

PRIVATE_FILE = 0o600


def make_private(file: Path) -> None:
    """Makes ``file`` if it is not there, and leaves it readable by the user alone whatever the umask.

    SQLite gives ``-wal`` and ``-shm`` the mode of the database, so they follow; ones left behind by an earlier run
    are put right here.

    Raises:
        OSError: It cannot be made or belongs to somebody else.
    """
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, PRIVATE_FILE))
    for each in (file, file.with_name(file.name + "-wal"), file.with_name(file.name + "-shm")):
        with contextlib.suppress(FileNotFoundError):
            os.chmod(each, PRIVATE_FILE)


def version_of(db: sqlite3.Connection, file: Path, newest: int) -> int:
    """Returns which version a catalog file has; 0 for an empty one.

    Raises:
        ProfileError: It is from a newer version or another program's.
        sqlite3.DatabaseError: It is no database or malformed.
    """
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    application = int(db.execute("PRAGMA application_id").fetchone()[0])
    if application != APPLICATION_ID and (application != 0 or version != 0 or _tables(db)):
        raise ProfileError(f"“{file}” is a database of another program, so it cannot be the catalog.")
    if version > newest:
        raise ProfileError(
            f"The catalog “{file}” is from a newer Lookalike (version {version}, this one knows {newest}): "
            "update Lookalike to use it."
        )
    return version


def migrate(db: sqlite3.Connection, file: Path, backups: Path, steps: Sequence[Step] = STEPS) -> None:
    """Takes the steps a file has not seen, each in one transaction; an older file is copied first.

    Args:
        db: Writing connection without an open transaction, foreign keys off (a step may rebuild a table).
        file: For words and for the name of the copy.
        backups: Folder for the copy.
        steps: All steps there are.

    Raises:
        ProfileError: The copy cannot be made, or a step does not fit the file and was taken back; the steps before
            it stay.
        sqlite3.Error: The disk or the file does not allow it; :func:`in_words` has the words.
    """
    version = version_of(db, file, len(steps))
    if version == len(steps):
        return
    if _tables(db):
        copy = back_up(db, backups, f"{file.stem}-v{version}")
        log.info(
            "The catalog goes from version %d to %d; a copy is kept as %s", version, len(steps), copy.name
        )
    for number, step in enumerate(steps[version:], version + 1):
        db.execute("BEGIN IMMEDIATE")
        try:
            step(db)
            if db.execute("PRAGMA foreign_key_check").fetchone() is not None:
                raise sqlite3.IntegrityError(
                    f"migration to version {number} leaves rows without their parents"
                )
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {number}")
            db.execute("COMMIT")
        except BaseException as error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error) and in_words(error, file) is None:
                raise ProfileError(
                    f"The catalog “{file}” could not be brought up to this version and was left as it was."
                ) from error
            raise


def refuse_torn(db: sqlite3.Connection, file: Path) -> None:
    """Looks whether all tables are there.

    Raises:
        CatalogDamagedError: One is gone.
    """
    if not _tables(db) >= TABLES:
        raise CatalogDamagedError(f"The catalog “{file}” is damaged: some of its tables are gone.")


def back_up(db: sqlite3.Connection, backups: Path, stem: str) -> Path:
    """Copies the catalog as one consistent whole while it is in use.

    Returns:
        The copy: in ``backups``, private, complete on the disk before it gets its name.

    Raises:
        ProfileError: The folder or the disk does not take it.
    """
    name = f"{stem}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    target = next(
        each
        for number in range(1_000_000)
        if not (each := backups / f"{name}{f'-{number}' if number else ''}.sqlite3").exists()
    )
    part = target.with_name(target.name + ".part")
    try:
        part.unlink(missing_ok=True)
        make_private(part)
        copy = sqlite3.connect(part, isolation_level=None)
        try:
            db.backup(copy)
            # A copy that needs no -wal and -shm beside it is one file to keep, move or delete.
            copy.execute("PRAGMA journal_mode = DELETE").fetchall()
        finally:
            copy.close()
        with open(part, "rb+") as written:
            os.fsync(written.fileno())
        os.replace(part, target)
    except (OSError, sqlite3.Error) as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise ProfileError(
            f"The catalog could not be copied to “{backups}”, so it was left as it is."
        ) from error
    return target


def _tables(db: sqlite3.Connection) -> set[str]:
    rows = db.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite@_%' ESCAPE '@'"
    )
    return {str(name) for (name,) in rows}
