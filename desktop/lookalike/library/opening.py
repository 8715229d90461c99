"""Opens the catalog so that a library can stand on it, setting a damaged one aside; runs on the opening thread."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
from dataclasses import dataclass

from lookalike.catalog.catalog import Catalog
from lookalike.catalog.errors import CatalogDamagedError
from lookalike.config.paths import Profile

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recovery:
    """What had to be done before the catalog could be used: a sentence, and the folders it watched."""

    text: str
    folders: tuple[bytes, ...]


def ensure_catalog(profile: Profile) -> Recovery | None:
    """Makes, migrates or recovers the catalog; afterwards it can be opened.

    Returns:
        None when all was well; else what was done.

    Raises:
        ProfileError: It cannot be used, for instance because a newer version wrote it.
    """
    try:
        Catalog.open(profile.catalog, profile.backups, writable=True).close()
        return None
    except CatalogDamagedError:
        log.exception("The catalog is damaged and is set aside")
    folders = _salvage_folders(profile)
    aside = profile.catalog.with_name(f"catalog.damaged-{time.strftime('%Y%m%d-%H%M%S')}.sqlite3")
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.replace(f"{profile.catalog}{suffix}", f"{aside}{suffix}")
    Catalog.open(profile.catalog, profile.backups, writable=True).close()
    return Recovery(
        f"The catalog was damaged; it was set aside as “{aside.name}” and your folders are read again.",
        folders,
    )


def _salvage_folders(profile: Profile) -> tuple[bytes, ...]:
    """Reads the watched folders out of a damaged catalog, or else out of its newest backup."""
    backups = sorted(profile.backups.glob("*.sqlite3"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in (profile.catalog, *backups):
        try:
            with contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
                rows = connection.execute("SELECT path FROM folder").fetchall()
            return tuple(bytes(row[0]) for row in rows)
        except sqlite3.Error:
            continue
    return ()
