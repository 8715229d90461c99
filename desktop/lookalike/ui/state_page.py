"""What stands where a grid would, when there is nothing to show in it; GUI thread only."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from lookalike.ui.icon_label import IconLabel

ICON_PX = 44


class StatePage(QWidget):
    """An icon, a sentence, perhaps a hint and one button.

    Signals (GUI thread):
        action_requested(): The button was pressed.
    """

    action_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = IconLabel("photo", ICON_PX, "disabled")
        self._title = _centred("heading")
        self._hint = _centred("muted")
        self._button = QPushButton()
        self._button.clicked.connect(self.action_requested)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 20)
        column.setSpacing(8)
        column.addStretch(2)
        column.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(4)
        column.addWidget(self._title)
        column.addWidget(self._hint)
        column.addSpacing(6)
        column.addWidget(self._button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)

    def say(self, title: str, hint: str = "", *, icon: str = "photo", button: str = "") -> None:
        """Shows another state.

        Args:
            title: The sentence.
            hint: What to do, or why.
            icon: Name of the drawing.
            button: What can be done here; none where empty.
        """
        self._icon.set_icon(icon, "disabled")
        self._title.setText(title)
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        self._button.setText(button)
        self._button.setVisible(bool(button))
        self.setAccessibleName(title)

    def words(self) -> str:
        """Returns the sentence."""
        return self._title.text()


def _centred(kind: str) -> QLabel:
    label = QLabel()
    label.setProperty("kind", kind)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(True)
    return label
