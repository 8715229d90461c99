"""Where indexing stands, in one line with pause and skipped files; GUI thread only."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QToolButton, QWidget

from lookalike.library.events import IndexingChanged
from lookalike.ui import text, theme

BAR_WIDTH_PX = 160
STEPS = 1000
"""A progress bar counts in 32 bits and a library may hold more; thousandths are finer than its pixels."""


class IndexingBar(QWidget):
    """Done of total, photos per second, time left; a button to pause, one that lists what was skipped.

    Signals (GUI thread):
        pause_requested(): Indexing shall stop taking new files.
        resume_requested(): Indexing shall go on.
        skipped_requested(): The list of skipped files is wanted.
    """

    pause_requested = Signal()
    resume_requested = Signal()
    skipped_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Indexing"))
        self._is_paused = False
        self._bar = QProgressBar()
        self._bar.setFixedWidth(BAR_WIDTH_PX)
        self._bar.setTextVisible(False)
        self._bar.setMaximumHeight(8)
        self._bar.setAccessibleName(self.tr("Photos indexed"))
        self._words = QLabel()
        self._words.setProperty("kind", "muted")
        self._pause = QToolButton()
        self._pause.clicked.connect(self._toggle)
        self._skipped = QPushButton()
        self._skipped.setProperty("kind", "flat")
        self._skipped.setToolTip(self.tr("Show the files that were left out, and why"))
        self._skipped.clicked.connect(self.skipped_requested)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self._skipped)
        row.addWidget(self._words)
        row.addWidget(self._bar)
        row.addWidget(self._pause)
        self._show_button()

    @property
    def is_paused(self) -> bool:
        """Whether the user paused indexing."""
        return self._is_paused

    def words(self) -> str:
        """Returns the line as it reads."""
        return self._words.text()

    @Slot(object)
    def show_indexing(self, indexing: IndexingChanged) -> None:
        """Takes the newest state."""
        progress = indexing.progress
        is_working = progress.done < progress.total
        self._is_paused = indexing.is_paused
        self._words.setText(self._line(indexing))
        self._bar.setVisible(is_working or indexing.is_scanning)
        if is_working:
            self._bar.setRange(0, STEPS)
            self._bar.setValue(progress.done * STEPS // progress.total)
        else:
            # Without a range the bar only says that something goes on.
            self._bar.setRange(0, 0 if indexing.is_scanning and not indexing.is_paused else STEPS)
        self._pause.setVisible(is_working or indexing.is_scanning or indexing.is_paused)
        self._skipped.setVisible(indexing.skipped > 0)
        count = indexing.skipped
        self._skipped.setText(self.tr("1 skipped") if count == 1 else self.tr("%Ln skipped", "", count))
        self._show_button()

    def _line(self, indexing: IndexingChanged) -> str:
        progress = indexing.progress
        if progress.done >= progress.total:
            if indexing.is_paused:
                return self.tr("Paused")
            return self.tr("Looking for photos…") if indexing.is_scanning else ""
        counted = self.tr("%1 of %2").replace("%1", text.number(progress.done))
        counted = counted.replace("%2", text.number(progress.total))
        if indexing.is_paused:
            return text.sentence_list([self.tr("Paused"), counted])
        speed = text.rate(progress.per_second) if progress.per_second > 0 else ""
        return text.sentence_list([counted, speed, text.time_left(progress.seconds_left)])

    def _show_button(self) -> None:
        name = self.tr("Go on indexing") if self._is_paused else self.tr("Pause indexing")
        self._pause.setIcon(theme.icon("play" if self._is_paused else "pause"))
        self._pause.setToolTip(name)
        self._pause.setAccessibleName(name)

    @Slot()
    def _toggle(self) -> None:
        (self.resume_requested if self._is_paused else self.pause_requested).emit()
