"""What every test may ask for, and what no test may leave behind.

A warning nobody expected fails its test (``filterwarnings`` in pyproject.toml), as do a thread, a child process or
a window that is still there when the test is over. No test reaches the profile of the person who runs it.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lookalike.config.paths import Profile

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED_PHOTOS = REPOSITORY.parent / "shared" / "photos"
"""Real photos beside the checkout, where somebody has put them."""
ENDING_S = 10.0
"""How long what a test started may take to end once the test is over."""
XDG_VARIABLES = ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR")


@pytest.fixture(scope="session", autouse=True)
def home_of_its_own() -> Iterator[None]:
    """Moves the user directories to a temporary folder, so that a forgotten ``--profile-dir`` harms nobody."""
    folder = Path(tempfile.mkdtemp(prefix="lookalike-home-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        for variable in XDG_VARIABLES:
            (folder / variable).mkdir(mode=0o700)
            patch.setenv(variable, str(folder / variable))
        yield
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fails the test that leaves a thread, a child process or a visible window."""
    threads = set(threading.enumerate())
    children = {child.pid for child in multiprocessing.active_children()}
    yield
    windows = _close_windows()
    ends_at = time.monotonic() + ENDING_S
    left = [f"window {title}" for title in windows]
    for thread in set(threading.enumerate()) - threads:
        # A dummy thread is Python's view of a thread it did not start; it stays in the list after its end.
        if not isinstance(thread, threading._DummyThread):
            thread.join(max(0.0, ends_at - time.monotonic()))
            if thread.is_alive():
                left.append(f"thread {thread.name}")
    for child in multiprocessing.active_children():
        if child.pid not in children:
            child.join(max(0.0, ends_at - time.monotonic()))
            if child.is_alive():
                left.append(f"process {child.name}")
    assert left == [], "still there after the test"


@pytest.fixture
def profile_dir(tmp_path: Path) -> Path:
    """An empty place for ``--profile-dir``."""
    return tmp_path / "profile"


@pytest.fixture
def profile(profile_dir: Path) -> Profile:
    """A fresh profile of the test's own, its folders made; lies at ``profile_dir``."""
    profile = Profile.at(profile_dir)
    profile.prepare()
    return profile


@pytest.fixture(scope="session")
def shared_photos() -> Path:
    """The folder of real photos; skips the test where it is absent."""
    if not SHARED_PHOTOS.is_dir():
        pytest.skip("no ../shared/photos beside the checkout")
    return SHARED_PHOTOS


@pytest.fixture(scope="session")
def screen() -> Iterator[dict[str, str]]:
    """Environment variables for a program that shall open its window on a virtual X screen of its own.

    Skips the test where Xvfb is not installed; ``make test`` installs it on Debian and its kin.
    """
    server = shutil.which("Xvfb")
    if server is None:
        pytest.skip("Xvfb is not installed")
    reader, writer = os.pipe()
    with subprocess.Popen(
        [server, "-displayfd", str(writer), "-screen", "0", "1400x900x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=[writer],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(writer)
        with open(reader) as answer:
            number = answer.readline().strip()
        try:
            assert number, "Xvfb ended before it had a display"
            yield {**os.environ, "DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
        finally:
            process.terminate()


def _close_windows() -> list[str]:
    """Closes the windows on the screen and returns their titles or classes; never the first to import Qt."""
    widgets = sys.modules.get("PySide6.QtWidgets")
    if widgets is None or widgets.QApplication.instance() is None:
        return []
    windows = [each for each in widgets.QApplication.topLevelWidgets() if each.isVisible()]
    for window in windows:
        window.hide()  # not close(), which may ask the user
    return [window.windowTitle() or type(window).__name__ for window in windows]
