"""One photo large: what is shown when, walking along the listing, zoom, and what is said when it cannot be shown."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtWidgets import QApplication, QToolButton
from pytestqt.qtbot import QtBot

from lookalike.core.errors import PhotoUnreadableError
from lookalike.imaging.pool import DecoderDied
from lookalike.ui.bridge import Bridge
from lookalike.ui.large_view import LargeView
from tests.ui.fakes_views import ViewsLibrary, colour_of


@pytest.fixture
def library() -> Iterator[ViewsLibrary]:
    library = ViewsLibrary()
    yield library
    library.close()


@pytest.fixture
def view(qtbot: QtBot, bridge: Bridge) -> Iterator[LargeView]:
    view = LargeView(bridge)
    qtbot.addWidget(view)
    view.resize(900, 700)
    view.show()
    yield view
    view.hide()


IDS = np.arange(1, 21, dtype=np.int64)


def middle_colour(view: LargeView) -> tuple[int, int, int]:
    image = view.canvas.grab().toImage()
    colour = QColor(image.pixelColor(image.width() // 2, image.height() // 2))
    return (colour.red(), colour.green(), colour.blue())


def wait_for_large(qtbot: QtBot, view: LargeView, file_id: int) -> None:
    qtbot.waitUntil(lambda: middle_colour(view) == colour_of(file_id))


def test_the_photo_is_shown_with_its_facts(qtbot: QtBot, view: LargeView, library: ViewsLibrary) -> None:
    view.show_photo(IDS, 3)
    wait_for_large(qtbot, view, 4)
    shown = " ".join(each.accessibleName() for each in view.findChildren(type(view._facts)))
    photo = library.photo(4)
    assert photo.path.rsplit(b"/", 1)[1].decode() in shown
    assert f"{photo.facts.width} × {photo.facts.height}" in shown
    assert "Canon EOS 80D" in shown
    assert "/home/ada/Pictures" in shown


def test_the_thumbnail_is_there_while_the_large_picture_is_decoded(
    qtbot: QtBot, view: LargeView, library: ViewsLibrary
) -> None:
    library.holds_large = True
    view.show_photo(IDS, 3)
    qtbot.waitUntil(lambda: view.canvas.longest_px == 256)
    qtbot.waitUntil(lambda: len(library.held) == 1)
    library.deliver(library.held[0])
    wait_for_large(qtbot, view, 4)
    assert view.canvas.longest_px >= view.canvas.wanted_px


def test_only_as_many_pixels_are_decoded_as_the_window_shows(
    qtbot: QtBot, view: LargeView, library: ViewsLibrary
) -> None:
    view.show_photo(IDS, 3)
    wait_for_large(qtbot, view, 4)
    asked_px = library.called("large")[0][1]
    assert isinstance(asked_px, int)
    assert view.canvas.wanted_px <= asked_px < view.canvas.wanted_px + 512
    assert view.canvas.wanted_px < 900


def test_zooming_in_fetches_more_pixels(qtbot: QtBot, view: LargeView, library: ViewsLibrary) -> None:
    view.show_photo(IDS, 3)
    wait_for_large(qtbot, view, 4)
    qtbot.keyClick(view.canvas, Qt.Key.Key_1)
    assert view.canvas.scale == 1.0
    longest = max(library.photo(4).facts.width, library.photo(4).facts.height)
    qtbot.waitUntil(lambda: view.canvas.longest_px == longest)


def test_arrows_and_buttons_walk_along_the_listing(qtbot: QtBot, view: LargeView) -> None:
    view.show_photo(IDS, 3)
    walked: list[int] = []
    view.current_changed.connect(walked.append)
    qtbot.keyClick(view.canvas, Qt.Key.Key_Right)
    qtbot.keyClick(view.canvas, Qt.Key.Key_Space)
    qtbot.keyClick(view.canvas, Qt.Key.Key_Left)
    qtbot.keyClick(view.canvas, Qt.Key.Key_End)
    qtbot.keyClick(view.canvas, Qt.Key.Key_Right)
    qtbot.keyClick(view.canvas, Qt.Key.Key_Home)
    next_button = next(
        each for each in view.findChildren(QToolButton) if each.accessibleName() == "Next photo"
    )
    qtbot.mouseClick(next_button, Qt.MouseButton.LeftButton)
    assert walked == [5, 6, 5, 20, 1, 2]
    wait_for_large(qtbot, view, 2)


def test_a_held_key_decodes_only_where_it_stops(qtbot: QtBot, view: LargeView, library: ViewsLibrary) -> None:
    library.holds_large = True
    view.show_photo(IDS, 0)
    for _ in range(12):
        qtbot.keyClick(view.canvas, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: len(library.held) == 1)
    assert library.held[0].path == library.photo(13).path


def test_neighbours_are_there_before_they_are_asked_for(
    qtbot: QtBot, view: LargeView, library: ViewsLibrary
) -> None:
    view.show_photo(IDS, 3)
    wait_for_large(qtbot, view, 4)
    qtbot.waitUntil(lambda: view._pictures.image(5) is not None and view._pictures.image(3) is not None)
    library.holds_large = True
    qtbot.keyClick(view.canvas, Qt.Key.Key_Right)
    assert middle_colour(view) == colour_of(5)


def test_an_answer_that_comes_late_does_not_replace_the_photo_shown_now(
    qtbot: QtBot, view: LargeView, library: ViewsLibrary
) -> None:
    library.holds_large = True
    view.show_photo(IDS, 3)
    qtbot.waitUntil(lambda: len(library.held) == 1)
    qtbot.keyClick(view.canvas, Qt.Key.Key_End)
    qtbot.waitUntil(lambda: len(library.held) == 2)
    library.deliver(library.held[1])
    wait_for_large(qtbot, view, 20)
    library.deliver(library.held[0])
    qtbot.waitUntil(lambda: view._pictures.image(4) is not None)
    assert middle_colour(view) == colour_of(20)


def test_a_photo_that_cannot_be_read_says_why(qtbot: QtBot, view: LargeView, library: ViewsLibrary) -> None:
    library.large_errors[library.photo(4).path] = PhotoUnreadableError("The file ends too early.")
    view.show_photo(IDS, 3)
    qtbot.waitUntil(lambda: view.canvas.message == "The file ends too early.")
    qtbot.keyClick(view.canvas, Qt.Key.Key_Right)
    wait_for_large(qtbot, view, 5)
    assert view.canvas.message == ""


def test_a_photo_that_ends_the_decoder_says_why_and_is_no_error_of_ours(
    qtbot: QtBot, view: LargeView, library: ViewsLibrary, bridge: Bridge
) -> None:
    reported: list[object] = []
    bridge.work_failed.connect(reported.append)
    library.large_errors[library.photo(4).path] = DecoderDied("Decoding took longer than 20 seconds.")
    view.show_photo(IDS, 3)
    qtbot.waitUntil(lambda: view.canvas.message == "Decoding took longer than 20 seconds.")
    assert reported == []


def test_a_photo_that_left_the_library_says_so(qtbot: QtBot, view: LargeView) -> None:
    view.show_photo(np.array([4, 999], np.int64), 1)
    qtbot.waitUntil(lambda: view.canvas.message == "This photo is no longer in the library.")


def test_escape_gives_the_grid_back(qtbot: QtBot, view: LargeView) -> None:
    view.show_photo(IDS, 3)
    with qtbot.waitSignal(view.closed):
        qtbot.keyClick(view.canvas, Qt.Key.Key_Escape)


def test_look_alikes_are_asked_for_the_photo_shown(qtbot: QtBot, view: LargeView) -> None:
    view.show_photo(IDS, 3)
    with qtbot.waitSignal(view.find_similar_requested) as asked:
        qtbot.keyClick(view.canvas, Qt.Key.Key_S)
    assert asked.args == [4]


def test_the_ends_of_the_listing_have_no_way_further(qtbot: QtBot, view: LargeView) -> None:
    buttons = {each.accessibleName(): each for each in view.findChildren(QToolButton)}
    view.show_photo(IDS, 0)
    assert not buttons["Previous photo"].isEnabled()
    assert buttons["Next photo"].isEnabled()
    view.show_photo(IDS, 19)
    assert not buttons["Next photo"].isEnabled()


def test_the_wheel_zooms_at_the_pointer(qtbot: QtBot, view: LargeView) -> None:
    view.show_photo(IDS, 3)
    wait_for_large(qtbot, view, 4)
    canvas = view.canvas
    pointer = QPointF(canvas.width() * 0.7, canvas.height() * 0.4)

    def under_pointer() -> tuple[float, float]:
        rect = canvas.photo_rect()
        return ((pointer.x() - rect.x()) / rect.width(), (pointer.y() - rect.y()) / rect.height())

    canvas.zoom_by(3.0, pointer)
    before = under_pointer()
    turn = QWheelEvent(
        pointer,
        canvas.mapToGlobal(pointer),
        QPoint(),
        QPoint(0, 240),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    scale = canvas.scale
    QApplication.sendEvent(canvas, turn)
    assert canvas.scale == pytest.approx(scale * 1.25**2)
    assert under_pointer() == pytest.approx(before, abs=1e-6)


def test_a_double_click_changes_between_whole_and_actual_size(qtbot: QtBot, view: LargeView) -> None:
    view.show_photo(IDS, 3)
    wait_for_large(qtbot, view, 4)
    fitted = view.canvas.scale
    qtbot.mouseDClick(view.canvas, Qt.MouseButton.LeftButton)
    assert view.canvas.scale == 1.0
    qtbot.mouseDClick(view.canvas, Qt.MouseButton.LeftButton)
    assert view.canvas.scale == fitted
    assert view.canvas.is_fitted


def test_dragging_moves_the_photo_but_never_off_the_stage(qtbot: QtBot, view: LargeView) -> None:
    view.show_photo(IDS, 3)
    wait_for_large(qtbot, view, 4)
    canvas = view.canvas
    canvas.actual_size()
    before = canvas.photo_rect()
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(300, 300))
    qtbot.mouseMove(canvas, QPoint(260, 330))
    after = canvas.photo_rect()
    assert (after.x() - before.x(), after.y() - before.y()) == pytest.approx((-40.0, 30.0))
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(260, 330))
    canvas.pan_by(-1e6, -1e6)
    assert canvas.photo_rect().topLeft() == QPointF(0, 0)


def test_a_small_photo_is_not_blown_up(qtbot: QtBot, view: LargeView, library: ViewsLibrary) -> None:
    photo = library.photo(4)
    facts = type(photo.facts)(photo.facts.size_bytes, 200, 100, "JPEG")
    library.change_photo(4, facts=facts)
    view.show_photo(IDS, 3)
    qtbot.waitUntil(lambda: view.canvas.wanted_px == 200)
    assert view.canvas.scale == 1.0


def test_the_photo_stays_whole_when_the_window_changes(qtbot: QtBot, view: LargeView) -> None:
    view.show_photo(IDS, 3)
    wait_for_large(qtbot, view, 4)
    view.resize(500, 400)
    qtbot.waitUntil(lambda: view.canvas.width() < 500)
    rect = view.canvas.photo_rect()
    assert rect.left() >= 0
    assert rect.top() >= 0
    assert rect.right() <= view.canvas.width()
    assert rect.bottom() <= view.canvas.height()


def test_a_photo_deleted_while_it_is_shown_says_so_and_is_shown_again_when_it_is_back(
    qtbot: QtBot, view: LargeView, library: ViewsLibrary
) -> None:
    view.show_photo(IDS, 3)
    wait_for_large(qtbot, view, 4)
    library.change_photo(4, is_missing=True)
    view.refresh()
    qtbot.waitUntil(lambda: view.canvas.message == "The file of this photo is no longer there.")
    library.change_photo(4, is_missing=False)
    view.refresh()
    qtbot.waitUntil(lambda: view.canvas.message == "")


def test_other_changes_of_the_library_leave_the_zoom_alone(qtbot: QtBot, view: LargeView) -> None:
    view.show_photo(IDS, 3)
    wait_for_large(qtbot, view, 4)
    view.canvas.actual_size()
    asked = len(view._pictures._library.called("photos"))  # type: ignore[attr-defined]
    view.refresh()
    qtbot.waitUntil(lambda: len(view._pictures._library.called("photos")) > asked)  # type: ignore[attr-defined]
    qtbot.wait(50)
    assert view.canvas.scale == 1.0
    assert not view.canvas.is_fitted


def test_a_photo_of_an_offline_folder_says_so_and_is_read_again_when_the_folder_is_back(
    qtbot: QtBot, view: LargeView, library: ViewsLibrary
) -> None:
    photo = library.photo(4)
    library.large_errors[photo.path] = PhotoUnreadableError("The file is not there any more.")
    view.set_offline_folders(frozenset({photo.folder_id}))
    view.show_photo(IDS, 3)
    qtbot.waitUntil(lambda: "offline" in view.canvas.message)
    del library.large_errors[photo.path]
    view.set_offline_folders(frozenset())
    wait_for_large(qtbot, view, 4)
    assert view.canvas.message == ""
