"""The photo grid: what mouse, keyboard and a new listing do to it; GUI thread only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractItemView, QRubberBand, QToolTip, QWidget

from lookalike.core.records import Photo
from lookalike.ui import text
from lookalike.ui.delegate import PhotoDelegate
from lookalike.ui.grid_view import GridView, runs_of
from lookalike.ui.photo_model import PhotoModel
from lookalike.ui.thumbnails import ThumbnailLoader

WHEEL_STEP = 120
"""Eighths of a degree that one notch of a wheel turns."""
ENTER_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)

Index = QModelIndex | QPersistentModelIndex
Flag = QItemSelectionModel.SelectionFlag


class PhotoGrid(GridView):
    """Shows a listing or a ranked answer and tells what the user does with it.

    Signals (GUI thread):
        open_requested(int): A row was double-clicked, or Enter pressed on it.
        menu_requested(QPoint): A context menu is wanted at this place of the screen, for the selected rows.
        current_row_changed(int): The keyboard or a click moved to another row; -1 for none.
        selection_changed(): Other rows are selected.
        zoom_requested(int): Steps the wheel was turned with Ctrl held, positive for larger.
        focused(): The keyboard came to this grid.
    """

    open_requested = Signal(int)
    menu_requested = Signal(QPoint)
    current_row_changed = Signal(int)
    selection_changed = Signal()
    zoom_requested = Signal(int)
    focused = Signal()

    def __init__(
        self,
        model: PhotoModel,
        delegate: PhotoDelegate,
        thumbnails: ThumbnailLoader,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(model, delegate, thumbnails, parent)
        self._band_from = QPoint()
        self._band = QRubberBand(QRubberBand.Shape.Rectangle, self.viewport())
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.selectionModel().currentChanged.connect(self._tell_current)
        self.selectionModel().selectionChanged.connect(self._tell_selection)
        self.verticalScrollBar().sliderMoved.connect(self._show_day)

    @property
    def ids(self) -> NDArray[np.int64]:
        """int64 (N,), the file id of every row."""
        return self._photos.ids

    def replace_rows(self, ids: NDArray[np.int64], days: NDArray[np.int32] | None = None) -> None:
        """Shows another listing; current photo, selection and place are kept as far as the photos are."""

        def replace() -> None:
            self._photos.set_listing(ids, days)

        self._replace(replace)

    def replace_answer(self, photos: Sequence[Photo], scores: NDArray[np.float32]) -> None:
        """Shows another ranked answer, keeping what can be kept."""

        def replace() -> None:
            self._photos.set_answer(photos, scores)

        self._replace(replace)

    def current_file(self) -> int | None:
        """Returns the file id of the current row."""
        row = self.current_row()
        return int(self._photos.ids[row]) if row >= 0 else None

    def selected_count(self) -> int:
        """Returns how many rows are selected."""
        return sum(end - first for first, end in runs_of(self.selectionModel().selection()))

    def selected_files(self) -> NDArray[np.int64]:
        """Returns the file ids of the selected rows, int64 (N,), in the grid's order."""
        runs = sorted(runs_of(self.selectionModel().selection()))
        parts = [self._photos.ids[first:end] for first, end in runs]
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    def go_to(self, row: int) -> None:
        """Makes a row the current and only selected one and brings it into view."""
        if 0 <= row < self._layout.count:
            self.selectionModel().setCurrentIndex(self._photos.index(row), Flag.ClearAndSelect)
            self.scrollTo(self.currentIndex())

    def _replace(self, replace: Callable[[], None]) -> None:
        """Swaps the rows and finds current photo, selection and place again."""
        current, selected = self.current_file(), self.selected_files()
        row, offset = self.anchor()
        anchor = int(self._photos.ids[row]) if row >= 0 and self.verticalOffset() > 0 else None
        replace()
        row = -1 if anchor is None else self._photos.row_of(anchor)
        if row >= 0:
            self.verticalScrollBar().setValue(self._layout.box(row).y - offset)
        # Finding the current row again must not scroll: the place was just restored.
        self.setAutoScroll(False)
        self._select_again(current, selected)
        self.setAutoScroll(True)

    def _select_again(self, current: int | None, selected: NDArray[np.int64]) -> None:
        if len(selected):
            chosen = QItemSelection()
            rows = np.flatnonzero(np.isin(self._photos.ids, selected))
            if len(rows):
                for run in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1):
                    chosen.select(self._photos.index(int(run[0])), self._photos.index(int(run[-1])))
            self.selectionModel().select(chosen, Flag.ClearAndSelect)
        row = -1 if current is None else self._photos.row_of(current)
        if row >= 0:
            self.selectionModel().setCurrentIndex(self._photos.index(row), Flag.NoUpdate)
        elif current is not None:
            self.current_row_changed.emit(-1)
        self.selection_changed.emit()

    def _select_day(self, section: int, *, adds: bool) -> None:
        first, end = self._layout.section_rows(section)
        chosen = QItemSelection(self._photos.index(first), self._photos.index(end - 1))
        self.selectionModel().select(chosen, Flag.Select if adds else Flag.ClearAndSelect)
        self.selectionModel().setCurrentIndex(self._photos.index(first), Flag.NoUpdate)

    @Slot(QModelIndex, QModelIndex)
    def _tell_current(self, current: Index, previous: Index) -> None:
        if not previous.isValid():
            self.viewport().update()  # the ring that showed the keyboard without a current photo goes
        self.current_row_changed.emit(current.row())

    @Slot(QItemSelection, QItemSelection)
    def _tell_selection(self, _selected: QItemSelection, _deselected: QItemSelection) -> None:
        self.selection_changed.emit()

    @Slot(int)
    def _show_day(self, value: int) -> None:
        """Names the day at the top of the view while the scroll bar is dragged."""
        days = self._photos.days
        first, end = self._layout.rows_between(value, value + self.viewport().height())
        if days is None or first == end:
            return
        pointer = self.mapFromGlobal(self.cursor().pos()).y()
        place = QPoint(self.viewport().width() - 8, min(max(pointer, 0), self.height()))
        QToolTip.showText(self.mapToGlobal(place), text.day_title(int(days[first])), self)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Selects; on a heading the whole day."""
        point = event.position().toPoint()
        self._band_from = point + QPoint(0, self.verticalOffset())
        section = self._layout.header_at(point.x(), point.y() + self.verticalOffset())
        if section >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self._select_day(section, adds=bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))
            return
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Lights up the cell under the pointer, or draws the rubber band."""
        super().mouseMoveEvent(event)
        point = event.position().toPoint()
        if self.state() == QAbstractItemView.State.DragSelectingState:
            start = self._band_from - QPoint(0, self.verticalOffset())
            self._band.setGeometry(QRect(start, point).normalized())
            self._band.show()
        elif event.buttons() == Qt.MouseButton.NoButton:
            self.hover(self.indexAt(point).row())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Takes the rubber band away."""
        self._band.hide()
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Opens a photo."""
        super().mouseDoubleClickEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.button() == Qt.MouseButton.LeftButton:
            self.open_requested.emit(index.row())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Opens on Enter; everything else as in every view."""
        is_plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if self.current_row() < 0 and event.key() in (*ENTER_KEYS, Qt.Key.Key_Space):
            self.go_to(self.keyboard_row())
            event.accept()
            return
        if event.key() in ENTER_KEYS and is_plain and self.current_row() >= 0:
            self.open_requested.emit(self.current_row())
            event.accept()
            return
        super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Asks for a menu at the pointer, or at the current photo when a key was pressed."""
        place = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard and self.current_row() >= 0:
            self.scrollTo(self.currentIndex())
            place = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).center())
        if self.selected_count():
            self.menu_requested.emit(place)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Tells that actions apply to this grid now."""
        # Not QAbstractItemView's own: it makes the first row current, which nobody asked for.
        QWidget.focusInEvent(self, event)
        self.viewport().update()
        self.focused.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scrolls; with Ctrl held asks for larger or smaller pictures."""
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().wheelEvent(event)
            return
        turned = event.angleDelta().y()
        if turned:
            self.zoom_requested.emit(max(1, abs(turned) // WHEEL_STEP) * (1 if turned > 0 else -1))
        event.accept()
