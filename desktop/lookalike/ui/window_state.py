"""Where the window was and how it was divided, kept privately in the profile; read and written at start and end."""

from __future__ import annotations

import base64
import json
import logging
from pathlib import Path

from lookalike.config.paths import write_private

log = logging.getLogger(__name__)


def load_window_state(file: Path) -> dict[str, bytes]:
    """Reads what was kept; anything that cannot be read counts as nothing."""
    try:
        raw = json.loads(file.read_text("utf-8"))
        return {str(key): base64.b64decode(value, validate=True) for key, value in raw.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError):
        log.warning("The state of the window could not be read; it starts afresh")
        return {}


def save_window_state(file: Path, state: dict[str, bytes]) -> None:
    """Keeps the state; a full disk costs only that the window starts afresh."""
    raw = {key: base64.b64encode(value).decode("ascii") for key, value in state.items()}
    try:
        write_private(file, json.dumps(raw, indent=2).encode())
    except OSError as error:
        log.warning("The state of the window could not be kept: %s", error)
