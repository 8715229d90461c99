"""The whole program on a temporary profile: real library, real model, real window, from a folder to the grid."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lookalike.catalog.catalog import Catalog
from lookalike.config.assets import models_folder
from lookalike.config.paths import Profile
from lookalike.core.errors import ProfileError
from lookalike.library.library import Library
from lookalike.ui.app import Session
from tests.pictures import picture, save_photos

SOON_MS = 90_000
"""What a busy machine may need for decoders to start and a few photos to be embedded."""

StartSession = Callable[[], Session]


@pytest.fixture
def start(qtbot: QtBot, qapp: QApplication, profile: Profile) -> Iterator[StartSession]:
    """Starts the program's window on one profile; each start ends the one before."""
    sessions: list[Session] = []

    def start_one() -> Session:
        end()
        library = Library(profile, models_folder())
        library.open()
        session = Session(qapp, library)
        sessions.append(session)
        session.window.show()
        return session

    def end() -> None:
        for session in sessions:
            with qtbot.waitSignal(session.finished, timeout=SOON_MS):
                session.window.close()
            session.end()
        sessions.clear()

    yield start_one
    end()


def shown(session: Session) -> list[str]:
    """Returns the names of the photos in the library grid, sorted."""
    model = session.window.parts.library.grid.model()
    photos = [model.photo_at(row) for row in range(model.rowCount())]
    return sorted(os.fsdecode(os.path.basename(photo.path)) for photo in photos if photo is not None)


def look_alikes(session: Session) -> list[str]:
    """Returns the names of the ranked look-alikes, best first."""
    model = session.window.parts.look_alikes.grid.model()
    photos = [model.photo_at(row) for row in range(model.rowCount())]
    return [os.fsdecode(os.path.basename(photo.path)) for photo in photos if photo is not None]


def select(session: Session, name: str) -> None:
    """Selects a photo in the library grid, as a click does."""
    grid = session.window.parts.library.grid
    model = grid.model()
    for row in range(model.rowCount()):
        photo = model.photo_at(row)
        if photo is not None and os.path.basename(photo.path) == name.encode():
            grid.setCurrentIndex(model.index(row, 0))
            return
    raise AssertionError(f"{name} is not in the grid")


def test_from_a_folder_to_look_alikes_and_back_after_a_restart(
    qtbot: QtBot, start: StartSession, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    save_photos(folder, range(4))
    picture(2).resize((240, 160)).save(folder / "small.jpg", quality=70)
    session = start()
    session.window.add_folders([bytes(folder)])
    qtbot.waitUntil(lambda: len(shown(session)) == 5, timeout=SOON_MS)

    select(session, "small.jpg")
    qtbot.waitUntil(lambda: look_alikes(session)[:1] == ["photo-00002.jpg"], timeout=SOON_MS)

    picture(3).resize((240, 160)).save(folder / "new.jpg", quality=70)
    qtbot.waitUntil(lambda: "new.jpg" in shown(session), timeout=SOON_MS)
    select(session, "new.jpg")
    qtbot.waitUntil(lambda: look_alikes(session)[:1] == ["photo-00003.jpg"], timeout=SOON_MS)

    (folder / "photo-00000.jpg").unlink()
    qtbot.waitUntil(lambda: "photo-00000.jpg" not in shown(session), timeout=SOON_MS)
    assert len(shown(session)) == 5

    session = start()
    library = session.bridge.library
    qtbot.waitUntil(lambda: len(shown(session)) == 5, timeout=SOON_MS)
    select(session, "small.jpg")
    qtbot.waitUntil(lambda: look_alikes(session)[:1] == ["photo-00002.jpg"], timeout=SOON_MS)
    assert library.wait_until_idle(SOON_MS / 1000)
    report = library.run_report()
    assert (report.embedded, report.unchanged) == (0, 5)


def test_the_program_runs_on_a_screen_and_ends_on_request(
    screen: dict[str, str], profile_dir: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    save_photos(folder, range(3))
    command = [
        sys.executable,
        "-m",
        "lookalike",
        "--profile-dir",
        str(profile_dir),
        "--add-folder",
        str(folder),
    ]
    with subprocess.Popen(command, env=screen, stderr=subprocess.PIPE) as program:
        try:
            assert photos_taken_in(Profile.at(profile_dir), 3), "the photos were not taken in"
            assert program.poll() is None
            program.send_signal(signal.SIGTERM)
            _, errors = program.communicate(timeout=60)
        finally:
            program.kill()
    assert (program.returncode, errors) == (0, b"")


def photos_taken_in(profile: Profile, count: int) -> bool:
    """Waits until the catalog holds so many photos; another process writes to it."""
    ends_at = time.monotonic() + SOON_MS / 1000
    while time.monotonic() < ends_at:
        if profile.catalog.exists():
            try:
                catalog = Catalog.open(profile.catalog, profile.backups, writable=False)
            except ProfileError:
                catalog = None  # it is just being made
            if catalog is not None:
                found = catalog.counts().photos
                catalog.close()
                if found == count:
                    return True
        time.sleep(0.1)
    return False
