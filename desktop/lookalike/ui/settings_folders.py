"""The page of watched folders: the list, adding, removing, and what is left out of them; GUI thread only."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lookalike.config.settings import Settings
from lookalike.core.errors import LookalikeError
from lookalike.core.records import FolderState, WatchedFolder
from lookalike.ui import text, theme
from lookalike.ui.bridge import Bridge
from lookalike.ui.choose_folder import choose_folder
from lookalike.ui.settings_widgets import SettingsForm, field_form, hint_label, spin_box, strong_label

if TYPE_CHECKING:
    from lookalike.library.library import Library

TYPING_MS = 800
"""After so long without a key the patterns are taken: fewer rescans than one for each letter."""
ROW_HEIGHT_PX = 50
ID_ROLE = Qt.ItemDataRole.UserRole


class FoldersPage(SettingsForm):
    """Which folders are watched and what in them is left out."""

    def __init__(self, library: Library, bridge: Bridge) -> None:
        super().__init__()
        self.setWindowTitle(self.tr("Folders"))
        self._library = library
        self._bridge = bridge
        self.folder_list = QListWidget()
        self.folder_list.setAccessibleName(self.tr("Watched folders"))
        self.folder_list.setIconSize(QSize(22, 22))
        self.folder_list.setMinimumHeight(120)
        self.folder_list.setProperty("kind", "panel")
        self.folder_list.currentRowChanged.connect(self._update_buttons)
        self.add_button = QPushButton(theme.icon("add-folder"), self.tr("&Add a folder…"))
        self.add_button.clicked.connect(self._choose)
        self.remove_button = QPushButton(theme.icon("close"), self.tr("&Remove…"))
        self.remove_button.clicked.connect(self.ask_to_remove)
        self.patterns = _PatternEdit()
        self.patterns.setAccessibleName(self.tr("Patterns of what is left out, one in each line"))
        self.patterns.setPlaceholderText(self.tr("*.tmp\nCache\nExports/**"))
        self.patterns.left.connect(self.finish)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MS)
        self._typing.timeout.connect(self.finish)
        name = self.tr("Least length of the shorter side in pixels")
        self.least_side = spin_box(1, 4096, self.tr(" pixels"), name)
        self.least_side.editingFinished.connect(self.finish)
        self._lay_out()
        self._show_folders()
        self.patterns.textChanged.connect(self._typing.start)
        bridge.folders_changed.connect(self._show_folders)

    def show_settings(self, settings: Settings) -> None:
        """Shows patterns and least side."""
        if self._pattern_lines() != settings.exclude:
            self.patterns.setPlainText("\n".join(settings.exclude))
        self.least_side.setValue(settings.least_side_px)
        self._typing.stop()

    @Slot()
    def finish(self) -> None:
        """Announces patterns and least side."""
        self._typing.stop()
        self.changed.emit({"exclude": self._pattern_lines(), "least_side_px": self.least_side.value()})

    def selected(self) -> WatchedFolder | None:
        """Returns the folder that is highlighted."""
        item = self.folder_list.currentItem()
        if item is None:
            return None
        folder_id = item.data(ID_ROLE)
        return next((each for each in self._library.folders() if each.folder_id == folder_id), None)

    def add(self, path: bytes) -> None:
        """Asks the library to watch a folder."""
        self.problem_met.emit("")
        self._bridge.call(self._library.add_folder(path), self._added, self._failed, self)

    @Slot()
    def ask_to_remove(self) -> None:
        """Says what removing forgets, and does it when the user agrees."""
        folder = self.selected()
        if folder is None:
            return
        box = removal_question(folder, self)
        box.accepted.connect(partial(self.remove, folder.folder_id))
        box.open()

    def remove(self, folder_id: int) -> None:
        """Asks the library to forget a folder."""
        self.problem_met.emit("")
        self._bridge.call(self._library.remove_folder(folder_id), self._removed, self._failed, self)

    @Slot()
    def _choose(self) -> None:
        choose_folder(self, self.tr("Choose a folder of photos"), self.add)

    @Slot()
    def _show_folders(self) -> None:
        kept = self.selected()
        self.folder_list.clear()
        for folder in self._library.folders():
            is_offline = folder.state is FolderState.OFFLINE
            words = f"{text.display_path(folder.path)}\n{_state_line(folder)}"
            item = QListWidgetItem(theme.icon("offline" if is_offline else "folder"), words)
            item.setSizeHint(QSize(0, ROW_HEIGHT_PX))
            item.setData(ID_ROLE, folder.folder_id)
            item.setToolTip(folder.reason)
            self.folder_list.addItem(item)
            if kept is not None and kept.folder_id == folder.folder_id:
                self.folder_list.setCurrentItem(item)
        self._update_buttons()

    @Slot()
    def _update_buttons(self) -> None:
        self.remove_button.setEnabled(self.folder_list.currentRow() >= 0)

    def _added(self, _: WatchedFolder) -> None:
        self._show_folders()

    def _removed(self, _: int) -> None:
        self._show_folders()

    def _failed(self, error: Exception) -> None:
        if isinstance(error, LookalikeError):
            self.problem_met.emit(str(error))
        else:
            self._bridge.report(error)

    def _pattern_lines(self) -> tuple[str, ...]:
        lines = (line.strip() for line in self.patterns.toPlainText().splitlines())
        return tuple(line for line in lines if line)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.add_button)
        buttons.addWidget(self.remove_button)
        buttons.addStretch()
        left_out = strong_label(self.tr("&Leave out"))
        left_out.setBuddy(self.patterns)
        hint = hint_label(
            self.tr("One pattern in each line: a name, or a path with slashes; * stands for anything in a name, "
                    "** for any folders.")
        )  # fmt: skip
        form = field_form()
        form.addRow(self.tr("And photos with a &side under"), self.least_side)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.folder_list, 3)
        column.addLayout(buttons)
        column.addSpacing(10)
        column.addWidget(left_out)
        column.addWidget(hint)
        column.addWidget(self.patterns, 2)
        column.addLayout(form)


class _PatternEdit(QPlainTextEdit):
    """An editor that says when it is left; Tab leaves it, as everywhere in the dialog."""

    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setTabChangesFocus(True)
        self.setFixedHeight(92)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Announces leaving."""
        super().focusOutEvent(event)
        self.left.emit()


def removal_question(folder: WatchedFolder, parent: QWidget | None) -> QMessageBox:
    """Builds the question that says exactly what removing a folder forgets; the safe answer is the default."""
    box = QMessageBox(parent)
    box.setIconPixmap(theme.icon("folder", "link").pixmap(QSize(40, 40), box.devicePixelRatioF()))
    box.setWindowTitle(box.tr("Remove a folder"))
    box.setText(box.tr("Stop watching “%1”?").replace("%1", text.display_name(folder.path)))
    if folder.photos == 0:
        forgets = box.tr("Lookalike forgets this folder. Your files stay where they are.")
    else:
        forgets = box.tr(
            "Lookalike forgets %1 and what it learned about them. Your files stay where they are."
        ).replace("%1", text.photo_count(folder.photos))
    box.setInformativeText(forgets)
    remove = box.addButton(box.tr("Remove"), QMessageBox.ButtonRole.AcceptRole)
    remove.setIcon(theme.icon("close"))
    box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return box


def _state_line(folder: WatchedFolder) -> str:
    """Returns the second line of a folder: its count, and its state where that is worth a word."""
    parts = [text.photo_count(folder.photos)]
    if folder.state is FolderState.OFFLINE:
        parts.append(text.tr("offline"))
    elif folder.state is FolderState.SCANNING:
        parts.append(text.tr("scanning"))
    return text.sentence_list([*parts, folder.reason])
