"""A catalog of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lookalike.catalog.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where a test's catalog lies."""

    file: Path
    backups: Path

    def open(self, *, writable: bool = True) -> Catalog:
        """Opens one more connection; the test closes it."""
        return Catalog.open(self.file, self.backups, writable=writable)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """A place for a catalog, with nothing in it."""
    (tmp_path / "backups").mkdir()
    return Shelf(tmp_path / "catalog.sqlite3", tmp_path / "backups")


@pytest.fixture
def catalog(shelf: Shelf) -> Iterator[Catalog]:
    """A new catalog, open for writing."""
    opened = shelf.open()
    yield opened
    opened.close()
