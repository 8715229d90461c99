"""What can be done with selected photos, one small function each, and the context menu; GUI thread only.

Files are moved and copied by the library; viewers and file managers belong to the desktop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from lookalike.core.errors import LookalikeError
from lookalike.core.records import Photo
from lookalike.ui import text, theme
from lookalike.ui.bridge import Bridge
from lookalike.ui.choose_folder import choose_folder
from lookalike.ui.desktop_services import DesktopServices
from lookalike.ui.urls import url_of

if TYPE_CHECKING:
    from lookalike.library.file_operations import FileReport
    from lookalike.library.library import Library

MOST_VIEWERS = 10
"""More windows at once than this are hardly meant."""


class PhotoActions(QObject):
    """The actions on photos of one window.

    Signals (GUI thread):
        open_requested(int): This file is wanted large in the window.
        find_similar_requested(int): Look-alikes of this file are wanted.
        reported(str): One sentence on how a move, a copy or an opening went.
    """

    open_requested = Signal(int)
    find_similar_requested = Signal(int)
    reported = Signal(str)

    def __init__(self, library: Library, bridge: Bridge, window: QWidget) -> None:
        super().__init__(window)
        self._library = library
        self._bridge = bridge
        self._window = window
        self._services = DesktopServices(bridge, self)
        self._services.failed.connect(self.reported)

    def menu_for(self, photos: list[Photo]) -> QMenu:
        """Builds the context menu of a selection; the caller shows it, it deletes itself when closed."""
        menu = QMenu(self._window)
        menu.aboutToHide.connect(menu.deleteLater)
        is_one = len(photos) == 1
        present = [photo for photo in photos if not photo.is_missing]
        add = partial(_add, menu, photos)
        if is_one:
            menu.setDefaultAction(add("photo", self.tr("&Open"), self.open))
            add("look-alikes", self.tr("Find &similar"), self.find_similar)
            menu.addSeparator()
        viewer = add("external", self.tr("Open with the default &viewer"), self.open_in_viewer)
        viewer.setEnabled(0 < len(present) <= MOST_VIEWERS)
        add("folder", self.tr("Show in the &file manager"), self.show_in_file_manager)
        add("link", self.tr("Copy the &path") if is_one else self.tr("Copy the &paths"), self.copy_path)
        menu.addSeparator()
        move = add("move", self.tr("&Move to a folder…"), self.move_to_folder)
        copy = add("copy", self.tr("&Copy to a folder…"), self.copy_to_folder)
        for action in (move, copy):
            action.setEnabled(bool(present))
        for action in menu.actions():
            action.setEnabled(action.isEnabled() and bool(photos))
        return menu

    def open(self, *, photos: Sequence[Photo]) -> None:
        """Asks for the first photo large in the window."""
        if photos:
            self.open_requested.emit(photos[0].file_id)

    def find_similar(self, *, photos: Sequence[Photo]) -> None:
        """Asks for the look-alikes of the first photo."""
        if photos:
            self.find_similar_requested.emit(photos[0].file_id)

    def open_in_viewer(self, *, photos: Sequence[Photo]) -> None:
        """Opens the photos with the desktop's own program."""
        for photo in photos[:MOST_VIEWERS]:
            if not photo.is_missing:
                self._services.open_in_viewer(photo.path)

    def show_in_file_manager(self, *, photos: Sequence[Photo]) -> None:
        """Opens the folder with the photos selected."""
        self._services.show_in_file_manager([photo.path for photo in photos])

    def copy_path(self, *, photos: Sequence[Photo]) -> None:
        """Puts one path on each line; a name that is no text goes as a file address, which keeps it exact."""
        lines = (
            photo.path.decode("utf-8") if text.round_trips(photo.path) else url_of(photo.path)
            for photo in photos
        )
        QGuiApplication.clipboard().setText("\n".join(lines))

    def move_to_folder(self, *, photos: Sequence[Photo]) -> None:
        """Asks where to, then moves."""
        choose_folder(
            self._window, self.tr("Move to a folder"), partial(self.move_photos, photos=list(photos))
        )

    def copy_to_folder(self, *, photos: Sequence[Photo]) -> None:
        """Asks where to, then copies."""
        choose_folder(
            self._window, self.tr("Copy to a folder"), partial(self.copy_photos, photos=list(photos))
        )

    def move_photos(self, destination: bytes, *, photos: Sequence[Photo]) -> None:
        """Moves files; what happened comes as ``reported``."""
        future = self._library.move_photos([photo.file_id for photo in photos], destination)
        self._bridge.call(future, partial(self._moved, destination), self._failed, self)

    def copy_photos(self, destination: bytes, *, photos: Sequence[Photo]) -> None:
        """Copies files; what happened comes as ``reported``."""
        future = self._library.copy_photos([photo.file_id for photo in photos], destination)
        self._bridge.call(future, partial(self._copied, destination), self._failed, self)

    def _moved(self, destination: bytes, report: FileReport) -> None:
        one = self.tr("1 photo was moved to “%1”.")
        many = self.tr("%Ln photos were moved to “%1”.", "", report.done)
        none = self.tr("No photo was moved.")
        self._tell(report, one, many, none, destination)

    def _copied(self, destination: bytes, report: FileReport) -> None:
        one = self.tr("1 photo was copied to “%1”.")
        many = self.tr("%Ln photos were copied to “%1”.", "", report.done)
        none = self.tr("No photo was copied.")
        self._tell(report, one, many, none, destination)

    def _tell(self, report: FileReport, one: str, many: str, none: str, destination: bytes) -> None:
        counted = {0: none, 1: one}.get(report.done, many)
        sentence = counted.replace("%1", text.display_name(destination))
        if len(report.problems) == 1:
            sentence += " " + report.problems[0]
        elif report.problems:
            others = self.tr("%Ln photos could not be done; the first reason: %1", "", len(report.problems))
            sentence += " " + others.replace("%1", report.problems[0])
        self.reported.emit(sentence)

    def _failed(self, error: Exception) -> None:
        if isinstance(error, LookalikeError):
            self.reported.emit(str(error))
        else:
            self._bridge.report(error)


def _add(menu: QMenu, photos: Sequence[Photo], icon: str, title: str, work: Callable[..., None]) -> QAction:
    """Adds one action that works on the photos the menu was built for."""
    action = menu.addAction(theme.icon(icon), title)
    action.triggered.connect(partial(_run, work, photos))
    return action


def _run(work: Callable[..., None], photos: Sequence[Photo], _: bool = False) -> None:
    """Runs an action without the state that ``triggered`` hands over."""
    work(photos=photos)
