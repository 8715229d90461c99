"""The panels of the main window and how they lie beside one another; wires nothing; GUI thread only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, Qt, QThreadPool
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from lookalike.ui.bridge import Bridge
from lookalike.ui.folder_list import FolderList
from lookalike.ui.indexing_bar import IndexingBar
from lookalike.ui.large_view import LargeView
from lookalike.ui.library_view import LibraryView
from lookalike.ui.lookalike_panel import LookAlikePanel
from lookalike.ui.notices import NoticeBar
from lookalike.ui.welcome import WelcomeView

if TYPE_CHECKING:
    from lookalike.library.library import Library

FOLDERS_WIDTH_PX = 222
LOOK_ALIKES_WIDTH_PX = 400
LIBRARY_WIDTH_PX = 776
LEAST_FOLDERS_PX = 184
LEAST_LOOK_ALIKES_PX = 240
THUMBNAIL_THREADS = 2
"""Reading and shrinking a thumbnail takes about 2 ms; more threads only fight over the interpreter."""


class WindowParts(QWidget):
    """Notices on top, one of welcome, library or large photo in the middle, indexing at the bottom."""

    def __init__(self, library: Library, bridge: Bridge) -> None:
        super().__init__()
        self.pool = QThreadPool(self)
        self.pool.setMaxThreadCount(THUMBNAIL_THREADS)
        self.notices = NoticeBar()
        self.welcome = WelcomeView()
        self.folders = FolderList()
        self.library = LibraryView(library, bridge, self.pool)
        self.look_alikes = LookAlikePanel(library, bridge, self.pool)
        self.large = LargeView(bridge)
        self.indexing = IndexingBar()
        self.status = QLabel()
        self.status.setProperty("kind", "muted")
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.pages = QStackedWidget()
        self._bottom = QFrame()
        self._lay_out()

    @property
    def is_large(self) -> bool:
        """Whether one photo fills the window."""
        return self.pages.currentWidget() is self.large

    @property
    def is_welcome(self) -> bool:
        """Whether there is nothing but the welcome."""
        return self.pages.currentWidget() is self.welcome

    def show_welcome(self) -> None:
        """Shows what a new user sees."""
        self.pages.setCurrentWidget(self.welcome)
        self._bottom.hide()

    def show_library(self) -> None:
        """Shows folders, grid and look-alikes."""
        self.pages.setCurrentWidget(self.splitter)
        self._bottom.show()

    def show_large(self) -> None:
        """Shows one photo over everything but the bottom line."""
        self.pages.setCurrentWidget(self.large)

    def divide(self, state: bytes) -> None:
        """Divides the width as it was; as it is by default where ``state`` does not fit."""
        if not state or not self.splitter.restoreState(QByteArray(state)):
            self.splitter.setSizes([FOLDERS_WIDTH_PX, LIBRARY_WIDTH_PX, LOOK_ALIKES_WIDTH_PX])

    def close_loaders(self) -> None:
        """Stops loading pictures and waits for the threads that do."""
        self.library.close_loader()
        self.look_alikes.close_loader()
        self.pool.waitForDone()

    def _lay_out(self) -> None:
        self.folders.setMinimumWidth(LEAST_FOLDERS_PX)
        self.look_alikes.setMinimumWidth(LEAST_LOOK_ALIKES_PX)
        for number, (part, stretch) in enumerate(
            ((self.folders, 0), (self.library, 1), (self.look_alikes, 0))
        ):
            self.splitter.addWidget(part)
            self.splitter.setStretchFactor(number, stretch)
            self.splitter.setCollapsible(number, False)
        self.splitter.setHandleWidth(1)
        self.pages.addWidget(self.welcome)
        self.pages.addWidget(self.splitter)
        self.pages.addWidget(self.large)
        row = QHBoxLayout(self._bottom)
        row.setContentsMargins(14, 5, 10, 5)
        row.addWidget(self.status, 1)
        row.addWidget(self.indexing)
        self._bottom.setProperty("kind", "bar")
        self._bottom.setMinimumHeight(38)
        line = QFrame()
        line.setProperty("kind", "line")
        line.setFixedHeight(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.notices)
        column.addWidget(self.pages, 1)
        column.addWidget(line)
        column.addWidget(self._bottom)
