"""The files that are left out, each with its reason in words; GUI thread only."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Slot,
)
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from lookalike.core.errors import LookalikeError
from lookalike.core.records import Skipped
from lookalike.library.events import IndexingChanged
from lookalike.ui import text, theme
from lookalike.ui.bridge import Bridge

if TYPE_CHECKING:
    from lookalike.library.library import Library

Index = QModelIndex | QPersistentModelIndex
NOWHERE = QModelIndex()


class SkippedDialog(QDialog):
    """A table of file, folder and reason; the list can be copied and tried again."""

    def __init__(self, library: Library, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Skipped files"))
        self.resize(880, 460)
        self._library = library
        self._bridge = bridge
        self._known_count = -1
        self._rows = SkippedModel()
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self._rows)
        self._sorted.setSortCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._summary = QLabel("…")
        self._summary.setProperty("kind", "muted")
        self._summary.setWordWrap(True)
        self.table = self._make_table()
        self.copy_button = QPushButton(theme.icon("copy"), self.tr("&Copy the list"))
        self.copy_button.clicked.connect(self.copy_list)
        self.retry_button = QPushButton(theme.icon("refresh"), self.tr("&Try again"))
        self.retry_button.setToolTip(self.tr("Read these files once more"))
        self.retry_button.clicked.connect(self.retry)
        self._lay_out()
        bridge.indexing_changed.connect(self._indexing_changed)
        self.refresh()

    @property
    def rows(self) -> SkippedModel:
        """The model behind the table."""
        return self._rows

    def summary(self) -> str:
        """Returns the line above the table."""
        return self._summary.text()

    @Slot()
    def refresh(self) -> None:
        """Asks for the list as it is now."""
        self._bridge.call(self._library.skipped(), self._show, self._failed, self)

    @Slot()
    def copy_list(self) -> None:
        """Puts one line for each file on the clipboard: the path, a tab, the reason."""
        lines = (f"{text.readable(each.path)}\t{each.reason}" for each in self._rows.skipped)
        QGuiApplication.clipboard().setText("\n".join(lines))

    @Slot()
    def retry(self) -> None:
        """Has the library read the files once more."""
        self.retry_button.setEnabled(False)
        self._bridge.call(self._library.retry_skipped(), self._retried, self._failed, self)

    def _show(self, skipped: list[Skipped]) -> None:
        self._known_count = len(skipped)
        self._rows.show(skipped)
        self.copy_button.setEnabled(bool(skipped))
        self.retry_button.setEnabled(any(each.can_retry for each in skipped))
        if not skipped:
            self._summary.setText(self.tr("No file is skipped: every photo was read."))
        elif len(skipped) == 1:
            self._summary.setText(self.tr("One file is left out of the library, for the reason given."))
        else:
            self._summary.setText(
                self.tr("%Ln files are left out of the library, for the reasons given.", "", len(skipped))
            )

    def _retried(self, count: int) -> None:
        self._summary.setText(self.tr("%1 will be read once more.").replace("%1", text.file_count(count)))

    def _failed(self, error: Exception) -> None:
        if isinstance(error, LookalikeError):
            self._summary.setText(str(error))
        else:
            self._bridge.report(error)

    @Slot(object)
    def _indexing_changed(self, event: IndexingChanged) -> None:
        if event.skipped != self._known_count:
            self._known_count = event.skipped
            self.refresh()

    def _make_table(self) -> QTableView:
        table = QTableView()
        table.setAccessibleName(self.tr("Skipped files"))
        table.setModel(self._sorted)
        table.setSortingEnabled(True)
        table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setShowGrid(False)
        table.setProperty("kind", "panel")
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        table.setColumnWidth(0, 180)
        table.setColumnWidth(1, 230)
        return table

    def _lay_out(self) -> None:
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addWidget(self.copy_button)
        buttons.addWidget(self.retry_button)
        buttons.addStretch()
        buttons.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 14)
        column.setSpacing(12)
        column.addWidget(self._summary)
        column.addWidget(self.table, 1)
        column.addLayout(buttons)


class SkippedModel(QAbstractTableModel):
    """Rows of file, folder, reason."""

    def __init__(self) -> None:
        super().__init__()
        self._skipped: Sequence[Skipped] = ()

    @property
    def skipped(self) -> Sequence[Skipped]:
        """What is shown, in the order it came."""
        return self._skipped

    def show(self, skipped: Sequence[Skipped]) -> None:
        """Shows another list."""
        self.beginResetModel()
        self._skipped = skipped
        self.endResetModel()

    def rowCount(self, parent: Index = NOWHERE) -> int:
        """Returns the number of files."""
        return 0 if parent.isValid() else len(self._skipped)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        """Returns three."""
        return 0 if parent.isValid() else 3

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Returns what a cell says; its tool tip has the whole of it."""
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole) or not index.isValid():
            return None
        skipped = self._skipped[index.row()]
        match index.column():
            case 0:
                return text.display_name(skipped.path)
            case 1:
                return text.display_path(os.path.dirname(skipped.path))
            case _:
                return skipped.reason

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Returns the titles."""
        if role != Qt.ItemDataRole.DisplayRole or orientation != Qt.Orientation.Horizontal:
            return None
        return (self.tr("File"), self.tr("Folder"), self.tr("Reason"))[section]
