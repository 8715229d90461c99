"""Says what this program is, its version, and under which licences its parts come; GUI thread only.

Versions and licences are read from what is installed, so they cannot go stale.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lookalike import __version__
from lookalike.ui import theme
from lookalike.ui.background import in_background
from lookalike.ui.bridge import Bridge

PARTS: dict[str, str] = {
    "PySide6_Essentials": "LGPL-3.0-only",
    "shiboken6": "LGPL-3.0-only",
    "onnxruntime": "MIT",
    "numpy": "BSD-3-Clause",
    "hnswlib": "Apache-2.0",
    "pillow": "MIT-CMU",
    "pillow-heif": "BSD-3-Clause",
    "platformdirs": "MIT",
    "watchfiles": "MIT",
    "rich": "MIT",
    "pathspec": "MPL-2.0",
    "filelock": "MIT",
}
"""Distributions a build contains, with the licence to name where their own metadata names none."""
SHOWN_NAMES = {"PySide6_Essentials": "PySide6 and Qt", "shiboken6": "Shiboken", "pillow": "Pillow"}
NOTES = {
    "PySide6_Essentials": "Qt and PySide6 are used unchanged, as shared libraries, under the LGPL version 3: you may "
    "replace them with your own build. Their source is at https://download.qt.io.",
    "pillow-heif": "The source is under the BSD licence. The ready-made wheel also holds libheif and libde265 "
    "(LGPL-3.0), which read HEIC, and x265 (GPL-2.0), which Lookalike never calls; as a whole the wheel is under the "
    "GPL-2.0.",
}
MOST_LICENCE_BYTES = 400_000


@dataclass(frozen=True, slots=True)
class Part:
    """One bundled part.

    Attributes:
        name: As people know it.
        version: Of what is installed.
        licence: Its short name.
        words: The licence texts it ships, with a note of ours before them where there is one.
    """

    name: str
    version: str
    licence: str
    words: str


class AboutDialog(QDialog):
    """The about page with the licences."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("About Lookalike"))
        self.resize(700, 560)
        self._parts: list[Part] = []
        self._table = QTableWidget(0, 3)
        self._table.setAccessibleName(self.tr("Parts and their licences"))
        self._table.setHorizontalHeaderLabels([self.tr("Part"), self.tr("Version"), self.tr("Licence")])
        self._table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self._table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self._table.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        self._table.setShowGrid(False)
        self._table.setProperty("kind", "panel")
        self._table.setTabKeyNavigation(False)
        self._table.verticalHeader().hide()
        header = self._table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        self._table.currentCellChanged.connect(self._show_licence)
        self._licence = QPlainTextEdit()
        self._licence.setReadOnly(True)
        self._licence.setTabChangesFocus(True)
        self._licence.setAccessibleName(self.tr("Licence text"))
        self._lay_out()
        bridge.call(in_background(installed_parts), self._show_parts, owner=self)

    def licence_text(self) -> str:
        """Returns the licence that is shown."""
        return self._licence.toPlainText()

    def part_names(self) -> list[str]:
        """Returns the parts in the table."""
        return [part.name for part in self._parts]

    def select(self, name: str) -> None:
        """Turns to a part."""
        self._table.setCurrentCell(self.part_names().index(name), 0)

    def _show_parts(self, parts: list[Part]) -> None:
        self._parts = parts
        self._table.setRowCount(len(parts))
        for row, part in enumerate(parts):
            for column, words in enumerate((part.name, part.version, part.licence)):
                self._table.setItem(row, column, QTableWidgetItem(words))
        if parts:
            self._table.setCurrentCell(0, 0)

    @Slot(int)
    def _show_licence(self, row: int) -> None:
        self._licence.setPlainText(self._parts[row].words if 0 <= row < len(self._parts) else "")

    def _lay_out(self) -> None:
        picture = QLabel()
        picture.setPixmap(theme.app_icon().pixmap(QSize(64, 64), self.devicePixelRatioF()))
        title = QLabel("Lookalike")
        title.setProperty("kind", "title")
        version = QLabel(self.tr("Version %1").replace("%1", __version__))
        version.setProperty("kind", "muted")
        version.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        what = QLabel(
            self.tr(
                "Finds the photos in your folders that look alike. Everything stays on this computer: no photo "
                "and nothing about one is sent anywhere. Lookalike is free software under the MIT licence."
            )
        )
        what.setWordWrap(True)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(title)
        words.addWidget(version)
        words.addSpacing(6)
        words.addWidget(what)
        top = QHBoxLayout()
        top.setSpacing(18)
        top.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(words, 1)
        made_of = QLabel(self.tr("It is made with"))
        made_of.setProperty("kind", "heading")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(10)
        column.addLayout(top)
        column.addSpacing(8)
        column.addWidget(made_of)
        column.addWidget(self._table, 3)
        column.addWidget(self._licence, 2)
        column.addWidget(buttons)


def installed_parts() -> list[Part]:
    """Reads version and licence of every part that is installed; reads files, so on a pool thread."""
    parts = []
    for name, known_licence in PARTS.items():
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        licence = _licence_name(distribution) or known_licence
        words = [NOTES[name]] if name in NOTES else []
        words.extend(_licence_texts(distribution))
        shown = "\n\n".join(words) or licence
        parts.append(Part(SHOWN_NAMES.get(name, name), distribution.version, licence, shown))
    return parts


def _licence_name(distribution: metadata.Distribution) -> str:
    """Returns the licence as the metadata names it, where it does so in a few words."""
    for key in ("License-Expression", "License"):
        named = distribution.metadata[key].strip() if key in distribution.metadata else ""
        if named and len(named) <= 60 and "\n" not in named:
            return named
    return ""


def _licence_texts(distribution: metadata.Distribution) -> list[str]:
    """Returns the licence files a distribution ships."""
    texts = []
    for file in distribution.files or ():
        is_own = len(file.parts) <= 2 or any(part.endswith(".dist-info") for part in file.parts)
        if is_own and file.name.upper().startswith(("LICEN", "COPYING", "NOTICE", "THIRDPARTY")):
            try:
                texts.append(file.read_text("utf-8")[:MOST_LICENCE_BYTES].strip())
            except (OSError, UnicodeDecodeError):
                continue
    return texts
