"""Watched folders in the catalog; confined to the connection's thread.

A folder may be watched inside another watched one. Each file has one row, and it belongs to the outermost watched
folder that covers it. What is asked *of* a folder (its known files, its count, its listing) goes by path, so that
the inner one answers too.
"""

from __future__ import annotations

import time

from lookalike.catalog.contents import Contents
from lookalike.catalog.keys import clean_folder, is_under, range_under
from lookalike.catalog.records import FolderRow, Forgotten


class Folders(Contents):
    """Adding, listing and forgetting watched folders."""

    def add_folder(self, path: bytes, volume: str) -> int:
        """Watches a folder; one that is watched already keeps its row and gets the volume.

        Photos of folders watched inside it become its own.

        Args:
            path: Absolute.
            volume: What tells its volume from another one mounted in the same place.

        Returns:
            Its folder_id.
        """
        path = clean_folder(path)
        with self.transaction():
            folder_id = int(
                self._value(
                    "INSERT INTO folder (path, volume_id, added_ms) VALUES (?, ?, ?)"
                    " ON CONFLICT (path) DO UPDATE SET volume_id = excluded.volume_id RETURNING folder_id",
                    (path, self._volume_row(volume), time.time_ns() // 10**6),
                )
            )
            first, last = range_under(path)
            owner = self._owner_of(first, folder_id)
            self._run(
                "UPDATE file SET folder_id = ? WHERE path >= ? AND path < ? AND folder_id <> ?",
                (owner, first, last, owner),
            )
            self._drop_unused_volumes()
        return folder_id

    def folders(self) -> list[FolderRow]:
        """Returns all watched folders in the order they were added."""
        return [
            FolderRow(*row)
            for row in self._rows(
                "SELECT folder_id, path, name FROM folder JOIN volume USING (volume_id) ORDER BY folder_id"
            )
        ]

    def is_watched(self, path: bytes) -> bool:
        """Says whether any watched folder covers ``path``."""
        return any(is_under(path, folder) for (folder,) in self._rows("SELECT path FROM folder"))

    def set_folder_volume(self, folder_id: int, volume: str) -> None:
        """Notes that a folder lies on another volume now."""
        with self.transaction():
            row = self._volume_row(volume)
            self._run("UPDATE folder SET volume_id = ? WHERE folder_id = ?", (row, folder_id))
            self._drop_unused_volumes()

    def forget_folder(self, folder_id: int) -> Forgotten:
        """Forgets a folder with its files, and the contents and embeddings that no other file needs.

        Files that another watched folder covers stay and belong to that one. Once the outermost transaction is
        committed the database is written anew without what was forgotten, and its log emptied. What the user
        decided about contents stays, by fingerprint. Copies in the backups folder are not touched.
        """
        with self.transaction():
            row = self._row("SELECT path FROM folder WHERE folder_id = ?", (folder_id,))
            if row is None:
                return Forgotten(0, [], [])
            path: bytes = row[0]
            inner = [each for each in self.folders() if is_under(each.path, path)]
            for each in sorted(inner, key=lambda folder: len(folder.path)):
                self._run(
                    "UPDATE file SET folder_id = ? WHERE path >= ? AND path < ? AND folder_id = ?",
                    (each.folder_id, *range_under(each.path), folder_id),
                )
            photos = int(
                self._value(
                    "SELECT count(*) FROM file"
                    " WHERE folder_id = ? AND content_id IS NOT NULL AND missing_since IS NULL",
                    (folder_id,),
                )
            )
            self._run("DELETE FROM file WHERE folder_id = ?", (folder_id,))
            self._run("DELETE FROM folder WHERE folder_id = ?", (folder_id,))
            fingerprints, content_ids = self._drop_unused()
            self._drop_unused_volumes()
            self._forget_bytes()
        return Forgotten(photos, fingerprints, content_ids)

    def _owner_of(self, path: bytes, folder_id: int) -> int:
        """Returns the outermost watched folder that covers ``path``; ``folder_id`` where none does."""
        covering = [
            (len(folder), row)
            for row, folder in self._rows("SELECT folder_id, path FROM folder")
            if is_under(path, folder)
        ]
        return int(min(covering)[1]) if covering else folder_id

    def _volume_row(self, volume: str) -> int:
        self._run("INSERT INTO volume (name) VALUES (?) ON CONFLICT (name) DO NOTHING", (volume,))
        return int(self._value("SELECT volume_id FROM volume WHERE name = ?", (volume,)))

    def _drop_unused_volumes(self) -> None:
        self._run("DELETE FROM volume WHERE volume_id NOT IN (SELECT volume_id FROM folder)")
