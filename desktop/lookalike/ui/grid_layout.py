"""Where each cell of a photo grid lies: arithmetic over whole arrays, no Qt, no state, any thread.

The grid is a column of sections; each is a heading (where there are headings) above lines of equal cells. All
coordinates are pixels in the content, from the top left of the first heading.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class GridMetrics:
    """Sizes that do not depend on the width of the view, in device-independent pixels.

    Attributes:
        cell_width: Least width of a cell; cells widen to fill the line.
        cell_height: Height of every cell.
        spacing: Between cells, both ways.
        margin: Around the content.
        header_height: Of a section's heading.
        section_gap: Below the last line of a section that has a heading.
    """

    cell_width: int
    cell_height: int
    spacing: int = 8
    margin: int = 12
    header_height: int = 36
    section_gap: int = 12


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in the content."""

    x: int
    y: int
    width: int
    height: int


class Move(Enum):
    """A step of the keyboard."""

    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"
    FIRST = "first"
    LAST = "last"
    PAGE_UP = "page-up"
    PAGE_DOWN = "page-down"


def section_starts(keys: NDArray[np.int32]) -> NDArray[np.int64]:
    """Returns the rows where a new section begins: int64 (S,), ascending, from the key of each row."""
    if len(keys) == 0:
        return np.zeros(0, np.int64)
    changes = np.flatnonzero(keys[1:] != keys[:-1]) + 1
    return np.concatenate((np.zeros(1, np.int64), changes.astype(np.int64)))


class GridLayout:
    """The layout of ``count`` cells in a view of ``width``; made anew whenever one of them changes.

    Attributes:
        count: Rows.
        columns: Cells in a full line, at least 1.
        content_height: Height of everything.
        has_headers: Sections carry a heading.
        starts: First row of each section, ascending.
    """

    __slots__ = (
        "_cell_width",
        "_first_lines",
        "_header",
        "_metrics",
        "_pitch_x",
        "_pitch_y",
        "_tops",
        "columns",
        "content_height",
        "count",
        "has_headers",
        "starts",
    )

    def __init__(
        self, count: int, starts: NDArray[np.int64] | None, width: int, metrics: GridMetrics
    ) -> None:
        """Lays out.

        Args:
            count: Rows.
            starts: First row of each section, from :func:`section_starts`; None for a grid without headings.
            width: Of the view.
            metrics: Sizes.
        """
        inner = max(1, width - 2 * metrics.margin)
        self._metrics = metrics
        self.count = count
        self.has_headers = starts is not None
        self.columns = max(1, (inner + metrics.spacing) // (metrics.cell_width + metrics.spacing))
        self._pitch_x = (inner + metrics.spacing) / self.columns
        self._pitch_y = metrics.cell_height + metrics.spacing
        self._cell_width = max(1, int(self._pitch_x) - metrics.spacing)
        self._header = metrics.header_height if self.has_headers else 0
        gap = metrics.section_gap if self.has_headers else 0
        if starts is None:
            starts = np.zeros(min(count, 1), np.int64)
        lines = -(-np.diff(np.append(starts, count)) // self.columns)
        heights = self._header + lines * self._pitch_y + gap
        # Computed as arrays, kept as lists: bisecting a list is ten times faster than one search in an array.
        self.starts: list[int] = starts.tolist()
        self._tops: list[int] = [metrics.margin, *(metrics.margin + np.cumsum(heights)).tolist()]
        self._first_lines: list[int] = [0, *np.cumsum(lines).tolist()]
        self.content_height = self._tops[-1] + metrics.margin if count else 0

    @property
    def spacing(self) -> int:
        """Pixels between cells."""
        return self._metrics.spacing

    def section_of(self, row: int) -> int:
        """Returns the section that holds ``row``."""
        return bisect_right(self.starts, row) - 1

    def section_rows(self, section: int) -> tuple[int, int]:
        """Returns the first row of a section and the one behind its last."""
        following = section + 1
        end = self.starts[following] if following < len(self.starts) else self.count
        return self.starts[section], end

    def box(self, row: int) -> Box:
        """Returns where the cell of ``row`` lies."""
        section = self.section_of(row)
        line, column = divmod(row - self.starts[section], self.columns)
        top = self._tops[section] + self._header + line * self._pitch_y
        left = self._metrics.margin + int(column * self._pitch_x)
        return Box(left, top, self._cell_width, self._metrics.cell_height)

    def header_box(self, section: int) -> Box:
        """Returns where the heading of a section lies."""
        width = int(self.columns * self._pitch_x) - self._metrics.spacing
        return Box(self._metrics.margin, self._tops[section], width, self._header)

    def rows_between(self, top: int, bottom: int) -> tuple[int, int]:
        """Returns the first row, and the one behind the last, of the lines from ``top`` to ``bottom``."""
        if self.count == 0 or bottom <= top:
            return 0, 0
        first_line = self._line_at(top, rounds_up=True)
        last_line = self._line_at(bottom - 1, rounds_up=False)
        if last_line < first_line:
            return 0, 0
        first, _ = self._line_rows(first_line)
        _, last = self._line_rows(last_line)
        return first, last

    def sections_between(self, top: int, bottom: int) -> range:
        """Returns the sections of which anything lies between ``top`` and ``bottom``."""
        if self.count == 0 or bottom <= top:
            return range(0)
        sections = len(self.starts)
        first = max(0, bisect_right(self._tops, top) - 1)
        return range(min(first, sections), min(bisect_left(self._tops, bottom), sections))

    def row_at(self, x: int, y: int) -> int:
        """Returns the row whose cell holds the point, -1 where there is none."""
        if self.count == 0:
            return -1
        section = self._section_at(y)
        depth = y - self._tops[section] - self._header
        line, below = divmod(depth, self._pitch_y)
        if depth < 0 or line >= self._line_count(section) or below >= self._metrics.cell_height:
            return -1
        column = int((x - self._metrics.margin) // self._pitch_x)
        if not 0 <= column < self.columns:
            return -1
        if x - self._metrics.margin - int(column * self._pitch_x) >= self._cell_width:
            return -1
        first, end = self.section_rows(section)
        row = first + line * self.columns + column
        return row if row < end else -1

    def header_at(self, x: int, y: int) -> int:
        """Returns the section whose heading holds the point, -1 where there is none."""
        if self.count == 0 or not self.has_headers:
            return -1
        section = self._section_at(y)
        box = self.header_box(section)
        inside = box.x <= x < box.x + box.width and box.y <= y < box.y + box.height
        return section if inside else -1

    def rows_in(self, box: Box) -> list[tuple[int, int]]:
        """Returns the runs of rows (first, behind last) whose cells a rectangle touches."""
        runs: list[tuple[int, int]] = []
        first_row, end_row = self.rows_between(box.y, box.y + box.height)
        if first_row == end_row:
            return runs
        left = box.x - self._metrics.margin
        first_column = max(0, int(left // self._pitch_x))
        if left - int(first_column * self._pitch_x) >= self._cell_width:
            first_column += 1
        last_column = min(self.columns - 1, int((left + box.width - 1) // self._pitch_x))
        if last_column < first_column:
            return runs
        row = first_row
        while row < end_row:
            line_first, line_end = self._line_rows(self._line_of(row))
            first, end = line_first + first_column, min(line_end, line_first + last_column + 1)
            if first < end:
                if runs and runs[-1][1] == first:
                    runs[-1] = (runs[-1][0], end)
                else:
                    runs.append((first, end))
            row = line_end
        return runs

    def move(self, row: int, move: Move, page_height: int) -> int:
        """Returns the row that a step of the keyboard leads to; the same row at an edge.

        Args:
            row: Where the step begins; -1 for nowhere, from where every step leads to the first row.
            move: The step.
            page_height: Height of the view, for the page keys.
        """
        if self.count == 0:
            return -1
        if row < 0:
            return self.count - 1 if move is Move.LAST else 0
        match move:
            case Move.LEFT:
                return max(0, row - 1)
            case Move.RIGHT:
                return min(self.count - 1, row + 1)
            case Move.FIRST:
                return 0
            case Move.LAST:
                return self.count - 1
            case Move.UP:
                return self._step(row, -1)
            case Move.DOWN:
                return self._step(row, 1)
            case _:
                return self._page(row, -1 if move is Move.PAGE_UP else 1, page_height)

    def _step(self, row: int, lines: int) -> int:
        """Goes up or down by lines, keeping the column; stays where there is no such line."""
        line = self._line_of(row)
        target = line + lines
        if not 0 <= target < self._first_lines[-1]:
            return row
        column = row - self._line_rows(line)[0]
        first, end = self._line_rows(target)
        return min(first + column, end - 1)

    def _page(self, row: int, direction: int, page_height: int) -> int:
        """Goes a view's height up or down, at least one line, at most to the edge."""
        lines = self._first_lines[-1]
        line = self._line_of(row)
        y = self.box(row).y + direction * max(1, page_height - self._pitch_y)
        reached = self._line_at(y, rounds_up=direction > 0)
        target = min(max(reached, 0), lines - 1)
        target = min(target, line - 1) if direction < 0 else max(target, line + 1)
        target = min(max(target, 0), lines - 1)
        return self._step(row, target - line)

    def _line_count(self, section: int) -> int:
        return self._first_lines[section + 1] - self._first_lines[section]

    def _section_at(self, y: int) -> int:
        section = bisect_right(self._tops, y) - 1
        return min(max(section, 0), len(self.starts) - 1)

    def _line_of(self, row: int) -> int:
        section = self.section_of(row)
        return self._first_lines[section] + (row - self.starts[section]) // self.columns

    def _line_rows(self, line: int) -> tuple[int, int]:
        section = bisect_right(self._first_lines, line) - 1
        first, end = self.section_rows(section)
        begin = first + (line - self._first_lines[section]) * self.columns
        return begin, min(begin + self.columns, end)

    def _line_at(self, y: int, rounds_up: bool) -> int:
        """Returns the line at height ``y``; between lines the next one or the one before."""
        section = self._section_at(y)
        first = self._first_lines[section]
        depth = y - self._tops[section] - self._header
        if depth < 0:
            return first if rounds_up else first - 1
        line, below = divmod(depth, self._pitch_y)
        lines = self._line_count(section)
        if line >= lines:
            return first + lines if rounds_up else first + lines - 1
        if rounds_up and below >= self._metrics.cell_height:
            line += 1
        return first + line
