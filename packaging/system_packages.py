"""Installs what pip cannot: Qt's system libraries, a compiler and Python's headers, and only those that are missing.

``python3 packaging/system_packages.py [--for-tests]`` with the Python that will make the venv, so that each
library is looked for exactly where that Python would look. Asks nothing but what sudo asks on a terminal.
Nothing but the standard library: it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

LIBRARIES = {
    # Needed to import PySide6 and open a window on no screen.
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libbrotlidec.so.1": "libbrotli1",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libglib-2.0.so.0": "libglib2.0-0",
    # Needed by Qt's xcb platform for a real screen.
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
}
"""Each shared library with the Debian package that brings it."""
TEST_PROGRAMS = {"Xvfb": "xvfb", "dbus-daemon": "dbus-daemon"}
"""Programs that tests run: a screen without a monitor, a session bus to talk to."""


def missing_packages(for_tests: bool) -> list[str]:
    """Returns the Debian packages of everything that is not there."""
    missing = [package for library, package in LIBRARIES.items() if not _can_load(library)]
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if importlib.util.find_spec("ensurepip") is None:
        missing.append(f"{python}-venv")
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        missing.append(f"{python}-dev")
    if shutil.which("g++") is None:
        missing.append("g++")
    if for_tests:
        missing += [package for program, package in TEST_PROGRAMS.items() if shutil.which(program) is None]
    return missing


def install(packages: list[str]) -> None:
    """Installs Debian packages.

    Raises:
        SystemExit: With one sentence: this is no Debian, there is no way to become root, or apt failed.
    """
    names = " ".join(packages)
    if shutil.which("apt-get") is None:
        sys.exit(
            f"Lookalike needs what Debian calls {names}: please install it with this system's package manager."
        )
    as_root: list[str] = []
    if os.geteuid() != 0:
        # Without a terminal sudo must not wait for a password that nobody can type.
        as_root = ["sudo"] if sys.stdin.isatty() else ["sudo", "-n"]
        if shutil.which("sudo") is None or subprocess.run([*as_root, "-v"]).returncode:
            sys.exit(
                f"Root's rights are needed once: please run “apt-get install {names}” as root, then again."
            )
    apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
    print(f"Installing system packages: {names}", flush=True)
    # A source of somebody else's that does not answer must not stop us: what counts is the installation.
    subprocess.run([*apt, "update"])
    if subprocess.run([*apt, "install", "--no-install-recommends", *packages]).returncode:
        sys.exit(f"The system packages could not be installed: please install {names}, then start again.")


def _can_load(library: str) -> bool:
    """Says whether this Python finds the shared library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def main() -> None:
    """Installs what is missing; says nothing where nothing is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--for-tests", action="store_true", help="also the programs that tests run")
    arguments = parser.parse_args()
    if not sys.platform.startswith("linux"):
        return
    packages = missing_packages(arguments.for_tests)
    if packages:
        install(packages)


if __name__ == "__main__":
    main()
