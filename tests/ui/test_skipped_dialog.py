"""The list of skipped files: reasons, copying, trying again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from lookalike.core.records import Skipped
from lookalike.ui.bridge import Bridge
from lookalike.ui.skipped_dialog import SkippedDialog
from tests.ui.fakes_views import ViewsLibrary

BROKEN = Skipped(b"/photos/2004/caf\xe9.jpg", "The file ends too early.")
SMALL = Skipped(b"/photos/icons/small.png", "It is smaller than the settings ask for.", can_retry=False)


@pytest.fixture
def library() -> Iterator[ViewsLibrary]:
    library = ViewsLibrary()
    library.set_skipped([SMALL, BROKEN])
    yield library
    library.close()


@pytest.fixture
def dialog(qtbot: QtBot, library: ViewsLibrary, bridge: Bridge) -> SkippedDialog:
    dialog = SkippedDialog(library, bridge)  # type: ignore[arg-type]
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.rows.rowCount() > 0 or "No file" in dialog.summary())
    return dialog


def shown(dialog: SkippedDialog) -> list[tuple[str, ...]]:
    model = dialog.table.model()
    return [
        tuple(str(model.index(row, column).data()) for column in range(model.columnCount()))
        for row in range(model.rowCount())
    ]


def test_every_file_has_its_folder_and_its_reason(dialog: SkippedDialog) -> None:
    assert shown(dialog) == [
        ("caf\ufffd.jpg", "/photos/2004", "The file ends too early."),
        ("small.png", "/photos/icons", "It is smaller than the settings ask for."),
    ]
    assert dialog.summary() == "2 files are left out of the library, for the reasons given."


def test_a_click_on_a_title_sorts(dialog: SkippedDialog) -> None:
    dialog.table.sortByColumn(2, Qt.SortOrder.AscendingOrder)
    assert [row[0] for row in shown(dialog)] == ["small.png", "caf\ufffd.jpg"]


def test_the_list_can_be_copied_with_whole_paths(dialog: SkippedDialog) -> None:
    dialog.copy_button.click()
    assert QGuiApplication.clipboard().text().splitlines() == [
        "/photos/icons/small.png\tIt is smaller than the settings ask for.",
        "/photos/2004/caf\ufffd.jpg\tThe file ends too early.",
    ]


def test_trying_again_says_how_many(qtbot: QtBot, dialog: SkippedDialog, library: ViewsLibrary) -> None:
    dialog.retry_button.click()
    qtbot.waitUntil(lambda: dialog.summary() == "2 files will be read once more.")
    assert library.called("retry_skipped") == [()]


def test_the_list_follows_indexing(qtbot: QtBot, dialog: SkippedDialog, library: ViewsLibrary) -> None:
    library.set_skipped([SMALL])
    library.set_indexing(replace(library.indexing(), skipped=1))
    qtbot.waitUntil(lambda: [row[0] for row in shown(dialog)] == ["small.png"])
    assert not dialog.retry_button.isEnabled()
    assert dialog.copy_button.isEnabled()


def test_nothing_skipped_is_said(qtbot: QtBot, dialog: SkippedDialog, library: ViewsLibrary) -> None:
    library.set_skipped([])
    dialog.refresh()
    qtbot.waitUntil(lambda: dialog.summary() == "No file is skipped: every photo was read.")
    assert not dialog.copy_button.isEnabled()
