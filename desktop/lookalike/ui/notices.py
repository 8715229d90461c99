"""The states of the world as one line each above the grid, newest wording per kind; GUI thread only."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from lookalike.library.events import NoticeKind, NoticeRaised
from lookalike.ui import theme
from lookalike.ui.icon_label import IconLabel


class NoticeBar(QWidget):
    """One dismissable line per kind of notice; takes no room while there is none.

    Signals (GUI thread):
        dismissed(NoticeKind): The user closed a line.
    """

    dismissed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Notices"))
        self._lines: dict[NoticeKind, _Line] = {}
        self._dismissed_texts: dict[NoticeKind, str] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self.hide()

    def show_notice(self, kind: NoticeKind, text: str) -> None:
        """Shows one sentence; an empty one takes the notice back.

        A sentence the user has closed stays closed until it changes or was taken back in between.
        """
        if not text:
            self.clear(kind)
            return
        if self._dismissed_texts.get(kind) == text:
            return
        self._dismissed_texts.pop(kind, None)
        line = self._lines.get(kind)
        if line is None:
            line = _Line()
            line.close_button.clicked.connect(partial(self.dismiss, kind))
            self._lines[kind] = line
            self._column.addWidget(line)
        line.set_text(text)
        self.show()

    @Slot(object)
    def take(self, notice: NoticeRaised) -> None:
        """Shows or takes back what the library says."""
        self.show_notice(notice.kind, notice.text)

    def clear(self, kind: NoticeKind) -> None:
        """Takes a notice back; the same sentence may come again."""
        self._dismissed_texts.pop(kind, None)
        self._remove(kind)

    def dismiss(self, kind: NoticeKind) -> None:
        """Closes a line for the user."""
        text = self.text(kind)
        if text:
            self._dismissed_texts[kind] = text
            self._remove(kind)
            self.dismissed.emit(kind)

    def text(self, kind: NoticeKind) -> str:
        """Returns what is shown of a kind; empty where nothing is."""
        line = self._lines.get(kind)
        return line.text() if line is not None else ""

    def _remove(self, kind: NoticeKind) -> None:
        line = self._lines.pop(kind, None)
        if line is None:
            return
        line.hide()
        self._column.removeWidget(line)
        line.deleteLater()
        self.setVisible(bool(self._lines))


class _Line(QFrame):
    """One notice: a warning sign, the sentence, a button to close it."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("kind", "notice")
        self._label = QLabel()
        self._label.setWordWrap(True)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.close_button = QToolButton()
        self.close_button.setIcon(theme.icon("close", "warning"))
        self.close_button.setToolTip(self.tr("Close this notice"))
        self.close_button.setAccessibleName(self.tr("Close this notice"))
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 6, 4)
        row.setSpacing(10)
        row.addWidget(IconLabel("warning", tone="warning"))
        row.addWidget(self._label, 1)
        row.addWidget(self.close_button)

    def set_text(self, text: str) -> None:
        """Replaces the sentence."""
        self._label.setText(text)
        self.setAccessibleName(text)

    def text(self) -> str:
        """Returns the sentence."""
        return self._label.text()
