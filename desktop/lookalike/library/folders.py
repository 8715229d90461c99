"""The watched folders as everybody sees them now: a small table in memory, any thread, always instant."""

from __future__ import annotations

import dataclasses
import os
import threading
from collections.abc import Mapping, Sequence

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

    def covers(self, path: bytes) -> bool:
        """Says whether ``path`` lies in a watched folder."""
        with self._lock:
            return any(path.startswith(each.path.rstrip(b"/") + b"/") for each in self._folders.values())

    def put(self, folder: WatchedFolder) -> None:
        """Adds or replaces a folder."""
        with self._lock:
            if self._folders.get(folder.folder_id) == folder:
                return
            self._folders[folder.folder_id] = folder
        self._tell()

    def set_state(self, folder_id: int, state: FolderState, reason: str = "") -> None:
        """Changes a folder's state; unknown folders are let be."""
        with self._lock:
            before = self._folders.get(folder_id)
            if before is None or (before.state, before.reason) == (state, reason):
                return
            self._folders[folder_id] = dataclasses.replace(before, state=state, reason=reason)
        self._tell()

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


def same_folder(path: bytes, watched: Sequence[WatchedFolder]) -> tuple[bytes, WatchedFolder | None]:
    """Finds out under which path a folder is watched, or would be, so that no photo is taken in under two.

    Args:
        path: Absolute, perhaps through a symbolic link.
        watched: The watched folders.

    Returns:
        The path, written as that of the watched folder around it where that is reached by another way, and the
        watched folder that it is, if any.
    """
    real = os.path.realpath(path)
    for folder in watched:
        around = os.path.realpath(folder.path)
        if real == around or path == folder.path:
            return folder.path, folder
    for folder in watched:
        around = os.path.realpath(folder.path).rstrip(b"/") + b"/"
        if real.startswith(around):
            return folder.path.rstrip(b"/") + b"/" + real[len(around) :], None
    return path, None
