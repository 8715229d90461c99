"""Start and end of the window: order of events, signals, uncaught errors."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer, qWarning
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from lookalike.config.paths import Profile
from lookalike.config.settings import Settings
from lookalike.core.errors import ProfileBusyError, ProfileError
from lookalike.library.events import WorkFailed
from lookalike.ui import app as ui_app
from lookalike.ui.app import Session, StopSignals, run_window, run_with, start_failed_box
from lookalike.ui.crash import CrashHooks
from lookalike.ui.main_window import MainWindow
from tests.ui.fakes import FakeLibrary


@pytest.fixture(autouse=True)
def interval() -> object:
    """Puts the interpreter's pace back."""
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


def make_library(tmp_path: Path) -> FakeLibrary:
    (tmp_path / "config").mkdir(exist_ok=True)
    return FakeLibrary(30, 1, tmp_path)


def the_window() -> MainWindow:
    windows = [
        each for each in QApplication.topLevelWidgets() if isinstance(each, MainWindow) and each.isVisible()
    ]
    assert len(windows) == 1
    return windows[0]


class SlowClosing(FakeLibrary):
    """Notes, while it closes, on which thread and whether a window is still to be seen."""

    closed_on = ""
    visible_while_closing = True

    def close(self) -> None:
        self.closed_on = threading.current_thread().name
        self.visible_while_closing = any(each.isVisible() for each in QApplication.topLevelWidgets())
        super().close()


def test_the_window_hides_before_the_library_closes_on_another_thread(
    qapp: QApplication, tmp_path: Path
) -> None:
    (tmp_path / "config").mkdir()
    library = SlowClosing(30, 1, tmp_path)
    QTimer.singleShot(300, lambda: the_window().close())
    assert run_with(lambda: library, Settings(), []) == 0  # type: ignore[arg-type,return-value]
    assert library.is_closed
    assert library.closed_on == "closing"
    assert not library.visible_while_closing


def test_folders_of_the_command_line_are_added(qapp: QApplication, tmp_path: Path) -> None:
    library = make_library(tmp_path)
    QTimer.singleShot(300, lambda: the_window().close())
    run_with(lambda: library, Settings(), [b"/home/ada/More"])  # type: ignore[arg-type,return-value]
    assert library.called("add_folder") == [(b"/home/ada/More",)]


def test_changed_threshold_is_kept_at_the_end(qapp: QApplication, tmp_path: Path) -> None:
    library = make_library(tmp_path)

    def change_and_close() -> None:
        the_window().parts.look_alikes._slider.setValue(64)
        the_window().close()

    QTimer.singleShot(300, change_and_close)
    run_with(lambda: library, Settings(), [])  # type: ignore[arg-type,return-value]
    assert library.settings().threshold == 0.64


def test_a_library_that_does_not_open_ends_the_start_with_its_sentence(qapp: QApplication) -> None:
    def fail() -> FakeLibrary:
        raise ProfileBusyError("Lookalike is already open on this profile.")

    with pytest.raises(ProfileBusyError, match="already open"):
        run_with(fail, Settings(), [])  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopping_signal_closes_the_window_cleanly(qapp: QApplication, tmp_path: Path, number: int) -> None:
    library = make_library(tmp_path)
    before = signal.getsignal(number)
    QTimer.singleShot(300, lambda: os.kill(os.getpid(), number))
    assert run_with(lambda: library, Settings(), []) == 0  # type: ignore[arg-type,return-value]
    assert library.is_closed
    assert signal.getsignal(number) is before


def test_signals_are_heard_while_nothing_else_happens(qtbot: QtBot) -> None:
    signals = StopSignals()
    try:
        with qtbot.waitSignal(signals.stop_requested):
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signals.remove()


def test_an_error_on_any_thread_reaches_the_dialog_with_details(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    library = make_library(tmp_path)
    session = Session(qapp, library)  # type: ignore[arg-type]
    session.window.show()

    def fail() -> None:
        raise ValueError("a thread of ours died")

    with caplog.at_level(logging.CRITICAL):
        thread = threading.Thread(target=fail, name="doomed")
        thread.start()
        thread.join()
        qtbot.waitUntil(lambda: "a thread of ours died" in session._dialog.details())
        assert session._dialog.isVisible()
        library.events.send(WorkFailed("Indexing stopped.", "Traceback of the ingest thread"))
        qtbot.waitUntil(lambda: "Traceback of the ingest thread" in session._dialog.details())
        assert "a thread of ours died" in session._dialog.details()
        assert "PySide" in session._dialog.details()
    assert "doomed" in caplog.text
    session.end()


def test_an_error_in_a_slot_reaches_the_hooks(qtbot: QtBot) -> None:
    hooks = CrashHooks()

    def fail() -> None:
        raise ValueError("a slot of ours failed")

    try:
        with qtbot.waitSignal(hooks.failed) as failed:
            QTimer.singleShot(0, fail)
    finally:
        hooks.remove()
    assert "a slot of ours failed" in failed.args[0].details


def test_what_qt_says_goes_to_the_log(qapp: QApplication, caplog: pytest.LogCaptureFixture) -> None:
    hooks = CrashHooks()
    try:
        with caplog.at_level(logging.INFO, "lookalike.qt"):
            qWarning("something is odd")
    finally:
        hooks.remove()
    assert "something is odd" in caplog.text


def test_ending_without_a_loop_leaves_nothing_behind(qapp: QApplication, tmp_path: Path) -> None:
    library = make_library(tmp_path)
    session = Session(qapp, library)  # type: ignore[arg-type]
    session.window.show()
    session.end()
    assert library.is_closed
    assert not [each for each in QApplication.topLevelWidgets() if isinstance(each, MainWindow)]


def test_the_interpreter_lets_the_window_take_its_turn_soon(qapp: QApplication, tmp_path: Path) -> None:
    library = make_library(tmp_path)
    QTimer.singleShot(200, lambda: the_window().close())
    run_with(lambda: library, Settings(), [])  # type: ignore[arg-type,return-value]
    assert sys.getswitchinterval() == pytest.approx(ui_app.SWITCH_INTERVAL_S)


def test_why_nothing_opens_can_be_read_to_its_end(qtbot: QtBot) -> None:
    sentence = (
        "Lookalike is already open on this profile; close it first, or wait a moment where it is closing."
    )
    box = start_failed_box(sentence)
    qtbot.addWidget(box)
    box.show()
    labels = [each for each in box.findChildren(QLabel) if each.text() and each.isVisible()]
    assert sentence in [each.text() for each in labels]
    for label in labels:
        assert label.height() >= label.heightForWidth(label.width())
        assert label.wordWrap() or label.width() >= label.sizeHint().width()


@pytest.mark.parametrize("in_the_way", ["", "state/lookalike.log"])
def test_a_profile_that_cannot_be_written_is_told_on_the_screen_too(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_the_way: str
) -> None:
    told: list[str] = []
    monkeypatch.setattr(ui_app, "_tell_start_failed", told.append)
    folder = tmp_path / "profile"
    if in_the_way:
        (folder / in_the_way).mkdir(parents=True)
    else:
        folder.write_text("a file where the folder should be")
    with pytest.raises(ProfileError) as raised:
        run_window(Profile.at(folder))
    assert told == [str(raised.value)]
