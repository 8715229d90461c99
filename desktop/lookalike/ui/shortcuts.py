"""Lists what the keyboard does, read from the actions themselves so that it cannot go stale; GUI thread only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QMenu,
    QMenuBar,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lookalike.ui.text import tr

NATIVE = QKeySequence.SequenceFormat.NativeText


@dataclass(frozen=True, slots=True)
class Section:
    """What belongs together in the list.

    Attributes:
        title: A menu or a part of the window.
        rows: What is done, and by which keys.
    """

    title: str
    rows: tuple[tuple[str, str], ...]


def shortcut_sections(bar: QMenuBar, large_actions: Iterable[QAction]) -> list[Section]:
    """Returns what the keyboard does in each menu, in the grids and in the large view.

    Args:
        bar: The window's menus.
        large_actions: The actions of the large view.
    """
    menus = [action for action in bar.actions() if isinstance(action.menu(), QMenu)]
    sections = [Section(_plain(action.text()), _rows(_leaves(action))) for action in menus]
    sections.append(Section(tr("In the photos"), _grid_rows()))
    sections.append(Section(tr("One photo large"), _rows(large_actions)))
    return [section for section in sections if section.rows]


class ShortcutsDialog(QDialog):
    """A table of actions and keys under headings."""

    def __init__(self, sections: Sequence[Section], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        self.resize(560, 620)
        self.table = QTableWidget(0, 2)
        self.table.setAccessibleName(self.tr("Keyboard shortcuts"))
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.setProperty("kind", "panel")
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.hide()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        for section in sections:
            self._add(section)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 14)
        column.setSpacing(12)
        column.addWidget(self.table, 1)
        column.addWidget(buttons)

    def _add(self, section: Section) -> None:
        row = self.table.rowCount()
        self.table.setRowCount(row + 1 + len(section.rows))
        title = QTableWidgetItem(section.title)
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        title.setFlags(Qt.ItemFlag.ItemIsEnabled)
        self.table.setItem(row, 0, title)
        self.table.setSpan(row, 0, 1, 2)
        for number, pair in enumerate(section.rows, row + 1):
            for column, words in enumerate(pair):
                self.table.setItem(number, column, QTableWidgetItem(words))


def _grid_rows() -> tuple[tuple[str, str], ...]:
    """Returns what the grids do by themselves, without an action."""

    def keys(*names: str) -> str:
        return _joined([QKeySequence(name) for name in names])

    return (
        (tr("Move and select"), keys("Left", "Right", "Up", "Down")),
        (tr("Select as far as the next photo"), keys("Shift+Left", "Shift+Right")),
        (tr("Move without selecting"), keys("Ctrl+Left", "Ctrl+Right")),
        (tr("Select or deselect the photo"), keys("Ctrl+Space")),
        (tr("Open the photo large"), keys("Return")),
        (tr("First and last photo"), keys("Home", "End")),
        (tr("Context menu"), keys("Menu", "Shift+F10")),
        (tr("From the search to the photos"), keys("Down", "Return")),
        (tr("Next and previous part of the window"), keys("Tab", "Shift+Tab")),
    )


def _leaves(action: QAction) -> list[QAction]:
    """Returns the actions of a menu and of the menus in it."""
    menu = action.menu()
    if not isinstance(menu, QMenu):
        return [action]
    return [leaf for each in menu.actions() for leaf in _leaves(each)]


def _rows(actions: Iterable[QAction]) -> tuple[tuple[str, str], ...]:
    """Returns words and keys; actions with the same words share a row."""
    keys: dict[str, list[QKeySequence]] = {}
    for action in actions:
        words, _, typed = action.text().partition("\t")
        found = [QKeySequence(typed)] if typed else action.shortcuts()
        if found:
            keys.setdefault(_plain(words), []).extend(found)
    return tuple((words, _joined(found)) for words, found in keys.items())


def _joined(keys: Iterable[QKeySequence]) -> str:
    """Returns keys as the platform writes them, the same one only once."""
    return ", ".join(dict.fromkeys(key.toString(NATIVE) for key in keys))


def _plain(words: str) -> str:
    """Returns words without the marks of a menu."""
    return words.replace("&", "").removesuffix("…")
