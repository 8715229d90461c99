"""Puts what the app needs beside its code into the wheel: ``resources`` and the shipped models; build time only.

``lookalike.config.assets`` looks for them as ``_resources`` and ``_models`` inside the package, and in a checkout
two levels above it, so an editable install needs neither.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NOT_SHIPPED = ("resources/screenshots/", "resources/render_icons.py")
"""Pictures for the README and scripts run by hand."""


def shipped_files(top: Path) -> dict[str, str]:
    """Returns each shipped file under ``top``, relative to it, with its place in the wheel."""
    resources = (file for file in (top / "resources").rglob("*") if file.is_file())
    models = (file for kind in ("*.onnx", "*.json") for file in (top / "models").glob(kind))
    names = sorted(file.relative_to(top).as_posix() for file in (*resources, *models))
    return {
        name: f"lookalike/_{name}"
        for name in names
        if not name.startswith(NOT_SHIPPED) and "__pycache__" not in name
    }


class ShippedFiles(BuildHookInterface):  # type: ignore[type-arg]
    """Called by hatchling before it writes a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Adds the shipped files, except to an editable install."""
        if version != "editable":
            build_data["force_include"].update(shipped_files(Path(self.root)))
