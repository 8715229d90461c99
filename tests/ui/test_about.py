"""The about page names every part with version and licence as installed."""

from __future__ import annotations

from importlib import metadata

from pytestqt.qtbot import QtBot

from lookalike.ui.about import AboutDialog, installed_parts
from lookalike.ui.bridge import Bridge


def test_every_part_is_there_with_its_installed_version() -> None:
    parts = {part.name: part for part in installed_parts()}
    assert parts["PySide6 and Qt"].version == metadata.version("PySide6_Essentials")
    assert "LGPL" in parts["PySide6 and Qt"].licence
    for name, licence in (
        ("numpy", "BSD"),
        ("onnxruntime", "MIT"),
        ("hnswlib", "Apache"),
        ("Pillow", "MIT-CMU"),
    ):
        assert licence in parts[name].licence
        assert len(parts[name].words) > 500, f"{name} shows no licence text"
    assert all(part.licence and part.version for part in parts.values())


def test_the_heic_part_names_the_libraries_inside() -> None:
    words = next(part.words for part in installed_parts() if part.name == "pillow-heif")
    assert "libheif" in words
    assert "x265" in words


def test_a_part_turned_to_shows_its_licence(qtbot: QtBot, bridge: Bridge) -> None:
    dialog = AboutDialog(bridge)
    qtbot.addWidget(dialog)
    qtbot.waitUntil(lambda: "numpy" in dialog.part_names())
    assert "LGPL" in dialog.licence_text()
    dialog.select("numpy")
    assert "NumPy Developers" in dialog.licence_text()
