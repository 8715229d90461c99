"""The main window: wires its panels to one another and to the library, and decides nothing; GUI thread only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QByteArray, QModelIndex, QPoint, QSize, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QMainWindow

from lookalike.config.settings import Settings
from lookalike.core.records import FolderState, WatchedFolder
from lookalike.library.events import FoldersChanged, IndexingChanged, PhotosChanged
from lookalike.ui import text
from lookalike.ui.background import in_background
from lookalike.ui.bridge import Bridge
from lookalike.ui.dropped import Dropped, sort_dropped
from lookalike.ui.grid import PhotoGrid
from lookalike.ui.photo_actions import PhotoActions
from lookalike.ui.photo_commands import PhotoCommands
from lookalike.ui.toast import Toast
from lookalike.ui.urls import paths_in
from lookalike.ui.window_actions import WindowActions
from lookalike.ui.window_commands import WindowCommands
from lookalike.ui.window_dialogs import WindowDialogs
from lookalike.ui.window_parts import WindowParts
from lookalike.ui.window_state import load_window_state, save_window_state

if TYPE_CHECKING:
    from lookalike.library.library import Library

FIRST_SIZE = QSize(1400, 880)
FRAME_SIZE = QSize(16, 40)
"""About what window managers draw around a window; before it is shown nobody knows."""
STATE_FILE = "window.json"
"""In the profile's configuration folder."""


class MainWindow(QMainWindow):
    """Folders, library and look-alikes of one profile.

    Signals (GUI thread):
        closed(): The user closed the window; it is about to hide.
    """

    closed = Signal()

    def __init__(self, library: Library, bridge: Bridge) -> None:
        super().__init__()
        self._library = library
        self._bridge = bridge
        self._folders: tuple[WatchedFolder, ...] = ()
        self._photos = 0
        self.setWindowTitle(self.tr("Lookalike"))
        self.setAcceptDrops(True)
        self.parts = WindowParts(library, bridge)
        self.setCentralWidget(self.parts)
        self.window_actions = WindowActions(self)
        self.window_actions.fill(self.menuBar())
        self.dialogs = WindowDialogs(library, bridge, self)
        self.toast = Toast(self)
        self.photo_actions = PhotoActions(library, bridge, self)
        self.photo_commands = PhotoCommands(
            library, bridge, self.window_actions, self.photo_actions, self.selected_files, self
        )
        self._wire_library()
        self._wire_panels()
        self.commands = WindowCommands(library, self.window_actions, self.dialogs, self)
        self._restore()
        self._take_settings(library.settings())
        self._take_indexing(library.indexing())
        self._take_folders(FoldersChanged(library.folders()))
        self.parts.library.ask()

    def add_folders(self, paths: Iterable[bytes]) -> None:
        """Asks the library to watch folders; what cannot be watched is told in a sentence."""
        for path in paths:
            self._bridge.call(self._library.add_folder(path), self._say_watching, owner=self)

    @Slot(object)
    def add_folder(self, path: bytes) -> None:
        """Asks the library to watch one folder."""
        self.add_folders([path])

    @Slot(int)
    def find_similar(self, file_id: int) -> None:
        """Shows the look-alikes of a photo of the library."""
        self.leave_large_view()
        self.window_actions.show_look_alikes.setChecked(True)
        self.parts.look_alikes.find_for_file(file_id)

    @Slot(object)
    def find_similar_to(self, path: bytes) -> None:
        """Shows the look-alikes of any photo."""
        self.leave_large_view()
        self.parts.show_library()
        self.window_actions.show_look_alikes.setChecked(True)
        self.parts.look_alikes.find_for_path(path)

    @Slot(int)
    def open_photo(self, file_id: int) -> None:
        """Shows a photo large, among the rows of the grid in use where it is one of them."""
        ids = self.active_grid().ids
        rows = np.flatnonzero(ids == file_id)
        if len(rows) == 0:
            ids, rows = np.array([file_id], np.int64), np.zeros(1, np.int64)
        self.parts.show_large()
        self.parts.large.show_photo(ids, int(rows[0]))
        self._enable_actions()

    @Slot()
    def leave_large_view(self) -> None:
        """Gives the grid back, standing on the photo that was shown last."""
        if not self.parts.is_large:
            return
        grid = self.active_grid()
        file_id = self.parts.large.current
        self.parts.show_library()
        rows = np.flatnonzero(grid.ids == file_id)
        if len(rows) and int(rows[0]) != grid.current_row():
            grid.go_to(int(rows[0]))
        grid.setFocus()
        self._enable_actions()

    def active_grid(self) -> PhotoGrid:
        """Returns the grid that was used last."""
        return self._active_grid

    def selected_files(self) -> NDArray[np.int64]:
        """Returns the file ids an action applies to, int64 (N,)."""
        if self.parts.is_large:
            current = self.parts.large.current
            return np.array([current] if current >= 0 else [], np.int64)
        return self.active_grid().selected_files()

    def settings_to_keep(self) -> Settings:
        """Returns the settings with what was changed in the window itself."""
        return replace(
            self._library.settings(),
            threshold=self.parts.look_alikes.threshold,
            thumbnail_px=self.parts.library.toolbar.thumbnail_px,
        )

    def _wire_library(self) -> None:
        bridge = self._bridge
        bridge.folders_changed.connect(self._take_folders)
        bridge.photos_changed.connect(self._take_photos)
        bridge.indexing_changed.connect(self._take_indexing)
        bridge.notice_raised.connect(self.parts.notices.take)
        bridge.trouble_arose.connect(self.toast.say)
        self.dialogs.folder_chosen.connect(self.add_folder)
        self.dialogs.file_chosen.connect(self.find_similar_to)
        self.dialogs.settings_changed.connect(self._take_settings)
        self.dialogs.reported.connect(self.toast.say)
        self.photo_actions.reported.connect(self.toast.say)
        self.photo_actions.open_requested.connect(self.open_photo)
        self.photo_actions.find_similar_requested.connect(self.find_similar)

    def _wire_panels(self) -> None:
        parts = self.parts
        self._active_grid = parts.library.grid
        parts.welcome.folder_chosen.connect(self.add_folder)
        parts.folders.folder_selected.connect(self._show_folder)
        parts.folders.add_requested.connect(self.dialogs.choose_folder)
        parts.folders.rescan_requested.connect(self._library.rescan)
        parts.folders.remove_requested.connect(self.dialogs.ask_to_remove)
        parts.library.listed.connect(self._show_status)
        parts.library.toolbar.order_changed.connect(self.window_actions.check_order)
        parts.library.grid.current_row_changed.connect(self._find_for_row)
        parts.library.grid.clicked.connect(self._find_for_clicked)
        for grid in (parts.library.grid, parts.look_alikes.grid):
            grid.focused.connect(partial(self._use_grid, grid))
            grid.open_requested.connect(partial(self._open_row, grid))
            grid.menu_requested.connect(partial(self._show_menu, grid))
            grid.selection_changed.connect(self._show_status)
        parts.look_alikes.grid.zoom_requested.connect(parts.library.toolbar.zoom)
        parts.look_alikes.query_open_requested.connect(self.open_photo)
        parts.large.closed.connect(self.leave_large_view)
        parts.large.find_similar_requested.connect(self.find_similar)
        parts.large.menu_requested.connect(self.photo_commands.show_menu_of)
        parts.indexing.pause_requested.connect(self._library.pause)
        parts.indexing.resume_requested.connect(self._library.resume)
        parts.indexing.skipped_requested.connect(self.dialogs.show_skipped)

    def _restore(self) -> None:
        state = load_window_state(self._library.profile.config / STATE_FILE)
        if not self.restoreGeometry(QByteArray(state.get("geometry", b""))):
            room = self.screen().availableGeometry().size() - FRAME_SIZE
            self.resize(FIRST_SIZE.boundedTo(room))
        self.parts.divide(state.get("panels", b""))
        hidden = state.get("hidden", b"").split()
        self.window_actions.show_folders.setChecked(b"folders" not in hidden)
        self.window_actions.show_look_alikes.setChecked(b"look-alikes" not in hidden)

    def _save(self) -> None:
        actions = self.window_actions
        hidden = [] if actions.show_folders.isChecked() else [b"folders"]
        hidden += [] if actions.show_look_alikes.isChecked() else [b"look-alikes"]
        state = {
            "geometry": bytes(self.saveGeometry().data()),
            "panels": bytes(self.parts.splitter.saveState().data()),
            "hidden": b" ".join(hidden),
        }
        save_window_state(self._library.profile.config / STATE_FILE, state)

    @Slot(object)
    def _take_folders(self, event: FoldersChanged) -> None:
        was_offline = {each.folder_id for each in self._folders if each.state is FolderState.OFFLINE}
        self._folders = event.folders
        self.parts.folders.show_folders(event.folders)
        is_offline = {each.folder_id for each in event.folders if each.state is FolderState.OFFLINE}
        self.parts.large.set_offline_folders(frozenset(is_offline))
        if was_offline - is_offline:
            self.parts.library.retry_pictures()
            self.parts.look_alikes.retry_pictures()
        if not event.folders:
            self.parts.show_welcome()
        elif self.parts.is_welcome:
            self.parts.show_library()
            self.parts.library.grid.setFocus()
        self._show_status()

    @Slot(object)
    def _take_photos(self, _event: PhotosChanged) -> None:
        self.parts.library.refresh()
        self.parts.look_alikes.refresh()
        self.parts.large.refresh()

    @Slot(object)
    def _take_indexing(self, indexing: IndexingChanged) -> None:
        self._photos = indexing.photos
        self.parts.indexing.show_indexing(indexing)
        self.parts.library.show_indexing(indexing)
        self.parts.folders.set_photo_count(indexing.photos)
        self.window_actions.pause.setChecked(indexing.is_paused)

    @Slot(object)
    def _take_settings(self, settings: Settings) -> None:
        self.parts.look_alikes.set_threshold(settings.threshold)
        self.parts.library.toolbar.set_thumbnail_px(settings.thumbnail_px)

    @Slot(object)
    def _show_folder(self, folder_id: int | None) -> None:
        self.parts.library.set_folder(folder_id)
        self._show_status()

    def _say_watching(self, folder: WatchedFolder) -> None:
        name = text.display_name(folder.path)
        self.toast.say(self.tr("“%1” is watched from now on.").replace("%1", name))

    @Slot()
    def _show_status(self) -> None:
        """Says in the bottom line what is listed, what is selected, and what is offline."""
        grid = self.active_grid()
        selected = grid.selected_count()
        parts = [text.photo_count(len(self.parts.library.grid.ids))]
        if selected:
            parts.append(self.tr("%1 selected").replace("%1", text.number(selected)))
        offline = [
            text.display_name(each.path) for each in self._folders if each.state is FolderState.OFFLINE
        ]
        if len(offline) == 1:
            parts.append(self.tr("“%1” is offline; its photos stay searchable").replace("%1", offline[0]))
        elif offline:
            parts.append(self.tr("%Ln folders are offline; their photos stay searchable", "", len(offline)))
        self.parts.status.setText(text.sentence_list(parts))
        self._enable_actions()

    def _enable_actions(self) -> None:
        actions, is_large = self.window_actions, self.parts.is_large
        has_photos = is_large or self.active_grid().selected_count() > 0
        for action in actions.on_photos:
            action.setEnabled(has_photos and not self.parts.is_welcome)
        for action in actions.on_library:
            action.setEnabled(bool(self._folders))
        # The large view has keys of its own for these.
        for action in actions.on_grid:
            action.setEnabled(bool(self._folders) and not is_large)

    def _use_grid(self, grid: PhotoGrid) -> None:
        self._active_grid = grid
        self._show_status()

    def _open_row(self, grid: PhotoGrid, row: int) -> None:
        self._active_grid = grid
        self.open_photo(int(grid.ids[row]))

    def _show_menu(self, grid: PhotoGrid, place: QPoint) -> None:
        self._active_grid = grid
        self.photo_commands.show_menu(grid.selected_files(), place)

    @Slot(int)
    def _find_for_row(self, row: int) -> None:
        if row >= 0:
            self.parts.look_alikes.find_for_file(int(self.parts.library.grid.ids[row]))
        else:
            self.parts.look_alikes.clear()

    @Slot(QModelIndex)
    def _find_for_clicked(self, index: QModelIndex) -> None:
        """A click on the photo that is current already leads back to its look-alikes."""
        self._find_for_row(index.row())

    def _take_dropped(self, dropped: Dropped) -> None:
        self.add_folders(dropped.folders)
        if dropped.files:
            self.find_similar_to(dropped.files[0])

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accepts folders and photos of this computer."""
        if paths_in(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Watches dropped folders; finds the look-alikes of a dropped photo."""
        event.acceptProposedAction()
        paths = paths_in(event.mimeData())
        self._bridge.call(in_background(partial(sort_dropped, paths)), self._take_dropped, owner=self)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keeps how the window was and goes away at once."""
        self._save()
        self.parts.close_loaders()
        event.accept()
        self.closed.emit()
