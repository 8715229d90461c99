"""Hands files to the rest of the desktop: its file manager and its viewers; the GUI thread never waits here.

Qt loses names that are not UTF-8, so such a path leaves as a percent-encoded URL over D-Bus or as bytes on a
command line, never as Qt text.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QObject, QUrl, Signal, Slot
from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher
from PySide6.QtGui import QDesktopServices

from lookalike.core.errors import InputError
from lookalike.ui.background import in_background
from lookalike.ui.bridge import Bridge
from lookalike.ui.text import display_path, round_trips
from lookalike.ui.urls import url_of

log = logging.getLogger(__name__)

FILE_MANAGER = "org.freedesktop.FileManager1"
FILE_MANAGER_PATH = "/org/freedesktop/FileManager1"
REPLY_MS = 5000
"""A file manager that has to be started first may take some seconds to answer."""
OPENER_S = 30.0
"""``xdg-open`` returns at once with most viewers and only when they close with some: those are let go."""


class DesktopServices(QObject):
    """Opens photos and folders outside the window.

    Signals (GUI thread):
        failed(str): Something could not be opened: one sentence.
    """

    failed = Signal(str)

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge

    def open_in_viewer(self, path: bytes) -> None:
        """Opens a file with the program the desktop has for it."""
        self._open(path, self.tr("No program was found that opens this file."))

    def show_in_file_manager(self, paths: Sequence[bytes]) -> None:
        """Opens the folder of the files with them selected; where no file manager can, just the folder."""
        if not paths:
            return
        if sys.platform in ("win32", "darwin"):
            path = paths[0]
            self._bridge.call(in_background(lambda: _reveal(path)), _ignore, self._opener_failed, self)
            return
        bus = QDBusConnection.sessionBus()
        if not bus.isConnected():
            self._open_folder_of(paths[0])
            return
        message = QDBusMessage.createMethodCall(FILE_MANAGER, FILE_MANAGER_PATH, FILE_MANAGER, "ShowItems")
        message.setArguments([[url_of(path) for path in paths], ""])
        _Reveal(self, paths[0], QDBusPendingCallWatcher(bus.asyncCall(message, REPLY_MS)))

    def _open_folder_of(self, path: bytes) -> None:
        folder = os.path.dirname(path)
        words = self.tr("No file manager was found that shows the folder “%1”.")
        self._open(folder, words.replace("%1", display_path(folder)))

    def _open(self, path: bytes, words_without_program: str) -> None:
        """Opens a file or a folder with the program the desktop has for it."""
        if round_trips(path):
            if not QDesktopServices.openUrl(QUrl.fromEncoded(url_of(path).encode())):
                self.failed.emit(words_without_program)
            return
        run = partial(_run_opener, path, words_without_program)
        self._bridge.call(in_background(run), _ignore, self._opener_failed, self)

    def _opener_failed(self, error: Exception) -> None:
        if isinstance(error, InputError):
            self.failed.emit(str(error))
        else:
            self._bridge.report(error)


class _Reveal(QObject):
    """One question to the file manager; goes when it is answered."""

    def __init__(self, services: DesktopServices, path: bytes, watcher: QDBusPendingCallWatcher) -> None:
        super().__init__(services)
        self._services = services
        self._path = path
        self._watcher = watcher
        watcher.finished.connect(self._answered)

    @Slot()
    def _answered(self) -> None:
        if self._watcher.isError():
            log.info("The file manager cannot show a file: %s", self._watcher.error().name())
            self._services._open_folder_of(self._path)
        self.deleteLater()


def _run_opener(path: bytes, words_without_program: str) -> None:
    """Starts the desktop's opener with the exact bytes of the path.

    Raises:
        InputError: There is no opener, or it knows no program for this file.
    """
    opener = shutil.which("xdg-open")
    if opener is None:
        raise InputError(words_without_program)
    started = subprocess.Popen(
        [os.fsencode(opener), path],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        code = started.wait(OPENER_S)
    except subprocess.TimeoutExpired:
        return
    if code != 0:
        raise InputError(words_without_program)


def _reveal(path: bytes) -> None:
    """Selects a file in Explorer or Finder."""
    name = os.fsdecode(path)
    command = ["open", "-R", name] if sys.platform == "darwin" else ["explorer", "/select,", name]
    subprocess.run(command, stdin=subprocess.DEVNULL, check=False)


def _ignore(_: None) -> None:
    """Takes an answer that says only that all went well."""
