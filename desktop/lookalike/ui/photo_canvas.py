"""Paints one photo at any size, with zoom and pan; GUI thread only, decodes nothing.

Lengths are in photo pixels and device pixels: a scale of 1 puts one pixel of the photo on one of the screen.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from lookalike.ui import theme

ZOOM_STEP = 1.25
MOST_SCALE = 8.0
"""At 800 % single pixels can be counted; more shows nothing new."""
LEAST_SCALE = 0.02
WHEEL_NOTCH = 120.0
MARGIN_PX = 12


class PhotoCanvas(QWidget):
    """A photo on a stage.

    Several renderings of the same photo may be given, small ones first; the smallest that is sharp at the
    present scale is painted, so a large one never makes the fitted view coarse.

    Signals (GUI thread):
        scale_changed(float): Another scale holds, by hand or by a new window size.
    """

    scale_changed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._photo_size = QSize()
        self._renderings: list[QImage] = []
        self._message = ""
        self._is_fitted = True
        self._scale = 1.0
        self._centre = QPointF()
        self._dragged_from: QPointF | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)

    @property
    def scale(self) -> float:
        """Device pixels per photo pixel."""
        return self._scale

    @property
    def is_fitted(self) -> bool:
        """Whether the whole photo is kept in view."""
        return self._is_fitted

    @property
    def message(self) -> str:
        """What is said instead of, or below, the photo."""
        return self._message

    @property
    def longest_px(self) -> int:
        """The longer side of the largest rendering so far; 0 while there is none."""
        return max((max(each.width(), each.height()) for each in self._renderings), default=0)

    @property
    def wanted_px(self) -> int:
        """The longer side, in device pixels, of the photo as it is shown now."""
        return round(max(self._photo_size.width(), self._photo_size.height()) * self._scale)

    def show_photo(self, size: QSize) -> None:
        """Clears the stage for a photo of so many pixels, fitted."""
        self._photo_size = size
        self._renderings = []
        self._message = ""
        self._is_fitted = True
        self._centre = QPointF(size.width() / 2, size.height() / 2)
        self._fit_scale_now()
        self.update()

    def add_rendering(self, image: QImage) -> None:
        """Takes the photo at one size; a size that is there already is replaced."""
        kept = [each for each in self._renderings if each.size() != image.size()]
        self._renderings = sorted([*kept, image], key=lambda each: each.width() * each.height())
        self.update()

    def show_message(self, text: str) -> None:
        """Says something in place of the photo, or below what there is of it."""
        self._message = text
        self.update()

    def fit(self) -> None:
        """Shows the whole photo, never larger than it is."""
        self._is_fitted = True
        self._fit_scale_now()
        self.update()

    def actual_size(self, at: QPointF | None = None) -> None:
        """Shows one photo pixel on each device pixel, keeping the point under ``at``."""
        self._set_scale(1.0, at)

    def toggle_size(self, at: QPointF | None = None) -> None:
        """Changes between the whole photo and its actual size."""
        if self._is_fitted:
            self.actual_size(at)
        else:
            self.fit()

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Multiplies the scale, keeping the point under ``at`` (the middle by default) where it is."""
        self._set_scale(self._scale * factor, at)

    def pan_by(self, across: float, down: float) -> None:
        """Moves the view over the photo by so many device-independent pixels."""
        per_px = self._scale / self.devicePixelRatioF()
        self._centre += QPointF(across / per_px, down / per_px)
        self._keep_in_view()
        self.update()

    def photo_rect(self) -> QRectF:
        """Returns where the whole photo lies, in the widget's coordinates."""
        per_px = self._scale / self.devicePixelRatioF()
        width, height = self._photo_size.width() * per_px, self._photo_size.height() * per_px
        left = self.width() / 2 - self._centre.x() * per_px
        top = self.height() / 2 - self._centre.y() * per_px
        return QRectF(left, top, width, height)

    def _fitting_scale(self) -> float:
        ratio = self.devicePixelRatioF()
        room_across = max(1.0, (self.width() - 2 * MARGIN_PX) * ratio)
        room_down = max(1.0, (self.height() - 2 * MARGIN_PX) * ratio)
        if self._photo_size.isEmpty():
            return 1.0
        return min(1.0, room_across / self._photo_size.width(), room_down / self._photo_size.height())

    def _fit_scale_now(self) -> None:
        self._centre = QPointF(self._photo_size.width() / 2, self._photo_size.height() / 2)
        self._announce(self._fitting_scale())

    def _set_scale(self, scale: float, at: QPointF | None) -> None:
        if self._photo_size.isEmpty():
            return
        scale = max(min(LEAST_SCALE, self._fitting_scale()), min(MOST_SCALE, scale))
        ratio = self.devicePixelRatioF()
        middle = QPointF(self.width() / 2, self.height() / 2)
        offset = (at if at is not None else middle) - middle
        self._centre += offset * (ratio / self._scale) - offset * (ratio / scale)
        self._is_fitted = False
        self._announce(scale)
        self._keep_in_view()
        self.update()

    def _announce(self, scale: float) -> None:
        self._scale = scale
        self.scale_changed.emit(scale)

    def _keep_in_view(self) -> None:
        """Lets no edge of the photo come further in than the edge of the stage."""
        per_px = self._scale / self.devicePixelRatioF()
        x, y = self._centre.x(), self._centre.y()
        half_across, half_down = self.width() / 2 / per_px, self.height() / 2 / per_px
        width, height = self._photo_size.width(), self._photo_size.height()
        x = width / 2 if half_across * 2 >= width else max(half_across, min(width - half_across, x))
        y = height / 2 if half_down * 2 >= height else max(half_down, min(height - half_down, y))
        self._centre = QPointF(x, y)
        can_pan = half_across * 2 < width or half_down * 2 < height
        self.setCursor(Qt.CursorShape.OpenHandCursor if can_pan else Qt.CursorShape.ArrowCursor)

    def _best_rendering(self) -> QImage | None:
        for image in self._renderings:
            if max(image.width(), image.height()) >= self.wanted_px:
                return image
        return self._renderings[-1] if self._renderings else None

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keeps the whole photo in view, or the view within the photo."""
        if self._is_fitted:
            self._fit_scale_now()
        self._keep_in_view()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paints the stage, the photo and what is to be said about it."""
        scheme = theme.colours(self.palette())
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(scheme.stage))
        image = self._best_rendering()
        if image is not None:
            # Beyond twice the size pixels are what the user wants to see.
            is_smooth = self._scale < 2.0 or self.longest_px < self._photo_longest()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, is_smooth)
            painter.drawImage(self.photo_rect(), image, QRectF(image.rect()))
        if self._message:
            self._paint_message(painter, scheme, is_alone=image is None)
        painter.end()

    def _photo_longest(self) -> int:
        return max(self._photo_size.width(), self._photo_size.height())

    def _paint_message(self, painter: QPainter, scheme: theme.Colours, is_alone: bool) -> None:
        room = QRectF(self.rect()).adjusted(32, 32, -32, -32)
        flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
        box = painter.boundingRect(room, flags, self._message)
        if is_alone:
            side = 48.0
            sign = QRectF(room.center().x() - side / 2, box.top() - side - 12, side, side)
            theme.icon("photo", "muted").paint(painter, sign.toRect())
        else:
            box.moveBottom(room.bottom())
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(scheme.warning_soft))
            painter.drawRoundedRect(box.adjusted(-12, -8, 12, 8), 8, 8)
        painter.setPen(QColor(scheme.muted if is_alone else scheme.warning))
        painter.drawText(box, flags, self._message)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zooms at the pointer."""
        turned = event.angleDelta().y()
        if turned:
            self.zoom_by(ZOOM_STEP ** (turned / WHEEL_NOTCH), event.position())
        event.accept()

    def event(self, event: QEvent) -> bool:
        """Zooms with two fingers on a touchpad, where the platform tells."""
        if isinstance(event, QNativeGestureEvent) and _is_pinch(event):
            self.zoom_by(1.0 + event.value(), event.position())
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Takes hold of the photo."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._dragged_from = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pulls the photo along."""
        if self._dragged_from is not None:
            moved = event.position() - self._dragged_from
            self._dragged_from = event.position()
            self.pan_by(-moved.x(), -moved.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Lets go of the photo."""
        self._dragged_from = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Changes between whole and actual size at the pointer."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.toggle_size(event.position())


def _is_pinch(event: QNativeGestureEvent) -> bool:
    return event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture
