"""The settings dialog: a list of pages at the left, every change in force at once; GUI thread only.

There is nothing to confirm or to take back as a whole, so the one button closes. Settings that cannot be kept
are said to be so in a line at the bottom.
"""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from lookalike.config.settings import Settings
from lookalike.core.errors import LookalikeError
from lookalike.ui import theme
from lookalike.ui.bridge import Bridge
from lookalike.ui.settings_folders import FoldersPage
from lookalike.ui.settings_forms import AppearancePage, IndexingPage, SearchPage, StoragePage
from lookalike.ui.settings_widgets import SettingsForm

if TYPE_CHECKING:
    from lookalike.library.library import Library

log = logging.getLogger(__name__)

NAVIGATION_WIDTH_PX = 168
ROW_HEIGHT_PX = 40


class SettingsPage(QDialog):
    """What the user may change.

    Signals (GUI thread):
        settings_changed(Settings): The library has taken new settings.
    """

    settings_changed = Signal(object)

    def __init__(self, library: Library, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Settings"))
        self.resize(800, 620)
        self._library = library
        self._navigation = QListWidget()
        self._navigation.setProperty("kind", "navigation")
        self._navigation.setAccessibleName(self.tr("Pages"))
        self._navigation.setFixedWidth(NAVIGATION_WIDTH_PX)
        self._navigation.setIconSize(QSize(20, 20))
        self._stack = QStackedWidget()
        self._problem = QLabel()
        self._problem.setProperty("kind", "problem")
        self._problem.setWordWrap(True)
        self._problem.hide()
        self.folders_page = FoldersPage(library, bridge)
        self.indexing_page = IndexingPage()
        self.search_page = SearchPage(library, bridge)
        self.storage_page = StoragePage(library, bridge)
        self.appearance_page = AppearancePage()
        self._pages: list[SettingsForm] = []
        self._add_page("folder", self.folders_page)
        self._add_page("speed", self.indexing_page)
        self._add_page("search", self.search_page)
        self._add_page("storage", self.storage_page)
        self._add_page("appearance", self.appearance_page)
        self._navigation.currentRowChanged.connect(self._stack.setCurrentIndex)
        self._navigation.setCurrentRow(0)
        self._lay_out()

    def show_page(self, page: QWidget) -> None:
        """Turns to one of the pages."""
        for row, each in enumerate(self._pages):
            if each is page:
                self._navigation.setCurrentRow(row)

    def _add_page(self, icon: str, page: SettingsForm) -> None:
        page.show_settings(self._library.settings())
        page.changed.connect(self._apply)
        page.problem_met.connect(self._say)
        self._pages.append(page)
        item = QListWidgetItem(theme.icon(icon), page.windowTitle(), self._navigation)
        item.setSizeHint(QSize(0, ROW_HEIGHT_PX))
        heading = QLabel(page.windowTitle())
        heading.setProperty("kind", "heading")
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(20, 4, 20, 12)
        column.setSpacing(14)
        column.addWidget(heading)
        column.addWidget(page, 1)
        scroller = QScrollArea()
        scroller.setWidgetResizable(True)
        scroller.setFrameShape(QScrollArea.Shape.NoFrame)
        # It follows the focus of what is in it; by itself it would be a stop nobody sees.
        scroller.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroller.setWidget(whole)
        self._stack.addWidget(scroller)

    def _lay_out(self) -> None:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        middle = QHBoxLayout()
        middle.setSpacing(4)
        middle.addWidget(self._navigation)
        middle.addWidget(self._stack, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 16, 14, 14)
        column.setSpacing(10)
        column.addLayout(middle, 1)
        bottom = QHBoxLayout()
        bottom.addWidget(self._problem, 1)
        bottom.addWidget(buttons)
        column.addLayout(bottom)

    @Slot(object)
    def _apply(self, changes: dict[str, Any]) -> None:
        """Hands changed fields to the library, on top of what it has now."""
        before = self._library.settings()
        after: Settings = dataclasses.replace(before, **changes)
        if after == before:
            return
        try:
            self._library.change_settings(after)
        except LookalikeError as error:
            self._say(str(error))
        except OSError as error:
            log.warning("Settings could not be written: %s", error)
            self._say(self.tr("The settings could not be kept: the disk is full or cannot be written."))
        else:
            self._say("")
            app = QApplication.instance()
            if after.appearance is not before.appearance and isinstance(app, QApplication):
                theme.apply(app, after.appearance)
            self.settings_changed.emit(after)
            return
        for page in self._pages:
            page.show_settings(before)

    @Slot(str)
    def _say(self, problem: str) -> None:
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))

    def done(self, result: int) -> None:
        """Lets pages hand over what is still being typed."""
        for page in self._pages:
            page.finish()
        super().done(result)
