"""Where the files shipped beside the code lie: icons, style sheets, models; no thread of its own.

In a wheel they are inside the package; in a checkout they are the top-level ``resources`` and ``models``.
"""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
"""The folder of the package ``lookalike``."""


def resources_folder(package: Path = PACKAGE) -> Path:
    """Returns the folder of icons, style sheets and translations."""
    return _shipped(package, "resources")


def models_folder(package: Path = PACKAGE) -> Path:
    """Returns the folder of the shipped models and their cards."""
    return _shipped(package, "models")


def _shipped(package: Path, name: str) -> Path:
    """Returns the packaged folder ``_name``, or the checkout's ``name`` two levels above the package."""
    packaged = package / f"_{name}"
    return packaged if packaged.is_dir() else package.parent.parent / name
