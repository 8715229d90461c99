"""Contents: what identical files share; confined to the connection's thread.

A content outlives the last file that had it until :meth:`Contents.forget_unused` is called, so that files which
swap their names within one scan find their embeddings again.
"""

from __future__ import annotations

from collections.abc import Sequence

from lookalike.catalog.connection import Connection
from lookalike.catalog.keys import clock_ms
from lookalike.catalog.records import Forgotten
from lookalike.core.records import ContentState, Facts


class Contents(Connection):
    """Storing and finding contents."""

    def content_with(self, fingerprint: bytes) -> int | None:
        """Returns the content of these bytes. Ask on the writing connection, inside the transaction that uses it."""
        row = self._row("SELECT content_id FROM content WHERE fingerprint = ?", (fingerprint,))
        return None if row is None else int(row[0])

    def may_be_known(self, size_bytes: int) -> bool:
        """Returns whether any content has this size; if none has, a new file needs no hash before its decode."""
        return self._row("SELECT 1 FROM content WHERE size_bytes = ? LIMIT 1", (size_bytes,)) is not None

    def contents_below(self, side_px: int) -> list[int]:
        """Returns the contents whose shorter side has fewer pixels than ``side_px``."""
        rows = self._rows("SELECT content_id FROM content WHERE min(width, height) < ?", (side_px,))
        return [int(content_id) for (content_id,) in rows]

    def shorter_side(self, content_id: int) -> int:
        """Returns the pixels of a content's shorter side; 0 where there is no such content."""
        row = self._row("SELECT min(width, height) FROM content WHERE content_id = ?", (content_id,))
        return 0 if row is None else int(row[0])

    def content_count(self) -> int:
        """Returns how many contents there are, those of missing photos included."""
        return int(self._value("SELECT count(*) FROM content"))

    def missing_files_of(self, content_id: int) -> list[int]:
        """Returns the missing files of a content, the latest first: one of them may have moved to a new path."""
        rows = self._rows(
            "SELECT file_id FROM file WHERE content_id = ? AND missing_since IS NOT NULL"
            " ORDER BY missing_since DESC, file_id DESC",
            (content_id,),
        )
        return [int(file_id) for (file_id,) in rows]

    def store_content(
        self, fingerprint: bytes, pixel_fingerprint: bytes | None, facts: Facts, state: ContentState
    ) -> int:
        """Stores a content and returns its content_id; one that is known is returned as it is.

        Only where the state differs (a quarantined content that decodes at last) what is given replaces what was
        kept. Store its file in the same transaction.

        Args:
            fingerprint: 32 bytes.
            pixel_fingerprint: 16 bytes; None or empty where nothing was decoded.
            facts: What the photo says of itself.
            state: Whether it can be relied on.
        """
        with self.transaction():
            row = self._row("SELECT content_id, state FROM content WHERE fingerprint = ?", (fingerprint,))
            if row is not None and row[1] == state.value:
                return int(row[0])
            values = (
                pixel_fingerprint or None,
                facts.size_bytes,
                facts.width,
                facts.height,
                facts.format,
                facts.taken_at,
                facts.camera,
                facts.latitude,
                facts.longitude,
                facts.orientation,
                state.value,
            )
            if row is None:
                return int(
                    self._value(
                        "INSERT INTO content (pixel_fingerprint, size_bytes, width, height, format, taken_at,"
                        " camera, latitude, longitude, orientation, state, fingerprint)"
                        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING content_id",
                        (*values, fingerprint),
                    )
                )
            content_id = int(row[0])
            self._run(
                "UPDATE content SET pixel_fingerprint = ?, size_bytes = ?, width = ?, height = ?, format = ?,"
                " taken_at = ?, camera = ?, latitude = ?, longitude = ?, orientation = ?, state = ?"
                " WHERE content_id = ?",
                (*values, content_id),
            )
            files = self._rows("SELECT mtime_ns, file_id FROM file WHERE content_id = ?", (content_id,))
            self._run_many(
                "UPDATE file SET taken_ms = ? WHERE file_id = ?",
                [(clock_ms(facts.taken_at, int(mtime_ns)), file_id) for mtime_ns, file_id in files],
            )
        return content_id

    def forget_unused(self) -> Forgotten:
        """Forgets the contents that no file needs any more, missing files included; call it after a whole scan."""
        with self.transaction():
            fingerprints, content_ids = self._drop_unused()
        return Forgotten(0, fingerprints, content_ids)

    def _drop_unused(self) -> tuple[list[bytes], list[int]]:
        """Deletes contents without files, their embeddings and verdicts, and places without files."""
        rows = self._rows(
            "SELECT fingerprint, content_id FROM content"
            " WHERE NOT EXISTS (SELECT 1 FROM file WHERE file.content_id = content.content_id)"
            " ORDER BY content_id"
        )
        content_ids = [int(content_id) for _, content_id in rows]
        self._remove_embeddings(content_ids)
        self._run_many("DELETE FROM content WHERE content_id = ?", [(each,) for each in content_ids])
        self._run(
            "DELETE FROM place WHERE NOT EXISTS (SELECT 1 FROM file WHERE file.place_id = place.place_id)"
        )
        return [bytes(fingerprint) for fingerprint, _ in rows], content_ids

    def _remove_embeddings(self, content_ids: Sequence[int]) -> None:
        """Deletes the embeddings of contents that are about to go and notes which of them the index may hold."""
        embedded = [
            content_id
            for content_id in content_ids
            if self._row("SELECT 1 FROM embedding WHERE content_id = ? LIMIT 1", (content_id,)) is not None
        ]
        first = self._next_change_seq(len(embedded))
        self._run_many(
            "INSERT INTO removed (change_seq, content_id) VALUES (?, ?)",
            list(enumerate(embedded, start=first)),
        )
        self._run_many("DELETE FROM embedding WHERE content_id = ?", [(each,) for each in embedded])

    def _next_change_seq(self, count: int = 1) -> int:
        """Takes ``count`` numbers that were never used before and returns the first of them."""
        last = self._value(
            "UPDATE meta SET value = value + ? WHERE key = 'change_seq' RETURNING value",
            (count,),
        )
        return int(last) - count + 1
