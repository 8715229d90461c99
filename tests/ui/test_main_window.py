"""The whole window on a library in memory: what it shows in every state and what reaches the library."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QSize, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QMenu, QMessageBox
from pytestqt.qtbot import QtBot

from lookalike.core.errors import InputError, LookalikeError
from lookalike.core.listing import SortBy
from lookalike.core.records import FolderState, LookAlike, Progress
from lookalike.library.events import IndexingChanged, NoticeKind, NoticeRaised
from lookalike.ui import main_window
from lookalike.ui.bridge import Bridge
from lookalike.ui.main_window import MainWindow
from lookalike.ui.shortcuts import ShortcutsDialog
from tests.ui.fakes import FakeLibrary

Keys = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier
Make = Callable[..., tuple[MainWindow, FakeLibrary]]


@pytest.fixture
def make(qtbot: QtBot, tmp_path: Path) -> Iterator[Make]:
    """Opens the window on a library of so many photos in so many folders, and waits until they are listed."""
    made: list[tuple[MainWindow, FakeLibrary, Bridge]] = []
    (tmp_path / "config").mkdir()

    def make(count: int = 60, folders: int = 2) -> tuple[MainWindow, FakeLibrary]:
        library = FakeLibrary(count, folders, tmp_path)
        bridge = Bridge(library)  # type: ignore[arg-type]
        window = MainWindow(library, bridge)  # type: ignore[arg-type]
        qtbot.addWidget(window)
        made.append((window, library, bridge))
        window.resize(1200, 800)
        window.show()
        qtbot.waitExposed(window)
        if count:
            qtbot.waitUntil(lambda: window.parts.library.grid.grid_layout.count == count)
        return window, library

    yield make
    for window, library, bridge in made:
        library.gate.set()
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, (QMenu, QDialog)):
                widget.close()
        window.close()
        bridge.close()
        library.close()


def look_alikes(window: MainWindow) -> int:
    return window.parts.look_alikes.grid.grid_layout.count


def select(qtbot: QtBot, window: MainWindow, row: int) -> None:
    """Selects a photo and waits for its look-alikes."""
    window.parts.library.grid.setFocus()
    window.parts.library.grid.go_to(row)
    wanted = int(window.parts.library.grid.ids[row])
    qtbot.waitUntil(lambda: window.parts.look_alikes.query == wanted and look_alikes(window) > 0)


def test_without_a_folder_there_is_the_welcome(make: Make) -> None:
    window, _ = make(0)
    assert window.parts.is_welcome
    assert not window.window_actions.rescan.isEnabled()
    assert not window.window_actions.find_similar.isEnabled()


def test_a_folder_chosen_on_the_welcome_view_is_added_and_the_library_appears(
    qtbot: QtBot, make: Make
) -> None:
    window, library = make(0)
    window.parts.welcome.folder_chosen.emit(b"/home/ada/New \xff")
    qtbot.waitUntil(lambda: not window.parts.is_welcome)
    assert library.called("add_folder") == [(b"/home/ada/New \xff",)]
    qtbot.waitUntil(lambda: "is watched from now on" in window.toast.text())
    assert "New \N{REPLACEMENT CHARACTER}" in window.toast.text()


def test_a_folder_that_cannot_be_watched_is_told_in_a_sentence(qtbot: QtBot, make: Make) -> None:
    window, _ = make()
    window.add_folder(b"/missing")
    qtbot.waitUntil(window.toast.isVisible)
    assert window.toast.text() == "There is no folder “/missing”."


def test_dropped_folders_are_added_and_a_dropped_photo_is_looked_up(
    qtbot: QtBot, make: Make, tmp_path: Path
) -> None:
    window, library = make()
    folder = tmp_path / "Däten"
    folder.mkdir()
    photo = tmp_path / "a photo.jpg"
    photo.write_bytes(b"")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(folder)), QUrl.fromLocalFile(str(photo))])
    event = QDropEvent(
        QPoint(10, 10),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)
    qtbot.waitUntil(lambda: bool(library.called("add_folder")) and look_alikes(window) > 0)
    assert library.called("add_folder") == [(bytes(folder),)]
    assert window.parts.look_alikes.query == bytes(photo)


def test_selecting_a_photo_shows_its_look_alikes_best_first(qtbot: QtBot, make: Make) -> None:
    window, _ = make()
    select(qtbot, window, 18)
    cells = [window.parts.look_alikes.model.cell(row) for row in range(look_alikes(window))]
    scores = [cell.score or 0.0 for cell in cells]
    assert scores == sorted(scores, reverse=True)
    assert cells[0].name.startswith("harbour")
    assert all(cell.photo is not None and cell.photo.file_id != 19 for cell in cells)
    assert window.window_actions.find_similar.isEnabled()
    assert "1 selected" in window.parts.status.text()


def test_a_held_arrow_key_asks_only_where_it_stops(qtbot: QtBot, make: Make) -> None:
    window, library = make()
    window.parts.library.grid.setFocus()
    for row in range(20):
        window.parts.library.grid.go_to(row)
    qtbot.waitUntil(lambda: look_alikes(window) > 0)
    assert [call[0] for call in library.called("find_similar")] == [20]


def test_a_late_answer_to_an_earlier_photo_is_not_shown(qtbot: QtBot, make: Make) -> None:
    window, library = make()
    panel = window.parts.look_alikes
    answers: dict[int, Future[list[LookAlike]]] = {1: Future(), 2: Future()}
    for each in answers.values():
        each.set_running_or_notify_cancel()
    library.find_similar = lambda query, limit, threshold: answers[query]  # type: ignore[method-assign,assignment]
    window.parts.library.grid.go_to(0)
    qtbot.waitUntil(lambda: panel._request.is_waiting)
    window.parts.library.grid.go_to(1)
    qtbot.waitUntil(lambda: panel.query == 2 and not panel._settled.isActive())
    answers[2].set_result([LookAlike(library.photo(9), 0.9)])
    answers[1].set_result([LookAlike(library.photo(8), 0.9)])
    qtbot.waitUntil(lambda: look_alikes(window) == 1)
    qtbot.wait(50)
    photo = panel.model.photo_at(0)
    assert photo is not None
    assert photo.file_id == 9


def test_the_threshold_filters_at_once_without_asking_again(qtbot: QtBot, make: Make) -> None:
    window, library = make()
    select(qtbot, window, 0)
    panel = window.parts.look_alikes
    asked = len(library.called("find_similar"))
    all_shown = look_alikes(window)
    panel._slider.setValue(90)
    shown = look_alikes(window)
    assert 0 < shown < all_shown
    assert all((panel.model.cell(row).score or 0) >= 0.8949 for row in range(shown))
    assert panel._count.text() == f"{shown} of 59"
    panel._slider.setValue(100)
    assert panel._page.words() == "Nothing is 100% alike"
    panel._page.action_requested.emit()
    assert look_alikes(window) == 59
    assert len(library.called("find_similar")) == asked


def test_look_alikes_that_cannot_be_found_are_told_in_the_panel(qtbot: QtBot, make: Make) -> None:
    window, library = make()
    library.similar_error = InputError("This photo is not in the library any more.")
    window.parts.library.grid.go_to(0)
    panel = window.parts.look_alikes
    qtbot.waitUntil(lambda: panel._page.words() == "No look-alikes")
    assert panel._page._hint.text() == "This photo is not in the library any more."


def test_a_slow_answer_is_told_and_then_shown(qtbot: QtBot, make: Make) -> None:
    window, library = make()
    select(qtbot, window, 0)
    panel = window.parts.look_alikes
    library.gate.clear()
    window.parts.library.grid.go_to(1)
    qtbot.waitUntil(lambda: panel._stack.currentWidget() is panel._page and panel._page.words() == "Looking…")
    library.gate.set()
    qtbot.waitUntil(lambda: panel._stack.currentWidget() is panel.grid)


def test_look_alikes_and_listing_grow_while_photos_come_in(qtbot: QtBot, make: Make) -> None:
    window, library = make(20)
    select(qtbot, window, 0)
    assert look_alikes(window) == 19
    library.set_count(24)
    qtbot.waitUntil(lambda: window.parts.library.grid.grid_layout.count == 24)
    qtbot.waitUntil(lambda: look_alikes(window) == 23)
    assert window.parts.library.grid.current_row() == 0


def test_search_order_and_folder_reach_the_catalog(qtbot: QtBot, make: Make) -> None:
    window, library = make()
    qtbot.keyClick(window, Keys.Key_F, CTRL)
    search = window.parts.library.toolbar.search
    assert search.hasFocus()
    qtbot.keyClicks(search, "castle")
    grid = window.parts.library.grid
    qtbot.waitUntil(lambda: grid.grid_layout.count == 10)
    assert len(library.called("listing")) == 2, "one listing for a whole word"
    assert grid.grid_layout.has_headers
    qtbot.keyClick(window, Keys.Key_7, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: not grid.grid_layout.has_headers)
    assert window.parts.library.query.sort is SortBy.SIZE
    assert window.parts.library.toolbar.order() == (SortBy.SIZE, True)
    window.parts.folders.choose(2)
    qtbot.waitUntil(lambda: window.parts.library.query.folder_id == 2)
    assert window.parts.library.query.text == "castle"


def test_a_search_without_results_says_so_and_can_be_cleared(qtbot: QtBot, make: Make) -> None:
    window, _ = make()
    view = window.parts.library
    view.toolbar.search.setText("zebra")
    qtbot.waitUntil(lambda: view.state_words == "No photo has “zebra” in its name or folder")
    view._page.action_requested.emit()
    qtbot.waitUntil(lambda: view.grid.grid_layout.count == 60 and not view.state_words)


def test_an_empty_library_tells_whether_photos_may_still_come(qtbot: QtBot, make: Make) -> None:
    window, library = make(0)
    library.set_indexing(IndexingChanged(Progress(0, 0), False, True, 0, 0))
    window.add_folder(b"/home/ada/Pictures")
    qtbot.waitUntil(lambda: window.parts.library.state_words == "Looking for photos…")
    library.set_indexing(IndexingChanged(Progress(0, 0), False, False, 0, 0))
    qtbot.waitUntil(lambda: window.parts.library.state_words == "There are no photos here")


def test_a_listing_that_fails_can_be_tried_again(qtbot: QtBot, make: Make) -> None:
    window, library = make()
    library.listing_error = LookalikeError("The catalog is busy.")
    window.parts.library.toolbar.set_order((SortBy.NAME, False))
    qtbot.waitUntil(lambda: window.parts.library.state_words == "The photos could not be listed")
    library.listing_error = None
    window.parts.library._page.action_requested.emit()
    qtbot.waitUntil(lambda: not window.parts.library.state_words)


def test_offline_folders_are_told_and_their_photos_stay(qtbot: QtBot, make: Make) -> None:
    window, library = make()
    first, second = library.folders()
    library.set_folders((first, dataclasses.replace(second, state=FolderState.OFFLINE, reason="Unplugged.")))
    qtbot.waitUntil(lambda: "“Camera” is offline" in window.parts.status.text())
    assert window.parts.library.grid.grid_layout.count == 60
    index = window.parts.folders.view.model().index(2, 0)
    assert "Unplugged." in index.data(Qt.ItemDataRole.ToolTipRole)
    assert "offline" in index.data(Qt.ItemDataRole.AccessibleTextRole)


def test_folder_counts_change_without_losing_the_chosen_folder(qtbot: QtBot, make: Make) -> None:
    window, library = make()
    window.parts.folders.choose(2)
    first, second = library.folders()
    library.set_folders((first, dataclasses.replace(second, photos=77, state=FolderState.SCANNING)))
    index = window.parts.folders.view.model().index(2, 0)
    qtbot.waitUntil(lambda: index.data(Qt.ItemDataRole.StatusTipRole) == "77")
    assert window.parts.folders.selected() == 2


def test_a_folder_that_is_removed_gives_way_to_all_photos(qtbot: QtBot, make: Make) -> None:
    window, library = make()
    window.parts.folders.choose(2)
    qtbot.waitUntil(lambda: window.parts.library.query.folder_id == 2)
    window.parts.folders.remove_requested.emit(2)
    questions = [each for each in QApplication.topLevelWidgets() if isinstance(each, QMessageBox)]
    assert len(questions) == 1
    assert library.called("remove_folder") == []
    accept = [
        each
        for each in questions[0].buttons()
        if questions[0].buttonRole(each) == QMessageBox.ButtonRole.AcceptRole
    ]
    accept[0].click()
    qtbot.waitUntil(lambda: window.parts.library.query.folder_id is None)
    assert library.called("remove_folder") == [(2,)]
    assert window.parts.folders.selected() is None
    qtbot.waitUntil(lambda: "was removed from the library" in window.toast.text())


def test_indexing_is_told_with_rate_and_time_left_and_can_be_paused(qtbot: QtBot, make: Make) -> None:
    window, library = make()
    bar = window.parts.indexing
    library.set_indexing(IndexingChanged(Progress(1234, 5000, 11.8, 310.0), False, True, 2, 1234))
    qtbot.waitUntil(lambda: "of 5000" in bar.words())
    assert bar.words() == "1234 of 5000  ·  12 photos per second  ·  about 5 minutes left"
    assert bar._skipped.text() == "2 skipped"
    bar._pause.click()
    qtbot.waitUntil(lambda: bar.is_paused)
    assert library.called("pause") == [()]
    assert window.window_actions.pause.isChecked()
    window.window_actions.pause.trigger()
    qtbot.waitUntil(lambda: not bar.is_paused)
    assert library.called("resume") == [()]
    library.set_indexing(IndexingChanged(Progress(5000, 5000), False, False, 0, 5000))
    qtbot.waitUntil(lambda: bar.words() == "")
    assert not bar._pause.isVisible()
    assert not bar._skipped.isVisible()


def test_notices_come_and_go(qtbot: QtBot, make: Make) -> None:
    window, library = make()
    library.events.send(NoticeRaised(NoticeKind.DISK_FULL, "The disk is full."))
    qtbot.waitUntil(window.parts.notices.isVisible)
    library.events.send(NoticeRaised(NoticeKind.DISK_FULL, ""))
    qtbot.waitUntil(lambda: not window.parts.notices.isVisible())


def test_a_photo_opens_large_and_the_way_back_stands_on_the_one_seen_last(qtbot: QtBot, make: Make) -> None:
    window, _ = make()
    select(qtbot, window, 3)
    qtbot.keyClick(window.parts.library.grid, Keys.Key_Return)
    assert window.parts.is_large
    assert window.selected_files().tolist() == [4]
    assert not window.window_actions.larger.isEnabled(), "the large view has this key"
    qtbot.keyClick(window.parts.large.canvas, Keys.Key_Right)
    qtbot.keyClick(window.parts.large.canvas, Keys.Key_Right)
    qtbot.keyClick(window.parts.large.canvas, Keys.Key_Escape)
    assert not window.parts.is_large
    assert window.parts.library.grid.current_row() == 5
    assert window.parts.library.grid.hasFocus()


def test_a_look_alike_opens_large_among_the_look_alikes(qtbot: QtBot, make: Make) -> None:
    window, _ = make()
    select(qtbot, window, 3)
    grid = window.parts.look_alikes.grid
    grid.setFocus()
    grid.go_to(1)
    wanted = int(grid.ids[1])
    qtbot.keyClick(grid, Keys.Key_Return)
    assert window.parts.large.current == wanted
    qtbot.keyClick(window.parts.large.canvas, Keys.Key_Escape)
    assert grid.hasFocus()
    assert window.parts.look_alikes.query == 4


def test_find_similar_of_a_look_alike_makes_it_the_query_photo(qtbot: QtBot, make: Make) -> None:
    window, _ = make()
    select(qtbot, window, 3)
    grid = window.parts.look_alikes.grid
    grid.setFocus()
    grid.go_to(0)
    wanted = int(grid.ids[0])
    qtbot.keyClick(window, Keys.Key_L, CTRL)
    qtbot.waitUntil(lambda: window.parts.look_alikes.query == wanted)


def test_the_context_menu_is_for_all_selected_photos(qtbot: QtBot, make: Make) -> None:
    window, library = make()
    grid = window.parts.library.grid
    select(qtbot, window, 0)
    qtbot.keyClick(grid, Keys.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    grid.menu_requested.emit(grid.mapToGlobal(QPoint(50, 50)))
    qtbot.waitUntil(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    words = [each.text().replace("&", "") for each in menu.actions() if not each.isSeparator()]
    assert "Copy the paths" in words
    assert (1, 2) in [ids for (ids,) in library.called("photos")]
    menu.close()


def test_copy_takes_the_paths_of_the_selection(qtbot: QtBot, make: Make) -> None:
    window, library = make()
    select(qtbot, window, 1)
    QGuiApplication.clipboard().clear()
    qtbot.keyClick(window, Keys.Key_C, CTRL)
    expected = library.photo(2).path.decode()
    qtbot.waitUntil(lambda: QGuiApplication.clipboard().text() == expected)


def test_keys_select_all_and_none_and_change_the_size(qtbot: QtBot, make: Make) -> None:
    window, _ = make()
    window.parts.library.grid.setFocus()
    qtbot.keyClick(window, Keys.Key_A, CTRL)
    assert window.parts.library.grid.selected_count() == 60
    assert "60 selected" in window.parts.status.text()
    qtbot.keyClick(window, Keys.Key_A, CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert window.parts.library.grid.selected_count() == 0
    before = window.parts.library.grid.grid_layout.columns
    for _ in range(5):
        qtbot.keyClick(window, Keys.Key_Minus, CTRL)
    assert window.parts.library.grid.grid_layout.columns > before
    qtbot.keyClick(window, Keys.Key_0, CTRL)
    assert window.parts.library.toolbar.thumbnail_px == 160


def test_the_whole_window_can_be_walked_with_tab(qtbot: QtBot, make: Make) -> None:
    window, _ = make()
    select(qtbot, window, 0)
    parts = window.parts
    wanted = {
        parts.folders.view,
        parts.library.toolbar.search,
        parts.library.grid,
        parts.look_alikes._slider,
        parts.look_alikes.grid,
    }
    reached = set()
    for _ in range(30):
        focus = QApplication.focusWidget()
        assert focus is not None
        reached.add(focus)
        qtbot.keyClick(focus, Keys.Key_Tab)
    assert wanted <= reached


def test_every_action_has_words_and_no_two_share_a_shortcut(make: Make) -> None:
    window, _ = make()
    actions = [each for menu in window.menuBar().findChildren(QMenu) for each in menu.actions()]
    seen: dict[str, str] = {}
    for action in actions:
        if action.isSeparator() or action.menu() is not None:
            continue
        assert action.text()
        for shortcut in action.shortcuts():
            assert shortcut.toString() not in seen, (action.text(), seen.get(shortcut.toString()))
            seen[shortcut.toString()] = action.text()
    assert len(seen) > 25


def test_what_can_be_focused_has_an_accessible_name(make: Make) -> None:
    window, _ = make()
    parts = window.parts
    for widget in (
        parts.folders.view,
        parts.library.toolbar.search,
        parts.library.toolbar._order,
        parts.library.toolbar._size,
        parts.library.grid,
        parts.look_alikes._slider,
        parts.look_alikes.grid,
        parts.indexing._pause,
    ):
        assert widget.accessibleName()


def test_dialogs_open_once(qtbot: QtBot, make: Make) -> None:
    window, _ = make()
    for action in (
        window.window_actions.settings,
        window.window_actions.skipped,
        window.window_actions.about,
    ):
        action.trigger()
        action.trigger()
        dialogs = [
            each for each in QApplication.topLevelWidgets() if isinstance(each, QDialog) and each.isVisible()
        ]
        assert len(dialogs) == 1
        dialogs[0].reject()
        assert not dialogs[0].isVisible()


def test_the_window_comes_back_as_it_was(qtbot: QtBot, make: Make) -> None:
    window, _ = make()
    window.window_actions.show_folders.setChecked(False)
    window.parts.splitter.setSizes([0, 500, 690])
    sizes = window.parts.splitter.sizes()
    window.close()
    again, library = make()
    assert not again.parts.folders.isVisible()
    assert again.parts.splitter.sizes() == pytest.approx(sizes, abs=2)
    state = library.profile.config / "window.json"
    assert state.stat().st_mode & 0o777 == 0o600


def test_a_state_file_that_cannot_be_read_is_forgotten(make: Make, tmp_path: Path) -> None:
    window, _ = make()
    window.close()
    (tmp_path / "config" / "window.json").write_text("[1, 2")
    again, _ = make()
    assert again.parts.folders.isVisible()


def test_settings_changed_in_passing_are_kept(make: Make) -> None:
    window, library = make()
    window.parts.look_alikes._slider.setValue(73)
    window.parts.library.toolbar.set_thumbnail_px(200)
    kept = window.settings_to_keep()
    assert (kept.threshold, kept.thumbnail_px) == (0.73, 200)
    assert dataclasses.replace(kept, threshold=0.5, thumbnail_px=160) == library.settings()


def test_a_click_on_the_current_photo_leads_back_to_its_look_alikes(qtbot: QtBot, make: Make) -> None:
    window, _ = make()
    select(qtbot, window, 3)
    window.find_similar(int(window.parts.look_alikes.grid.ids[0]))
    qtbot.waitUntil(lambda: window.parts.look_alikes.query != 4)
    grid = window.parts.library.grid
    place = grid.visualRect(grid.currentIndex()).center()
    qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert window.parts.look_alikes.query == 4


def test_the_search_is_left_downwards_and_emptied_by_escape(qtbot: QtBot, make: Make) -> None:
    window, library = make()
    search = window.parts.library.toolbar.search
    qtbot.keyClick(window, Keys.Key_F, CTRL)
    qtbot.keyClicks(search, "harbour")
    qtbot.keyClick(search, Keys.Key_Return)
    assert library.called("listing")[-1][0].text == "harbour", "not only after the pause in typing"  # type: ignore[attr-defined]
    assert window.parts.library.grid.hasFocus()
    qtbot.keyClick(window, Keys.Key_F, CTRL)
    qtbot.keyClick(search, Keys.Key_Escape)
    assert search.text() == ""
    assert search.hasFocus()
    qtbot.keyClick(search, Keys.Key_Down)
    assert window.parts.library.grid.hasFocus()


def test_in_no_menu_two_entries_share_a_letter(make: Make) -> None:
    window, library = make()
    bar = window.menuBar()
    menus = {each.title(): each.actions() for each in bar.findChildren(QMenu)}
    menus["the menu bar"] = bar.actions()
    menus["one photo"] = window.photo_actions.menu_for([library.photo(1)]).actions()
    menus["two photos"] = window.photo_actions.menu_for([library.photo(1), library.photo(2)]).actions()
    for title, actions in menus.items():
        letters = [action.text().split("&")[1][0].lower() for action in actions if "&" in action.text()]
        assert len(letters) == len(set(letters)), (title, sorted(letters))


def test_no_letter_of_the_menu_bar_is_taken_by_a_label(make: Make) -> None:
    window, _ = make()
    taken = {action.text().split("&")[1][0].lower() for action in window.menuBar().actions()}
    for label in window.findChildren(QLabel):
        if label.buddy() is not None and "&" in label.text():
            assert label.text().split("&")[1][0].lower() not in taken, label.text()


@pytest.mark.parametrize("key", [Keys.Key_Q, Keys.Key_W])
def test_ctrl_q_and_ctrl_w_close_the_window(qtbot: QtBot, make: Make, key: Qt.Key) -> None:
    window, _ = make()
    with qtbot.waitSignal(window.closed):
        qtbot.keyClick(window, key, CTRL)


def test_f1_lists_every_shortcut(qtbot: QtBot, make: Make) -> None:
    window, _ = make()
    qtbot.keyClick(window, Keys.Key_F1)
    dialogs = [each for each in QApplication.topLevelWidgets() if isinstance(each, ShortcutsDialog)]
    assert len(dialogs) == 1
    table = dialogs[0].table
    items = [[table.item(row, column) for column in (0, 1)] for row in range(table.rowCount())]
    rows = {words.text(): keys.text() for words, keys in items if words is not None and keys is not None}
    assert rows["Select all"] == "Ctrl+A"
    assert rows["Quit"] == "Ctrl+Q, Ctrl+W"
    assert rows["Zoom in"] == "+, =, Ctrl++, Ctrl+="
    assert rows["Newest first"] == "Alt+1"
    assert rows["Move over the photo"].count("Shift+") == 4
    assert not [words for words in rows if "&" in words]


def test_shift_f10_opens_the_menu_of_the_current_photo(qtbot: QtBot, make: Make) -> None:
    window, _ = make()
    select(qtbot, window, 3)
    grid = window.parts.library.grid
    with qtbot.waitSignal(grid.menu_requested) as asked:
        qtbot.keyClick(grid, Keys.Key_F10, Qt.KeyboardModifier.ShiftModifier)
    assert grid.visualRect(grid.currentIndex()).contains(grid.viewport().mapFromGlobal(asked.args[0]))
    qtbot.waitUntil(lambda: QApplication.activePopupWidget() is not None)


def test_in_a_narrow_window_search_and_folder_names_can_still_be_read(qtbot: QtBot, make: Make) -> None:
    window, _ = make()
    window.resize(800, 500)
    qtbot.waitUntil(lambda: window.width() == 800)
    toolbar = window.parts.library.toolbar
    assert toolbar.search.width() >= 100
    assert toolbar._size.geometry().right() < toolbar.width()
    assert window.parts.folders.width() >= 160


def test_at_first_the_window_fits_on_the_screen(
    monkeypatch: pytest.MonkeyPatch, make: Make, tmp_path: Path, qtbot: QtBot
) -> None:
    monkeypatch.setattr(main_window, "FIRST_SIZE", QSize(40_000, 30_000))
    library = FakeLibrary(0, 1, tmp_path)
    (tmp_path / "config").mkdir(exist_ok=True)
    bridge = Bridge(library)  # type: ignore[arg-type]
    window = MainWindow(library, bridge)  # type: ignore[arg-type]
    qtbot.addWidget(window)
    room = window.screen().availableGeometry()
    assert window.width() < room.width()
    assert window.height() < room.height()
    window.close()
    bridge.close()
    library.close()
