"""Asks for a folder without stopping the window; GUI thread only."""

from __future__ import annotations

import os
from collections.abc import Callable

from PySide6.QtWidgets import QFileDialog, QWidget

from lookalike.ui.urls import path_of


def choose_folder(
    parent: QWidget | None, title: str, on_chosen: Callable[[bytes], None], start: bytes | None = None
) -> QFileDialog:
    """Opens the platform's folder dialog.

    Args:
        parent: The window it belongs to.
        title: What the folder is for.
        on_chosen: Gets the folder as bytes; not called when the user thinks better of it.
        start: Where to begin; the home folder otherwise.
    """
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly, True)
    dialog.setDirectory(os.fsdecode(start) if start else os.path.expanduser("~"))

    def accepted() -> None:
        # urlSelected is silent where Qt draws the dialog itself.
        for url in dialog.selectedUrls():
            path = path_of(url)
            if path is not None:
                on_chosen(path)

    dialog.accepted.connect(accepted)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
    return dialog
