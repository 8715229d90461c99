"""Tells dropped folders from dropped files; looks at the disk, so it runs on a pool thread."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dropped:
    """What was dropped: folders to watch, files to find look-alikes of."""

    folders: tuple[bytes, ...]
    files: tuple[bytes, ...]


def sort_dropped(paths: Sequence[bytes]) -> Dropped:
    """Sorts paths by what they are now; what is neither counts as a file, whose reader says why it fails."""
    folders = tuple(path for path in paths if os.path.isdir(path))
    return Dropped(folders, tuple(path for path in paths if path not in folders))
