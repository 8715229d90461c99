"""Settings: what is shown, what a change does, and what removing a folder says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton, QRadioButton
from pytestqt.qtbot import QtBot

from lookalike.config.settings import Appearance, Effort, Metric, Settings
from lookalike.core.records import FolderState, WatchedFolder
from lookalike.ui import theme
from lookalike.ui.bridge import Bridge
from lookalike.ui.settings_folders import removal_question
from lookalike.ui.settings_page import SettingsPage
from lookalike.ui.settings_widgets import RadioColumn
from tests.ui.fakes_views import ViewsLibrary


@pytest.fixture
def library() -> Iterator[ViewsLibrary]:
    library = ViewsLibrary()
    library.change_settings(Settings(exclude=("*.tmp",), least_side_px=96, rescan_minutes=20))
    yield library
    library.close()


@pytest.fixture
def page(qtbot: QtBot, library: ViewsLibrary, bridge: Bridge) -> SettingsPage:
    page = SettingsPage(library, bridge)  # type: ignore[arg-type]
    qtbot.addWidget(page)
    page.show()
    return page


def rows(page: SettingsPage) -> list[str]:
    items = page.folders_page.folder_list
    return [items.item(row).text() for row in range(items.count())]


def test_it_shows_what_is_set(page: SettingsPage) -> None:
    assert page.folders_page.patterns.toPlainText() == "*.tmp"
    assert page.folders_page.least_side.value() == 96
    assert page.indexing_page.rescan.value() == 20
    assert page.search_page.measure.currentData() is Metric.COSINE
    assert page.storage_page.limit.value() == 2000


def test_opening_and_closing_changes_nothing(page: SettingsPage, library: ViewsLibrary) -> None:
    before = library.settings()
    page.reject()
    assert library.settings() == before
    assert len(library.called("change_settings")) == 1


def test_patterns_are_taken_one_from_each_line_without_blanks(
    qtbot: QtBot, page: SettingsPage, library: ViewsLibrary
) -> None:
    page.folders_page.patterns.setPlainText("  Cache/** \n\n*.part\n")
    qtbot.waitUntil(lambda: library.settings().exclude == ("Cache/**", "*.part"))


def test_what_is_still_being_typed_is_taken_on_closing(page: SettingsPage, library: ViewsLibrary) -> None:
    page.folders_page.patterns.setPlainText("Exports")
    page.indexing_page.rescan.setValue(45)
    page.reject()
    assert library.settings().exclude == ("Exports",)
    assert library.settings().rescan_minutes == 45


def test_effort_is_in_force_with_the_click(qtbot: QtBot, page: SettingsPage, library: ViewsLibrary) -> None:
    page.show_page(page.indexing_page)
    column = page.indexing_page.findChild(RadioColumn)
    assert column is not None
    with qtbot.waitSignal(page.settings_changed):
        column.button(Effort.GENTLE).click()
    assert library.settings() == replace(library.settings(), effort=Effort.GENTLE)


def test_the_measure_can_be_chosen_by_keyboard(
    qtbot: QtBot, page: SettingsPage, library: ViewsLibrary
) -> None:
    page.show_page(page.search_page)
    qtbot.keyClick(page.search_page.measure, Qt.Key.Key_Down)
    assert library.settings().metric is Metric.EUCLIDEAN


def test_dark_dresses_the_window_at_once(
    qapp: QApplication, page: SettingsPage, library: ViewsLibrary
) -> None:
    column = page.appearance_page.findChild(RadioColumn)
    assert column is not None
    column.button(Appearance.DARK).click()
    assert theme.is_dark(qapp.palette())
    column.button(Appearance.LIGHT).click()
    assert not theme.is_dark(qapp.palette())
    assert library.settings().appearance is Appearance.LIGHT
    qapp.setStyleSheet("")


def test_settings_that_cannot_be_kept_are_said_and_shown_as_they_were(
    page: SettingsPage, library: ViewsLibrary
) -> None:
    library.settings_error = OSError(28, "No space left on device")
    column = page.indexing_page.findChild(RadioColumn)
    assert column is not None
    column.button(Effort.FULL).click()
    assert "could not be kept" in page._problem.text()
    assert column.button(Effort.BALANCED).isChecked()


def test_the_model_in_use_is_named(qtbot: QtBot, page: SettingsPage) -> None:
    qtbot.waitUntil(lambda: page.search_page.model_text() == "resnet18-look-1")


def test_another_model_can_be_chosen(qtbot: QtBot, page: SettingsPage, library: ViewsLibrary) -> None:
    models = page.search_page.models
    qtbot.waitUntil(lambda: models.findData("resnet50-own") > 0)
    assert models.currentData() == ""
    page.show_page(page.search_page)
    qtbot.keyClick(models, Qt.Key.Key_End)
    assert library.settings().model == "resnet50-own"


def test_emptying_the_cache_says_what_it_freed(qtbot: QtBot, page: SettingsPage) -> None:
    storage = page.storage_page
    qtbot.waitUntil(lambda: storage.used_text() == "412.0 MB")
    storage.clear_button.click()
    qtbot.waitUntil(lambda: storage.used_text() == "0 bytes")
    assert storage.outcome_text() == "412.0 MB freed."
    assert storage.clear_button.isEnabled()


def test_the_cache_limit_is_taken_in_megabytes(page: SettingsPage, library: ViewsLibrary) -> None:
    page.storage_page.limit.setValue(500)
    page.storage_page.finish()
    assert library.settings().cache_limit_bytes == 500_000_000


def test_folders_are_listed_with_count_and_state(
    qtbot: QtBot, page: SettingsPage, library: ViewsLibrary
) -> None:
    reason = "The drive is not connected."
    library.set_folders(
        (
            WatchedFolder(1, b"/photos/new", FolderState.SCANNING, 1),
            WatchedFolder(2, b"/photos/caf\xe9", FolderState.OFFLINE, 12345, reason),
        )
    )
    qtbot.waitUntil(lambda: rows(page)[0].startswith("/photos/new"))
    assert rows(page)[0].splitlines() == ["/photos/new", "1 photo  ·  scanning"]
    assert rows(page)[1].startswith("/photos/caf\ufffd\n")
    assert rows(page)[1].endswith(f"offline  ·  {reason}")


def test_a_folder_that_cannot_be_added_says_why(
    qtbot: QtBot, page: SettingsPage, library: ViewsLibrary
) -> None:
    page.folders_page.add(b"/photos/missing")
    qtbot.waitUntil(lambda: page._problem.text() == "There is no folder “/photos/missing”.")
    page.folders_page.add(b"/photos/more")
    qtbot.waitUntil(lambda: any(row.startswith("/photos/more") for row in rows(page)))
    assert page._problem.text() == ""


def answer(page: SettingsPage, label: str) -> QMessageBox:
    box = page.folders_page.findChild(QMessageBox)
    assert box is not None
    next(each for each in box.findChildren(QPushButton) if each.text() == label).click()
    return box


def test_removing_asks_first_and_then_forgets(
    qtbot: QtBot, page: SettingsPage, library: ViewsLibrary
) -> None:
    folders = page.folders_page
    assert not folders.remove_button.isEnabled()
    folders.folder_list.setCurrentRow(1)
    folders.remove_button.click()
    answer(page, "Cancel")
    assert library.called("remove_folder") == []
    folders.remove_button.click()
    qtbot.waitUntil(lambda: len(folders.findChildren(QMessageBox)) == 1)
    answer(page, "Remove")
    qtbot.waitUntil(lambda: len(rows(page)) == 1)
    assert library.called("remove_folder") == [(2,)]


def test_the_question_says_exactly_what_is_forgotten(qtbot: QtBot) -> None:
    folder = WatchedFolder(1, b"/home/ada/Pictures", FolderState.ONLINE, 830)
    box = removal_question(folder, None)
    qtbot.addWidget(box)
    assert box.text() == "Stop watching “Pictures”?"
    assert box.informativeText() == (
        "Lookalike forgets 830 photos and what it learned about them. Your files stay where they are."
    )
    default = box.defaultButton()
    assert box.standardButton(default) == QMessageBox.StandardButton.Cancel
    one = removal_question(replace(folder, photos=1), None)
    qtbot.addWidget(one)
    assert one.informativeText().startswith("Lookalike forgets 1 photo and")


def test_every_page_is_reached_by_keyboard(qtbot: QtBot, page: SettingsPage) -> None:
    titles = []
    for _ in range(5):
        titles.append(page._navigation.currentItem().text())
        qtbot.keyClick(page._navigation, Qt.Key.Key_Down)
    assert titles == ["Folders", "Indexing", "Search", "Storage", "Appearance"]
    assert page._stack.currentIndex() == 4


def test_tab_goes_from_the_list_of_pages_to_the_first_choice(qtbot: QtBot, page: SettingsPage) -> None:
    page.activateWindow()
    page._navigation.setFocus()
    qtbot.waitUntil(page._navigation.hasFocus)
    for _ in range(4):
        qtbot.keyClick(page._navigation, Qt.Key.Key_Down)
    qtbot.keyClick(page._navigation, Qt.Key.Key_Tab)
    assert isinstance(page.focusWidget(), QRadioButton)
