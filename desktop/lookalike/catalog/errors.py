"""The catalog's troubles in words, and how SQLite's errors become them; no thread of its own."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from lookalike.core.errors import ProfileError


class CatalogDamagedError(ProfileError):
    """The file is no database, is malformed, or lacks its tables: to be set aside and filled again by a scan."""


class CatalogWaitsError(ProfileError):
    """Nothing was written, nothing is lost, and the same can be tried again later."""


class CatalogFullError(CatalogWaitsError):
    """The disk is full; the running transaction was taken back."""


class CatalogBusyError(CatalogWaitsError):
    """Another program held the catalog longer than we wait."""


def in_words(error: sqlite3.Error, file: Path) -> ProfileError | None:
    """Returns the user's or machine's trouble behind an error of SQLite; None where it is a mistake of ours."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return CatalogDamagedError(f"The catalog “{file}” is damaged and cannot be read.")
    if code == sqlite3.SQLITE_FULL:
        return CatalogFullError("The disk is full, so the catalog cannot grow: make room and try again.")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return CatalogBusyError("Another program is holding the catalog: close it and try again.")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN):
        return ProfileError(f"The catalog “{file}” cannot be opened for this: check its permissions.")
    if code == sqlite3.SQLITE_IOERR:
        return ProfileError(f"The disk reported an error while the catalog “{file}” was in use.")
    return None
