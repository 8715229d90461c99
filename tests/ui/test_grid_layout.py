"""The grid's arithmetic, held against a layout made cell by cell."""

from __future__ import annotations

import numpy as np
import pytest

from lookalike.ui.grid_layout import Box, GridLayout, GridMetrics, Move, section_starts

METRICS = GridMetrics(cell_width=100, cell_height=120)


def boxes_by_hand(days: list[int] | None, count: int, width: int) -> tuple[list[Box], list[Box], int]:
    """Lays the cells out one by one, as a person would: cells, headings, height."""
    inner = width - 2 * METRICS.margin
    columns = max(1, (inner + METRICS.spacing) // (METRICS.cell_width + METRICS.spacing))
    pitch = (inner + METRICS.spacing) / columns
    cells: list[Box] = []
    headers: list[Box] = []
    y = METRICS.margin
    column = 0
    for row in range(count):
        is_new = row == 0 or (days is not None and days[row] != days[row - 1])
        if is_new:
            if row:
                y += METRICS.cell_height + METRICS.spacing + METRICS.section_gap
            if days is not None:
                headers.append(
                    Box(METRICS.margin, y, int(columns * pitch) - METRICS.spacing, METRICS.header_height)
                )
                y += METRICS.header_height
            column = 0
        elif column == columns:
            y += METRICS.cell_height + METRICS.spacing
            column = 0
        cells.append(
            Box(METRICS.margin + int(column * pitch), y, int(pitch) - METRICS.spacing, METRICS.cell_height)
        )
        column += 1
    y += METRICS.cell_height + METRICS.spacing + (METRICS.section_gap if days is not None else 0)
    return cells, headers, y + METRICS.margin


def make(days: list[int] | None, count: int, width: int) -> GridLayout:
    starts = None if days is None else section_starts(np.array(days, np.int32))
    return GridLayout(count, starts, width, METRICS)


def random_days(seed: int, count: int) -> list[int]:
    rng = np.random.default_rng(seed)
    return sorted(rng.integers(0, max(1, count // 6), count).tolist(), reverse=True)


@pytest.mark.parametrize("width", [80, 250, 700, 1333])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_cell_and_heading_lies_where_a_person_would_put_it(seed: int, width: int) -> None:
    days = random_days(seed, 157)
    cells, headers, height = boxes_by_hand(days, 157, width)
    layout = make(days, 157, width)
    assert [layout.box(row) for row in range(157)] == cells
    assert [layout.header_box(section) for section in range(len(layout.starts))] == headers
    assert layout.content_height == height


def test_without_days_there_are_no_headings() -> None:
    cells, _, height = boxes_by_hand(None, 23, 500)
    layout = make(None, 23, 500)
    assert [layout.box(row) for row in range(23)] == cells
    assert layout.content_height == height
    assert layout.header_at(20, 14) == -1


@pytest.mark.parametrize("days", [random_days(5, 60), None])
def test_points_find_their_cell_and_gaps_find_none(days: list[int] | None) -> None:
    cells, headers, height = boxes_by_hand(days, 60, 480)
    layout = make(days, 60, 480)
    for y in range(-5, height + 5, 7):
        for x in range(-5, 485, 7):
            inside = [
                row
                for row, box in enumerate(cells)
                if box.x <= x < box.x + box.width and box.y <= y < box.y + box.height
            ]
            assert layout.row_at(x, y) == (inside[0] if inside else -1), (x, y)
            titles = [
                section
                for section, box in enumerate(headers)
                if box.x <= x < box.x + box.width and box.y <= y < box.y + box.height
            ]
            assert layout.header_at(x, y) == (titles[0] if titles else -1), (x, y)


@pytest.mark.parametrize("days", [random_days(8, 90), None])
def test_a_strip_names_exactly_the_rows_and_sections_that_touch_it(days: list[int] | None) -> None:
    cells, _, height = boxes_by_hand(days, 90, 480)
    layout = make(days, 90, 480)
    for top in range(-30, height + 30, 11):
        for length in (1, 40, 333):
            touching = [
                row for row, box in enumerate(cells) if box.y < top + length and box.y + box.height > top
            ]
            first, end = layout.rows_between(top, top + length)
            assert list(range(first, end)) == touching, (top, length)
            seen = set(layout.sections_between(top, top + length))
            assert {layout.section_of(row) for row in touching} <= seen


def test_a_rubber_band_takes_exactly_the_cells_it_touches() -> None:
    days = random_days(9, 80)
    cells, _, _ = boxes_by_hand(days, 80, 480)
    layout = make(days, 80, 480)
    rng = np.random.default_rng(4)
    for _ in range(300):
        x, y = int(rng.integers(-20, 480)), int(rng.integers(-20, 2500))
        band = Box(x, y, int(rng.integers(1, 300)), int(rng.integers(1, 700)))
        touching = [
            row
            for row, box in enumerate(cells)
            if box.x < band.x + band.width
            and box.x + box.width > band.x
            and box.y < band.y + band.height
            and box.y + box.height > band.y
        ]
        taken = [row for first, end in layout.rows_in(band) for row in range(first, end)]
        assert taken == touching, band


def test_arrows_keep_the_column_across_sections() -> None:
    # Sections of 5, 2 and 4 photos, three columns.
    days = [9] * 5 + [8] * 2 + [7] * 4
    layout = make(days, 11, 360)
    assert layout.columns == 3
    assert layout.move(2, Move.DOWN, 500) == 4  # the line below is shorter
    assert layout.move(0, Move.DOWN, 500) == 3
    assert layout.move(4, Move.DOWN, 500) == 6
    assert layout.move(6, Move.DOWN, 500) == 8
    assert layout.move(8, Move.UP, 500) == 6
    assert layout.move(9, Move.UP, 500) == 6
    assert layout.move(5, Move.UP, 500) == 3


def test_arrows_stop_at_the_edges() -> None:
    layout = make(None, 10, 360)
    assert layout.move(0, Move.LEFT, 500) == 0
    assert layout.move(1, Move.UP, 500) == 1
    assert layout.move(9, Move.RIGHT, 500) == 9
    assert layout.move(9, Move.DOWN, 500) == 9
    assert layout.move(5, Move.FIRST, 500) == 0
    assert layout.move(5, Move.LAST, 500) == 9


def test_from_nowhere_every_key_leads_into_the_grid() -> None:
    layout = make(None, 10, 360)
    assert layout.move(-1, Move.DOWN, 500) == 0
    assert layout.move(-1, Move.LAST, 500) == 9
    assert make(None, 0, 360).move(-1, Move.DOWN, 500) == -1


def test_page_keys_reach_every_edge_and_always_progress() -> None:
    days = random_days(11, 400)
    layout = make(days, 400, 480)
    row, seen = 0, [0]
    while (following := layout.move(row, Move.PAGE_DOWN, 600)) != row:
        assert following > row
        assert (
            layout.box(following).y - layout.box(row).y <= 600 + METRICS.header_height + METRICS.section_gap
        )
        row = following
        seen.append(row)
    assert layout.move(row, Move.DOWN, 600) == row
    assert len(seen) < 400
    while (following := layout.move(row, Move.PAGE_UP, 600)) != row:
        assert following < row
        row = following
    assert layout.box(row).y == layout.box(0).y


def test_an_empty_grid_has_no_height_and_no_rows() -> None:
    layout = make([], 0, 480)
    assert layout.content_height == 0
    assert layout.rows_between(0, 1000) == (0, 0)
    assert layout.row_at(20, 20) == -1
    assert list(layout.sections_between(0, 100)) == []
    assert layout.rows_in(Box(0, 0, 500, 500)) == []
