"""What the user may change, kept as JSON and replaced as a whole; no thread of its own."""

from __future__ import annotations

import dataclasses
import json
import logging
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from lookalike.config.paths import write_private

log = logging.getLogger(__name__)


class Effort(Enum):
    """How hard indexing works."""

    GENTLE = "gentle"
    """One decoder, pauses between batches."""
    BALANCED = "balanced"
    """A decoder for every second core."""
    FULL = "full"
    """A decoder for every core."""


class Appearance(Enum):
    """Colours of the window."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Metric(Enum):
    """How two embeddings are compared; on unit vectors both rank alike."""

    COSINE = "cosine"
    EUCLIDEAN = "euclidean"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings with their defaults.

    Attributes:
        exclude: Patterns of the user's own, as in .gitignore: a name, or a path with slashes; ``*`` and ``**``.
        least_side_px: Photos whose shorter side is below this are skipped.
        effort: How hard indexing works.
        cache_limit_bytes: Most that the thumbnail cache may take.
        model: Model id; empty for the one that the shipped card names as default.
        metric: Distance inside the index.
        appearance: Colours of the window.
        rescan_minutes: How often every folder is compared with the catalog.
        threshold: Least score the look-alikes view shows, 0 to 1.
        thumbnail_px: Size of the grid's pictures.
    """

    exclude: tuple[str, ...] = ()
    least_side_px: int = 64
    effort: Effort = Effort.BALANCED
    cache_limit_bytes: int = 2_000_000_000
    model: str = ""
    metric: Metric = Metric.COSINE
    appearance: Appearance = Appearance.SYSTEM
    rescan_minutes: int = 30
    threshold: float = 0.5
    thumbnail_px: int = 160


def load_settings(file: Path) -> Settings:
    """Reads the settings; what is missing, unknown or of a wrong kind falls back to its default.

    A file that is no JSON at all is set aside as ``settings.json.damaged`` and the defaults serve.
    """
    try:
        raw = json.loads(file.read_text("utf-8"))
        if not isinstance(raw, dict):
            raise ValueError("not an object")
    except FileNotFoundError:
        return Settings()
    except (ValueError, OSError) as error:
        log.warning("Settings could not be read and were set aside: %s", error)
        try:
            file.replace(file.with_name(file.name + ".damaged"))
        except OSError:
            log.warning("The damaged settings stay where they are")
        return Settings()
    values: dict[str, Any] = {}
    for field in dataclasses.fields(Settings):
        if field.name not in raw:
            continue
        try:
            values[field.name] = _read_value(raw[field.name], field.default)
        except (TypeError, ValueError):
            log.warning("Setting %s has a value of a wrong kind; its default serves", field.name)
    return Settings(**values)


def save_settings(file: Path, settings: Settings) -> None:
    """Writes all settings.

    Raises:
        OSError: The disk is full or the folder cannot be written; the old settings are as they were.
    """
    raw = {
        key: value.value if isinstance(value, Enum) else value
        for key, value in dataclasses.asdict(settings).items()
    }
    write_private(file, (json.dumps(raw, indent=2, ensure_ascii=False) + "\n").encode())


def _read_value(value: object, default: object) -> object:
    """Turns JSON into the type of the field's default.

    Raises:
        TypeError, ValueError: It does not fit.
    """
    if isinstance(default, Enum):
        return type(default)(value)
    if isinstance(default, tuple):
        if not isinstance(value, list):
            raise TypeError("not a list")
        return tuple(str(item) for item in value)
    if isinstance(default, (int, float)) and not isinstance(default, bool):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise TypeError("not a number")
        return type(default)(value)
    if type(value) is not type(default):
        raise TypeError("wrong kind")
    return value
