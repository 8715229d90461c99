"""Errors of our own making reach the user: the hooks that catch them and the dialog that shows them.

The hooks run on whichever thread failed; the dialog belongs to the GUI thread.
"""

from __future__ import annotations

import logging
import platform
import sys
import threading
import traceback
from types import TracebackType

import PySide6
from PySide6.QtCore import QMessageLogContext, QObject, Qt, QtMsgType, Signal, Slot, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lookalike import __version__
from lookalike.library.events import WorkFailed
from lookalike.ui import theme
from lookalike.ui.icon_label import IconLabel

log = logging.getLogger(__name__)
qt_log = logging.getLogger("lookalike.qt")

MOST_DETAILS = 20
"""Reports kept in one dialog; the rest is in the log."""
LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class CrashDialog(QDialog):
    """One dialog for all that goes wrong, with details to copy; what comes later is added to it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Something went wrong"))
        self.resize(680, 420)
        self._reports: list[str] = []
        self._sentence = QLabel()
        self._sentence.setProperty("kind", "heading")
        self._sentence.setWordWrap(True)
        comfort = QLabel(
            self.tr("Your photos are safe. You can go on; if things behave oddly, start Lookalike again.")
        )
        comfort.setWordWrap(True)
        comfort.setProperty("kind", "muted")
        self._details = QPlainTextEdit()
        self._details.setReadOnly(True)
        self._details.setAccessibleName(self.tr("Details"))
        self._details.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        copy = QPushButton(theme.icon("copy"), self.tr("&Copy the details"))
        copy.clicked.connect(self._copy)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(self._sentence)
        words.addWidget(comfort)
        head = QHBoxLayout()
        head.setSpacing(14)
        head.addWidget(IconLabel("warning", 32, "warning"), 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 18, 18, 14)
        column.setSpacing(14)
        column.addLayout(head)
        column.addWidget(self._details, 1)
        column.addWidget(buttons)

    def details(self) -> str:
        """Returns what the user can copy."""
        return self._details.toPlainText()

    @Slot(object)
    def report(self, failure: WorkFailed) -> None:
        """Shows a failure; the same one again adds nothing."""
        if failure.details not in self._reports and len(self._reports) < MOST_DETAILS:
            self._reports.append(failure.details)
        self._sentence.setText(failure.text)
        self._details.setPlainText("\n\n".join([versions(), *self._reports]))
        self.show()
        self.raise_()

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.details())


class CrashHooks(QObject):
    """Catches what nobody caught, on any thread.

    Signals:
        failed(WorkFailed): Something was caught; arrives on the GUI thread.
    """

    failed = Signal(object)
    _caught = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._caught.connect(self.failed, Qt.ConnectionType.QueuedConnection)
        self._before = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._take_main
        threading.excepthook = self._take_thread
        qInstallMessageHandler(log_qt_message)

    def remove(self) -> None:
        """Puts the hooks back that were there before."""
        sys.excepthook, threading.excepthook = self._before
        qInstallMessageHandler(None)

    def _take_main(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._before[0](kind, error, trace)
            return
        self._take(kind, error, trace, threading.current_thread().name)

    def _take_thread(self, arguments: threading.ExceptHookArgs) -> None:
        error = arguments.exc_value
        if error is not None:
            name = arguments.thread.name if arguments.thread is not None else "?"
            self._take(arguments.exc_type, error, arguments.exc_traceback, name)

    def _take(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None, thread: str
    ) -> None:
        log.critical("Uncaught on thread %s", thread, exc_info=(kind, error, trace))
        details = f"Thread {thread}\n" + "".join(traceback.format_exception(kind, error, trace))
        self._caught.emit(WorkFailed(self.tr("Something went wrong inside Lookalike."), details))


def log_qt_message(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    """Sends what Qt says to the log."""
    qt_log.log(LEVELS.get(kind, logging.WARNING), "%s", message)


def versions() -> str:
    """Returns what a report should begin with."""
    return (
        f"Lookalike {__version__}, Python {platform.python_version()}, "
        f"PySide {PySide6.__version__}, {platform.platform()}"
    )
