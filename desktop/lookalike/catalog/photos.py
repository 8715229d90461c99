"""Photos as whole records, and how many there are; reading only, confined to the connection's thread."""

from __future__ import annotations

from collections.abc import Sequence

from lookalike.catalog.connection import Connection, Row, chunks, marks
from lookalike.catalog.keys import SEPARATOR, clean_folder, is_under
from lookalike.catalog.records import Counts
from lookalike.core.records import ContentState, Facts, FileStat, Photo

_SELECT = (
    "SELECT file_id, content_id, folder_id, path, f.size_bytes, mtime_ns, inode, device, missing_since IS NOT NULL,"
    " c.size_bytes, width, height, format, taken_at, camera, latitude, longitude, orientation, state, fingerprint"
    " FROM file AS f JOIN content AS c USING (content_id)"
)
_STATES = {state.value: state for state in ContentState}


class Photos(Connection):
    """Looking photos up."""

    def photo(self, file_id: int) -> Photo | None:
        """Returns one photo; None if there is none of that id, or if it is skipped."""
        row = self._row(f"{_SELECT} WHERE file_id = ?", (file_id,))
        return None if row is None else _photo(row)

    def photos(self, file_ids: Sequence[int]) -> list[Photo]:
        """Returns photos in the order asked for; unknown and skipped ones are left out."""
        wanted = [int(file_id) for file_id in file_ids]
        found: dict[int, Photo] = {}
        for some in chunks(wanted):
            for row in self._rows(f"{_SELECT} WHERE file_id IN ({marks(some)})", some):
                found[row[0]] = _photo(row)
        return [found[file_id] for file_id in wanted if file_id in found]

    def photo_at(self, path: bytes) -> Photo | None:
        """Returns the photo of exactly this path, missing or not."""
        row = self._row(f"{_SELECT} WHERE path = ?", (path,))
        return None if row is None else _photo(row)

    def photos_of_contents(self, content_ids: Sequence[int]) -> dict[int, list[Photo]]:
        """Returns the photos of each content that are not missing, by path; a content without one is left out."""
        found: dict[int, list[Photo]] = {}
        for some in chunks([int(content_id) for content_id in content_ids]):
            rows = self._rows(
                f"{_SELECT} WHERE content_id IN ({marks(some)}) AND missing_since IS NULL ORDER BY path", some
            )
            for row in rows:
                found.setdefault(row[1], []).append(_photo(row))
        return {content_id: found[content_id] for content_id in map(int, content_ids) if content_id in found}

    def files_of(self, content_id: int) -> list[Photo]:
        """Returns every photo of a content, missing ones too, by path."""
        return [
            _photo(row) for row in self._rows(f"{_SELECT} WHERE content_id = ? ORDER BY path", (content_id,))
        ]

    def counts(self) -> Counts:
        """Returns how much there is of everything."""
        with self.transaction():
            in_place = self._rows(
                "SELECT place_id, count(*) FROM file INDEXED BY file_shown"
                " WHERE content_id IS NOT NULL AND missing_since IS NULL GROUP BY place_id"
            )
            paths: dict[int, bytes] = dict(self._rows("SELECT place_id, path FROM place"))
            folders = self._rows("SELECT folder_id, path FROM folder")
            photos_in: dict[int, int] = {folder_id: 0 for folder_id, _ in folders}
            for place_id, count in in_place:
                inside = clean_folder(paths[place_id]) + SEPARATOR
                for folder_id, path in folders:
                    if is_under(inside, path):
                        photos_in[folder_id] += count
            return Counts(
                photos=sum(count for _, count in in_place),
                missing=int(self._value("SELECT count(*) FROM file WHERE missing_since IS NOT NULL")),
                contents=int(self._value("SELECT count(*) FROM content")),
                skipped=int(self._value("SELECT count(*) FROM file WHERE skip_reason IS NOT NULL")),
                embeddings=dict(
                    self._rows(
                        "SELECT name, count(*) FROM embedding JOIN model USING (model_row) GROUP BY model_row"
                    )
                ),
                photos_in=photos_in,
            )


def _photo(row: Row) -> Photo:
    return Photo(
        file_id=row[0],
        content_id=row[1],
        folder_id=row[2],
        path=row[3],
        stat=FileStat(row[4], int(row[5]), int(row[6]), int(row[7])),
        facts=Facts(*row[9:18]),
        state=_STATES[row[18]],
        is_missing=row[8] == 1,
        fingerprint=row[19],
    )
