"""The rows of a photo grid: an array of ids, and details only of the rows in view; lives on the GUI thread.

``data()`` answers from memory and never waits: what is not there yet is fetched in batches after the grid has
told which rows it shows, and announced for exactly the rows it concerns.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Slot
from PySide6.QtGui import QPixmap

from lookalike.core.records import Photo
from lookalike.ui import text
from lookalike.ui.bridge import Bridge
from lookalike.ui.thumbnails import ThumbnailLoader

if TYPE_CHECKING:
    from lookalike.library.library import Library

CELL_ROLE = int(Qt.ItemDataRole.UserRole)
"""A :class:`Cell`: all that the delegate paints."""
FETCH_AT_ONCE = 256
"""Rows asked for in one go: more than a screen, answered in a few milliseconds."""
KEPT_DETAILS = 4000
"""Details kept in memory, about 1 KB each."""

Index = QModelIndex | QPersistentModelIndex
_Concerns = Callable[[Photo], bool]


@dataclass(frozen=True, slots=True)
class Cell:
    """What one cell shows.

    Attributes:
        photo: None until its details have come.
        name: The file's name for people; empty until the details have come.
        pixmap: The thumbnail; None until it has come.
        has_failed: There is no thumbnail to be had.
        score: 0 to 1 in a ranked grid, else None.
    """

    photo: Photo | None
    name: str
    pixmap: QPixmap | None
    has_failed: bool
    score: float | None


@dataclass(frozen=True, slots=True)
class _Details:
    photo: Photo
    name: str
    generation: int


class PhotoModel(QAbstractListModel):
    """A listing, or a ranked answer, as rows of one column."""

    def __init__(
        self, library: Library, bridge: Bridge, thumbnails: ThumbnailLoader, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._library = library
        self._bridge = bridge
        self._thumbnails = thumbnails
        self._ids: NDArray[np.int64] = np.zeros(0, np.int64)
        self._days: NDArray[np.int32] | None = None
        self._scores: NDArray[np.float32] | None = None
        self._details: OrderedDict[int, _Details] = OrderedDict()
        self._gone: set[int] = set()
        self._generation = 0
        self._shown = (0, 0)
        self._near = (0, 0)
        self._is_fetching = False
        thumbnails.thumbnails_changed.connect(self._announce_thumbnails)

    @property
    def ids(self) -> NDArray[np.int64]:
        """int64 (N,), the file id of every row."""
        return self._ids

    @property
    def days(self) -> NDArray[np.int32] | None:
        """int32 (N,), the capture day of every row, where the grid has date sections."""
        return self._days

    def set_listing(self, ids: NDArray[np.int64], days: NDArray[np.int32] | None = None) -> None:
        """Replaces all rows; details that are known stay."""
        self._replace(ids, days, None)

    def set_answer(self, photos: Sequence[Photo], scores: NDArray[np.float32]) -> None:
        """Replaces all rows by a ranked answer, whose details come with it."""
        for photo in photos:
            self._keep(photo)
        ids = np.fromiter((photo.file_id for photo in photos), np.int64, len(photos))
        self._replace(ids, None, scores)

    def photo_at(self, row: int) -> Photo | None:
        """Returns the details of a row where they have come."""
        if not 0 <= row < len(self._ids):
            return None
        details = self._details.get(int(self._ids[row]))
        return None if details is None else details.photo

    def row_of(self, file_id: int) -> int:
        """Returns the row of a file, -1 where it has none."""
        rows = np.flatnonzero(self._ids == file_id)
        return int(rows[0]) if len(rows) else -1

    def refresh_details(self) -> None:
        """Asks again for what is in view; what is shown stays until the answer comes."""
        self._generation += 1
        self._gone.clear()
        self._fetch()

    def show_rows(self, first: int, end: int, near_first: int, near_end: int) -> None:
        """Takes note of the rows in view and of those a screen around them, and loads what they lack."""
        count = len(self._ids)
        self._shown = (min(first, count), min(end, count))
        self._near = (min(near_first, count), min(near_end, count))
        self._fetch()
        self._want_thumbnails()

    def _replace(
        self,
        ids: NDArray[np.int64],
        days: NDArray[np.int32] | None,
        scores: NDArray[np.float32] | None,
    ) -> None:
        self.beginResetModel()
        self._ids, self._days, self._scores = ids, days, scores
        self._shown = self._near = (0, 0)
        self.endResetModel()

    def _keep(self, photo: Photo) -> None:
        self._details[photo.file_id] = _Details(photo, text.display_name(photo.path), self._generation)
        self._details.move_to_end(photo.file_id)
        while len(self._details) > KEPT_DETAILS:
            self._details.popitem(last=False)

    def _rows_by_nearness(self) -> list[int]:
        (first, end), (near_first, near_end) = self._shown, self._near
        return [*range(first, end), *range(end, near_end), *range(first - 1, near_first - 1, -1)]

    def _fetch(self) -> None:
        """Asks for the details that rows near the view lack; one request at a time, for the newest view."""
        if self._is_fetching or self._bridge.is_closed:
            return
        wanted: list[int] = []
        for row in self._rows_by_nearness():
            file_id = int(self._ids[row])
            details = self._details.get(file_id)
            is_fresh = details is not None and details.generation == self._generation
            if not is_fresh and file_id not in self._gone:
                wanted.append(file_id)
            if len(wanted) == FETCH_AT_ONCE:
                break
        if not wanted:
            return
        self._is_fetching = True
        generation = self._generation

        def take(photos: list[Photo]) -> None:
            self._take_details(wanted, generation, photos)

        self._bridge.call(self._library.photos(wanted), take, self._give_up, owner=self)

    def _take_details(self, wanted: list[int], generation: int, photos: list[Photo]) -> None:
        self._is_fetching = False
        for photo in photos:
            self._keep(photo)
        came = {photo.file_id for photo in photos}
        if generation == self._generation:
            self._gone.update(set(wanted) - came)
        self._announce(lambda photo: photo.file_id in came)
        self._fetch()
        self._want_thumbnails()

    def _give_up(self, error: Exception) -> None:
        """The next scroll or change asks again; a loop of failing requests would help nobody."""
        self._is_fetching = False
        self._bridge.report(error)

    def _want_thumbnails(self) -> None:
        photos = (self.photo_at(row) for row in self._rows_by_nearness())
        self._thumbnails.want([photo for photo in photos if photo is not None])

    @Slot(object)
    def _announce_thumbnails(self, fingerprints: frozenset[bytes]) -> None:
        self._announce(lambda photo: photo.fingerprint in fingerprints)

    def _announce(self, concerns: _Concerns) -> None:
        """Tells the views which of the rows in view have changed, run by run."""
        run_first = -1
        first, end = self._shown
        for row in range(first, end + 1):
            photo = self.photo_at(row) if row < end else None
            if photo is not None and concerns(photo):
                if run_first < 0:
                    run_first = row
            elif run_first >= 0:
                self.dataChanged.emit(self.index(run_first), self.index(row - 1))
                run_first = -1

    def cell(self, row: int) -> Cell:
        """Returns what the delegate paints in a row; from memory."""
        details = self._details.get(int(self._ids[row]))
        score = None if self._scores is None else float(self._scores[row])
        if details is None:
            return Cell(None, "", None, False, score)
        fingerprint = details.photo.fingerprint
        return Cell(
            details.photo,
            details.name,
            self._thumbnails.pixmap(fingerprint),
            self._thumbnails.has_failed(fingerprint),
            score,
        )

    def _tool_tip(self, cell: Cell) -> str:
        if cell.photo is None:
            return ""
        lines = [text.display_path(cell.photo.path), facts_line(cell.photo)]
        taken = text.capture_time(cell.photo.facts.taken_at)
        lines.append(text.sentence_list([taken, cell.photo.facts.camera or ""]))
        return "\n".join(line for line in lines if line)

    def _spoken(self, cell: Cell) -> str:
        if cell.photo is None:
            return self.tr("Photo")
        if cell.score is None:
            return cell.name
        return self.tr("%1, %2 alike").replace("%1", cell.name).replace("%2", text.percent(cell.score))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._ids)

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> object:
        row = index.row()
        if not 0 <= row < len(self._ids):
            return None
        cell = self.cell(row)
        match role:
            case _ if role == CELL_ROLE:
                return cell
            case Qt.ItemDataRole.DisplayRole:
                return cell.name
            case Qt.ItemDataRole.ToolTipRole:
                return self._tool_tip(cell)
            case Qt.ItemDataRole.AccessibleTextRole:
                return self._spoken(cell)
            case Qt.ItemDataRole.AccessibleDescriptionRole:
                return "" if cell.photo is None else facts_line(cell.photo)
        return None


def facts_line(photo: Photo) -> str:
    """Returns pixel size, file size and format in one line."""
    facts = photo.facts
    return text.sentence_list(
        [text.pixel_size(facts.width, facts.height), text.human_size(facts.size_bytes), facts.format]
    )
