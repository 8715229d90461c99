"""The watched folders at the left of the window, with counts and state; GUI thread only."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import (
    QAbstractListModel,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lookalike.core.records import FolderState, WatchedFolder
from lookalike.ui import text, theme

FOLDER_ROLE = int(Qt.ItemDataRole.UserRole)
"""A :class:`WatchedFolder`, or None in the row of all photos."""
ROW_HEIGHT_PX = 36
ICON_PX = 18
DOT_PX = 8
SIDE_PX = 10
ONLINE = QColor("#2f9e63")
"""Green that stands out from both grounds; the shape tells offline apart without colour."""

Index = QModelIndex | QPersistentModelIndex


class FolderList(QWidget):
    """All photos, then each watched folder.

    Signals (GUI thread):
        folder_selected(object): The id of the folder to show, None for all photos.
        add_requested(): The user wants to add a folder.
        rescan_requested(object): A folder, or None for all, shall be compared with the catalog.
        remove_requested(int): A folder shall no longer be watched.
    """

    folder_selected = Signal(object)
    add_requested = Signal()
    rescan_requested = Signal(object)
    remove_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = FolderModel(self)
        self.view = QListView()
        self.view.setProperty("kind", "folders")
        self.view.setFrameShape(QListView.Shape.NoFrame)
        self.view.setAccessibleName(self.tr("Folders"))
        self.view.setModel(self._model)
        self.view.setItemDelegate(FolderDelegate(self.view))
        self.view.setUniformItemSizes(True)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.view.viewport().setMouseTracking(True)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(self._show_menu)
        self.view.viewport().setAutoFillBackground(False)
        self._select(0)
        self.view.selectionModel().currentChanged.connect(self._tell_selected)
        self._lay_out()

    def _lay_out(self) -> None:
        title = QLabel(self.tr("Folders"))
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        add = QToolButton()
        add.setIcon(theme.icon("add-folder"))
        add.setAccessibleName(self.tr("Add a folder"))
        add.setToolTip(self.tr("Add a folder"))
        add.clicked.connect(self.add_requested)
        head = QHBoxLayout()
        head.setContentsMargins(SIDE_PX, 0, 0, 0)
        head.addWidget(title, 1)
        head.addWidget(add)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 4, 8)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.view, 1)

    @Slot(object)
    def show_folders(self, folders: tuple[WatchedFolder, ...]) -> None:
        """Takes the newest state; the chosen folder stays chosen while it is there."""
        chosen = self.selected()
        if self._model.show(folders):
            return
        row = self._model.row_of(chosen)
        self.view.selectionModel().blockSignals(True)
        self._select(max(0, row))
        self.view.selectionModel().blockSignals(False)
        if row < 0:
            self.folder_selected.emit(None)

    def set_photo_count(self, photos: int) -> None:
        """Sets the number beside all photos."""
        self._model.set_photo_count(photos)

    def selected(self) -> int | None:
        """Returns the chosen folder's id, None for all photos."""
        folder = self._model.folder_at(self.view.currentIndex().row())
        return None if folder is None else folder.folder_id

    def choose(self, folder_id: int | None) -> None:
        """Chooses a folder as a click would."""
        row = self._model.row_of(folder_id)
        if row >= 0:
            self._select(row)

    def menu_for(self, folder: WatchedFolder | None) -> QMenu:
        """Builds the context menu of a row; the caller shows it, it deletes itself when closed."""
        menu = QMenu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        words = self.tr("&Rescan all folders") if folder is None else self.tr("&Rescan")
        folder_id = None if folder is None else folder.folder_id
        rescan = menu.addAction(theme.icon("refresh"), words)
        rescan.triggered.connect(partial(self._ask_rescan, folder_id))
        if folder is not None:
            remove = menu.addAction(theme.icon("trash"), self.tr("Re&move from the library…"))
            remove.triggered.connect(partial(self._ask_remove, folder.folder_id))
        menu.addSeparator()
        add = menu.addAction(theme.icon("add-folder"), self.tr("&Add a folder…"))
        add.triggered.connect(self.add_requested)
        return menu

    def _select(self, row: int) -> None:
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect
        self.view.selectionModel().setCurrentIndex(self._model.index(row), flags)

    @Slot(QPoint)
    def _show_menu(self, place: QPoint) -> None:
        index = self.view.indexAt(place)
        folder = self._model.folder_at(index.row())
        self.menu_for(folder).popup(self.view.viewport().mapToGlobal(place))

    def _ask_rescan(self, folder_id: int | None, _: bool = False) -> None:
        self.rescan_requested.emit(folder_id)

    def _ask_remove(self, folder_id: int, _: bool = False) -> None:
        self.remove_requested.emit(folder_id)

    @Slot(QModelIndex, QModelIndex)
    def _tell_selected(self, _current: Index, _previous: Index) -> None:
        self.folder_selected.emit(self.selected())


class FolderModel(QAbstractListModel):
    """Row 0 is all photos."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folders: tuple[WatchedFolder, ...] = ()
        self._photos = 0

    def show(self, folders: tuple[WatchedFolder, ...]) -> bool:
        """Takes the newest state; returns True where the rows stayed the same folders."""
        is_same = [each.folder_id for each in folders] == [each.folder_id for each in self._folders]
        if is_same:
            self._folders = folders
            self.dataChanged.emit(self.index(0), self.index(len(folders)))
        else:
            self.beginResetModel()
            self._folders = folders
            self.endResetModel()
        return is_same

    def set_photo_count(self, photos: int) -> None:
        """Sets the number in row 0."""
        if photos != self._photos:
            self._photos = photos
            self.dataChanged.emit(self.index(0), self.index(0))

    def folder_at(self, row: int) -> WatchedFolder | None:
        """Returns the folder of a row, None for all photos."""
        return self._folders[row - 1] if 1 <= row <= len(self._folders) else None

    def row_of(self, folder_id: int | None) -> int:
        """Returns the row of a folder, -1 where there is none; 0 for all photos."""
        if folder_id is None:
            return 0
        ids = [each.folder_id for each in self._folders]
        return ids.index(folder_id) + 1 if folder_id in ids else -1

    def _name(self, folder: WatchedFolder | None) -> str:
        return self.tr("All photos") if folder is None else text.display_name(folder.path)

    def _count(self, folder: WatchedFolder | None) -> int:
        return self._photos if folder is None else folder.photos

    def _tool_tip(self, folder: WatchedFolder | None) -> str:
        if folder is None:
            return self.tr("The photos of all folders")
        return "\n".join(
            part for part in (text.display_path(folder.path), state_words(folder), folder.reason) if part
        )

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._folders) + 1

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> object:
        if not 0 <= index.row() <= len(self._folders):
            return None
        folder = self.folder_at(index.row())
        match role:
            case _ if role == FOLDER_ROLE:
                return folder
            case Qt.ItemDataRole.DisplayRole:
                return self._name(folder)
            case Qt.ItemDataRole.StatusTipRole:
                return text.number(self._count(folder))
            case Qt.ItemDataRole.ToolTipRole:
                return self._tool_tip(folder)
            case Qt.ItemDataRole.AccessibleTextRole:
                parts = [self._name(folder), text.photo_count(self._count(folder))]
                return ", ".join(parts if folder is None else [*parts, state_words(folder)])
        return None


class FolderDelegate(QStyledItemDelegate):
    """Icon, name, count, and a dot: full green online, full accent scanning, an empty ring offline."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paints one row."""
        colours = theme.colours(option.palette)
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        folder = index.data(FOLDER_ROLE)
        is_offline = isinstance(folder, WatchedFolder) and folder.state is FolderState.OFFLINE
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        row = option.rect.adjusted(0, 1, 0, -1)
        _paint_row_ground(painter, row, option.state, colours)
        icon = theme.icon("photo" if folder is None else "offline" if is_offline else "folder", "muted")
        left = row.left() + SIDE_PX
        icon.paint(painter, QRect(left, row.center().y() - ICON_PX // 2, ICON_PX, ICON_PX))
        right = row.right() - SIDE_PX
        if isinstance(folder, WatchedFolder):
            _paint_dot(
                painter,
                QRect(right - DOT_PX, row.center().y() - DOT_PX // 2, DOT_PX, DOT_PX),
                folder.state,
                colours,
            )
        right -= DOT_PX + 8
        count = str(index.data(Qt.ItemDataRole.StatusTipRole))
        width = QFontMetrics(option.font).horizontalAdvance(count)
        flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        painter.setPen(QColor(colours.muted))
        painter.drawText(QRect(right - width, row.top(), width + 1, row.height()), flags, count)
        left += ICON_PX + 8
        font = QFont(option.font)
        font.setBold(is_selected)
        painter.setFont(font)
        painter.setPen(QColor(colours.muted if is_offline else colours.text))
        room = right - width - 8 - left
        name = QFontMetrics(font).elidedText(str(index.data()), Qt.TextElideMode.ElideMiddle, room)
        painter.drawText(QRect(left, row.top(), room, row.height()), flags, name)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Returns the size of every row."""
        return QSize(120, max(ROW_HEIGHT_PX, option.fontMetrics.height() + 16))


def state_words(folder: WatchedFolder) -> str:
    """Returns a folder's state in words."""
    return {
        FolderState.ONLINE: text.tr("online"),
        FolderState.SCANNING: text.tr("being scanned"),
        FolderState.OFFLINE: text.tr("offline, its photos stay in the library"),
    }[folder.state]


def _paint_row_ground(painter: QPainter, row: QRect, state: QStyle.StateFlag, colours: theme.Colours) -> None:
    flags = QStyle.StateFlag
    painter.setPen(Qt.PenStyle.NoPen)
    if state & flags.State_Selected:
        painter.setBrush(QColor(colours.accent_soft))
        painter.drawRoundedRect(row, 6, 6)
    elif state & flags.State_MouseOver:
        painter.setBrush(QColor(colours.hover))
        painter.drawRoundedRect(row, 6, 6)
    if state & flags.State_HasFocus and state & flags.State_Selected:
        painter.setPen(QPen(QColor(colours.accent), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(row).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)


def _paint_dot(painter: QPainter, box: QRect, state: FolderState, colours: theme.Colours) -> None:
    if state is FolderState.OFFLINE:
        painter.setPen(QPen(QColor(colours.warning), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QRectF(box).adjusted(1, 1, -1, -1))
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ONLINE if state is FolderState.ONLINE else QColor(colours.accent))
    painter.drawEllipse(box)
