"""``python -m tests.benchmarks.startup FOLDER``: from the command to the window, and from the question to its answer.

Indexes FOLDER into a temporary profile first. The window needs a screen: Xvfb and xdotool. Each figure is the median
of several runs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from lookalike.config.assets import models_folder
from lookalike.config.paths import Profile
from lookalike.library.library import Library

RUNS = 5
DISPLAY = ":94"


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    photo = next(file for file in sorted(folder.rglob("*")) if file.is_file())
    with tempfile.TemporaryDirectory() as temporary:
        profile_dir = Path(temporary) / "profile"
        outside = Path(temporary) / f"outside{photo.suffix}"
        shutil.copyfile(photo, outside)
        with outside.open("ab") as out:
            out.write(b"\0")  # another fingerprint, so that it is decoded and embedded
        command = [sys.executable, "-m", "lookalike", "--profile-dir", str(profile_dir)]
        subprocess.run([*command, "index", str(folder), "--seal"], check=True, stdout=subprocess.DEVNULL)
        _show("similar, photo of the library", lambda: _run([*command, "similar", str(photo), "--json"]))
        _show("similar, photo from outside", lambda: _run([*command, "similar", str(outside), "--json"]))
        _show("open the library and answer", lambda: _first_answer(profile_dir, bytes(photo)))
        _show("command to visible window", lambda: _window(command))


def _show(what: str, measure: Callable[[], float]) -> None:
    measure()  # warms the disk cache
    times = sorted(measure() for _ in range(RUNS))
    print(f"{what:32} {statistics.median(times):.2f} s ({times[0]:.2f} to {times[-1]:.2f})")


def _run(command: list[str]) -> float:
    started = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


def _first_answer(profile_dir: Path, photo: bytes) -> float:
    started = time.monotonic()
    library = Library(Profile.at(profile_dir), models_folder())
    library.open()
    library.find_similar(photo).result()
    seconds = time.monotonic() - started
    library.close()
    return seconds


def _window(command: list[str]) -> float:
    screen = subprocess.Popen(
        ["Xvfb", DISPLAY, "-screen", "0", "1400x900x24", "-nolisten", "tcp"], stderr=subprocess.DEVNULL
    )
    environment = {**os.environ, "DISPLAY": DISPLAY, "QT_QPA_PLATFORM": "xcb"}
    while not os.path.exists(f"/tmp/.X11-unix/X{DISPLAY[1:]}"):
        time.sleep(0.01)
    started = time.monotonic()
    with subprocess.Popen(command, env=environment) as program:
        search = ["xdotool", "search", "--onlyvisible", "--name", "Lookalike"]
        while subprocess.run(search, env=environment, capture_output=True, check=False).returncode:
            time.sleep(0.02)
        seconds = time.monotonic() - started
        time.sleep(1)
        program.send_signal(signal.SIGTERM)
    screen.terminate()
    screen.wait()
    return seconds


if __name__ == "__main__":
    main()
