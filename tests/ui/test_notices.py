"""Notices: one line for each kind, closed by hand or taken back."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from lookalike.library.events import NoticeKind, NoticeRaised
from lookalike.ui.notices import NoticeBar


@pytest.fixture
def bar(qtbot: QtBot) -> NoticeBar:
    bar = NoticeBar()
    qtbot.addWidget(bar)
    return bar


def test_it_takes_no_room_without_a_notice(bar: NoticeBar) -> None:
    assert not bar.isVisible()
    bar.show_notice(NoticeKind.DISK_FULL, "The disk is full.")
    assert bar.isVisible()
    bar.clear(NoticeKind.DISK_FULL)
    assert not bar.isVisible()


def test_a_newer_sentence_replaces_the_one_of_its_kind(bar: NoticeBar) -> None:
    bar.show_notice(NoticeKind.DISK_FULL, "The disk is full.")
    bar.show_notice(NoticeKind.WATCH_LIMIT, "No more folders can be watched.")
    bar.show_notice(NoticeKind.DISK_FULL, "The disk is nearly full.")
    assert bar.text(NoticeKind.DISK_FULL) == "The disk is nearly full."
    assert bar.text(NoticeKind.WATCH_LIMIT) == "No more folders can be watched."
    assert len(bar.findChildren(QToolButton)) == 2


def test_an_empty_sentence_takes_the_notice_back(bar: NoticeBar) -> None:
    bar.take(NoticeRaised(NoticeKind.MODEL, "The model was changed."))
    bar.take(NoticeRaised(NoticeKind.MODEL, ""))
    assert bar.text(NoticeKind.MODEL) == ""
    assert not bar.isVisible()


def test_what_the_user_closed_stays_closed_until_it_changes(qtbot: QtBot, bar: NoticeBar) -> None:
    bar.show_notice(NoticeKind.DISK_FULL, "The disk is full.")
    with qtbot.waitSignal(bar.dismissed) as dismissed:
        qtbot.mouseClick(bar.findChild(QToolButton), Qt.MouseButton.LeftButton)
    assert dismissed.args == [NoticeKind.DISK_FULL]
    bar.show_notice(NoticeKind.DISK_FULL, "The disk is full.")
    assert not bar.isVisible()
    bar.show_notice(NoticeKind.DISK_FULL, "The disk is still full: indexing waits.")
    assert bar.text(NoticeKind.DISK_FULL) == "The disk is still full: indexing waits."


def test_a_notice_taken_back_in_between_comes_again(bar: NoticeBar) -> None:
    bar.show_notice(NoticeKind.DISK_FULL, "The disk is full.")
    bar.dismiss(NoticeKind.DISK_FULL)
    bar.clear(NoticeKind.DISK_FULL)
    bar.show_notice(NoticeKind.DISK_FULL, "The disk is full.")
    assert bar.isVisible()
