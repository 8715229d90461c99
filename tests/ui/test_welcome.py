"""The first start: one action, a suggestion, and folders dropped anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QFileDialog, QLabel, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from lookalike.ui import welcome
from lookalike.ui.welcome import WelcomeView


@pytest.fixture
def view(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> WelcomeView:
    monkeypatch.setattr(welcome, "pictures_folder", lambda: b"/home/ada/Pictures")
    view = WelcomeView()
    qtbot.addWidget(view)
    view.show()
    return view


def drop(view: WelcomeView, uris: bytes) -> bool:
    """Drags over and lets go; returns whether the drag was welcome."""
    mime = QMimeData()
    mime.setData("text/uri-list", uris)
    enter = QDragEnterEvent(
        QPoint(5, 5),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    enter.ignore()
    QApplication.sendEvent(view, enter)
    if not enter.isAccepted():
        return False
    let_go = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(view, let_go)
    return True


def test_folders_dropped_are_all_chosen_with_their_exact_bytes(view: WelcomeView) -> None:
    chosen: list[bytes] = []
    view.folder_chosen.connect(chosen.append)
    assert drop(view, b"file:///photos/2004\r\nfile:///photos/caf%E9\r\n")
    assert chosen == [b"/photos/2004", b"/photos/caf\xe9"]


def test_what_is_not_on_this_computer_is_not_welcome(view: WelcomeView) -> None:
    chosen: list[bytes] = []
    view.folder_chosen.connect(chosen.append)
    assert not drop(view, b"https://example.org/photos\r\n")
    assert chosen == []


def test_the_pictures_folder_is_one_click_away(qtbot: QtBot, view: WelcomeView) -> None:
    button = next(each for each in view.findChildren(QPushButton) if "Pictures" in each.text())
    with qtbot.waitSignal(view.folder_chosen) as chosen:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert chosen.args == [b"/home/ada/Pictures"]


def test_without_a_pictures_folder_nothing_is_suggested(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(welcome, "pictures_folder", lambda: None)
    view = WelcomeView()
    qtbot.addWidget(view)
    view.show()
    shown = [each.text() for each in view.findChildren(QPushButton) if each.isVisible()]
    assert shown == ["Choose a folder…"]


def test_the_action_opens_a_folder_dialog(qtbot: QtBot, view: WelcomeView, tmp_path: Path) -> None:
    view.setFocus()
    focused = view.focusWidget()
    assert isinstance(focused, QPushButton)
    assert focused.text() == "Choose a folder…"
    qtbot.keyClick(focused, Qt.Key.Key_Space)
    dialog = view.findChild(QFileDialog)
    assert dialog is not None
    assert dialog.fileMode() == QFileDialog.FileMode.Directory
    folder = tmp_path / "été 2004"
    folder.mkdir()
    with qtbot.waitSignal(view.folder_chosen) as chosen:
        editor = dialog.findChild(QLineEdit)
        assert isinstance(editor, QLineEdit)
        editor.setText(str(folder))
        dialog.findChild(QDialogButtonBox).buttons()[0].click()
    assert chosen.args == [str(folder).encode()]


def test_privacy_is_said_in_one_sentence(view: WelcomeView) -> None:
    assert "Everything stays on this computer." in [each.text() for each in view.findChildren(QLabel)]


def test_the_one_action_answers_to_return(qtbot: QtBot, view: WelcomeView) -> None:
    button = view.focusProxy()
    assert isinstance(button, QPushButton)
    button.clicked.disconnect()
    with qtbot.waitSignal(button.clicked):
        qtbot.keyClick(button, Qt.Key.Key_Return)
