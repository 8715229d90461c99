"""Colours, style sheet and icons of the whole window, light and dark; GUI thread only.

Fusion with a palette of our own: it looks the same on every desktop and knows both schemes. Widgets read the
palette; the style sheet in ``resources/styles`` adds only what a palette cannot say. Icons take their colour
from the palette whenever they are painted, so a change of scheme needs no new icons.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from typing import ClassVar

from PySide6.QtCore import QObject, QPoint, QRect, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QIcon, QIconEngine, QImage, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from lookalike.config.assets import resources_folder
from lookalike.config.settings import Appearance

log = logging.getLogger(__name__)

FOLLOWER_NAME = "lookalike-theme"
ICON_SIZES_PX = (16, 24, 32, 48, 64, 128, 256, 512)


@dataclass(frozen=True, slots=True)
class Colours:
    """One scheme; every field is a colour name that the style sheet may use as ``@name``.

    Text on its ground has a contrast of at least 4.5 to 1 in both schemes; a test holds that.
    """

    window: str
    base: str
    raised: str
    text: str
    muted: str
    disabled: str
    border: str
    hover: str
    pressed: str
    accent: str
    on_accent: str
    accent_hover: str
    accent_soft: str
    link: str
    warning: str
    warning_soft: str
    stage: str


LIGHT = Colours(
    window="#f4f5f7",
    base="#ffffff",
    raised="#ffffff",
    text="#1c2026",
    muted="#5a6270",
    disabled="#9aa1ac",
    border="#d5d9e0",
    hover="#e8ebf0",
    pressed="#dce1e9",
    accent="#2a6fdb",
    on_accent="#ffffff",
    accent_hover="#1f5fc6",
    accent_soft="#e3edfc",
    link="#1f5fc6",
    warning="#8a4b00",
    warning_soft="#fff3dc",
    stage="#e9ebef",
)
DARK = Colours(
    window="#1f2227",
    base="#181a1e",
    raised="#2a2e35",
    text="#e8eaee",
    muted="#a3abb8",
    disabled="#6a717d",
    border="#3a3f48",
    hover="#2e333b",
    pressed="#383e48",
    accent="#3570cf",
    on_accent="#ffffff",
    accent_hover="#2b62bd",
    accent_soft="#24354f",
    link="#7fb0ff",
    warning="#ffc46b",
    warning_soft="#3a2f1c",
    stage="#121316",
)


def apply(app: QApplication, appearance: Appearance) -> None:
    """Dresses the whole application and keeps following the system where ``appearance`` says so."""
    follower = app.findChild(_SchemeFollower, FOLLOWER_NAME)
    if follower is None:
        app.setStyle("Fusion")
        follower = _SchemeFollower(app)
    follower.follow(appearance)


def is_dark(palette: QPalette) -> bool:
    """Tells which scheme a palette belongs to."""
    return palette.color(QPalette.ColorRole.Window).lightness() < 128


def colours(palette: QPalette) -> Colours:
    """Returns the named colours of the scheme that a widget's palette belongs to."""
    return DARK if is_dark(palette) else LIGHT


def icon(name: str, tone: str = "text") -> QIcon:
    """Returns ``resources/icons/<name>.svg`` as an icon that takes the scheme's colours when painted.

    Args:
        name: Of the drawing.
        tone: The field of :class:`Colours` that a normal icon takes; disabled and selected ones follow the
            palette.
    """
    return QIcon(_TintedIcon(_drawing(name), tone))


def app_icon() -> QIcon:
    """Returns the application's own icon in every size there is."""
    result = QIcon()
    for size_px in ICON_SIZES_PX:
        file = resources_folder() / "icons" / "hicolor" / f"{size_px}x{size_px}" / "apps" / "lookalike.png"
        result.addFile(str(file), QSize(size_px, size_px))
    return result


def palette_of(scheme: Colours) -> QPalette:
    """Builds the palette of a scheme."""
    palette = QPalette()
    role = QPalette.ColorRole
    for each, name in (
        (role.Window, scheme.window),
        (role.WindowText, scheme.text),
        (role.Base, scheme.base),
        (role.AlternateBase, scheme.window),
        (role.ToolTipBase, scheme.raised),
        (role.ToolTipText, scheme.text),
        (role.PlaceholderText, scheme.muted),
        (role.Text, scheme.text),
        (role.Button, scheme.raised),
        (role.ButtonText, scheme.text),
        (role.BrightText, scheme.on_accent),
        (role.Highlight, scheme.accent),
        (role.HighlightedText, scheme.on_accent),
        (role.Accent, scheme.accent),
        (role.Link, scheme.link),
        (role.LinkVisited, scheme.link),
        (role.Light, scheme.raised),
        (role.Midlight, scheme.hover),
        (role.Mid, scheme.border),
        (role.Dark, scheme.muted),
        (role.Shadow, "#000000"),
    ):
        palette.setColor(each, QColor(name))
    for each in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        palette.setColor(QPalette.ColorGroup.Disabled, each, QColor(scheme.disabled))
    palette.setColor(QPalette.ColorGroup.Disabled, role.Highlight, QColor(scheme.border))
    return palette


class _SchemeFollower(QObject):
    """Belongs to the application; dresses it anew when the system turns light or dark."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self.setObjectName(FOLLOWER_NAME)
        self._app = app
        self._appearance = Appearance.SYSTEM
        app.styleHints().colorSchemeChanged.connect(self._dress)

    def follow(self, appearance: Appearance) -> None:
        """Takes a new wish."""
        self._appearance = appearance
        asked = {
            Appearance.SYSTEM: Qt.ColorScheme.Unknown,
            Appearance.LIGHT: Qt.ColorScheme.Light,
            Appearance.DARK: Qt.ColorScheme.Dark,
        }[appearance]
        # Also turns title bars and native dialogs where the platform can; Unknown gives them back.
        self._app.styleHints().setColorScheme(asked)
        self._dress()

    @Slot()
    def _dress(self) -> None:
        if self._appearance is Appearance.SYSTEM:
            wants_dark = self._app.styleHints().colorScheme() == Qt.ColorScheme.Dark
        else:
            wants_dark = self._appearance is Appearance.DARK
        scheme = DARK if wants_dark else LIGHT
        palette = palette_of(scheme)
        sheet = style_sheet(scheme)
        if palette != self._app.palette():
            self._app.setPalette(palette)
        if sheet != self._app.styleSheet():
            self._app.setStyleSheet(sheet)


def style_sheet(scheme: Colours) -> str:
    """Reads every style sheet and fills in the colours of a scheme."""
    folder = resources_folder() / "styles"
    parts = []
    for file in sorted(folder.glob("*.qss")):
        parts.append(file.read_text("utf-8"))
    if not parts:
        log.warning("No style sheet was found in the installation")
    pictures = folder / ("dark" if scheme is DARK else "light")
    sheet = "\n".join(parts).replace("@pictures", pictures.as_posix())
    values = asdict(scheme)
    for name in sorted(values, key=len, reverse=True):
        sheet = sheet.replace(f"@{name}", values[name])
    return sheet


def _drawing(name: str) -> bytes:
    """Reads an icon; one that is not there is logged and paints as nothing."""
    try:
        return (resources_folder() / "icons" / f"{name}.svg").read_bytes()
    except OSError:
        log.warning("The icon %s is missing from the installation", name)
        return b""


class _TintedIcon(QIconEngine):
    """Paints a drawing whose strokes are ``currentColor`` in the colour that mode and palette ask for."""

    _clones: ClassVar[list[_TintedIcon]] = []
    """Qt takes a clone as a bare pointer; without a reference here Python frees it: a crash."""

    def __init__(self, drawing: bytes, tone: str) -> None:
        super().__init__()
        self._svg = drawing
        self._tone = tone

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        """Draws the icon into ``rect``, centred and square."""
        if not self._svg:
            return
        renderer = QSvgRenderer(self._svg.replace(b"currentColor", self._tint(mode).name().encode()))
        side = float(min(rect.width(), rect.height()))
        square = QRectF(0, 0, side, side)
        square.moveCenter(QRectF(rect).center())
        renderer.render(painter, square)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        """Returns the icon on a transparent ground."""
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return pixmap

    def addPixmap(self, pixmap: QPixmap | QImage, mode: QIcon.Mode, state: QIcon.State) -> None:
        """Leaves the icon as it is: it has one drawing."""

    def clone(self) -> QIconEngine:
        """Returns a second engine with the same drawing."""
        copy = _TintedIcon(self._svg, self._tone)
        self._clones.append(copy)
        return copy

    def _tint(self, mode: QIcon.Mode) -> QColor:
        """Returns the colour of a stroke now."""
        palette = QApplication.palette()
        if mode == QIcon.Mode.Disabled:
            return palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText)
        if mode == QIcon.Mode.Selected:
            return palette.color(QPalette.ColorRole.HighlightedText)
        return QColor(getattr(colours(palette), self._tone))
