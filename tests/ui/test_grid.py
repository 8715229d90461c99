"""The photo grid with a real model: keys, mouse, selection, place, details and pictures."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QThreadPool
from PySide6.QtGui import QColor, QContextMenuEvent, QImage, QPaintEvent, QPixmap, QRegion
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lookalike.core.listing import ListingQuery
from lookalike.core.records import ContentState
from lookalike.ui.bridge import Bridge
from lookalike.ui.delegate import PhotoDelegate, fitted
from lookalike.ui.grid import PhotoGrid
from lookalike.ui.photo_model import PhotoModel
from lookalike.ui.thumbnails import ThumbnailLoader
from tests.ui.fakes import FakeLibrary

Keys = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


@dataclasses.dataclass
class Stage:
    library: FakeLibrary
    thumbnails: ThumbnailLoader
    model: PhotoModel
    grid: PhotoGrid

    def pixmaps(self) -> int:
        first, end = self.grid.visible_rows()
        return sum(self.model.cell(row).pixmap is not None for row in range(first, end))

    def shown_whole(self) -> bool:
        first, end = self.grid.visible_rows()
        return end > first and self.pixmaps() == end - first

    def point(self, row: int) -> QPoint:
        return self.grid.visualRect(self.model.index(row)).center()


Make = Callable[..., Stage]


class Painted(QObject):
    """Remembers which parts of a view were painted from now on."""

    def __init__(self, grid: PhotoGrid) -> None:
        super().__init__(grid)
        self._region = QRegion()
        grid.viewport().installEventFilter(self)

    def has(self, rect: QRect) -> bool:
        return QRegion(rect).subtracted(self._region).isEmpty()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent):
            self._region += event.region()
        return False


@pytest.fixture
def make(qtbot: QtBot) -> Iterator[Make]:
    """Shows a grid of a library of so many photos, 700 by 600 pixels, with date sections."""
    stages: list[tuple[Stage, Bridge, QThreadPool]] = []

    def make(count: int = 300, *, has_days: bool = True) -> Stage:
        library = FakeLibrary(count)
        bridge = Bridge(library)  # type: ignore[arg-type]
        pool = QThreadPool()
        thumbnails = ThumbnailLoader(library, pool)  # type: ignore[arg-type]
        model = PhotoModel(library, bridge, thumbnails)  # type: ignore[arg-type]
        grid = PhotoGrid(model, PhotoDelegate(), thumbnails)
        qtbot.addWidget(grid)
        grid.resize(700, 600)
        grid.show()
        qtbot.waitExposed(grid)
        listing = library.listing(ListingQuery()).result()
        grid.replace_rows(listing.file_ids, listing.days if has_days else None)
        stage = Stage(library, thumbnails, model, grid)
        stages.append((stage, bridge, pool))
        return stage

    yield make
    for stage, bridge, pool in stages:
        stage.grid.hide()
        stage.library.gate.set()
        stage.thumbnails.close()
        pool.waitForDone()
        bridge.close()
        stage.library.close()


def test_visible_rows_get_details_and_pictures(qtbot: QtBot, make: Make) -> None:
    stage = make()
    qtbot.waitUntil(stage.shown_whole)
    first, end = stage.grid.visible_rows()
    assert first == 0
    assert stage.model.cell(0).name == "harbour 0001.jpg"
    assert 0 < end < 60


def test_only_rows_near_the_view_are_asked_for(qtbot: QtBot, make: Make) -> None:
    stage = make(100_000)
    qtbot.waitUntil(stage.shown_whole)
    asked = {each for (ids,) in stage.library.called("photos") for each in ids}
    assert len(asked) < 150
    assert len(stage.library.called("photos")) <= 3


def test_after_a_jump_the_rows_in_view_come_first_and_passed_ones_are_forgotten(
    qtbot: QtBot, make: Make
) -> None:
    stage = make(5000)
    qtbot.waitUntil(stage.shown_whole)
    stage.library.gate.clear()
    bar = stage.grid.verticalScrollBar()
    bar.setValue(bar.maximum() // 3)
    qtbot.wait(60)
    bar.setValue(bar.maximum())
    qtbot.wait(60)
    before = len(stage.library.called("thumbnail"))
    stage.library.gate.set()
    qtbot.waitUntil(stage.shown_whole)
    first, end = stage.grid.visible_rows()
    assert end == 5000
    loaded = [int.from_bytes(each[:8], "big") for (each,) in stage.library.called("thumbnail")[before:]]
    passed = [each for each in loaded if each < 4500]
    # At most what was already on its way when the view moved on.
    assert len(passed) <= 2
    in_view = set(range(first + 1, end + 1))
    ranks = [number for number, each in enumerate(loaded) if each in in_view]
    assert max(ranks) <= len(in_view) + len(passed)


def test_a_photo_whose_thumbnail_is_gone_gets_a_new_one(qtbot: QtBot, make: Make) -> None:
    stage = make(0)
    stage.library.without_thumbnail.add((2).to_bytes(8, "big") + bytes(24))
    stage.library.set_count(3)
    stage.grid.replace_rows(np.array([1, 2, 3], np.int64))
    qtbot.waitUntil(stage.shown_whole)
    assert stage.library.called("photo_bytes_thumbnail") == [(stage.library.photo(2).path,)]


def test_a_photo_without_any_picture_is_painted_as_failed_until_tried_again(qtbot: QtBot, make: Make) -> None:
    stage = make(0)
    stage.library.set_count(3)
    broken = stage.library.photo(2)
    stage.library.without_thumbnail.add(broken.fingerprint)
    stage.library.unreadable.add(broken.path)
    stage.grid.replace_rows(np.array([1, 2, 3], np.int64))
    qtbot.waitUntil(lambda: stage.model.cell(1).has_failed)
    stage.library.unreadable.clear()
    stage.thumbnails.retry_failed()
    stage.grid.replace_rows(np.array([1, 2, 3], np.int64))
    qtbot.waitUntil(stage.shown_whole)


def test_pictures_stay_within_their_memory_and_the_visible_ones_stay(qtbot: QtBot, make: Make) -> None:
    stage = make(2000)
    stage.thumbnails._limit_bytes = 4_000_000
    bar = stage.grid.verticalScrollBar()
    for value in range(0, 12_000, 600):
        bar.setValue(value)
        qtbot.waitUntil(stage.shown_whole)
    assert stage.thumbnails.size_bytes <= 4_000_000
    assert stage.shown_whole()


def test_data_of_unknown_rows_is_empty_and_never_waits(make: Make) -> None:
    stage = make(10)
    stage.library.gate.clear()
    assert stage.model.data(stage.model.index(9)) == ""
    assert stage.model.data(stage.model.index(99)) is None
    assert stage.model.rowCount(stage.model.index(0)) == 0


def test_arrow_keys_move_and_select_one(qtbot: QtBot, make: Make) -> None:
    stage = make(has_days=False)
    columns = stage.grid.grid_layout.columns
    assert columns == 3
    qtbot.keyClick(stage.grid, Keys.Key_Right)
    assert stage.grid.current_row() == 0
    qtbot.keyClick(stage.grid, Keys.Key_Right)
    qtbot.keyClick(stage.grid, Keys.Key_Down)
    assert stage.grid.current_row() == 1 + columns
    qtbot.keyClick(stage.grid, Keys.Key_Up)
    qtbot.keyClick(stage.grid, Keys.Key_Left)
    assert stage.grid.current_row() == 0
    assert stage.grid.selected_files().tolist() == [1]


def test_home_end_and_page_keys_bring_the_row_into_view(qtbot: QtBot, make: Make) -> None:
    stage = make()
    viewport = stage.grid.viewport().rect()
    for key, row in ((Keys.Key_End, 299), (Keys.Key_Home, 0)):
        qtbot.keyClick(stage.grid, key)
        assert stage.grid.current_row() == row
        assert viewport.contains(stage.grid.visualRect(stage.grid.currentIndex()))
    assert stage.grid.verticalOffset() == 0
    qtbot.keyClick(stage.grid, Keys.Key_PageDown)
    down = stage.grid.current_row()
    assert down >= stage.grid.grid_layout.columns
    assert viewport.contains(stage.grid.visualRect(stage.grid.currentIndex()))
    qtbot.keyClick(stage.grid, Keys.Key_PageUp)
    assert stage.grid.current_row() < down


def test_shift_selects_every_row_between_also_across_sections(qtbot: QtBot, make: Make) -> None:
    stage = make()
    stage.grid.go_to(7)
    for _ in range(3):
        qtbot.keyClick(stage.grid, Keys.Key_Down, SHIFT)
    end = stage.grid.current_row()
    assert end > 12
    assert stage.grid.selected_files().tolist() == list(range(8, end + 2))
    qtbot.keyClick(stage.grid, Keys.Key_End, SHIFT)
    assert stage.grid.selected_count() == 300 - 7


def test_clicks_with_ctrl_and_shift(qtbot: QtBot, make: Make) -> None:
    stage = make(has_days=False)
    viewport = stage.grid.viewport()
    left = Qt.MouseButton.LeftButton
    qtbot.mouseClick(viewport, left, pos=stage.point(1))
    qtbot.mouseClick(viewport, left, CTRL, stage.point(5))
    assert stage.grid.selected_files().tolist() == [2, 6]
    qtbot.mouseClick(viewport, left, CTRL, stage.point(1))
    assert stage.grid.selected_files().tolist() == [6]
    qtbot.mouseClick(viewport, left, pos=stage.point(2))
    qtbot.mouseClick(viewport, left, SHIFT, stage.point(7))
    assert stage.grid.selected_files().tolist() == [3, 4, 5, 6, 7, 8]


def test_select_all_and_clear(qtbot: QtBot, make: Make) -> None:
    stage = make(100_000)
    with qtbot.waitSignal(stage.grid.selection_changed):
        stage.grid.selectAll()
    assert stage.grid.selected_count() == 100_000
    assert len(stage.grid.selected_files()) == 100_000
    stage.grid.clearSelection()
    assert stage.grid.selected_count() == 0


def test_a_click_on_a_heading_selects_its_day_and_ctrl_adds_another(qtbot: QtBot, make: Make) -> None:
    stage = make()
    layout = stage.grid.grid_layout
    first_end = layout.section_rows(0)[1]
    second_end = layout.section_rows(1)[1]
    box = layout.header_box(0)
    qtbot.mouseClick(stage.grid.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(box.x + 9, box.y + 9))
    assert stage.grid.selected_count() == first_end
    box = layout.header_box(1)
    stage.grid.verticalScrollBar().setValue(box.y)
    qtbot.mouseClick(stage.grid.viewport(), Qt.MouseButton.LeftButton, CTRL, QPoint(box.x + 9, 9))
    assert stage.grid.selected_count() == second_end


def test_a_rubber_band_from_a_gap_selects_what_it_touches(qtbot: QtBot, make: Make) -> None:
    stage = make(has_days=False)
    viewport = stage.grid.viewport()
    start = QPoint(3, 3)
    end = stage.point(4)
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(viewport, end - QPoint(20, 20))
    qtbot.mouseMove(viewport, end)
    assert stage.grid.selected_files().tolist() == [1, 2, 4, 5]
    assert stage.grid._band.isVisible()
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=end)
    assert not stage.grid._band.isVisible()
    assert stage.grid.selected_files().tolist() == [1, 2, 4, 5]


def test_double_click_and_enter_ask_to_open(qtbot: QtBot, make: Make) -> None:
    stage = make(has_days=False)
    with qtbot.waitSignal(stage.grid.open_requested) as opened:
        qtbot.mouseDClick(stage.grid.viewport(), Qt.MouseButton.LeftButton, pos=stage.point(4))
    assert opened.args == [4]
    stage.grid.go_to(2)
    with qtbot.waitSignal(stage.grid.open_requested) as opened:
        qtbot.keyClick(stage.grid, Keys.Key_Return)
    assert opened.args == [2]


def test_the_menu_key_asks_for_a_menu_at_the_current_photo(qtbot: QtBot, make: Make) -> None:
    stage = make()
    stage.grid.go_to(4)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(0, 0), QPoint(0, 0))
    with qtbot.waitSignal(stage.grid.menu_requested) as asked:
        QApplication.sendEvent(stage.grid.viewport(), event)
    assert asked.args == [stage.grid.viewport().mapToGlobal(stage.point(4))]


def test_a_new_listing_keeps_current_photo_selection_and_place(make: Make) -> None:
    stage = make()
    stage.grid.go_to(200)
    stage.grid.setSelection(
        stage.grid.visualRect(stage.model.index(203)), stage.grid.selectionModel().SelectionFlag.Select
    )
    y = stage.grid.visualRect(stage.model.index(200)).y()
    assert stage.grid.selected_files().tolist() == [201, 204]
    rows = np.concatenate((np.arange(1001, 1041), np.arange(1, 301))).astype(np.int64)
    days = np.concatenate((np.full(40, 800_000), stage.model.days)).astype(np.int32)
    stage.grid.replace_rows(rows, days)
    assert stage.grid.current_row() == 240
    assert stage.grid.selected_files().tolist() == [201, 204]
    assert stage.grid.visualRect(stage.model.index(240)).y() == y


def test_at_the_top_new_photos_come_into_view(make: Make) -> None:
    stage = make()
    assert stage.grid.verticalOffset() == 0
    rows = np.concatenate((np.arange(1001, 1041), np.arange(1, 301))).astype(np.int64)
    stage.grid.replace_rows(rows, None)
    assert stage.grid.visible_rows()[0] == 0


def test_a_current_photo_that_is_gone_is_told(qtbot: QtBot, make: Make) -> None:
    stage = make()
    stage.grid.go_to(5)
    with qtbot.waitSignal(stage.grid.current_row_changed) as changed:
        stage.grid.replace_rows(np.array([1, 2, 3], np.int64))
    assert changed.args == [-1]
    assert stage.grid.selected_count() == 0


@pytest.mark.parametrize("width", [430, 900, 1400])
def test_another_width_keeps_the_current_photo_in_view(make: Make, width: int) -> None:
    stage = make()
    stage.grid.go_to(222)
    stage.grid.resize(width, 640)
    assert stage.grid.viewport().rect().contains(stage.grid.visualRect(stage.grid.currentIndex()))


def test_another_size_of_pictures_keeps_the_current_photo_in_view_and_loads_anew(
    qtbot: QtBot, make: Make
) -> None:
    stage = make()
    stage.grid.go_to(150)
    qtbot.waitUntil(stage.shown_whole)
    stage.grid.set_thumbnail_px(90)
    assert stage.grid.viewport().rect().contains(stage.grid.visualRect(stage.grid.currentIndex()))

    def is_small() -> bool:
        pixmap = stage.model.cell(150).pixmap
        return pixmap is not None and max(pixmap.width(), pixmap.height()) == 90

    qtbot.waitUntil(is_small)


def test_ctrl_and_the_wheel_ask_for_another_size(qtbot: QtBot, make: Make) -> None:
    from PySide6.QtCore import QPointF
    from PySide6.QtGui import QWheelEvent

    stage = make()
    steps: list[int] = []
    stage.grid.zoom_requested.connect(steps.append)
    for turned in (120, -240):
        event = QWheelEvent(
            QPointF(50, 50),
            stage.grid.mapToGlobal(QPointF(50, 50)),
            QPoint(),
            QPoint(0, turned),
            Qt.MouseButton.NoButton,
            CTRL,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(stage.grid.viewport(), event)
    assert steps == [1, -2]
    assert stage.grid.verticalOffset() == 0


def test_focus_alone_makes_no_photo_current(qtbot: QtBot, make: Make) -> None:
    stage = make()
    stage.grid.clearFocus()
    stage.grid.setFocus()
    assert stage.grid.current_row() == -1


def test_changed_details_are_fetched_and_painted_again(qtbot: QtBot, make: Make) -> None:
    stage = make()
    qtbot.waitUntil(stage.shown_whole)
    photo = stage.library.photo(2)
    stage.library.change_photo(2, is_missing=True)
    with qtbot.waitSignal(stage.model.dataChanged):
        stage.model.refresh_details()
    cell = stage.model.cell(1)
    assert cell.photo is not None
    assert cell.photo.is_missing != photo.is_missing


def test_a_name_that_is_no_text_is_shown_with_replacement_characters(qtbot: QtBot, make: Make) -> None:
    stage = make()
    qtbot.waitUntil(stage.shown_whole)
    assert stage.model.cell(6).name == "caf\N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER} 7.jpg"


def paint(stage: Stage, row: int) -> QImage:
    """Returns what the grid shows of one row."""
    return stage.grid.viewport().grab(stage.grid.visualRect(stage.model.index(row))).toImage()


def test_selected_focused_missing_and_damaged_cells_look_different(qtbot: QtBot, make: Make) -> None:
    stage = make(0)
    stage.library.set_count(1)
    looks: list[bytes] = []

    def look(**changes: object) -> None:
        stage.library._photos.clear()
        stage.library.change_photo(1, **changes)
        stage.grid.replace_rows(np.array([1], np.int64))
        stage.model.refresh_details()
        qtbot.waitUntil(lambda: stage.shown_whole() and stage.model.photo_at(0) == stage.library.photo(1))
        looks.append(bytes(paint(stage, 0).constBits()))

    look()
    look(is_missing=True)
    look(state=ContentState.DAMAGED)
    look(state=ContentState.QUARANTINED)
    stage.grid.go_to(0)
    look()
    assert len(set(looks)) == len(looks)


def test_pictures_are_painted_pixel_for_pixel_where_they_lie(qtbot: QtBot, make: Make) -> None:
    stage = make(has_days=False)
    qtbot.waitUntil(stage.shown_whole)
    pixmap = stage.model.cell(0).pixmap
    assert pixmap is not None
    picture = pixmap.toImage()
    painted = paint(stage, 0)
    left = (painted.width() - picture.width()) // 2
    differences = 0
    for x in range(5, picture.width() - 5, 9):
        for y in range(5, picture.height() - 5, 9):
            ours = QColor(painted.pixel(left + x, 6 + (160 - picture.height()) // 2 + y))
            differences += ours != QColor(picture.pixel(x, y))
    assert differences == 0


def test_the_keyboard_is_seen_in_the_first_photo_in_view_before_any_is_current(
    qtbot: QtBot, make: Make
) -> None:
    stage = make()
    stage.grid.activateWindow()
    stage.grid.setFocus()
    qtbot.waitUntil(stage.grid.hasFocus)
    stage.grid.clearFocus()
    stage.grid.verticalScrollBar().setValue(2000)
    first, _ = stage.grid.visible_rows()
    box = stage.grid.visualRect(stage.model.index(first + 1))
    ring = stage.grid.visualRect(stage.model.index(first))
    qtbot.waitUntil(stage.shown_whole)
    before = stage.grid.viewport().grab(ring).toImage(), stage.grid.viewport().grab(box).toImage()
    stage.grid.setFocus()
    after = stage.grid.viewport().grab(ring).toImage(), stage.grid.viewport().grab(box).toImage()
    assert after[0] != before[0]
    assert after[1] == before[1]
    painted = Painted(stage.grid)
    stage.grid.verticalScrollBar().setValue(stage.grid.verticalOffset() + 20)
    qtbot.waitUntil(lambda: painted.has(stage.grid.viewport().rect()))
    qtbot.keyClick(stage.grid, Keys.Key_Right)
    assert stage.grid.current_row() == stage.grid.visible_rows()[0]


def test_the_ring_leaves_when_another_photo_becomes_current(qtbot: QtBot, make: Make) -> None:
    stage = make()
    stage.grid.activateWindow()
    stage.grid.setFocus()
    qtbot.waitUntil(stage.grid.hasFocus)
    qtbot.waitUntil(stage.shown_whole)
    painted = Painted(stage.grid)
    stage.grid.go_to(4)
    qtbot.waitUntil(lambda: painted.has(stage.grid.visualRect(stage.model.index(0))))


@pytest.mark.parametrize("key", [Keys.Key_Return, Keys.Key_Space])
def test_before_any_photo_is_current_enter_and_space_select_the_first_in_view(
    qtbot: QtBot, make: Make, key: Qt.Key
) -> None:
    stage = make()
    stage.grid.setFocus()
    qtbot.keyClick(stage.grid, key)
    assert stage.grid.selected_files().tolist() == [int(stage.grid.ids[0])]


@pytest.mark.parametrize(("side", "picture", "shown"), [(256, 256, 256), (160, 320, 160), (160, 100, 100)])
def test_on_a_fine_screen_a_picture_fills_its_cell_and_a_small_one_is_not_blown_up(
    qapp: QApplication, side: int, picture: int, shown: int
) -> None:
    pixmap = QPixmap(picture, picture // 2)
    assert fitted(pixmap, QRect(0, 0, side, side)) == QRect(
        (side - shown) // 2, (side - shown // 2) // 2, shown, shown // 2
    )
