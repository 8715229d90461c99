"""Light and dark: readable colours, icons in the palette's colour, following the system."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPalette, QPixmap
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from lookalike.config.assets import resources_folder
from lookalike.config.settings import Appearance
from lookalike.ui import theme

NAMES = """
add-folder folder photo search pause play settings back previous next zoom-in zoom-out fit
offline warning close sort trash link
""".split()  # noqa: SIM905  a table of words


@pytest.fixture(autouse=True)
def undressed(qapp: QApplication) -> Iterator[None]:
    yield
    theme.apply(qapp, Appearance.LIGHT)
    qapp.setStyleSheet("")


def luminance(name: str) -> float:
    def linear(value: float) -> float:
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    colour = QColor(name)
    red, green, blue = (linear(each) for each in (colour.redF(), colour.greenF(), colour.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("front", "ground"),
    [
        ("text", "window"),
        ("text", "base"),
        ("text", "raised"),
        ("text", "hover"),
        ("text", "pressed"),
        ("muted", "window"),
        ("muted", "base"),
        ("muted", "stage"),
        ("on_accent", "accent"),
        ("on_accent", "accent_hover"),
        ("text", "accent_soft"),
        ("link", "window"),
        ("warning", "warning_soft"),
        ("warning", "window"),
    ],
)
def test_text_can_be_read_on_its_ground(scheme: theme.Colours, front: str, ground: str) -> None:
    assert contrast(getattr(scheme, front), getattr(scheme, ground)) >= 4.5


@pytest.mark.parametrize(
    ("appearance", "is_dark"), [(Appearance.LIGHT, False), (Appearance.DARK, True)], ids=["light", "dark"]
)
def test_a_chosen_appearance_is_in_force_at_once(
    qapp: QApplication, appearance: Appearance, is_dark: bool
) -> None:
    theme.apply(qapp, appearance)
    assert theme.is_dark(qapp.palette()) is is_dark
    assert theme.colours(qapp.palette()) is (theme.DARK if is_dark else theme.LIGHT)


def test_the_window_follows_when_the_system_turns_dark(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    theme.apply(qapp, Appearance.SYSTEM)
    assert not theme.is_dark(qapp.palette())
    hints = type(qapp.styleHints())
    monkeypatch.setattr(hints, "colorScheme", lambda _: Qt.ColorScheme.Dark)
    qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert theme.is_dark(qapp.palette())


def test_a_chosen_appearance_does_not_follow_the_system(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    theme.apply(qapp, Appearance.LIGHT)
    monkeypatch.setattr(type(qapp.styleHints()), "colorScheme", lambda _: Qt.ColorScheme.Dark)
    qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert not theme.is_dark(qapp.palette())


@pytest.mark.parametrize("scheme", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_the_style_sheet_has_every_name_filled_in_and_every_picture_at_hand(scheme: theme.Colours) -> None:
    sheet = theme.style_sheet(scheme)
    without_comments = "".join(part.split("*/")[-1] for part in sheet.split("/*"))
    assert "@" not in without_comments
    pictures = [part.split('"')[0] for part in sheet.split('url("')[1:]]
    assert pictures
    assert [each for each in pictures if not Path(each).is_file()] == []


def test_every_colour_is_a_colour() -> None:
    for scheme in (theme.LIGHT, theme.DARK):
        assert [
            each.name for each in fields(scheme) if not QColor(getattr(scheme, each.name)).isValid()
        ] == []


def darkest(icon: QIcon, mode: QIcon.Mode = QIcon.Mode.Normal) -> QColor:
    """Returns the most opaque pixel's colour."""
    image = icon.pixmap(QSize(48, 48), mode=mode).toImage()
    pixels = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
    return max(pixels, key=lambda each: each.alpha())


@pytest.mark.parametrize("name", NAMES)
def test_every_icon_paints_in_the_text_colour(qapp: QApplication, name: str) -> None:
    theme.apply(qapp, Appearance.LIGHT)
    colour = darkest(theme.icon(name))
    assert colour.alpha() == 255
    assert colour.name() == theme.LIGHT.text


def test_an_icon_made_before_the_change_takes_the_new_colours(qapp: QApplication) -> None:
    theme.apply(qapp, Appearance.LIGHT)
    icon = theme.icon("folder")
    theme.apply(qapp, Appearance.DARK)
    assert darkest(icon).name() == theme.DARK.text
    disabled = qapp.palette().color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText)
    assert darkest(icon, QIcon.Mode.Disabled).name() == disabled.name()
    assert darkest(theme.icon("warning", "warning")).name() == theme.DARK.warning


def test_a_copied_icon_outlives_the_first(qapp: QApplication) -> None:
    theme.apply(qapp, Appearance.LIGHT)
    icon = theme.icon("folder")
    copy = QIcon(icon)
    copy.addPixmap(QPixmap(4, 4))  # makes Qt clone the engine
    del icon
    gc.collect()
    assert darkest(copy).name() == theme.LIGHT.text


def test_a_missing_icon_paints_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert darkest(theme.icon("no-such-icon")).alpha() == 0
    assert "no-such-icon" in caplog.text


def test_the_application_icon_has_a_rendering_of_each_size() -> None:
    sizes = {size.width() for size in theme.app_icon().availableSizes()}
    assert sizes == {16, 24, 32, 48, 64, 128, 256, 512}
    assert (resources_folder() / "icons" / "lookalike.svg").is_file()


@pytest.mark.parametrize(
    "kind", [QRadioButton, QCheckBox, QSlider, QPushButton, QToolButton, QComboBox, QLineEdit]
)
def test_what_has_the_keyboard_looks_different(qtbot: QtBot, kind: type[QWidget]) -> None:
    stage = QWidget()
    qtbot.addWidget(stage)
    row = QVBoxLayout(stage)
    widget, other = kind(stage), QPushButton("other")
    if isinstance(widget, QSlider):
        widget.setOrientation(Qt.Orientation.Horizontal)
    row.addWidget(widget)
    row.addWidget(other)
    stage.resize(300, 120)
    stage.show()
    qtbot.waitExposed(stage)
    stage.activateWindow()
    other.setFocus()
    idle = widget.grab().toImage()
    widget.setFocus()
    qtbot.waitUntil(widget.hasFocus)
    if isinstance(widget, QLineEdit):
        widget.setReadOnly(True)  # a blinking cursor would do alone
    assert widget.grab().toImage() != idle
