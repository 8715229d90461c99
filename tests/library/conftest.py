"""Libraries on a fresh profile, with the model that ships."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lookalike.config.assets import models_folder
from lookalike.config.paths import Profile
from lookalike.library.events import Event
from lookalike.library.library import Library

IDLE_S = 60.0
"""How long indexing a handful of photos may take on a busy machine."""

OpenLibrary = Callable[..., Library]


@pytest.fixture
def open_library(profile: Profile) -> Iterator[OpenLibrary]:
    """Opens libraries on one profile, one after the other, and closes what is left open."""
    opened: list[Library] = []

    def open_one(*, is_watching: bool = False) -> Library:
        for earlier in opened:
            earlier.close()
        library = Library(profile, models_folder(), is_watching=is_watching)
        opened.append(library)
        library.open()
        return library

    yield open_one
    for library in opened:
        library.close()


@pytest.fixture
def library(open_library: OpenLibrary) -> Library:
    """A library that does what it is told and nothing by itself, as on the command line."""
    return open_library()


@pytest.fixture
def photo_folder(tmp_path: Path) -> Path:
    """An empty folder for photos."""
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


def take_in(library: Library, folder: Path) -> None:
    """Watches ``folder`` and waits until everything in it is ingested."""
    library.add_folder(bytes(folder)).result(IDLE_S)
    assert library.wait_until_idle(IDLE_S)


def events_of(library: Library) -> list[Event]:
    """Returns a list that grows with the library's events."""
    events: list[Event] = []
    library.events.subscribe(events.append)
    return events
