"""A view of equal cells under date headings, of which only those on show are ever looked at; GUI thread only.

A ``QListView`` cannot have headings and asks every row for its size; this view knows where each row lies by
arithmetic (:mod:`lookalike.ui.grid_layout`), so a hundred thousand rows cost what a screenful costs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    QTimer,
    Slot,
)
from PySide6.QtGui import QPainter, QPaintEvent, QRegion, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QStyle, QWidget

from lookalike.ui.delegate import PhotoDelegate
from lookalike.ui.grid_header import paint_header
from lookalike.ui.grid_layout import Box, GridLayout, Move, section_starts
from lookalike.ui.photo_model import PhotoModel
from lookalike.ui.thumbnails import ThumbnailLoader

ANNOUNCE_MS = 12
"""Rows in view are told to the model after this; in a fast scroll most rows are gone before."""
SCROLL_STEPS_PER_CELL = 4

Index = QModelIndex | QPersistentModelIndex
Action = QAbstractItemView.CursorAction

_MOVES = {
    Action.MoveLeft: Move.LEFT,
    Action.MovePrevious: Move.LEFT,
    Action.MoveRight: Move.RIGHT,
    Action.MoveNext: Move.RIGHT,
    Action.MoveUp: Move.UP,
    Action.MoveDown: Move.DOWN,
    Action.MoveHome: Move.FIRST,
    Action.MoveEnd: Move.LAST,
    Action.MovePageUp: Move.PAGE_UP,
    Action.MovePageDown: Move.PAGE_DOWN,
}


class GridView(QAbstractItemView):
    """Lays out and paints a :class:`PhotoModel`; with headings where the model has days."""

    def __init__(
        self,
        model: PhotoModel,
        delegate: PhotoDelegate,
        thumbnails: ThumbnailLoader,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._photos = model
        self._cells = delegate
        self._thumbnails = thumbnails
        self._starts: NDArray[np.int64] | None = None
        self._layout = GridLayout(0, None, 1, delegate.metrics(self.font()))
        self._hovered = -1
        self._announcer = QTimer(self)
        self._announcer.setSingleShot(True)
        self._announcer.setInterval(ANNOUNCE_MS)
        self._announcer.timeout.connect(self._announce_visible)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setMouseTracking(True)
        self.setItemDelegate(delegate)
        self.setModel(model)

    @property
    def grid_layout(self) -> GridLayout:
        """Where everything lies now."""
        return self._layout

    def set_thumbnail_px(self, thumbnail_px: int) -> None:
        """Sets the size of the pictures; the current photo stays in view."""
        if thumbnail_px != self._cells.thumbnail_px:
            self._cells.set_thumbnail_px(thumbnail_px)
            self.lay_out()

    def current_row(self) -> int:
        """Returns the row the keyboard stands on, -1 for none."""
        return self.currentIndex().row()

    def visible_rows(self) -> tuple[int, int]:
        """Returns the first row in view and the one behind the last."""
        top = self.verticalOffset()
        return self._layout.rows_between(top, top + self.viewport().height())

    def keyboard_row(self) -> int:
        """Returns the row that shows where the keyboard is, -1 for none.

        Before any row is current that is the first one in view: there the first key leads.
        """
        if self.current_row() >= 0:
            return self.current_row()
        first, end = self.visible_rows()
        return first if first < end else -1

    def anchor(self) -> tuple[int, int]:
        """Returns the row that should stay where it is, and its distance from the top of the view.

        The current row where it is in view, else the first one in view; -1 where there is none.
        """
        first, end = self.visible_rows()
        if first == end:
            return -1, 0
        current = self.current_row()
        row = current if first <= current < end else first
        return row, self._layout.box(row).y - self.verticalOffset()

    def lay_out(self) -> None:
        """Computes where everything lies, keeping the anchor where it is."""
        row, offset = self.anchor()
        must_keep = row >= 0 and (row == self.current_row() or self.verticalOffset() > 0)
        self._compute_layout()
        if must_keep and row < self._layout.count:
            self.scroll_keeping(row, offset)

    def scroll_keeping(self, row: int, offset: int) -> None:
        """Scrolls so that ``row`` is ``offset`` below the top, and wholly in view where it fits."""
        box = self._layout.box(row)
        room = self.viewport().height() - box.height
        if room > 0:
            offset = min(max(offset, 0), room)
        self.verticalScrollBar().setValue(box.y - offset)

    def hover(self, row: int) -> None:
        """Lights up the cell under the pointer, -1 for none."""
        if row == self._hovered:
            return
        for each in (self._hovered, row):
            if 0 <= each < self._layout.count:
                self.viewport().update(self._rect(self._layout.box(each)))
        self._hovered = row

    def _compute_layout(self) -> None:
        bar = self.verticalScrollBar()
        # The bar's width is left free whether it shows or not, or width and bar would chase each other.
        taken = 0 if bar.isVisible() else bar.sizeHint().width()
        width = self.viewport().width() - taken
        count = self._photos.rowCount()
        self._layout = GridLayout(count, self._starts, width, self._cells.metrics(self.font()))
        self._thumbnails.set_longest_px(round(self._cells.thumbnail_px * self.devicePixelRatioF()))
        self._hovered = -1
        self.updateGeometries()
        self.viewport().update()
        self._announcer.start()

    @Slot()
    def _announce_visible(self) -> None:
        first, end = self.visible_rows()
        height, top = self.viewport().height(), self.verticalOffset()
        near_first, near_end = self._layout.rows_between(max(0, top - height), top + 2 * height)
        self._photos.show_rows(first, end, min(near_first, first), max(near_end, end))

    def _rect(self, box: Box) -> QRect:
        """Moves a box of the content into the view."""
        return QRect(box.x, box.y - self.verticalOffset(), box.width, box.height)

    def _paint_headers(self, painter: QPainter, exposed: QRect) -> None:
        days, top = self._photos.days, self.verticalOffset()
        if days is None:
            return
        for section in self._layout.sections_between(exposed.top() + top, exposed.bottom() + 1 + top):
            box = self._rect(self._layout.header_box(section))
            if box.intersects(exposed):
                first, end = self._layout.section_rows(section)
                paint_header(painter, box, int(days[first]), end - first, self.palette(), self.font())

    def _paint_cells(self, painter: QPainter, exposed: QRect) -> None:
        top = self.verticalOffset()
        flags = QStyle.StateFlag
        idle = flags.State_Enabled | (flags.State_Active if self.isActiveWindow() else flags.State_None)
        current = self.keyboard_row() if self.hasFocus() else -1
        selection = self.selectionModel()
        has_selection = selection.hasSelection()
        look = self._cells.look(self.palette(), self.font())
        self._cells.prepare(painter)
        first, end = self._layout.rows_between(exposed.top() + top, exposed.bottom() + 1 + top)
        for row in range(first, end):
            box = self._rect(self._layout.box(row))
            if not box.intersects(exposed):
                continue
            state = idle
            if has_selection and selection.isSelected(self._photos.index(row)):
                state |= flags.State_Selected
            if row == current:
                state |= flags.State_HasFocus
            if row == self._hovered:
                state |= flags.State_MouseOver
            self._cells.paint_cell(painter, box, state, self._photos.cell(row), look)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paints the headings and cells that the exposed part shows."""
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), self.palette().base())
        self._paint_headers(painter, event.rect())
        self._paint_cells(painter, event.rect())
        painter.end()

    def visualRect(self, index: Index) -> QRect:
        """Returns where a row lies in the view, also when that is far outside."""
        if not 0 <= index.row() < self._layout.count:
            return QRect()
        return self._rect(self._layout.box(index.row()))

    def indexAt(self, point: QPoint) -> QModelIndex:
        """Returns the row at a point of the view."""
        row = self._layout.row_at(point.x(), point.y() + self.verticalOffset())
        return self._photos.index(row) if row >= 0 else QModelIndex()

    def scrollTo(
        self, index: Index, hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible
    ) -> None:
        """Brings a row into view, with its heading when it stands in the first line below one."""
        if not 0 <= index.row() < self._layout.count:
            return
        box = self._layout.box(index.row())
        top, bottom = box.y, box.y + box.height
        section = self._layout.section_of(index.row())
        if index.row() - self._layout.starts[section] < self._layout.columns:
            top = 0 if section == 0 else self._layout.header_box(section).y
        bar, height = self.verticalScrollBar(), self.viewport().height()
        hints = QAbstractItemView.ScrollHint
        if hint == hints.PositionAtCenter:
            bar.setValue((box.y + bottom - height) // 2)
        elif hint == hints.PositionAtBottom:
            bar.setValue(bottom - height)
        elif hint == hints.PositionAtTop or top < bar.value():
            bar.setValue(top)
        elif bottom > bar.value() + height:
            bar.setValue(min(bottom - height + self._layout.spacing, box.y))

    def moveCursor(self, action: Action, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        """Returns the row a key leads to."""
        ends = (Action.MoveHome, Action.MoveEnd)
        if self.current_row() < 0 and self.keyboard_row() >= 0 and action not in ends:
            return self._photos.index(self.keyboard_row())
        row = self._layout.move(self.current_row(), _MOVES[action], self.viewport().height())
        return self._photos.index(row) if row >= 0 else QModelIndex()

    def horizontalOffset(self) -> int:
        """Returns 0: the grid is never wider than the view."""
        return 0

    def verticalOffset(self) -> int:
        """Returns how far the view is scrolled."""
        return self.verticalScrollBar().value()

    def isIndexHidden(self, index: Index) -> bool:
        """Returns False: no row is hidden."""
        return False

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        """Selects what a rubber band touches, or every row between the two ends of a Shift-click."""
        chosen = QItemSelection()
        if self.state() == QAbstractItemView.State.DragSelectingState:
            area = rect.normalized()
            box = Box(area.x(), area.y() + self.verticalOffset(), area.width(), area.height())
            for first, end in self._layout.rows_in(box):
                chosen.select(self._photos.index(first), self._photos.index(end - 1))
        else:
            # Qt gives the centres of the two ends as corners of a rectangle.
            ends = (self.indexAt(rect.topLeft()).row(), self.indexAt(rect.bottomRight()).row())
            rows = [row for row in ends if row >= 0]
            if rows:
                chosen.select(self._photos.index(min(rows)), self._photos.index(max(rows)))
        self.selectionModel().select(chosen, command)

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        """Returns the part of the view that a selection covers, looking only at rows in view."""
        first, end = self.visible_rows()
        region = QRegion()
        for run_first, run_end in runs_of(selection):
            for row in range(max(first, run_first), min(end, run_end)):
                region += self._rect(self._layout.box(row))
        return region

    def updateGeometries(self) -> None:
        """Tells the scroll bar how much there is."""
        bar, height = self.verticalScrollBar(), self.viewport().height()
        bar.setRange(0, max(0, self._layout.content_height - height))
        bar.setPageStep(height)
        bar.setSingleStep(max(1, self._cells.metrics(self.font()).cell_height // SCROLL_STEPS_PER_CELL))
        super().updateGeometries()

    def reset(self) -> None:
        """Takes note of other rows."""
        super().reset()
        self._starts = None if self._photos.days is None else section_starts(self._photos.days)
        self._compute_layout()

    def dataChanged(self, first: Index, last: Index, roles: Sequence[int] = ()) -> None:
        """Repaints those of the changed rows that are in view."""
        visible_first, visible_end = self.visible_rows()
        for row in range(max(first.row(), visible_first), min(last.row() + 1, visible_end)):
            self.viewport().update(self._rect(self._layout.box(row)))

    def keyboardSearch(self, search: str) -> None:
        """Does nothing: Qt's search asks every row for its name; the search field asks the catalog."""

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Moves what is painted and paints only what came into view."""
        self.viewport().scroll(0, dy)
        if self.current_row() < 0 and self.hasFocus():
            self.viewport().update()  # the ring stays with the first photo in view
        self.hover(-1)
        if not self._announcer.isActive():
            self._announcer.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lays out for the new width; the current photo stays in view."""
        super().resizeEvent(event)
        self.lay_out()

    def changeEvent(self, event: QEvent) -> None:
        """Lays out anew for another font or style."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.lay_out()

    def viewportEvent(self, event: QEvent) -> bool:
        """Lays out anew on another screen; ends the light under the pointer when it leaves."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self.lay_out()
        elif event.type() == QEvent.Type.Leave:
            self.hover(-1)
        return super().viewportEvent(event)

    def minimumSizeHint(self) -> QSize:
        """Returns room for one column."""
        metrics = self._cells.metrics(self.font())
        return QSize(metrics.cell_width + 2 * metrics.margin + 16, metrics.cell_height)


def runs_of(selection: QItemSelection) -> Iterator[tuple[int, int]]:
    """Yields the first row of each run of a selection and the one behind its last."""
    for number in range(selection.count()):
        each = selection.at(number)
        yield each.top(), each.bottom() + 1
