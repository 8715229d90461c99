"""The order of photos in a grid; reading only, confined to the connection's thread.

One index holds all that a listing needs in the order of names. SQLite hands it over as it lies there, and numpy
puts it into any other order, stably, so that the name settles ties.
"""

from __future__ import annotations

import numpy as np

from lookalike.catalog.connection import Connection
from lookalike.catalog.keys import DAY_MS, EPOCH_ORDINAL, fold_text, range_under
from lookalike.core.listing import Listing, ListingQuery, SortBy

_SHOWN = "FROM file INDEXED BY file_shown WHERE content_id IS NOT NULL AND missing_since IS NULL"
_COLUMN = {
    SortBy.CAPTURE_TIME: "taken_ms",
    SortBy.NAME: "taken_ms",
    SortBy.FOLDER: "place_id",
    SortBy.SIZE: "size_bytes",
    SortBy.ADDED: "added_ms",
}


class Listings(Connection):
    """Listing photos."""

    def listing(self, query: ListingQuery) -> Listing:
        """Returns the photos of a query; neither missing nor skipped ones are among them.

        The order of names is case-insensitive and natural (``IMG_2`` before ``img_10``); an accented letter
        follows its plain one; names that differ only in case or in leading zeros follow each other by their folded
        name, then by time.
        """
        conditions, values = "", list[bytes]()
        with self.transaction():
            if query.folder_id is not None:
                row = self._row("SELECT path FROM folder WHERE folder_id = ?", (query.folder_id,))
                if row is None:
                    return Listing(np.empty(0, np.int64), np.empty(0, np.int32))
                conditions += (
                    " AND place_id IN (SELECT place_id FROM place WHERE path = ? OR path >= ? AND path < ?)"
                )
                values += (row[0], *range_under(row[0]))
            if text := fold_text(query.text):
                conditions += (
                    " AND (instr(folded, ?) OR place_id IN"
                    " (SELECT place_id FROM place WHERE instr(place.folded, ?)))"
                )
                values += (text, text)
            file_ids, taken_ms, keys = self._columns(
                f"SELECT file_id, taken_ms, {_COLUMN[query.sort]} {_SHOWN}{conditions}"
                " ORDER BY sort_key, folded, taken_ms",
                values,
                3,
            )
            if query.sort is SortBy.FOLDER:
                keys = self._place_ranks()[keys] if len(keys) else keys
        if query.sort is SortBy.ADDED:
            order = np.lexsort((file_ids, keys))  # photos of one batch share a millisecond
            file_ids, taken_ms = file_ids[order], taken_ms[order]
        elif query.sort is not SortBy.NAME:
            order = np.argsort(keys, kind="stable")
            file_ids, taken_ms = file_ids[order], taken_ms[order]
        if query.is_descending:
            file_ids, taken_ms = file_ids[::-1], taken_ms[::-1]
        return Listing(
            np.ascontiguousarray(file_ids), (taken_ms // DAY_MS + EPOCH_ORDINAL).astype(np.int32, copy=False)
        )

    def _place_ranks(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Returns the position of each place in the natural order of paths, by place_id."""
        (places,) = self._columns("SELECT place_id FROM place ORDER BY sort_key, path", (), 1)
        ranks = np.zeros(int(places.max()) + 1 if len(places) else 1, np.int64)
        ranks[places] = np.arange(len(places))
        return ranks
