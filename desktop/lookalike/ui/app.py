"""Runs the window on a profile from start to end; the GUI thread is the main thread.

The library opens on a thread of its own while Qt starts. At the end the window hides first; then the library
finishes what it has decoded, on another thread, while the event loop goes on.
"""

from __future__ import annotations

import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from types import FrameType
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSocketNotifier, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMessageBox

from lookalike.config.assets import models_folder
from lookalike.config.logs import start_logging
from lookalike.config.paths import Profile
from lookalike.config.settings import Settings, load_settings
from lookalike.core.errors import LookalikeError, ProfileError
from lookalike.ui import theme
from lookalike.ui.bridge import Bridge
from lookalike.ui.crash import CrashDialog, CrashHooks
from lookalike.ui.main_window import MainWindow
from lookalike.ui.text import tr

if TYPE_CHECKING:
    from lookalike.library.library import Library

log = logging.getLogger(__name__)

SWITCH_INTERVAL_S = 0.001
"""Python lets a busy thread run 5 ms by default before another gets its turn; the window cannot wait so long."""
STOPPING_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)

LibraryFactory = Callable[[], "Library"]
"""Makes an open library; raises :class:`LookalikeError` where it cannot."""


def run_window(profile: Profile, add_folders: Iterable[bytes] = ()) -> int:
    """Opens the window and returns when it is closed and everything is on disk.

    Args:
        profile: Where everything lies.
        add_folders: Folders to watch from now on.

    Returns:
        0, the exit code.

    Raises:
        LookalikeError: The library cannot be opened; on a screen the user has been told.
    """
    try:
        _prepare(profile)
    except LookalikeError as error:
        make_application(Settings())
        _tell_start_failed(str(error))
        raise

    def make_library() -> Library:
        from lookalike.library.library import Library  # numpy, SQLite and more: loaded while Qt starts

        library = Library(profile, models_folder())
        library.open()
        return library

    return run_with(make_library, load_settings(profile.settings), list(add_folders))


def run_with(make_library: LibraryFactory, settings: Settings, add_folders: list[bytes]) -> int:
    """Runs the window on whatever library ``make_library`` gives; see :func:`run_window`."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    opening = _on_thread("opening", make_library)
    app = make_application(settings)
    try:
        library = opening.result()
    except LookalikeError as error:
        _tell_start_failed(str(error))
        raise
    session = Session(app, library)
    try:
        session.window.show()
        session.window.add_folders(add_folders)
        code = app.exec()
    finally:
        session.end()
    return code


def make_application(settings: Settings) -> QApplication:
    """Returns the application, dressed as the user wants it; the one there is where there is one."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(["lookalike"])
    app.setApplicationName("lookalike")
    app.setApplicationDisplayName("Lookalike")
    app.setDesktopFileName("lookalike")
    app.setQuitOnLastWindowClosed(False)  # the end comes when the library is closed
    theme.apply(app, settings.appearance)
    app.setWindowIcon(theme.app_icon())
    return app


class Session(QObject):
    """One window on one library: what is started here is ended here.

    Signals (GUI thread):
        finished(): The library is closed.
    """

    finished = Signal()
    _library_closed = Signal()

    def __init__(self, app: QApplication, library: Library) -> None:
        super().__init__()
        self._app = app
        self._library = library
        self._closing: threading.Thread | None = None
        self.hooks = CrashHooks(self)
        self.bridge = Bridge(library, self)
        self.window = MainWindow(library, self.bridge)
        self._dialog = CrashDialog(self.window)
        self.hooks.failed.connect(self._dialog.report)
        self.bridge.work_failed.connect(self._dialog.report)
        self.window.closed.connect(self.close)
        self._library_closed.connect(self._finish)
        self._signals = StopSignals(self)
        self._signals.stop_requested.connect(self.window.close)
        app.commitDataRequest.connect(self._keep_settings)

    @Slot()
    def close(self) -> None:
        """Hides the window at once and closes the library off the GUI thread; ``finished`` tells the end."""
        if self._closing is not None:
            return
        settings = self._settings_to_keep()
        for window in QApplication.topLevelWidgets():
            window.hide()
        self.bridge.close()
        self._closing = threading.Thread(
            target=self._close_library, args=(settings,), name="closing", daemon=False
        )
        self._closing.start()

    def end(self) -> None:
        """Ends what is left, whatever happened; on return no thread of ours runs."""
        if self._closing is None:
            self.window.close()
            self.close()
        if self._closing is not None:
            self._closing.join()
        self._signals.remove()
        self.hooks.remove()
        self.window.deleteLater()
        # The event loop is over; what waits to be deleted must go before the application does.
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    def _close_library(self, settings: Settings | None) -> None:
        """Runs on the closing thread."""
        try:
            if settings is not None:
                self._library.change_settings(settings)
        except OSError as error:
            log.warning("The settings could not be kept: %s", error)
        finally:
            try:
                self._library.close()
            finally:
                self._library_closed.emit()

    def _settings_to_keep(self) -> Settings | None:
        """Returns what the window changed in passing; None where nothing did."""
        kept = self.window.settings_to_keep()
        return kept if kept != self._library.settings() else None

    @Slot()
    def _keep_settings(self) -> None:
        """The desktop session ends: the system will not wait for long."""
        self.window.close()

    @Slot()
    def _finish(self) -> None:
        self.finished.emit()
        self._app.quit()


class StopSignals(QObject):
    """Turns SIGINT, SIGTERM and SIGHUP into a Qt signal; Python alone would notice only at its next step.

    Signals (GUI thread):
        stop_requested(): The program was asked to end.
    """

    stop_requested = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._wakeup_before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, _take_signal) for number in STOPPING_SIGNALS}
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._read)

    def remove(self) -> None:
        """Puts back what was there before."""
        self._notifier.setEnabled(False)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        self._reader.close()
        self._writer.close()

    @Slot()
    def _read(self) -> None:
        numbers = self._reader.recv(64)
        if any(number in self._before for number in numbers):
            self.stop_requested.emit()


def _take_signal(_number: int, _frame: FrameType | None) -> None:
    """Does nothing by itself: that a handler exists makes Python write to the wake-up socket."""


def _prepare(profile: Profile) -> None:
    """Makes the profile's folders and starts the log.

    Raises:
        ProfileError: The profile cannot be written.
    """
    profile.prepare()
    try:
        start_logging(profile.log)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ProfileError(f"The profile file “{profile.log}” cannot be written: {reason}.") from error


def _on_thread(name: str, work: LibraryFactory) -> Future[Library]:
    future: Future[Library] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001  whoever asks for the result gets it
            future.set_exception(error)

    threading.Thread(target=run, name=name).start()
    return future


def _tell_start_failed(sentence: str) -> None:
    """Shows why nothing opens, where there is a screen and nobody reads the terminal."""
    if sys.stderr is not None and sys.stderr.isatty():
        return
    if QGuiApplication.platformName() in ("offscreen", "minimal"):
        return
    start_failed_box(sentence).exec()


def start_failed_box(sentence: str) -> QMessageBox:
    """Returns the message that says why nothing opens."""
    box = QMessageBox(QMessageBox.Icon.Critical, "Lookalike", tr("Lookalike cannot start"))
    # Only this label breaks its lines; the one above would be cut where the sentence is long.
    box.setInformativeText(sentence)
    return box
