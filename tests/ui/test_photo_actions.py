"""What the context menu of photos offers and does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget
from pytestqt.qtbot import QtBot

from lookalike.core.errors import InputError
from lookalike.core.records import Photo
from lookalike.ui.bridge import Bridge
from lookalike.ui.desktop_services import DesktopServices
from lookalike.ui.photo_actions import PhotoActions
from tests.ui.fakes import FakeReport
from tests.ui.fakes_views import ViewsLibrary


@pytest.fixture
def library() -> Iterator[ViewsLibrary]:
    library = ViewsLibrary()
    yield library
    library.close()


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    return window


@pytest.fixture
def actions(library: ViewsLibrary, bridge: Bridge, window: QWidget) -> PhotoActions:
    return PhotoActions(library, bridge, window)  # type: ignore[arg-type]


def titles(menu: QMenu) -> list[str]:
    return [each.text().replace("&", "") for each in menu.actions() if not each.isSeparator()]


def entry(menu: QMenu, title: str) -> QAction:
    return next(each for each in menu.actions() if each.text().replace("&", "") == title)


def test_one_photo_has_every_action(actions: PhotoActions, library: ViewsLibrary) -> None:
    assert titles(actions.menu_for([library.photo(1)])) == [
        "Open",
        "Find similar",
        "Open with the default viewer",
        "Show in the file manager",
        "Copy the path",
        "Move to a folder…",
        "Copy to a folder…",
    ]


def test_many_photos_have_what_makes_sense_for_many(actions: PhotoActions, library: ViewsLibrary) -> None:
    menu = actions.menu_for([library.photo(1), library.photo(2)])
    assert "Open" not in titles(menu)
    assert "Find similar" not in titles(menu)
    assert "Copy the paths" in titles(menu)


def test_no_photo_can_have_nothing_done(actions: PhotoActions) -> None:
    assert [
        each for each in actions.menu_for([]).actions() if each.isEnabled() and not each.isSeparator()
    ] == []


def test_a_missing_photo_cannot_be_opened_or_moved(actions: PhotoActions, library: ViewsLibrary) -> None:
    menu = actions.menu_for([replace(library.photo(1), is_missing=True)])
    for title in ("Open with the default viewer", "Move to a folder…", "Copy to a folder…"):
        assert not entry(menu, title).isEnabled()
    assert entry(menu, "Find similar").isEnabled()


def test_open_and_find_similar_are_asked_of_the_window(
    qtbot: QtBot, actions: PhotoActions, library: ViewsLibrary
) -> None:
    menu = actions.menu_for([library.photo(3)])
    with qtbot.waitSignal(actions.open_requested) as opened:
        entry(menu, "Open").trigger()
    with qtbot.waitSignal(actions.find_similar_requested) as asked:
        entry(menu, "Find similar").trigger()
    assert (opened.args, asked.args) == ([3], [3])


def test_paths_are_copied_and_a_name_that_is_no_text_goes_as_an_address(
    actions: PhotoActions, library: ViewsLibrary
) -> None:
    strange = replace(library.photo(1), path=b"/photos/caf\xe9.jpg")
    plain = replace(library.photo(2), path="/photos/été.jpg".encode())
    entry(actions.menu_for([plain, strange]), "Copy the paths").trigger()
    assert QGuiApplication.clipboard().text() == "/photos/été.jpg\nfile:///photos/caf%E9.jpg"


def test_the_viewer_gets_each_photo_that_is_there(
    actions: PhotoActions, library: ViewsLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[bytes] = []
    monkeypatch.setattr(DesktopServices, "open_in_viewer", lambda _, path: opened.append(path))
    photos = [library.photo(1), replace(library.photo(2), is_missing=True), library.photo(3)]
    entry(actions.menu_for(photos), "Open with the default viewer").trigger()
    assert opened == [library.photo(1).path, library.photo(3).path]


def test_the_file_manager_gets_all_paths_at_once(
    actions: PhotoActions, library: ViewsLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[list[bytes]] = []
    monkeypatch.setattr(DesktopServices, "show_in_file_manager", lambda _, paths: shown.append(paths))
    entry(actions.menu_for([library.photo(1), library.photo(2)]), "Show in the file manager").trigger()
    assert shown == [[library.photo(1).path, library.photo(2).path]]


def report_of(qtbot: QtBot, actions: PhotoActions, photos: list[Photo], *, is_move: bool) -> str:
    work = actions.move_photos if is_move else actions.copy_photos
    with qtbot.waitSignal(actions.reported) as reported:
        work(b"/photos/Best of 2004", photos=photos)
    sentence = reported.args[0]
    assert isinstance(sentence, str)
    return sentence


def test_a_move_is_reported_in_one_sentence(
    qtbot: QtBot, actions: PhotoActions, library: ViewsLibrary
) -> None:
    photos = [library.photo(1), library.photo(2)]
    library.report = FakeReport(2)
    assert report_of(qtbot, actions, photos, is_move=True) == "2 photos were moved to “Best of 2004”."
    assert library.called("move_photos") == [((1, 2), b"/photos/Best of 2004")]


def test_a_copy_of_one_is_singular(qtbot: QtBot, actions: PhotoActions, library: ViewsLibrary) -> None:
    assert (
        report_of(qtbot, actions, [library.photo(1)], is_move=False)
        == "1 photo was copied to “Best of 2004”."
    )


def test_what_did_not_work_is_said(qtbot: QtBot, actions: PhotoActions, library: ViewsLibrary) -> None:
    problem = "“a.jpg” could not be moved: permission denied."
    library.report = FakeReport(0, (problem,))
    assert report_of(qtbot, actions, [library.photo(1)], is_move=True) == f"No photo was moved. {problem}"
    library.report = FakeReport(1, (problem, "“b.jpg” is gone."))
    sentence = report_of(qtbot, actions, [library.photo(1)], is_move=True)
    assert sentence == (
        f"1 photo was moved to “Best of 2004”. 2 photos could not be done; the first reason: {problem}"
    )


def test_a_folder_that_cannot_be_used_is_said(
    qtbot: QtBot, actions: PhotoActions, library: ViewsLibrary
) -> None:
    library.transfer_error = InputError("“Best of 2004” is not a folder.")
    sentence = report_of(qtbot, actions, [library.photo(1)], is_move=True)
    assert sentence == "“Best of 2004” is not a folder."


def test_moving_asks_where_to(actions: PhotoActions, library: ViewsLibrary, window: QWidget) -> None:
    entry(actions.menu_for([library.photo(1)]), "Move to a folder…").trigger()
    dialog = window.findChild(QFileDialog)
    assert dialog is not None
    assert dialog.windowTitle() == "Move to a folder"
    dialog.reject()
    assert library.called("move_photos") == []
