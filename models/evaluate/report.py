"""The evaluation's table for people and its JSON for programs, which can be read back."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

from models.evaluate.protocol import Result
from models.evaluate.transforms import TRANSFORMS


def table(results: Sequence[Result], header: str) -> str:
    """Returns one table as Markdown, one column per describer; per cent, mild / strong where there are two."""
    lines = [header, "", "| |" + "".join(f" {r.name} |" for r in results), "|---|" + "---:|" * len(results)]

    def row(title: str, cell: Callable[[Result], str]) -> None:
        lines.append(f"| {title} |" + "".join(f" {cell(r)} |" for r in results))

    for transform in TRANSFORMS:
        title = f"{transform.name}: {transform.mild} / {transform.strong}"
        cells = [" / ".join(map(_percent, r.recall.get(transform.name, ()))) or "–" for r in results]
        lines.append(f"| {title} |" + "".join(f" {cell} |" for cell in cells))
    row("**recall at 1, all copies**", lambda r: _percent(r.recall_all))
    row("**µAP, all copies**", lambda r: _percent(r.average_precision))
    row("**recall at 99 % precision**", lambda r: _percent(r.recall_99))
    row("**nearest neighbour of the same class**", lambda r: _percent(r.nearest_class))
    row("**P@5 by class**", lambda r: _percent(r.class_at_5))
    row("CPU per photo, ms", lambda r: "–" if math.isnan(r.cpu_ms) else f"{r.cpu_ms:.1f}")
    row("calibration error of the bands", lambda r: _percent(r.band_error))
    for result in results:
        if result.name in ("float32", "int8"):
            meanings = ", ".join(f"{score:.3f} → {chance:.0%}" for score, chance in result.bands)
            lines += [
                "",
                f"{result.name}: score → probability that the first neighbour is a copy: {meanings}",
            ]
    return "\n".join(lines)


def as_json(results: Sequence[Result], about: dict[str, Any]) -> str:
    """Returns everything as JSON; figures that do not apply are null."""
    rows = [{name: _plain(getattr(result, name)) for name in Result.__slots__} for result in results]
    return json.dumps({**about, "results": rows}, indent=1, ensure_ascii=False) + "\n"


def from_json(text: str) -> tuple[list[Result], dict[str, Any]]:
    """Reads what :func:`as_json` wrote: the results, and the facts about the run."""
    about = json.loads(text)
    rows = about.pop("results")
    return [Result(**{name: _restored(value) for name, value in row.items()}) for row in rows], about


def _restored(value: Any) -> Any:
    if value is None:
        return math.nan
    if isinstance(value, dict):
        return {name: tuple(pair) for name, pair in value.items()}
    if isinstance(value, list):
        return [tuple(pair) for pair in value]
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 5)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def _percent(part: float) -> str:
    return "–" if math.isnan(part) else f"{part * 100:.1f}"
