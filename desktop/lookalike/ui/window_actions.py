"""The window's actions with their menus and shortcuts; what they do is wired by the window; GUI thread only."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from lookalike.ui import theme
from lookalike.ui.library_toolbar import Order, orders

Key = QKeySequence | QKeySequence.StandardKey | str


class WindowActions(QObject):
    """Every action of the main window, each in a menu and most with a shortcut."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        keys = QKeySequence.StandardKey
        self.add_folder = self._make(self.tr("&Add a folder…"), keys.Open, "add-folder")
        self.find_for_file = self._make(
            self.tr("Find look-alikes of a &file…"), "Ctrl+Shift+O", "look-alikes"
        )
        self.quit = self._make(self.tr("&Quit"), "Ctrl+Q")
        # There is one window, so closing it is the same.
        self.quit.setShortcuts([QKeySequence("Ctrl+Q"), QKeySequence("Ctrl+W")])
        self.select_all = self._make(self.tr("Select &all"), keys.SelectAll)
        self.select_none = self._make(self.tr("Select &none"), "Ctrl+Shift+A")
        self.search = self._make(self.tr("&Search"), keys.Find, "search")
        self.settings = self._make(self.tr("Se&ttings…"), "Ctrl+,", "settings")
        self.larger = self._make(self.tr("&Larger pictures"), keys.ZoomIn, "zoom-in")
        # On most keyboards the plus is typed with Shift, which some platforms report as Ctrl+=.
        self.larger.setShortcuts([QKeySequence("Ctrl++"), QKeySequence("Ctrl+=")])
        self.smaller = self._make(self.tr("&Smaller pictures"), keys.ZoomOut, "zoom-out")
        self.usual_size = self._make(self.tr("&Usual size"), "Ctrl+0", "actual-size")
        self.show_folders = self._make(self.tr("&Folders"), "F9", is_checkable=True)
        self.show_look_alikes = self._make(self.tr("Look-&alikes"), "F10", is_checkable=True)
        for panel in (self.show_folders, self.show_look_alikes):
            panel.setChecked(True)
        self.full_screen = self._make(self.tr("Full scr&een"), "F11", is_checkable=True)
        self.open_photo = self._make(self.tr("&Open") + "\t" + self.tr("Enter"), None, "photo")
        self.find_similar = self._make(self.tr("Find &similar"), "Ctrl+L", "look-alikes")
        self.open_in_viewer = self._make(self.tr("Open with the default &viewer"), "Ctrl+Return", "external")
        self.show_in_file_manager = self._make(self.tr("Show in the &file manager"), "Ctrl+Shift+E", "folder")
        self.copy_path = self._make(self.tr("Copy the &path"), keys.Copy, "link")
        self.move_to_folder = self._make(self.tr("&Move to a folder…"), "Ctrl+Shift+V", "move")
        self.copy_to_folder = self._make(self.tr("&Copy to a folder…"), "Ctrl+Shift+C", "copy")
        self.rescan = self._make(self.tr("&Rescan all folders"), "F5", "refresh")
        self.pause = self._make(self.tr("&Pause indexing"), "Ctrl+Shift+P", is_checkable=True)
        self.skipped = self._make(self.tr("S&kipped files…"), "Ctrl+Shift+K", "warning")
        self.shortcuts = self._make(self.tr("&Keyboard shortcuts"), keys.HelpContents)
        self.about = self._make(self.tr("&About Lookalike"), "Shift+F1", "info")
        self.orders = QActionGroup(self)
        for number, (_, words) in enumerate(orders(), 1):
            action = self._make(words, f"Alt+{number}", is_checkable=True)
            self.orders.addAction(action)
        self.orders.actions()[0].setChecked(True)

    @property
    def on_photos(self) -> tuple[QAction, ...]:
        """The actions that need a selected photo."""
        return (
            self.open_photo,
            self.find_similar,
            self.open_in_viewer,
            self.show_in_file_manager,
            self.copy_path,
            self.move_to_folder,
            self.copy_to_folder,
        )

    @property
    def on_library(self) -> tuple[QAction, ...]:
        """The actions that need a watched folder."""
        return (self.rescan, self.pause, self.skipped, self.search)

    @property
    def on_grid(self) -> tuple[QAction, ...]:
        """The actions that need a grid in view."""
        return (self.select_all, self.select_none, self.larger, self.smaller, self.usual_size)

    def order_of(self, action: QAction) -> Order:
        """Returns the order that an action of the order menu stands for."""
        return orders()[self.orders.actions().index(action)][0]

    @Slot(object)
    def check_order(self, order: Order) -> None:
        """Ticks the entry of an order chosen elsewhere."""
        for (each, _), action in zip(orders(), self.orders.actions(), strict=True):
            action.setChecked(each == order)

    def fill(self, bar: QMenuBar) -> None:
        """Puts every action into its menu."""
        file = bar.addMenu(self.tr("&File"))
        _add(file, [self.add_folder, self.find_for_file, None, self.quit])
        edit = bar.addMenu(self.tr("&Edit"))
        _add(edit, [self.select_all, self.select_none, None, self.search, None, self.settings])
        view = bar.addMenu(self.tr("&View"))
        order = QMenu(self.tr("&Order"), view)
        order.setIcon(theme.icon("sort"))
        order.addActions(self.orders.actions())
        view.addMenu(order)
        _add(view, [None, self.larger, self.smaller, self.usual_size, None])
        _add(view, [self.show_folders, self.show_look_alikes, None, self.full_screen])
        photo = bar.addMenu(self.tr("&Photo"))
        first, similar, viewer, manager, path, move, copy = self.on_photos
        _add(photo, [first, similar, None, viewer, manager, path, None, move, copy])
        library = bar.addMenu(self.tr("&Library"))
        _add(library, [self.rescan, self.pause, None, self.skipped])
        _add(bar.addMenu(self.tr("&Help")), [self.shortcuts, None, self.about])

    def _make(self, words: str, key: Key | None, icon: str = "", *, is_checkable: bool = False) -> QAction:
        action = QAction(words, self)
        if key is not None:
            action.setShortcut(QKeySequence(key))
        if icon:
            action.setIcon(theme.icon(icon))
        action.setCheckable(is_checkable)
        return action


def _add(menu: QMenu, actions: list[QAction | None]) -> None:
    """Adds actions, None being a line between them."""
    for action in actions:
        if action is None:
            menu.addSeparator()
        else:
            menu.addAction(action)
