"""Sets the window tests up: offscreen, Fusion, and every Qt message or living thread is a failure."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_LOGGING_RULES", "qt.text.font.db=false")

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fakes import FakeLibrary
from lookalike.ui.bridge import Bridge
from PySide6.QtCore import QtMsgType
from PySide6.QtWidgets import QApplication

HARMLESS = (
    "This plugin does not support propagateSizeHints",
    "This plugin does not support raise()",
    "This plugin does not support grabbing",
)
"""What the offscreen platform says of itself."""


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    return ["lookalike", "-style", "Fusion"]


@pytest.fixture(autouse=True)
def no_surprises(qapp: QApplication, qtlog: object) -> Iterator[None]:
    """Fails a test that makes Qt speak or leaves a thread behind."""
    threads = set(threading.enumerate())
    yield
    spoken = [
        record.message
        for record in qtlog.records  # type: ignore[attr-defined]
        if record.type in (QtMsgType.QtWarningMsg, QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg)
        and not record.message.startswith(HARMLESS)
    ]
    assert spoken == []
    for thread in set(threading.enumerate()) - threads:
        # A dummy thread is Python's view of a Qt pool thread: Qt owns and ends it.
        if not isinstance(thread, threading._DummyThread):
            thread.join(5)
            assert not thread.is_alive(), f"{thread.name} still runs"


@pytest.fixture
def library() -> Iterator[FakeLibrary]:
    library = FakeLibrary()
    yield library
    library.close()


@pytest.fixture
def bridge(qapp: QApplication, library: FakeLibrary) -> Iterator[Bridge]:
    bridge = Bridge(library)  # type: ignore[arg-type]
    yield bridge
    bridge.close()
