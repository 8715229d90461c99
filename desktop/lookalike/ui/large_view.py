"""One photo large in the window, with its neighbours in the listing a key away; GUI thread only.

The thumbnail is there at once, a rendering at screen size follows, and one at full size when zoomed in. While
a key is held down nothing is decoded: only the photo it stops at.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QContextMenuEvent, QHideEvent, QImage, QKeySequence
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from lookalike.core.records import Photo
from lookalike.ui import text, theme
from lookalike.ui.bridge import Bridge
from lookalike.ui.elided_label import ElidedLabel
from lookalike.ui.large_pictures import LargePictures
from lookalike.ui.photo_canvas import ZOOM_STEP, PhotoCanvas

SETTLE_MS = 60
"""Longer than the pause between repeats of a held key (about 30 ms), shorter than one notices."""
PAN_PX = 80.0


class LargeView(QWidget):
    """The view over the grid that shows one photo.

    Signals (GUI thread):
        closed(): The user wants the grid back.
        find_similar_requested(int): Look-alikes of this file are wanted.
        current_changed(int): Another file is shown.
        menu_requested(Photo, QPoint): The context menu is wanted here, in global coordinates.
    """

    closed = Signal()
    find_similar_requested = Signal(int)
    current_changed = Signal(int)
    menu_requested = Signal(object, object)

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Photo"))
        self._ids: NDArray[np.int64] = np.empty(0, np.int64)
        self._row = -1
        self._shown: Photo | None = None
        self._offline: frozenset[int] = frozenset()
        self._pictures = LargePictures(bridge, self)
        self._pictures.photo_arrived.connect(self._show_facts)
        self._pictures.photo_vanished.connect(self._say_vanished)
        self._pictures.picture_arrived.connect(self._show_picture)
        self._pictures.picture_failed.connect(self._say_failed)
        self._canvas = PhotoCanvas()
        self._canvas.scale_changed.connect(self._show_scale)
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.setInterval(SETTLE_MS)
        self._settled.timeout.connect(self._ask_pictures)
        self._name = ElidedLabel()
        self._position = QLabel()
        self._zoom = QLabel()
        self._facts = ElidedLabel(elide=Qt.TextElideMode.ElideRight, is_muted=True)
        self._folder = ElidedLabel(is_muted=True)
        self._make_actions()
        self._lay_out()
        self.setFocusProxy(self._canvas)

    @property
    def canvas(self) -> PhotoCanvas:
        """Where the photo is painted."""
        return self._canvas

    @property
    def current(self) -> int:
        """The file that is shown; -1 where none is."""
        return int(self._ids[self._row]) if 0 <= self._row < self._ids.size else -1

    def show_photo(self, listing_ids: NDArray[np.int64], row: int) -> None:
        """Shows one row of a listing; previous and next walk along it."""
        self._ids = listing_ids
        self._row = -1
        self._go_to(row)
        self._canvas.setFocus()

    def photo(self) -> Photo | None:
        """Returns the photo that is shown, once it is known."""
        return self._pictures.photo(self.current)

    def refresh(self) -> None:
        """Asks again about the photo that is shown: the library has changed."""
        if self.isVisible() and self.current >= 0:
            self._pictures.ask_photos([self.current])

    def set_offline_folders(self, folder_ids: frozenset[int]) -> None:
        """Takes note of the folders that cannot be reached; a photo of one that is back is read again."""
        came_back = self._offline - folder_ids
        self._offline = folder_ids
        photo = self.photo()
        if photo is not None and photo.folder_id in came_back and self.isVisible():
            self._canvas.show_message("")
            self._settled.start()

    @Slot()
    def close_view(self) -> None:
        """Gives the grid back and the memory too."""
        self._settled.stop()
        self._pictures.forget()
        self.closed.emit()

    @Slot()
    def find_similar(self) -> None:
        """Asks for the look-alikes of what is shown."""
        if self.current >= 0:
            self.find_similar_requested.emit(self.current)

    def _go_by(self, rows: int) -> None:
        self._go_to(max(0, min(int(self._ids.size) - 1, self._row + rows)))

    def _go_to(self, row: int) -> None:
        if not 0 <= row < self._ids.size or row == self._row:
            return
        self._pictures.drop_oversized(self.current, max(self._canvas.width(), self._canvas.height()))
        self._row = row
        self._shown = None
        file_id = self.current
        self._previous.setEnabled(row > 0)
        self._first.setEnabled(row > 0)
        self._next.setEnabled(row < self._ids.size - 1)
        self._last.setEnabled(row < self._ids.size - 1)
        position = self.tr("%1 of %2").replace("%1", text.number(row + 1))
        self._position.setText(position.replace("%2", text.number(int(self._ids.size))))
        self._canvas.show_photo(QSize())
        photo = self._pictures.photo(file_id)
        if photo is None:
            for label in (self._name, self._facts, self._folder):
                label.set_text("")
            self._zoom.clear()
            self._pictures.ask_photos([file_id])
        else:
            self._show_facts(photo)
        self.current_changed.emit(file_id)

    @Slot(object)
    def _show_facts(self, photo: Photo) -> None:
        if photo.file_id != self.current or photo == self._shown:
            return
        self._shown = photo
        facts = photo.facts
        self._name.set_text(text.display_name(photo.path))
        self._folder.set_text(text.display_folder(photo.path))
        self._facts.set_text(
            text.sentence_list(
                [
                    text.pixel_size(facts.width, facts.height),
                    text.human_size(facts.size_bytes),
                    text.capture_time(facts.taken_at),
                    facts.camera or "",
                ]
            )
        )
        self._canvas.setAccessibleName(text.display_name(photo.path))
        self._canvas.show_photo(QSize(facts.width, facts.height))
        image = self._pictures.image(photo.file_id)
        if image is not None:
            self._canvas.add_rendering(image)
        else:
            self._pictures.ask_thumbnail(photo)
        if photo.is_missing:
            self._canvas.show_message(self.tr("The file of this photo is no longer there."))
        self._settled.start()

    @Slot()
    def _ask_pictures(self) -> None:
        photo = self.photo()
        if photo is None or photo.is_missing:
            return
        self._pictures.ask_large(photo, self._canvas.wanted_px)
        if self._pictures.image(photo.file_id) is not None:
            self._prefetch()

    def _prefetch(self) -> None:
        """Fetches the neighbours at screen size, the next one first."""
        px = max(self._canvas.width(), self._canvas.height())
        px = round(px * self.devicePixelRatioF())
        for row in (self._row + 1, self._row - 1):
            if not 0 <= row < self._ids.size:
                continue
            file_id = int(self._ids[row])
            photo = self._pictures.photo(file_id)
            if photo is None:
                self._pictures.ask_photos([file_id], partial(self._prefetch_one, px))
            else:
                self._pictures.ask_large(photo, px)

    def _prefetch_one(self, px: int, photo: Photo) -> None:
        self._pictures.ask_large(photo, px)

    @Slot(int, QImage)
    def _show_picture(self, file_id: int, image: QImage) -> None:
        if file_id != self.current:
            return
        self._canvas.add_rendering(image)
        if self._pictures.image(file_id) is not None:
            if self._shown is not None and not self._shown.is_missing:
                self._canvas.show_message("")
            self._prefetch()

    @Slot(int)
    def _say_vanished(self, file_id: int) -> None:
        if file_id == self.current:
            self._canvas.show_message(self.tr("This photo is no longer in the library."))

    @Slot(int, str)
    def _say_failed(self, file_id: int, reason: str) -> None:
        photo = self.photo()
        if file_id != self.current or photo is None or photo.is_missing:
            return
        if photo.folder_id in self._offline:
            reason = self.tr(
                "The folder of this photo is offline; it is shown here again when the folder is back."
            )
        self._canvas.show_message(reason)

    @Slot(float)
    def _show_scale(self, scale: float) -> None:
        is_known = self._canvas.wanted_px > 0
        self._zoom.setText(text.zoom(scale) if is_known else "")
        self._fit.setChecked(self._canvas.is_fitted)
        for action in (self._zoom_in, self._zoom_out, self._fit, self._actual):
            action.setEnabled(is_known)
        if is_known:
            self._settled.start()

    def _make_actions(self) -> None:
        make = self._make_action
        self._back = make("back", self.tr("Back to the grid"), ["Esc", "Backspace"], self.close_view)
        self._previous = make(
            "previous", self.tr("Previous photo"), ["Left", "PgUp"], partial(self._go_by, -1)
        )
        self._next = make(
            "next", self.tr("Next photo"), ["Right", "PgDown", "Space"], partial(self._go_by, 1)
        )
        self._first = make("", self.tr("First photo"), ["Home"], partial(self._go_to, 0))
        self._last = make("", self.tr("Last photo"), ["End"], self._go_to_last)
        canvas = self._canvas
        zoom_in, zoom_out = partial(canvas.zoom_by, ZOOM_STEP), partial(canvas.zoom_by, 1 / ZOOM_STEP)
        self._zoom_in = make("zoom-in", self.tr("Zoom in"), ["+", "=", "Ctrl++", "Ctrl+="], zoom_in)
        self._zoom_out = make("zoom-out", self.tr("Zoom out"), ["-", "Ctrl+-"], zoom_out)
        self._fit = make("fit", self.tr("Fit in the window"), ["0", "Ctrl+0"], canvas.fit)
        self._fit.setCheckable(True)
        self._actual = make("actual-size", self.tr("Actual size"), ["1", "Ctrl+1"], self._show_actual_size)
        self._similar = make("look-alikes", self.tr("Find similar"), ["S"], self.find_similar)
        for keys, across, down in (
            ("Shift+Left", -PAN_PX, 0.0),
            ("Shift+Right", PAN_PX, 0.0),
            ("Shift+Up", 0.0, -PAN_PX),
            ("Shift+Down", 0.0, PAN_PX),
        ):
            make("", self.tr("Move over the photo"), [keys], partial(canvas.pan_by, across, down))

    def _make_action(self, icon: str, title: str, keys: list[str], work: Callable[[], None]) -> QAction:
        action = QAction(title, self)
        if icon:
            action.setIcon(theme.icon(icon))
        action.setShortcuts([QKeySequence(each) for each in keys])
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shown = QKeySequence(keys[0]).toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{title} ({shown})")
        action.triggered.connect(partial(_run_without_state, work))
        self.addAction(action)
        return action

    def _go_to_last(self) -> None:
        self._go_to(int(self._ids.size) - 1)

    def _show_actual_size(self) -> None:
        self._canvas.actual_size()

    def _lay_out(self) -> None:
        self._position.setProperty("kind", "muted")
        self._zoom.setProperty("kind", "muted")
        self._zoom.setMinimumWidth(self.fontMetrics().horizontalAdvance("0000 %"))
        self._zoom.setAlignment(Qt.AlignmentFlag.AlignCenter)
        bold = self._name.font()
        bold.setWeight(bold.Weight.DemiBold)
        self._name.setFont(bold)
        top = QHBoxLayout()
        top.setContentsMargins(8, 6, 8, 6)
        top.setSpacing(4)
        top.addWidget(_button(self._back))
        top.addSpacing(8)
        top.addWidget(self._name)
        top.addSpacing(12)
        top.addWidget(self._position)
        top.addStretch(1)
        top.addWidget(_button(self._zoom_out))
        top.addWidget(self._zoom)
        for action in (self._zoom_in, self._fit, self._actual):
            top.addWidget(_button(action))
        top.addSpacing(8)
        top.addWidget(_button(self._similar, has_text=True))
        stage = QFrame()
        stage.setProperty("kind", "stage")
        middle = QHBoxLayout(stage)
        middle.setContentsMargins(6, 0, 6, 0)
        middle.setSpacing(6)
        middle.addWidget(_button(self._previous, size_px=28))
        middle.addWidget(self._canvas, 1)
        middle.addWidget(_button(self._next, size_px=28))
        bottom = QHBoxLayout()
        bottom.setContentsMargins(14, 8, 14, 8)
        bottom.setSpacing(24)
        bottom.addWidget(self._facts)
        bottom.addStretch(1)
        bottom.addWidget(self._folder)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(stage, 1)
        column.addLayout(bottom)

    def hideEvent(self, event: QHideEvent) -> None:
        """Asks for nothing more while nobody looks."""
        self._settled.stop()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Lets the window show its menu for the photo."""
        photo = self.photo()
        if photo is not None:
            self.menu_requested.emit(photo, event.globalPos())


def _run_without_state(work: Callable[[], None], _: bool = False) -> None:
    """Runs an action's work without the state that ``triggered`` hands over."""
    work()


def _button(action: QAction, size_px: int = 20, has_text: bool = False) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setIconSize(QSize(size_px, size_px))
    button.setAccessibleName(action.text())
    if has_text:
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    return button
