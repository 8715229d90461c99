"""An icon among text that changes colour with the scheme; GUI thread only."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lookalike.ui import theme


class IconLabel(QWidget):
    """Paints an icon anew with every change of palette, which a label with a pixmap would not."""

    def __init__(
        self, name: str, size_px: int = 18, tone: str = "text", parent: QWidget | None = None
    ) -> None:
        """Makes the label.

        Args:
            name: Of the icon.
            size_px: Its width and height.
            tone: A field of :class:`theme.Colours`.
            parent: The widget it lies in.
        """
        super().__init__(parent)
        self._size_px = size_px
        self._icon = QIcon()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_icon(name, tone)

    def set_icon(self, name: str, tone: str = "text") -> None:
        """Shows another icon."""
        self._icon = theme.icon(name, tone)
        self.update()

    def sizeHint(self) -> QSize:
        """Returns the icon's size."""
        return QSize(self._size_px, self._size_px)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paints the icon in today's colours."""
        painter = QPainter(self)
        self._icon.paint(painter, self.rect())
        painter.end()
