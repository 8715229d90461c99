"""A line of text that gives way instead of widening its window; GUI thread only."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lookalike.ui import theme


class ElidedLabel(QWidget):
    """Shows one line, shortened with an ellipsis where it does not fit; the tool tip then has it all."""

    def __init__(
        self,
        text: str = "",
        elide: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle,
        is_muted: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._text = text
        self._elide = elide
        self._is_muted = is_muted
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.set_text(text)

    def text(self) -> str:
        """Returns the whole text."""
        return self._text

    def set_text(self, text: str) -> None:
        """Shows another text."""
        self._text = text
        self.setAccessibleName(text)
        self._update_tip()
        self.updateGeometry()
        self.update()

    def _update_tip(self) -> None:
        is_cut = self.fontMetrics().horizontalAdvance(self._text) > self.width()
        self.setToolTip(self._text if is_cut else "")

    def sizeHint(self) -> QSize:
        """Returns the room the whole text would like."""
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._text) + 2, metrics.height() + 2)

    def minimumSizeHint(self) -> QSize:
        """Returns room for a few letters."""
        metrics = self.fontMetrics()
        return QSize(metrics.averageCharWidth() * 4, metrics.height() + 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Sees whether the text still fits."""
        self._update_tip()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draws the line."""
        painter = QPainter(self)
        palette = self.palette()
        if self._is_muted:
            painter.setPen(QColor(theme.colours(palette).muted))
        else:
            painter.setPen(palette.color(QPalette.ColorRole.WindowText))
        shown = self.fontMetrics().elidedText(self._text, self._elide, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
        painter.end()
