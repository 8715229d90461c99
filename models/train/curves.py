"""A run's log, thinned to be kept in the repository, and its curves as a plain SVG; needs nothing installed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

Entry = dict[str, float]

MOST_LINES = 200
PANELS = (
    ("picked_right", "photo picked right, of all training photos", 100.0, " %"),
    ("cosine", "1 − cosine to the teacher", 1.0, ""),
    ("pick", "loss of picking the photo, nats", 1.0, ""),
    ("neighbours", "loss against the teacher's neighbours, nats", 1.0, ""),
)
"""Key in the log, title, factor and unit of each panel."""
COLOURS = ("#1b6ca8", "#c2571a", "#3d8b37", "#8a4fa0", "#b59a00", "#555555")
PANEL_WIDTH, PANEL_HEIGHT = 330, 190
LEFT, TOP, RIGHT, BOTTOM = 44, 26, 18, 30
"""Margins inside a panel, for the title and the scales."""
LEGEND_HEIGHT = 24


def read_log(file: Path) -> list[Entry]:
    """Reads a ``log.jsonl``; views ascend.

    A run that was killed and went on from its last checkpoint logs some views twice, and then the later lines
    count. The last line of a run that is being written may be cut off and is left out.
    """
    kept: list[Entry] = []
    for line in reversed(file.read_text().splitlines()):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if not kept or entry["views"] < kept[-1]["views"]:
            kept.append(entry)
    return kept[::-1]


def thin(entries: Sequence[Entry], most: int = MOST_LINES) -> list[Entry]:
    """Returns at most this many entries, evenly spread, the first and the last among them."""
    if len(entries) <= most:
        return list(entries)
    return [entries[round(i * (len(entries) - 1) / (most - 1))] for i in range(most)]


def keep_log(source: Path, target: Path) -> None:
    """Writes a thinned copy of a log."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("".join(json.dumps(entry) + "\n" for entry in thin(read_log(source))))


def draw_curves(runs: Mapping[str, Sequence[Entry]]) -> str:
    """Draws four panels, one line per run in each.

    Args:
        runs: Entries of each run by its name; runs without any are left out.

    Returns:
        The SVG file's text, on a white ground of its own, so that it reads on a dark page too.
    """
    shown = {name: entries for name, entries in runs.items() if entries}
    width, height = 2 * PANEL_WIDTH, LEGEND_HEIGHT + 2 * PANEL_HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11" fill="#333">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    left = LEFT
    for number, name in enumerate(shown):
        parts.append(
            f'<path d="M{left} 14h16" stroke="{COLOURS[number % len(COLOURS)]}" stroke-width="2"/>'
            f'<text x="{left + 20}" y="18">{escape(name)}</text>'
        )
        left += 36 + 7 * len(name)
    for number, panel in enumerate(PANELS):
        x, y = number % 2 * PANEL_WIDTH, LEGEND_HEIGHT + number // 2 * PANEL_HEIGHT
        parts.append(f'<g transform="translate({x} {y})">{_panel(shown, *panel)}</g>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(runs: Mapping[str, Sequence[Entry]], key: str, title: str, factor: float, unit: str) -> str:
    lines = {name: [(e["views"], e[key] * factor) for e in entries] for name, entries in runs.items()}
    points = [point for line in lines.values() for point in line]
    parts = [f'<text x="{LEFT}" y="16" font-weight="bold">{escape(title)}</text>']
    if not points:
        return "".join(parts)
    most_views = max(views for views, _ in points)
    values = [value for _, value in points]
    ticks = _ticks(min(values), max(values))
    low, high = ticks[0], ticks[-1]

    def across(views: float) -> float:
        return LEFT + (PANEL_WIDTH - LEFT - RIGHT) * views / most_views

    def down(value: float) -> float:
        return PANEL_HEIGHT - BOTTOM - (PANEL_HEIGHT - TOP - BOTTOM) * (value - low) / (high - low)

    for value in ticks:
        parts.append(
            f'<path d="M{LEFT} {down(value):.1f}H{PANEL_WIDTH - RIGHT}" stroke="#ddd"/>'
            f'<text x="{LEFT - 5}" y="{down(value) + 4:.1f}" text-anchor="end">{value:g}{unit}</text>'
        )
    for views in _ticks(0, most_views):
        if views <= most_views:
            label = f"{views / 1e6:g} M" if most_views >= 2e6 else f"{views / 1e3:g} k"
            parts.append(
                f'<text x="{across(views):.1f}" y="{PANEL_HEIGHT - BOTTOM + 15}" text-anchor="middle">'
                f"{label}</text>"
            )
    parts.append(
        f'<text x="{PANEL_WIDTH - RIGHT}" y="{PANEL_HEIGHT - 3}" text-anchor="end" fill="#777">views</text>'
    )
    for number, line in enumerate(lines.values()):
        path = " ".join(f"{across(views):.1f},{down(value):.1f}" for views, value in line)
        colour = COLOURS[number % len(COLOURS)]
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
    return "".join(parts)


def _ticks(low: float, high: float) -> list[float]:
    """Returns four to seven round values that enclose a range."""
    span = max(high - low, abs(high) * 1e-3, 1e-9)
    power = 10.0 ** math.floor(math.log10(span))
    step = next(size * power for size in (0.2, 0.5, 1, 2) if span / (size * power) <= 5)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 10) for number in range(first, max(last, first + 1) + 1)]
