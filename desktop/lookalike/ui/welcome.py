"""What a new user sees: one clear action, a place to drop folders, and a word on privacy; GUI thread only."""

from __future__ import annotations

import os

from PySide6.QtCore import QRectF, QSize, QStandardPaths, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from lookalike.ui import theme
from lookalike.ui.choose_folder import choose_folder
from lookalike.ui.icon_label import IconLabel
from lookalike.ui.text import display_path
from lookalike.ui.urls import paths_in

APP_ICON_PX = 88
CARD_WIDTH_PX = 520


class WelcomeView(QWidget):
    """The first start; a folder dropped anywhere on it counts.

    Signals (GUI thread):
        folder_chosen(bytes): A folder to watch, once for each one dropped.
    """

    folder_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAcceptDrops(True)
        self.setAccessibleName(self.tr("Welcome"))
        self._drop_area = _DropArea()
        self._drop_area.choose_button.clicked.connect(self.choose)
        self._pictures = pictures_folder()
        self._pictures_button = self._make_pictures_button()
        self._lay_out()
        self.setFocusProxy(self._drop_area.choose_button)

    @Slot()
    def choose(self) -> None:
        """Asks for a folder in the platform's dialog."""
        choose_folder(self, self.tr("Choose a folder of photos"), self.folder_chosen.emit, self._pictures)

    @Slot()
    def choose_pictures(self) -> None:
        """Takes the suggested folder."""
        if self._pictures is not None:
            self.folder_chosen.emit(self._pictures)

    def _make_pictures_button(self) -> QPushButton:
        button = QPushButton(theme.icon("folder", "link"), "")
        button.setProperty("kind", "flat")
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        if self._pictures is None:
            button.hide()
        else:
            button.setText(self.tr("Or start with %1").replace("%1", display_path(self._pictures)))
            button.setAccessibleName(self.tr("Start with the Pictures folder"))
        button.clicked.connect(self.choose_pictures)
        return button

    def _lay_out(self) -> None:
        picture = QLabel()
        picture.setPixmap(theme.app_icon().pixmap(QSize(APP_ICON_PX, APP_ICON_PX), self.devicePixelRatioF()))
        title = _centred(self.tr("Find the photos that look alike"), "title")
        promise = _centred(
            self.tr("Lookalike watches a folder and shows, for any photo, the ones that resemble it."),
            "muted",
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(0)
        column.addStretch(2)
        centre = Qt.AlignmentFlag.AlignHCenter
        column.addWidget(picture, 0, centre)
        column.addSpacing(16)
        column.addWidget(title)
        column.addSpacing(10)
        column.addWidget(promise)
        column.addSpacing(24)
        column.addWidget(self._drop_area, 0, centre)
        column.addSpacing(10)
        column.addWidget(self._pictures_button, 0, centre)
        column.addSpacing(20)
        column.addLayout(self._privacy_line())
        column.addStretch(3)

    def _privacy_line(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(6)
        line.addStretch()
        line.addWidget(IconLabel("privacy", tone="muted"))
        words = _centred(self.tr("Everything stays on this computer."), "muted")
        words.setWordWrap(False)
        line.addWidget(words)
        line.addStretch()
        return line

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accepts what has a local path; whether it is a folder is found out on adding it."""
        if paths_in(event.mimeData()):
            event.acceptProposedAction()
            self._drop_area.set_hovered(True)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Goes on accepting what was accepted on entering."""
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Takes the invitation back."""
        self._drop_area.set_hovered(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Announces every folder dropped."""
        self._drop_area.set_hovered(False)
        event.acceptProposedAction()
        for path in paths_in(event.mimeData()):
            self.folder_chosen.emit(path)


class _ActionButton(QPushButton):
    """A button that Return presses too; outside a dialog Qt leaves that to Space alone."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Presses on Return and Enter."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)


class _DropArea(QWidget):
    """A dashed frame that lights up under a drag and holds the one button."""

    def __init__(self) -> None:
        super().__init__()
        self._is_hovered = False
        self.setMinimumWidth(CARD_WIDTH_PX)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.choose_button = _ActionButton(self.tr("Choose a folder…"))
        self.choose_button.setProperty("kind", "primary")
        self.choose_button.setMinimumSize(200, 40)
        self._hint = _centred(self.tr("or drop folders here"), "muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 36, 24, 32)
        column.setSpacing(12)
        column.addWidget(self.choose_button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._hint)

    def set_hovered(self, is_hovered: bool) -> None:
        """Shows that letting go now would add the folders."""
        self._is_hovered = is_hovered
        self._hint.setText(self.tr("let go to add them") if is_hovered else self.tr("or drop folders here"))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paints the frame in the palette's colours."""
        scheme = theme.colours(self.palette())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(QColor(scheme.accent if self._is_hovered else scheme.border), 2)
        pen.setDashPattern([4, 3])
        painter.setPen(pen)
        painter.setBrush(QColor(scheme.accent_soft if self._is_hovered else scheme.base))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 12, 12)
        painter.end()


def pictures_folder() -> bytes | None:
    """Returns the user's Pictures folder where there is one that is not simply the home folder."""
    path = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation)
    home = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.HomeLocation)
    if not path or os.path.normpath(path) == os.path.normpath(home) or not os.path.isdir(path):
        return None
    return os.fsencode(path)


def _centred(text: str, kind: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("kind", kind)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(kind != "title")
    return label
