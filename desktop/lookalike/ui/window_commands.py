"""What the menus do that is not about photos: one small function per action; GUI thread only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRect, Qt, Slot
from PySide6.QtGui import QAction, QContextMenuEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication

from lookalike.config.settings import Settings
from lookalike.ui.shortcuts import shortcut_sections
from lookalike.ui.window_actions import WindowActions
from lookalike.ui.window_dialogs import WindowDialogs

if TYPE_CHECKING:
    from lookalike.library.library import Library
    from lookalike.ui.main_window import MainWindow


class WindowCommands(QObject):
    """Connects the window's actions to the window, its dialogs and the library."""

    def __init__(
        self, library: Library, actions: WindowActions, dialogs: WindowDialogs, window: MainWindow
    ) -> None:
        super().__init__(window)
        self._library = library
        self._actions = actions
        self._dialogs = dialogs
        self._window = window
        self._toolbar = window.parts.library.toolbar
        actions.add_folder.triggered.connect(dialogs.choose_folder)
        actions.find_for_file.triggered.connect(dialogs.choose_file)
        actions.quit.triggered.connect(window.close)
        actions.select_all.triggered.connect(self.select_all)
        actions.select_none.triggered.connect(self.select_none)
        actions.search.triggered.connect(self.search)
        actions.settings.triggered.connect(dialogs.show_settings)
        actions.larger.triggered.connect(self.enlarge)
        actions.smaller.triggered.connect(self.shrink)
        actions.usual_size.triggered.connect(self.reset_size)
        actions.show_folders.toggled.connect(window.parts.folders.setVisible)
        actions.show_look_alikes.toggled.connect(window.parts.look_alikes.setVisible)
        actions.full_screen.toggled.connect(self.fill_screen)
        actions.orders.triggered.connect(self.choose_order)
        actions.rescan.triggered.connect(self.rescan)
        actions.pause.triggered.connect(self.pause)
        actions.skipped.triggered.connect(dialogs.show_skipped)
        actions.shortcuts.triggered.connect(self.show_shortcuts)
        actions.about.triggered.connect(dialogs.show_about)
        # Qt itself knows only the menu key here, which many keyboards lack.
        menu_key = QShortcut(QKeySequence("Shift+F10"), window)
        menu_key.activated.connect(self.open_context_menu)

    @Slot()
    def show_shortcuts(self) -> None:
        """Lists what the keyboard does."""
        window = self._window
        self._dialogs.show_shortcuts(shortcut_sections(window.menuBar(), window.parts.large.actions()))

    @Slot()
    def open_context_menu(self) -> None:
        """Opens the context menu of what has the keyboard, at its current place."""
        focus = QApplication.focusWidget()
        if focus is None:
            return
        current = focus.inputMethodQuery(Qt.InputMethodQuery.ImCursorRectangle)
        place = (
            current.center() if isinstance(current, QRect) and current.isValid() else focus.rect().center()
        )
        reason = QContextMenuEvent.Reason.Keyboard
        QApplication.sendEvent(focus, QContextMenuEvent(reason, place, focus.mapToGlobal(place)))

    @Slot()
    def select_all(self) -> None:
        """Selects every photo of the grid in use."""
        self._window.active_grid().selectAll()

    @Slot()
    def select_none(self) -> None:
        """Selects no photo of the grid in use."""
        self._window.active_grid().clearSelection()

    @Slot()
    def search(self) -> None:
        """Brings the keyboard to the search field."""
        self._window.leave_large_view()
        self._toolbar.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._toolbar.search.selectAll()

    @Slot()
    def enlarge(self) -> None:
        """Makes the pictures larger."""
        self._toolbar.zoom(1)

    @Slot()
    def shrink(self) -> None:
        """Makes the pictures smaller."""
        self._toolbar.zoom(-1)

    @Slot()
    def reset_size(self) -> None:
        """Gives the pictures the size they have at first."""
        self._toolbar.set_thumbnail_px(Settings().thumbnail_px)

    @Slot(bool)
    def fill_screen(self, is_wanted: bool) -> None:
        """Takes the whole screen, or gives it back."""
        full, state = Qt.WindowState.WindowFullScreen, self._window.windowState()
        self._window.setWindowState(state | full if is_wanted else state & ~full)

    @Slot(QAction)
    def choose_order(self, action: QAction) -> None:
        """Lists in another order."""
        self._toolbar.set_order(self._actions.order_of(action))

    @Slot()
    def rescan(self) -> None:
        """Compares all folders with the catalog."""
        self._library.rescan(None)

    @Slot(bool)
    def pause(self, is_wanted: bool) -> None:
        """Pauses indexing, or goes on with it."""
        if is_wanted:
            self._library.pause()
        else:
            self._library.resume()
