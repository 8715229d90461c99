"""What the pages of the settings dialog are built from; GUI thread only."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QFormLayout, QLabel, QRadioButton, QSpinBox, QVBoxLayout, QWidget

from lookalike.config.settings import Settings


class SettingsForm(QWidget):
    """One page of settings; knows how to show them and says which fields the user changed.

    Signals (GUI thread):
        changed(dict): Names of fields of :class:`Settings` with their new values.
        problem_met(str): One sentence; empty takes it back.
    """

    changed = Signal(object)
    problem_met = Signal(str)

    def show_settings(self, settings: Settings) -> None:
        """Shows the values without announcing a change."""
        raise NotImplementedError

    def finish(self) -> None:
        """Announces what is still being typed; the dialog is about to close."""


class RadioColumn(QWidget):
    """One of several choices, each with a line of explanation.

    Signals (GUI thread):
        chosen(object): The user took another choice.
    """

    chosen = Signal(object)

    def __init__(self, choices: tuple[tuple[object, str, str], ...]) -> None:
        super().__init__()
        self._values = [value for value, _, _ in choices]
        self._group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for number, (_, title, explanation) in enumerate(choices):
            button = QRadioButton(title)
            button.setAccessibleDescription(explanation)
            self._group.addButton(button, number)
            column.addWidget(button)
            if explanation:
                label = hint_label(explanation)
                label.setIndent(26)
                column.addWidget(label)
            column.addSpacing(6)
        self._group.idClicked.connect(self._clicked)

    def choose(self, value: object) -> None:
        """Shows a choice without announcing it."""
        self._group.button(self._values.index(value)).setChecked(True)

    def button(self, value: object) -> QRadioButton:
        """Returns the button of a choice."""
        button = self._group.button(self._values.index(value))
        assert isinstance(button, QRadioButton)
        return button

    @Slot(int)
    def _clicked(self, number: int) -> None:
        self.chosen.emit(self._values[number])


def page_column(page: QWidget) -> QVBoxLayout:
    """Gives a page its column, without margins of its own."""
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(10)
    return column


def field_form() -> QFormLayout:
    """Makes a form whose labels stand at the left."""
    form = QFormLayout()
    form.setHorizontalSpacing(14)
    form.setVerticalSpacing(10)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)
    form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    return form


def spin_box(least: int, most: int, suffix: str, name: str) -> QSpinBox:
    """Makes a field for a number with its unit."""
    box = QSpinBox()
    box.setRange(least, most)
    box.setSuffix(suffix)
    box.setAccessibleName(name)
    box.setMinimumWidth(140)
    # The style sheet's padding does not reach the editor inside.
    box.lineEdit().setTextMargins(6, 0, 0, 0)
    return box


def strong_label(words: str) -> QLabel:
    """Makes the title of a group."""
    label = QLabel(words)
    font = label.font()
    font.setWeight(font.Weight.DemiBold)
    label.setFont(font)
    return label


def hint_label(words: str) -> QLabel:
    """Makes a line of explanation."""
    label = QLabel(words)
    label.setProperty("kind", "muted")
    label.setWordWrap(True)
    return label
