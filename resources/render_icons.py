"""Renders the application icon to the sizes a desktop asks for; run by hand after the drawing changed.

``python resources/render_icons.py`` writes ``icons/hicolor/<size>x<size>/apps/lookalike.png``. Up to 24
pixels the simpler drawing ``lookalike-small.svg`` serves: the full one would blur.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

ICONS = Path(__file__).resolve().parent / "icons"
SIZES_PX = (16, 24, 32, 48, 64, 128, 256, 512)
SMALL_PX = 24


def render(drawing: Path, size_px: int) -> QImage:
    """Returns the drawing as a transparent square."""
    image = QImage(size_px, size_px, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(str(drawing)).render(painter, QRectF(0, 0, size_px, size_px))
    painter.end()
    return image


def main() -> None:
    """Writes every size."""
    for size_px in SIZES_PX:
        name = "lookalike-small.svg" if size_px <= SMALL_PX else "lookalike.svg"
        target = ICONS / "hicolor" / f"{size_px}x{size_px}" / "apps" / "lookalike.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        if not render(ICONS / name, size_px).save(str(target)):
            raise SystemExit(f"“{target}” could not be written.")


if __name__ == "__main__":
    application = QGuiApplication([])
    main()
