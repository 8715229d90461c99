"""Guards of the set-up: which PySide6, how hnswlib was built, where Qt may be, what a wheel takes along."""

from __future__ import annotations

import ast
import importlib.util
import platform
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = REPOSITORY / "desktop" / "lookalike"
LOSING_REFERENCES = Version("6.12.0")
EMITS = 10_000


EMIT_LOOP = f"""
import sys
from PySide6.QtCore import QObject, Signal, Slot

class Counter(QObject):
    photo_found = Signal(object)
    arrived = 0

    @Slot(object)
    def count(self, photo):
        self.arrived += 1

counter, photo = Counter(), object()
counter.photo_found.connect(counter.count)
watched = [photo, counter, Counter, None, True, False, ()]
before = [sys.getrefcount(each) for each in watched]
for _ in range({EMITS}):
    counter.photo_found.emit(photo)
after = [sys.getrefcount(each) for each in watched]
assert counter.arrived == {EMITS}
lost = [abs(b - a) for a, b in zip(after, before)]
assert max(lost) < {EMITS} // 100, lost
"""
"""Runs in a process of its own: 6.12.0 on Python 3.11 frees ``True`` here and aborts."""


def pyside_requirements(python: str) -> list[Requirement]:
    """Returns what the project asks of PySide6 on a Python version."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    requirements = [Requirement(text) for text in project["dependencies"]]
    return [
        each
        for each in requirements
        if each.name.lower().startswith("pyside6")
        and (each.marker is None or each.marker.evaluate({"python_version": python}))
    ]


@pytest.mark.parametrize(("python", "is_allowed"), [("3.11", False), ("3.12", True), ("3.13", True)])
def test_the_pyside_that_loses_references_is_kept_from_python_below_3_12(
    python: str, is_allowed: bool
) -> None:
    requirements = pyside_requirements(python)
    assert len(requirements) == 1
    assert requirements[0].specifier.contains(LOSING_REFERENCES) == is_allowed
    assert requirements[0].specifier.contains(Version("6.11.3"))


def test_signals_keep_the_references_of_what_they_touch() -> None:
    done = subprocess.run([sys.executable, "-c", EMIT_LOOP], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(platform.machine() != "x86_64", reason="looks for registers of x86-64")
def test_hnswlib_runs_on_any_x86_64_cpu() -> None:
    spec = importlib.util.find_spec("hnswlib")
    assert spec is not None
    assert spec.origin is not None
    objdump = shutil.which("objdump")
    if objdump is None:
        pytest.skip("objdump, which comes with the compiler, is not installed")
    code = subprocess.run([objdump, "-d", spec.origin], capture_output=True, text=True, check=True).stdout
    assert "%xmm0" in code
    # SSE2 is what every such CPU has; AVX works on registers called ymm and zmm.
    assert re.search(r"%[yz]mm\d", code) is None, "built for this CPU alone: build with HNSWLIB_NO_NATIVE=1"


def imported_modules(source: str) -> set[str]:
    """Returns the names of everything a module imports, at its top or later."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names.add(node.module)
    return names


def uses_qt(source: str) -> bool:
    """Says whether a module imports Qt."""
    return any(name.split(".")[0] in {"PySide6", "shiboken6"} for name in imported_modules(source))


def test_qt_is_imported_in_ui_alone() -> None:
    users = {file.relative_to(PACKAGE) for file in PACKAGE.rglob("*.py") if uses_qt(file.read_text("utf-8"))}
    rooms = {file.parts[0] for file in users}
    assert rooms == {"ui"}, sorted(str(file) for file in users if file.parts[0] != "ui")


IMPORT_ALL = """
import importlib, sys

for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        assert error.name in {"rawpy", "pillow_jxl"}, error  # optional extras
assert not {"PySide6", "shiboken6"} & set(sys.modules)
"""


def test_the_library_below_the_window_starts_without_qt() -> None:
    modules = sorted(
        ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)
        for room in ("core", "config", "catalog", "imaging", "embedding", "index", "library", "integration")
        for file in (PACKAGE / room).rglob("*.py")
        if file.stem != "__init__"
    )
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL, *modules], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def wheel_files() -> ModuleType:
    """Returns the build hook; skips where hatchling is not installed."""
    pytest.importorskip("hatchling")
    spec = importlib.util.spec_from_file_location("wheel_files", REPOSITORY / "packaging" / "wheel_files.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_wheel_takes_models_and_resources_along_and_nothing_else(tmp_path: Path) -> None:
    for name in (
        "models/net.onnx",
        "models/net.json",
        "models/README.md",
        "models/train/loop.py",
        "resources/icons/a.svg",
        "resources/render_icons.py",
        "resources/screenshots/window.png",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert wheel_files().shipped_files(tmp_path) == {
        "models/net.json": "lookalike/_models/net.json",
        "models/net.onnx": "lookalike/_models/net.onnx",
        "resources/icons/a.svg": "lookalike/_resources/icons/a.svg",
    }
