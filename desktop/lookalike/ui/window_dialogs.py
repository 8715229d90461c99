"""The dialogs of the main window, each open at most once; GUI thread only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl, Signal, Slot
from PySide6.QtWidgets import QDialog, QFileDialog, QMessageBox, QWidget

from lookalike.core.records import WatchedFolder
from lookalike.ui import text
from lookalike.ui.about import AboutDialog
from lookalike.ui.bridge import Bridge
from lookalike.ui.choose_folder import choose_folder
from lookalike.ui.settings_folders import removal_question
from lookalike.ui.settings_page import SettingsPage
from lookalike.ui.shortcuts import Section, ShortcutsDialog
from lookalike.ui.skipped_dialog import SkippedDialog
from lookalike.ui.urls import path_of

if TYPE_CHECKING:
    from lookalike.library.library import Library


class WindowDialogs(QObject):
    """Opens dialogs without stopping the window and passes on what was chosen.

    Signals (GUI thread):
        folder_chosen(bytes): A folder to watch.
        file_chosen(bytes): A file whose look-alikes are wanted.
        settings_changed(Settings): The library has taken new settings.
        reported(str): One sentence on how something went.
    """

    folder_chosen = Signal(object)
    file_chosen = Signal(object)
    settings_changed = Signal(object)
    reported = Signal(str)

    def __init__(self, library: Library, bridge: Bridge, window: QWidget) -> None:
        super().__init__(window)
        self._library = library
        self._bridge = bridge
        self._window = window
        self._open: dict[str, QDialog] = {}

    @Slot()
    def choose_folder(self) -> None:
        """Asks for a folder to watch."""
        choose_folder(self._window, self.tr("Add a folder of photos"), self.folder_chosen.emit)

    @Slot()
    def choose_file(self) -> None:
        """Asks for a photo, in the library or not."""
        dialog = QFileDialog(self._window, self.tr("Find look-alikes of a file"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.urlSelected.connect(self._take_url)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot()
    def show_settings(self) -> None:
        """Opens the settings."""
        if not self._raise("settings"):
            page = SettingsPage(self._library, self._bridge, self._window)
            page.settings_changed.connect(self.settings_changed)
            self._show("settings", page)

    @Slot()
    def show_skipped(self) -> None:
        """Opens the list of skipped files."""
        if not self._raise("skipped"):
            self._show("skipped", SkippedDialog(self._library, self._bridge, self._window))

    @Slot()
    def show_about(self) -> None:
        """Opens the about page."""
        if not self._raise("about"):
            self._show("about", AboutDialog(self._bridge, self._window))

    def show_shortcuts(self, sections: Sequence[Section]) -> None:
        """Opens the list of what the keyboard does."""
        if not self._raise("shortcuts"):
            self._show("shortcuts", ShortcutsDialog(sections, self._window))

    @Slot(int)
    def ask_to_remove(self, folder_id: int) -> None:
        """Says what removing a folder forgets, and removes it when the user agrees."""
        folders = [each for each in self._library.folders() if each.folder_id == folder_id]
        for folder in folders:
            question = removal_question(folder, self._window)
            question.buttonClicked.connect(partial(self._answer_removal, question, folder))
            question.open()

    def _answer_removal(self, question: QMessageBox, folder: WatchedFolder, button: object) -> None:
        if question.buttonRole(button) == QMessageBox.ButtonRole.AcceptRole:  # type: ignore[arg-type]
            future = self._library.remove_folder(folder.folder_id)
            self._bridge.call(future, partial(self._tell_removed, folder), owner=self)

    def _tell_removed(self, folder: WatchedFolder, photos: int) -> None:
        name = text.display_name(folder.path)
        sentence = self.tr("“%1” was removed from the library; %2 forgotten, no file was touched.")
        self.reported.emit(sentence.replace("%1", name).replace("%2", text.photo_count(photos)))

    def _take_url(self, url: QUrl) -> None:
        path = path_of(url)
        if path is not None:
            self.file_chosen.emit(path)

    def _raise(self, name: str) -> bool:
        dialog = self._open.get(name)
        if dialog is not None:
            dialog.raise_()
            dialog.activateWindow()
        return dialog is not None

    def _show(self, name: str, dialog: QDialog) -> None:
        self._open[name] = dialog
        dialog.finished.connect(partial(self._forget, name))
        dialog.show()

    def _forget(self, name: str, _result: int) -> None:
        dialog = self._open.pop(name, None)
        if dialog is not None:
            dialog.deleteLater()
