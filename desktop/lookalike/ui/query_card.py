"""The query photo above its look-alikes: picture, name and facts; GUI thread only."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from lookalike.core.records import Photo
from lookalike.ui import text, theme
from lookalike.ui.background import in_background
from lookalike.ui.bridge import Bridge, LatestRequest
from lookalike.ui.elided_label import ElidedLabel
from lookalike.ui.photo_model import facts_line

if TYPE_CHECKING:
    from lookalike.library.library import Library

PICTURE_PX = 84


class QueryCard(QFrame):
    """Shows one photo, of the library or from outside.

    Signals (GUI thread):
        open_requested(): The card was double-clicked.
    """

    open_requested = Signal()

    def __init__(self, library: Library, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self._library = library
        self._bridge = bridge
        self._photo: Photo | None = None
        self._details = LatestRequest(bridge, self)
        self._thumbnail = LatestRequest(bridge, self)
        self._picture = _Picture()
        self._name = ElidedLabel()
        font = self._name.font()
        font.setBold(True)
        self._name.setFont(font)
        self._lines = [ElidedLabel(elide=Qt.TextElideMode.ElideRight, is_muted=True) for _ in range(3)]
        self._lay_out()

    @property
    def photo(self) -> Photo | None:
        """The photo on show, once it is known; None for one outside the library."""
        return self._photo

    def show_file(self, file_id: int) -> None:
        """Shows a photo of the library."""
        self._details.ask(self._library.photos([file_id]), self._take_details)

    def show_path(self, path: bytes) -> None:
        """Shows a photo from outside the library."""
        self._details.drop()
        self._photo = None
        self._picture.set_pixmap(None)
        self._show_words(text.display_name(path), [text.display_folder(path), self.tr("not in the library")])
        self._ask_made(path)

    def _take_details(self, photos: list[Photo]) -> None:
        if not photos:
            return
        photo = photos[0]
        is_same_picture = self._photo is not None and self._photo.fingerprint == photo.fingerprint
        self._photo = photo
        about = text.sentence_list([text.capture_time(photo.facts.taken_at), photo.facts.camera or ""])
        self._show_words(
            text.display_name(photo.path), [facts_line(photo), about, text.display_folder(photo.path)]
        )
        if not is_same_picture or not self._picture.has_pixmap:
            future = in_background(partial(_read_thumbnail, self._library, photo.fingerprint))
            self._thumbnail.ask(future, self._take_thumbnail, self._go_without_picture)

    def _take_thumbnail(self, image: QImage | None) -> None:
        if image is not None and not image.isNull():
            self._picture.set_pixmap(QPixmap.fromImage(image))
        elif self._photo is not None and not self._photo.is_missing:
            self._ask_made(self._photo.path)
        else:
            self._picture.set_pixmap(None)

    def _ask_made(self, path: bytes) -> None:
        future = self._library.photo_bytes_thumbnail(path)
        self._thumbnail.ask(future, self._take_jpeg, self._go_without_picture)

    def _take_jpeg(self, jpeg: bytes) -> None:
        # 256 px take about a millisecond here; a second trip to a worker would not pay.
        image = QImage.fromData(jpeg)
        self._picture.set_pixmap(None if image.isNull() else QPixmap.fromImage(image))

    def _go_without_picture(self, _error: Exception) -> None:
        self._picture.set_pixmap(None)

    def _show_words(self, name: str, lines: list[str]) -> None:
        self._name.set_text(name)
        self.setAccessibleName(self.tr("Query photo: %1").replace("%1", name))
        for number, label in enumerate(self._lines):
            line = lines[number] if number < len(lines) else ""
            label.set_text(line)
            label.setVisible(bool(line))

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(3)
        words.addStretch()
        words.addWidget(self._name)
        for label in self._lines:
            words.addWidget(label)
        words.addStretch()
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 8, 12, 8)
        row.setSpacing(12)
        row.addWidget(self._picture)
        row.addLayout(words, 1)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Asks for the photo large."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.open_requested.emit()


class _Picture(QWidget):
    """A small picture, sharp on every screen."""

    def __init__(self) -> None:
        super().__init__()
        self._pixmap: QPixmap | None = None
        self.setFixedSize(QSize(PICTURE_PX, PICTURE_PX))

    @property
    def has_pixmap(self) -> bool:
        """Whether there is a picture to paint."""
        return self._pixmap is not None

    def set_pixmap(self, pixmap: QPixmap | None) -> None:
        """Shows another picture."""
        self._pixmap = pixmap
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paints the picture into the middle, or a quiet ground."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._pixmap is None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.colours(self.palette()).hover))
            painter.drawRoundedRect(self.rect(), 4, 4)
        else:
            size = self._pixmap.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            left = (self.width() - size.width()) // 2
            painter.drawPixmap(
                left, (self.height() - size.height()) // 2, size.width(), size.height(), self._pixmap
            )
        painter.end()


def _read_thumbnail(library: Library, fingerprint: bytes) -> QImage | None:
    """Reads and decodes on a pool thread; None where the cache does not have it."""
    jpeg = library.thumbnail(fingerprint)
    return None if jpeg is None else QImage.fromData(jpeg)
