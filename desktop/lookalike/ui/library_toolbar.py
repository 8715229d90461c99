"""Search, order and size of the pictures, above the library grid; GUI thread only."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QSlider, QWidget

from lookalike.core.listing import SortBy
from lookalike.ui import theme
from lookalike.ui.icon_label import IconLabel
from lookalike.ui.text import tr

TYPING_MS = 150
"""After the last key, before the catalog is asked."""
LEAST_PX = 80
MOST_PX = 256
"""Thumbnails are stored at this size."""
STEP_PX = 16
SEARCH_WIDTH_PX = 320
LEAST_SEARCH_PX = 110
LEAST_ORDER_LETTERS = 8
SLIDER_PX = 110
LEAST_SLIDER_PX = 48
"""In a narrow window everything stays usable, so all of it gives way a little."""

Order = tuple[SortBy, bool]
"""What to order by, and whether the order is descending."""


def orders() -> list[tuple[Order, str]]:
    """Returns the orders the window offers, in words."""
    return [
        ((SortBy.CAPTURE_TIME, True), tr("Newest first")),
        ((SortBy.CAPTURE_TIME, False), tr("Oldest first")),
        ((SortBy.ADDED, True), tr("Latest added first")),
        ((SortBy.NAME, False), tr("Name, A to Z")),
        ((SortBy.NAME, True), tr("Name, Z to A")),
        ((SortBy.FOLDER, False), tr("Folder")),
        ((SortBy.SIZE, True), tr("Largest file first")),
        ((SortBy.SIZE, False), tr("Smallest file first")),
    ]


class SearchField(QLineEdit):
    """A field whose text goes with Escape and that the keyboard leaves downwards.

    Signals (GUI thread):
        left(): The keyboard is wanted in what was found.
    """

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Clears on Escape, or leaves where there is nothing to clear; leaves on Return and Down."""
        keys = Qt.Key
        if event.key() == keys.Key_Escape and self.text():
            self.clear()
        elif event.key() in (keys.Key_Escape, keys.Key_Return, keys.Key_Enter, keys.Key_Down):
            self.left.emit()
        else:
            super().keyPressEvent(event)


class LibraryToolbar(QWidget):
    """What decides which photos the grid lists, in which order, and how large.

    Signals (GUI thread):
        text_changed(str): Another search, a moment after the last key.
        search_left(): The keyboard is wanted in the photos.
        order_changed(object): Another :data:`Order`.
        thumbnail_px_changed(int): Another size of the pictures.
    """

    text_changed = Signal(str)
    search_left = Signal()
    order_changed = Signal(object)
    thumbnail_px_changed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.search = SearchField()
        self.search.setPlaceholderText(self.tr("Search by name or folder"))
        self.search.setAccessibleName(self.tr("Search by name or folder"))
        self.search.setClearButtonEnabled(True)
        self.search.setMaximumWidth(SEARCH_WIDTH_PX)
        self.search.setMinimumWidth(LEAST_SEARCH_PX)
        # An action without a parent of its own would be freed while the field still shows it.
        self._sign = QAction(theme.icon("search", "muted"), "", self.search)
        self.search.addAction(self._sign, QLineEdit.ActionPosition.LeadingPosition)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MS)
        self._typing.timeout.connect(self._tell_text)
        self.search.textChanged.connect(self._take_key)
        self.search.left.connect(self._leave_search)
        self._order = QComboBox()
        self._order.setAccessibleName(self.tr("Order"))
        self._order.setToolTip(self.tr("Order of the photos"))
        for _, words in orders():
            self._order.addItem(words)
        self._order.setMinimumContentsLength(LEAST_ORDER_LETTERS)
        self._order.currentIndexChanged.connect(self._tell_order)
        self._size = QSlider(Qt.Orientation.Horizontal)
        self._size.setRange(LEAST_PX, MOST_PX)
        self._size.setSingleStep(STEP_PX)
        self._size.setPageStep(STEP_PX)
        self._size.setMinimumWidth(LEAST_SLIDER_PX)
        self._size.setMaximumWidth(SLIDER_PX)
        self._size.setAccessibleName(self.tr("Size of the pictures"))
        self._size.setToolTip(self.tr("Size of the pictures"))
        self._size.valueChanged.connect(self.thumbnail_px_changed)
        self._lay_out()

    @property
    def thumbnail_px(self) -> int:
        """Size of the pictures."""
        return self._size.value()

    def set_thumbnail_px(self, thumbnail_px: int) -> None:
        """Sets the size within what there is."""
        self._size.setValue(thumbnail_px)

    def zoom(self, steps: int) -> None:
        """Makes the pictures larger or smaller by steps."""
        self._size.setValue(self._size.value() + steps * STEP_PX)

    def order(self) -> Order:
        """Returns the chosen order."""
        return orders()[self._order.currentIndex()][0]

    def set_order(self, order: Order) -> None:
        """Chooses an order as the user would."""
        for number, (each, _) in enumerate(orders()):
            if each == order:
                self._order.setCurrentIndex(number)

    def clear_search(self) -> None:
        """Empties the search and lists everything at once."""
        self.search.clear()
        self._tell_text()

    @Slot()
    def _take_key(self) -> None:
        self._typing.start()

    @Slot()
    def _leave_search(self) -> None:
        if self._typing.isActive():
            self._tell_text()
        self.search_left.emit()

    @Slot()
    def _tell_text(self) -> None:
        self._typing.stop()
        self.text_changed.emit(self.search.text())

    @Slot(int)
    def _tell_order(self, _: int) -> None:
        self.order_changed.emit(self.order())

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(8)
        row.addWidget(self.search, 3)
        row.addStretch(1)
        row.addWidget(self._order)
        row.addWidget(IconLabel("photo", 14, "muted"))
        row.addWidget(self._size)
        row.addWidget(IconLabel("photo", 20, "muted"))
