"""Paints the heading of a date section in the photo grid; GUI thread only."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette

from lookalike.ui import text, theme

GAP = 10
FLAGS = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


def paint_header(
    painter: QPainter, box: QRect, day: int, photos: int, palette: QPalette, font: QFont
) -> None:
    """Paints the day, and how many photos it has, at the left of ``box``.

    Args:
        painter: On the grid's viewport.
        box: Of the heading, in the view.
        day: Proleptic ordinal of the section's day.
        photos: In the section.
        palette: The grid's.
        font: The grid's.
    """
    colours = theme.colours(palette)
    bold = QFont(font)
    bold.setBold(True)
    title = text.day_title(day)
    painter.setFont(bold)
    painter.setPen(QColor(colours.text))
    inner = box.adjusted(2, 0, 0, 0)
    painter.drawText(inner, FLAGS, title)
    used = QFontMetrics(bold).horizontalAdvance(title)
    painter.setFont(font)
    painter.setPen(QColor(colours.muted))
    painter.drawText(inner.adjusted(used + GAP, 0, 0, 0), FLAGS, text.photo_count(photos))
