"""What window tests may ask for: a library in memory and a bridge to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QThreadPool
from PySide6.QtWidgets import QApplication

from lookalike.config.settings import Appearance
from lookalike.ui import theme
from lookalike.ui.bridge import Bridge
from tests.ui.fakes import FakeLibrary


@pytest.fixture(autouse=True)
def dressed(qapp: QApplication) -> Iterator[None]:
    """Gives the application its look, and waits for Qt's own threads afterwards."""
    theme.apply(qapp, Appearance.LIGHT)
    yield
    QThreadPool.globalInstance().waitForDone()


@pytest.fixture
def library() -> Iterator[FakeLibrary]:
    """An empty library."""
    library = FakeLibrary()
    yield library
    library.close()


@pytest.fixture
def bridge(qapp: QApplication, library: FakeLibrary) -> Iterator[Bridge]:
    """A bridge to ``library``."""
    bridge = Bridge(library)  # type: ignore[arg-type]
    yield bridge
    bridge.close()
