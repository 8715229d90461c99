"""Files: what a scan knows and what the writer notes of them; confined to the connection's thread."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from lookalike.catalog.connection import chunks, marks
from lookalike.catalog.folders import Folders
from lookalike.catalog.keys import (
    clean_folder,
    clock_ms,
    fold,
    folder_key,
    natural_key,
    range_under,
    stored_int,
)
from lookalike.catalog.records import KnownFile
from lookalike.core.records import FileStat, Skipped


class Files(Folders):
    """Storing, moving, missing and skipping files.

    The folder_id given with a path is where it was found; the row goes to the outermost watched folder that covers
    the path (see :mod:`lookalike.catalog.folders`).
    """

    def known_files(self, folder_id: int, below: bytes | None = None) -> dict[bytes, KnownFile]:
        """Returns every file known under a watched folder by its path: photos, missing ones and skipped ones.

        Args:
            folder_id: The watched folder.
            below: A folder in it, to return only what lies under that one.
        """
        row = self._row("SELECT path FROM folder WHERE folder_id = ?", (folder_id,))
        if row is None:
            return {}
        select = (
            "SELECT path, file_id, content_id, missing_since IS NOT NULL, skip_reason,"
            " size_bytes, mtime_ns, inode, device FROM file"
        )
        first, last = range_under(clean_folder(below or row[0]))
        if below is None and self._owner_of(first, folder_id) == folder_id:
            rows = self._rows(f"{select} WHERE folder_id = ?", (folder_id,))  # a third faster than by path
        else:
            rows = self._rows(f"{select} WHERE path >= ? AND path < ?", (first, last))
        return {
            path: KnownFile(
                file_id,
                content_id,
                None if size is None else FileStat(size, int(mtime_ns), int(inode), int(device)),
                is_missing == 1,
                reason,
            )
            for path, file_id, content_id, is_missing, reason, size, mtime_ns, inode, device in rows
        }

    def store_file(self, folder_id: int, path: bytes, stat: FileStat, content_id: int) -> int:
        """Stores that this content lies at ``path``; a row of that path is taken over, no longer missing or skipped.

        Returns:
            Its file_id; the one the path had before, if any.

        Raises:
            LookupError: There is no such content (any more): look it up inside this transaction.
        """
        with self.transaction():
            place_id = self._place_row(path)
            name = os.path.basename(path)
            return int(
                self._value(
                    "INSERT INTO file (path, folder_id, place_id, content_id, size_bytes, mtime_ns, inode, device,"
                    " taken_ms, sort_key, folded, added_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                    " ON CONFLICT (path) DO UPDATE SET folder_id = excluded.folder_id,"
                    " content_id = excluded.content_id, size_bytes = excluded.size_bytes,"
                    " mtime_ns = excluded.mtime_ns, inode = excluded.inode, device = excluded.device,"
                    " taken_ms = excluded.taken_ms, missing_since = NULL, skip_reason = NULL, can_retry = 1,"
                    " added_ms = CASE WHEN content_id IS NULL THEN excluded.added_ms ELSE added_ms END"
                    " RETURNING file_id",
                    (
                        path,
                        self._owner_of(path, folder_id),
                        place_id,
                        content_id,
                        *_stat_values(stat),
                        self._clock_ms(content_id, stat),
                        natural_key(name),
                        fold(name),
                        time.time_ns() // 10**6,
                    ),
                )
            )

    def store_skipped(
        self, folder_id: int, path: bytes, stat: FileStat | None, reason: str, can_retry: bool
    ) -> None:
        """Stores why the file at ``path`` is left out; a photo that was there before is none any more.

        Args:
            folder_id: Where it was found.
            path: Absolute.
            stat: As seen; None where not even that could be read.
            reason: One sentence for the user.
            can_retry: Trying again may help.
        """
        name = os.path.basename(path)
        with self.transaction():
            self._run(
                "INSERT INTO file (path, folder_id, place_id, size_bytes, mtime_ns, inode, device, sort_key, folded,"
                " added_ms, skip_reason, can_retry) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (path) DO UPDATE SET folder_id = excluded.folder_id, content_id = NULL,"
                " size_bytes = excluded.size_bytes, mtime_ns = excluded.mtime_ns, inode = excluded.inode,"
                " device = excluded.device, taken_ms = NULL, missing_since = NULL,"
                " skip_reason = excluded.skip_reason, can_retry = excluded.can_retry",
                (
                    path,
                    self._owner_of(path, folder_id),
                    self._place_row(path),
                    *((None,) * 4 if stat is None else _stat_values(stat)),
                    natural_key(name),
                    fold(name),
                    time.time_ns() // 10**6,
                    reason,
                    int(can_retry),
                ),
            )

    def move_file(self, file_id: int, folder_id: int, path: bytes, stat: FileStat) -> None:
        """Gives a file its new path: it keeps its row, its content and the day it was added, and is not missing.

        A row that had the new path before goes: its file was overwritten.

        Raises:
            LookupError: There is no such file.
        """
        with self.transaction():
            content_id = self._content_of(file_id)
            self._run("DELETE FROM file WHERE path = ? AND file_id <> ?", (path, file_id))
            name = os.path.basename(path)
            self._run(
                "UPDATE file SET path = ?, folder_id = ?, place_id = ?, size_bytes = ?, mtime_ns = ?, inode = ?,"
                " device = ?, taken_ms = ?, sort_key = ?, folded = ?, missing_since = NULL WHERE file_id = ?",
                (
                    path,
                    self._owner_of(path, folder_id),
                    self._place_row(path),
                    *_stat_values(stat),
                    None if content_id is None else self._clock_ms(content_id, stat),
                    natural_key(name),
                    fold(name),
                    file_id,
                ),
            )

    def mark_missing(self, file_ids: Sequence[int], when_s: float) -> None:
        """Notes that photos are gone from a folder that can be read; what they had is kept.

        A skipped file that is gone leaves nothing worth keeping: its row goes. A photo that was missing already
        keeps its time.
        """
        with self.transaction():
            for some in chunks(file_ids):
                self._run(
                    f"DELETE FROM file WHERE skip_reason IS NOT NULL AND file_id IN ({marks(some)})", some
                )
                self._run(
                    f"UPDATE file SET missing_since = ? WHERE missing_since IS NULL AND file_id IN ({marks(some)})",
                    (when_s, *some),
                )

    def still_at(self, files: Sequence[tuple[int, bytes]]) -> list[int]:
        """Returns those of the files, given as file_id and path, whose path has not changed meanwhile."""
        return [
            file_id
            for file_id, path in files
            if self._row("SELECT 1 FROM file WHERE file_id = ? AND path = ?", (file_id, path)) is not None
        ]

    def mark_present(self, file_id: int, stat: FileStat) -> None:
        """Notes that a file is there with its content unchanged: no longer missing, with this stat.

        Raises:
            LookupError: There is no such file.
        """
        with self.transaction():
            content_id = self._content_of(file_id)
            self._run(
                "UPDATE file SET missing_since = NULL, size_bytes = ?, mtime_ns = ?, inode = ?, device = ?,"
                " taken_ms = ? WHERE file_id = ?",
                (
                    *_stat_values(stat),
                    None if content_id is None else self._clock_ms(content_id, stat),
                    file_id,
                ),
            )

    def skipped(self) -> list[Skipped]:
        """Returns the files that are left out, by path."""
        rows = self._rows(
            "SELECT path, skip_reason, can_retry FROM file WHERE skip_reason IS NOT NULL ORDER BY path"
        )
        return [Skipped(path, reason, can_retry == 1) for path, reason, can_retry in rows]

    def remove_skipped(self, folder_id: int | None = None, *, also_final: bool = False) -> int:
        """Forgets why files were left out, so that the next scan tries them again.

        Args:
            folder_id: Only files under this watched folder; None for all.
            also_final: Also those where trying again cannot help unless a setting changed.

        Returns:
            How many.
        """
        sql = "DELETE FROM file WHERE skip_reason IS NOT NULL AND can_retry >= ?"
        values: tuple[int | bytes, ...] = (0 if also_final else 1,)
        with self.transaction():
            if folder_id is not None:
                row = self._row("SELECT path FROM folder WHERE folder_id = ?", (folder_id,))
                if row is None:
                    return 0
                sql += " AND path >= ? AND path < ?"
                values += range_under(row[0])
            return self._run(sql, values)

    def _content_of(self, file_id: int) -> int | None:
        """Returns a file's content.

        Raises:
            LookupError: There is no such file.
        """
        row = self._row("SELECT content_id FROM file WHERE file_id = ?", (file_id,))
        if row is None:
            raise LookupError(f"no file {file_id}")
        return None if row[0] is None else int(row[0])

    def _clock_ms(self, content_id: int, stat: FileStat) -> int:
        """Returns when the photo was taken as far as is known.

        Raises:
            LookupError: There is no such content.
        """
        row = self._row("SELECT taken_at FROM content WHERE content_id = ?", (content_id,))
        if row is None:
            raise LookupError(f"no content {content_id}")
        return clock_ms(row[0], stat.mtime_ns)

    def _place_row(self, path: bytes) -> int:
        """Returns the row of the folder that holds ``path``."""
        place = os.path.dirname(path)
        row = self._row("SELECT place_id FROM place WHERE path = ?", (place,))
        if row is None:
            row = self._row(
                "INSERT INTO place (path, sort_key, folded) VALUES (?, ?, ?) RETURNING place_id",
                (place, folder_key(place), fold(place)),
            )
            assert row is not None
        return int(row[0])


def _stat_values(stat: FileStat) -> tuple[int, int | str, int | str, int | str]:
    return (stat.size_bytes, stored_int(stat.mtime_ns), stored_int(stat.inode), stored_int(stat.device))
