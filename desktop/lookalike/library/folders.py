"""The watched folders as everybody sees them now: a small table in memory, any thread, always instant."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping

from lookalike.core.records import FolderState, WatchedFolder
from lookalike.library.events import EventBus, FoldersChanged


class FolderBook:
    """Keeps state, count and reason of each watched folder and tells the bus when one changes."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus
        self._lock = threading.Lock()
        self._folders: dict[int, WatchedFolder] = {}

    def all(self) -> tuple[WatchedFolder, ...]:
        """Returns the folders by path."""
        with self._lock:
            return tuple(sorted(self._folders.values(), key=lambda folder: folder.path))

    def get(self, folder_id: int) -> WatchedFolder | None:
        """Returns one folder, None when it is not watched (any more)."""
        with self._lock:
            return self._folders.get(folder_id)

    def put(self, folder: WatchedFolder) -> None:
        """Adds or replaces a folder."""
        with self._lock:
            if self._folders.get(folder.folder_id) == folder:
                return
            self._folders[folder.folder_id] = folder
        self._tell()

    def set_state(self, folder_id: int, state: FolderState, reason: str = "") -> None:
        """Changes a folder's state; unknown folders are let be."""
        folder = self.get(folder_id)
        if folder is not None:
            self.put(dataclasses.replace(folder, state=state, reason=reason))

    def set_counts(self, counts: Mapping[int, int]) -> None:
        """Takes over photo counts; folders not named have none."""
        with self._lock:
            old = dict(self._folders)
            self._folders = {
                key: dataclasses.replace(folder, photos=counts.get(key, 0)) for key, folder in old.items()
            }
            is_changed = self._folders != old
        if is_changed:
            self._tell()

    def remove(self, folder_id: int) -> None:
        """Forgets a folder."""
        with self._lock:
            self._folders.pop(folder_id, None)
        self._tell()

    def _tell(self) -> None:
        self._bus.send(FoldersChanged(self.all()))
