"""The library grid with its search above, or the words that stand in its place; GUI thread only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QThreadPool, QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QStackedWidget, QVBoxLayout, QWidget

from lookalike.core.errors import LookalikeError
from lookalike.core.listing import Listing, ListingQuery, SortBy
from lookalike.library.events import IndexingChanged
from lookalike.ui.bridge import Bridge, LatestRequest
from lookalike.ui.delegate import PhotoDelegate
from lookalike.ui.grid import PhotoGrid
from lookalike.ui.library_toolbar import LibraryToolbar, Order
from lookalike.ui.photo_model import PhotoModel
from lookalike.ui.state_page import StatePage
from lookalike.ui.thumbnails import ThumbnailLoader

if TYPE_CHECKING:
    from lookalike.library.library import Library

REFRESH_MS = 400
"""At least this between two listings while photos come in: ordering 100,000 rows takes a tenth of it."""


class LibraryView(QWidget):
    """Lists what folder, search and order ask for.

    Signals (GUI thread):
        listed(): Another listing is on show.
    """

    listed = Signal()

    def __init__(
        self, library: Library, bridge: Bridge, pool: QThreadPool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._library = library
        self._bridge = bridge
        self._query = ListingQuery()
        self._is_indexing = False
        self._request = LatestRequest(bridge, self)
        self._thumbnails = ThumbnailLoader(library, pool, self)
        self.model = PhotoModel(library, bridge, self._thumbnails, self)
        self.grid = PhotoGrid(self.model, PhotoDelegate(self), self._thumbnails)
        self.grid.setAccessibleName(self.tr("Photos"))
        self.toolbar = LibraryToolbar()
        self._page = StatePage()
        self._page.action_requested.connect(self._help_out)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.grid)
        self._stack.addWidget(self._page)
        self._refresh = QTimer(self)
        self._refresh.setSingleShot(True)
        self._refresh.setInterval(REFRESH_MS)
        self._refresh.timeout.connect(self.ask)
        self.toolbar.text_changed.connect(self._take_text)
        self.toolbar.search_left.connect(self._go_to_grid)
        self.toolbar.order_changed.connect(self._take_order)
        self.toolbar.thumbnail_px_changed.connect(self.grid.set_thumbnail_px)
        self.grid.zoom_requested.connect(self.toolbar.zoom)
        line = QFrame()
        line.setProperty("kind", "line")
        line.setFixedHeight(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.toolbar)
        column.addWidget(line)
        column.addWidget(self._stack, 1)

    @property
    def query(self) -> ListingQuery:
        """What is listed."""
        return self._query

    @property
    def state_words(self) -> str:
        """The sentence that stands in place of the grid; empty while the grid is there."""
        return self._page.words() if self._stack.currentWidget() is self._page else ""

    @Slot(object)
    def set_folder(self, folder_id: int | None) -> None:
        """Lists the photos of one folder, or of all."""
        self._change(replace(self._query, folder_id=folder_id))

    @Slot(object)
    def show_indexing(self, indexing: IndexingChanged) -> None:
        """Takes note of whether photos may still come."""
        was_indexing = self._is_indexing
        self._is_indexing = indexing.is_scanning or indexing.progress.done < indexing.progress.total
        if was_indexing != self._is_indexing and self.state_words and not self._request.is_waiting:
            self._say_empty()

    @Slot()
    def refresh(self) -> None:
        """Lists again soon: the library has changed."""
        if not self._refresh.isActive():
            self._refresh.start()

    @Slot()
    def ask(self) -> None:
        """Lists again now."""
        if self._request.is_waiting:
            # The catalog is busy: overtaking each listing by the next would show none at all.
            self._refresh.start()
            return
        self._request.ask(self._library.listing(self._query), self._take, self._fail)

    def retry_pictures(self) -> None:
        """Lets pictures that could not be had be tried again."""
        self._thumbnails.retry_failed()
        self.model.refresh_details()

    def close_loader(self) -> None:
        """Stops asking and loading; the window closes."""
        self._request.drop()
        self._refresh.stop()
        self._thumbnails.close()

    @Slot(str)
    def _take_text(self, words: str) -> None:
        self._change(replace(self._query, text=words.strip()))

    @Slot()
    def _go_to_grid(self) -> None:
        if self._stack.currentWidget() is self.grid:
            self.grid.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @Slot(object)
    def _take_order(self, order: Order) -> None:
        self._change(replace(self._query, sort=order[0], is_descending=order[1]))

    def _change(self, query: ListingQuery) -> None:
        if query != self._query:
            self._query = query
            self._request.drop()
            self.ask()

    def _take(self, listing: Listing) -> None:
        has_sections = self._query.sort is SortBy.CAPTURE_TIME
        self.grid.replace_rows(listing.file_ids, listing.days if has_sections else None)
        self.model.refresh_details()
        if len(listing.file_ids):
            self._stack.setCurrentWidget(self.grid)
        else:
            self._say_empty()
        self.listed.emit()

    def _say_empty(self) -> None:
        if self._query.text:
            title = self.tr("No photo has “%1” in its name or folder").replace("%1", self._query.text)
            self._page.say(title, icon="search", button=self.tr("Clear the search"))
        elif self._is_indexing:
            self._page.say(self.tr("Looking for photos…"), self.tr("They appear here as they are found."))
        else:
            hint = self.tr("Photos put into it show up by themselves.")
            self._page.say(self.tr("There are no photos here"), hint)
        self._stack.setCurrentWidget(self._page)

    def _fail(self, error: Exception) -> None:
        if not isinstance(error, LookalikeError):
            self._bridge.report(error)
        words = str(error) if isinstance(error, LookalikeError) else ""
        title = self.tr("The photos could not be listed")
        self._page.say(title, words, icon="warning", button=self.tr("Try again"))
        self._stack.setCurrentWidget(self._page)

    @Slot()
    def _help_out(self) -> None:
        """Does what the button of the page in place of the grid says."""
        if self.toolbar.search.text():
            self.toolbar.clear_search()
        self.ask()
