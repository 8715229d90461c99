"""Applies the Photo menu, and context menus, to whatever photos are selected; GUI thread only."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QPoint

from lookalike.core.records import Photo
from lookalike.ui.bridge import Bridge, LatestRequest
from lookalike.ui.photo_actions import PhotoActions
from lookalike.ui.window_actions import WindowActions

if TYPE_CHECKING:
    from lookalike.library.library import Library

Selection = Callable[[], NDArray[np.int64]]
"""Gives the file ids that are selected now, int64 (N,)."""


class PhotoCommands(QObject):
    """Fetches the selected photos, whose details may not be in memory, and hands them to an action.

    Args:
        library: Where details come from.
        bridge: To the GUI thread.
        actions: The window's actions.
        photo_actions: What can be done with photos.
        selection: What is selected in the part of the window that is in use.
        parent: The window.
    """

    def __init__(
        self,
        library: Library,
        bridge: Bridge,
        actions: WindowActions,
        photo_actions: PhotoActions,
        selection: Selection,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._library = library
        self._bridge = bridge
        self._photo_actions = photo_actions
        self._selection = selection
        self._menu_request = LatestRequest(bridge, self)
        for action, work in (
            (actions.open_photo, photo_actions.open),
            (actions.find_similar, photo_actions.find_similar),
            (actions.open_in_viewer, photo_actions.open_in_viewer),
            (actions.show_in_file_manager, photo_actions.show_in_file_manager),
            (actions.copy_path, photo_actions.copy_path),
            (actions.move_to_folder, photo_actions.move_to_folder),
            (actions.copy_to_folder, photo_actions.copy_to_folder),
        ):
            action.triggered.connect(partial(self._run, work))

    def show_menu(self, file_ids: NDArray[np.int64], place: QPoint) -> None:
        """Opens the context menu of photos at a place of the screen."""
        future = self._library.photos(file_ids.tolist())
        self._menu_request.ask(future, partial(self._open_menu, place))

    def show_menu_of(self, photo: Photo, place: QPoint) -> None:
        """Opens the context menu of one photo that is at hand."""
        self._open_menu(place, [photo])

    def _open_menu(self, place: QPoint, photos: list[Photo]) -> None:
        if photos:
            self._photo_actions.menu_for(photos).popup(place)

    def _run(self, work: Callable[..., None], _: bool = False) -> None:
        file_ids = self._selection()
        if len(file_ids):
            future = self._library.photos(file_ids.tolist())
            self._bridge.call(future, partial(_with_photos, work), owner=self)


def _with_photos(work: Callable[..., None], photos: list[Photo]) -> None:
    if photos:
        work(photos=photos)
