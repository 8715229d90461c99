"""The catalog as one object; one connection, confined to the thread that opened it.

One writing connection per profile, many reading ones. Its parts are in the modules beside this one.
"""

from __future__ import annotations

from pathlib import Path

from lookalike.catalog.checks import Checks
from lookalike.catalog.connection import connect
from lookalike.catalog.embeddings import Embeddings
from lookalike.catalog.files import Files
from lookalike.catalog.listings import Listings
from lookalike.catalog.photos import Photos


class Catalog(Files, Embeddings, Photos, Listings, Checks):
    """What the library knows: watched folders, files, contents, embeddings."""

    @classmethod
    def open(cls, file: Path, backups: Path, *, writable: bool) -> Catalog:
        """Opens the catalog; a writing connection makes the file or brings it to this version.

        Args:
            file: The catalog; it and its ``-wal`` and ``-shm`` are readable by the user alone.
            backups: An existing folder; gets a copy before an older file is changed.
            writable: Whether to write. The caller holds the profile's lock.

        Raises:
            CatalogDamagedError: It is no database, is malformed, or lacks tables; set it aside and open again.
            ProfileError: It is from a newer version, another program's, not there (reading only), or cannot be
                opened or copied.
        """
        return cls(connect(file, backups, writable=writable), file, writable=writable)
