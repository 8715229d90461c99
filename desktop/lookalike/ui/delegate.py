"""Paints one cell of a photo grid: picture, badges, name and facts; GUI thread only.

All colours come from the palette, all sizes from the font and the wished size of the pictures; pictures are
painted pixel for pixel on any screen. A cell is painted thousands of times in a scroll, so whatever does not
depend on the cell is made once for each palette and font.
"""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetrics, QPainter, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from lookalike.core.records import ContentState
from lookalike.ui import text, theme
from lookalike.ui.grid_layout import GridMetrics
from lookalike.ui.photo_model import CELL_ROLE, Cell

PADDING = 6
"""Between the edge of a cell and its picture; the selection shows there."""
TEXT_GAP = 4
LINE_GAP = 2
CORNER = 6.0
BADGE_PADDING = 5
BADGE_GROUND = QColor(0, 0, 0, 175)
BADGE_TEXT = QColor(255, 255, 255)
"""White on nearly black reads on every photo, in light and in dark."""
WARNING_GROUND = QColor(176, 84, 0, 230)
MISSING_OPACITY = 0.35
SMALL_TEXT = 0.9
"""Size of facts beside the name's."""
KEPT_NAMES = 2000
"""Shortened names kept: finding where to cut takes as long as painting the picture."""
CENTRED = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter)
NO_PEN = QPen(Qt.PenStyle.NoPen)
NO_BRUSH = QBrush(Qt.BrushStyle.NoBrush)

Index = QModelIndex | QPersistentModelIndex


class _Look:
    """Fonts, measures, pens and brushes for one palette and font."""

    def __init__(self, palette: QPalette, font: QFont) -> None:
        colours = theme.colours(palette)
        self.key = look_key(palette, font)
        self.font = QFont(font)
        self.small = _small(font)
        self.badge = _small(font)
        self.badge.setBold(True)
        self.measure = QFontMetrics(self.font)
        self.small_measure = QFontMetrics(self.small)
        self.badge_measure = QFontMetrics(self.badge)
        self.text = QPen(QColor(colours.text))
        self.muted = QPen(QColor(colours.muted))
        self.hover = QBrush(QColor(colours.hover))
        self.active = (QPen(QColor(colours.accent), 1), QBrush(QColor(colours.accent_soft)))
        self.inactive = (QPen(QColor(colours.muted), 1), QBrush(QColor(colours.pressed)))
        self.focus = QPen(QColor(colours.accent), 2)
        self.broken = QPen(QColor(colours.muted), 2)
        self._shortened: OrderedDict[tuple[str, int, bool], str] = OrderedDict()

    def shortened(self, words: str, width: int, *, is_small: bool = False) -> str:
        """Returns a text cut to a width, names in the middle, facts at the end."""
        key = (words, width, is_small)
        short = self._shortened.get(key)
        if short is None:
            measure = self.small_measure if is_small else self.measure
            mode = Qt.TextElideMode.ElideRight if is_small else Qt.TextElideMode.ElideMiddle
            short = measure.elidedText(words, mode, width)
            self._shortened[key] = short
            if len(self._shortened) > KEPT_NAMES:
                self._shortened.popitem(last=False)
        return short


class PhotoDelegate(QStyledItemDelegate):
    """Cells of a library grid, or of a ranked grid with facts under each name."""

    def __init__(self, parent: QObject | None = None, *, shows_facts: bool = False) -> None:
        super().__init__(parent)
        self._shows_facts = shows_facts
        self._thumbnail_px = 160
        self._look: _Look | None = None

    @property
    def thumbnail_px(self) -> int:
        """Longer side of a picture, in device-independent pixels."""
        return self._thumbnail_px

    def set_thumbnail_px(self, thumbnail_px: int) -> None:
        """Sets the longer side of the pictures; the grid lays itself out anew."""
        self._thumbnail_px = thumbnail_px

    def metrics(self, font: QFont) -> GridMetrics:
        """Returns the sizes a grid of these cells has in a font."""
        line = QFontMetrics(font).height()
        lines = line + (QFontMetrics(_small(font)).height() + LINE_GAP if self._shows_facts else 0)
        side = self._thumbnail_px + 2 * PADDING
        return GridMetrics(side, side + TEXT_GAP + lines, header_height=round(line * 2.4))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paints a cell from memory; a cell without details is an empty frame."""
        cell = index.data(CELL_ROLE)
        if isinstance(cell, Cell):
            painter.save()
            self.prepare(painter)
            self.paint_cell(painter, option.rect, option.state, cell, self.look(option.palette, option.font))
            painter.restore()

    def prepare(self, painter: QPainter) -> None:
        """Sets what all cells need of a painter, once for many cells."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)

    def look(self, palette: QPalette, font: QFont) -> _Look:
        """Returns the look for a palette and font, made once."""
        if self._look is None or self._look.key != look_key(palette, font):
            self._look = _Look(palette, font)
        return self._look

    def paint_cell(
        self, painter: QPainter, rect: QRect, state: QStyle.StateFlag, cell: Cell, look: _Look
    ) -> None:
        """Paints one cell with a prepared painter; the painter's pen, brush and font are left changed."""
        _paint_ground(painter, rect, state, look)
        side = self._thumbnail_px
        square = QRect(rect.x() + (rect.width() - side) // 2, rect.y() + PADDING, side, side)
        place = self._paint_picture(painter, square, cell, look)
        self._paint_badges(painter, place, cell, look)
        self._paint_text(painter, rect, square.bottom() + 1 + TEXT_GAP, cell, look)

    def _paint_picture(self, painter: QPainter, square: QRect, cell: Cell, look: _Look) -> QRect:
        """Paints the picture, or what stands for it; returns the rectangle it takes."""
        if cell.pixmap is None:
            return _paint_placeholder(painter, square, cell, look)
        place = fitted(cell.pixmap, square)
        if cell.photo is not None and cell.photo.is_missing:
            painter.setOpacity(MISSING_OPACITY)
            painter.drawPixmap(place, cell.pixmap)
            painter.setOpacity(1.0)
        else:
            painter.drawPixmap(place, cell.pixmap)
        return place

    def _paint_badges(self, painter: QPainter, place: QRect, cell: Cell, look: _Look) -> None:
        warning = self._warning(cell)
        if cell.score is None and not warning:
            return
        painter.setFont(look.badge)
        if cell.score is not None:
            _paint_badge(painter, look, place, text.percent(cell.score), BADGE_GROUND, at_right=True)
        if warning:
            _paint_badge(painter, look, place, warning, WARNING_GROUND, at_right=False)

    def _warning(self, cell: Cell) -> str:
        photo = cell.photo
        if photo is None or (photo.state is ContentState.OK and not photo.is_missing):
            return ""
        if photo.is_missing:
            return self.tr("Missing")
        return self.tr("Damaged") if photo.state is ContentState.DAMAGED else self.tr("Set aside")

    def _paint_text(self, painter: QPainter, rect: QRect, top: int, cell: Cell, look: _Look) -> None:
        if cell.photo is None:
            return
        left, width, height = rect.x() + PADDING, rect.width() - 2 * PADDING, look.measure.height()
        painter.setFont(look.font)
        painter.setPen(look.text)
        painter.drawText(left, top, width, height, CENTRED, look.shortened(cell.name, width))
        if not self._shows_facts:
            return
        facts = cell.photo.facts
        words = text.sentence_list(
            [text.pixel_size(facts.width, facts.height), text.human_size(facts.size_bytes)]
        )
        painter.setFont(look.small)
        painter.setPen(look.muted)
        short = look.shortened(words, width, is_small=True)
        top += height + LINE_GAP
        painter.drawText(left, top, width, look.small_measure.height(), CENTRED, short)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Returns the size of every cell."""
        metrics = self.metrics(option.font)
        return QSize(metrics.cell_width, metrics.cell_height)


def look_key(palette: QPalette, font: QFont) -> tuple[int, str]:
    """Returns what tells two looks apart."""
    return palette.cacheKey(), font.key()


def fitted(pixmap: QPixmap, square: QRect) -> QRect:
    """Returns where a picture is painted, in device-independent pixels: centred, small photos not blown up.

    Thumbnails have 256 pixels; on a fine screen a large cell is still filled, though not with all its pixels.
    """
    width, height = pixmap.width(), pixmap.height()
    shrink = min(1.0, square.width() / max(1.0, width), square.height() / max(1.0, height))
    across, down = max(1, round(width * shrink)), max(1, round(height * shrink))
    left = square.x() + (square.width() - across) // 2
    return QRect(left, square.y() + (square.height() - down) // 2, across, down)


def _small(font: QFont) -> QFont:
    small = QFont(font)
    if font.pointSizeF() > 0:
        small.setPointSizeF(font.pointSizeF() * SMALL_TEXT)
    else:
        small.setPixelSize(max(1, round(font.pixelSize() * SMALL_TEXT)))
    return small


def _paint_ground(painter: QPainter, rect: QRect, state: QStyle.StateFlag, look: _Look) -> None:
    """Paints what tells selected, focused and hovered cells apart."""
    flags = QStyle.StateFlag
    if not state & (flags.State_Selected | flags.State_MouseOver | flags.State_HasFocus):
        return
    frame = QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5)
    if state & flags.State_Selected:
        pen, brush = look.active if state & flags.State_Active else look.inactive
        painter.setPen(pen)
        painter.setBrush(brush)
        painter.drawRoundedRect(frame, CORNER, CORNER)
    elif state & flags.State_MouseOver:
        painter.setPen(NO_PEN)
        painter.setBrush(look.hover)
        painter.drawRoundedRect(frame, CORNER, CORNER)
    if state & flags.State_HasFocus:
        painter.setPen(look.focus)
        painter.setBrush(NO_BRUSH)
        painter.drawRoundedRect(frame.adjusted(0.5, 0.5, -0.5, -0.5), CORNER, CORNER)


def _paint_placeholder(painter: QPainter, square: QRect, cell: Cell, look: _Look) -> QRect:
    """Paints a quiet rectangle in the photo's shape, with a sign when there is no picture to be had."""
    place = QRect(square)
    if cell.photo is not None and cell.photo.facts.width and cell.photo.facts.height:
        size = QSize(cell.photo.facts.width, cell.photo.facts.height)
        place.setSize(size.scaled(square.size(), Qt.AspectRatioMode.KeepAspectRatio))
        place.moveCenter(square.center())
    painter.setPen(NO_PEN)
    painter.setBrush(look.hover)
    painter.drawRoundedRect(place, 3, 3)
    if cell.has_failed:
        side = min(square.width(), square.height()) * 0.22
        frame = QRectF(0, 0, side * 1.3, side)
        frame.moveCenter(QRectF(place).center())
        painter.setPen(look.broken)
        painter.setBrush(NO_BRUSH)
        painter.drawRoundedRect(frame, 3, 3)
        painter.drawLine(frame.bottomLeft(), frame.topRight())
    return place


def _paint_badge(
    painter: QPainter, look: _Look, place: QRect, words: str, ground: QColor, *, at_right: bool
) -> None:
    """Paints a small label into a lower corner of a picture."""
    width = look.badge_measure.horizontalAdvance(words) + 2 * BADGE_PADDING
    height = look.badge_measure.height() + 2
    left = place.right() - width - 3 if at_right else place.left() + 4
    # In a very narrow picture the label is centred, or it would hang out at one side.
    if width + 8 > place.width():
        left = place.center().x() - width // 2
    badge = QRect(left, place.bottom() - height - 3, width, height)
    painter.setPen(NO_PEN)
    painter.setBrush(ground)
    painter.drawRoundedRect(badge, 4, 4)
    painter.setPen(BADGE_TEXT)
    painter.drawText(badge, CENTRED, words)
