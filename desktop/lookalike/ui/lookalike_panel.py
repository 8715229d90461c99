"""The look-alikes of one photo, ranked, with the threshold that filters them; GUI thread only.

The whole answer is held in memory, best first, so the threshold only decides how much of it is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QThreadPool, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QStackedWidget, QVBoxLayout, QWidget

from lookalike.core.errors import LookalikeError
from lookalike.core.records import LookAlike
from lookalike.ui import text
from lookalike.ui.bridge import Bridge, LatestRequest
from lookalike.ui.delegate import PhotoDelegate
from lookalike.ui.grid import PhotoGrid
from lookalike.ui.photo_model import PhotoModel
from lookalike.ui.query_card import QueryCard
from lookalike.ui.state_page import StatePage
from lookalike.ui.thumbnails import ThumbnailLoader

if TYPE_CHECKING:
    from lookalike.library.library import Library

MOST_LOOK_ALIKES = 200
SETTLE_MS = 40
"""A held arrow key passes a photo every 30 ms; only the one it stops at is asked about."""
BUSY_MS = 180
"""An answer usually comes in a twentieth of this; until then the last one stays, which flickers less."""
STEPS = 100


class LookAlikePanel(QWidget):
    """Query photo, threshold and ranked grid.

    Signals (GUI thread):
        threshold_changed(float): The user moved the slider.
        query_open_requested(int): The query photo, a file of the library, is wanted large.
    """

    threshold_changed = Signal(float)
    query_open_requested = Signal(int)

    def __init__(
        self, library: Library, bridge: Bridge, pool: QThreadPool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._library = library
        self._bridge = bridge
        self._query: int | bytes | None = None
        self._answer: list[LookAlike] = []
        self._scores: NDArray[np.float32] = np.zeros(0, np.float32)
        self._request = LatestRequest(bridge, self)
        self._thumbnails = ThumbnailLoader(library, pool, self)
        self.model = PhotoModel(library, bridge, self._thumbnails, self)
        self.grid = PhotoGrid(self.model, PhotoDelegate(self, shows_facts=True), self._thumbnails)
        self.grid.setAccessibleName(self.tr("Look-alikes, best first"))
        self._card = QueryCard(library, bridge)
        self._card.open_requested.connect(self._ask_open)
        self._count = QLabel()
        self._count.setProperty("kind", "muted")
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._least = QLabel()
        self._threshold_row = QWidget()
        self._page = StatePage()
        self._page.action_requested.connect(self.show_all)
        self._stack = QStackedWidget()
        self._settled = _single_shot(self, SETTLE_MS, self._ask)
        self._busy = _single_shot(self, BUSY_MS, self._show_busy)
        self._set_up_slider()
        self._lay_out()
        self.clear()

    @property
    def query(self) -> int | bytes | None:
        """The file id, or the path outside the library, that is asked about."""
        return self._query

    @property
    def threshold(self) -> float:
        """Least score shown, 0 to 1."""
        return self._slider.value() / STEPS

    def set_threshold(self, threshold: float) -> None:
        """Sets the least score without telling anybody."""
        self._slider.blockSignals(True)
        self._slider.setValue(round(threshold * STEPS))
        self._slider.blockSignals(False)
        self._filter()

    def find_for_file(self, file_id: int) -> None:
        """Asks for the look-alikes of a photo of the library."""
        if file_id != self._query:
            self._query = file_id
            self._settled.start()

    def find_for_path(self, path: bytes) -> None:
        """Asks for the look-alikes of any photo."""
        self._query = path
        self._ask()

    def refresh(self) -> None:
        """Asks again: the library has changed."""
        if self._query is not None and not self._settled.isActive() and not self._request.is_waiting:
            self._request.ask(self._find(self._query), self._take, self._keep_old)

    def retry_pictures(self) -> None:
        """Lets pictures that could not be had be tried again."""
        self._thumbnails.retry_failed()

    @Slot()
    def clear(self) -> None:
        """Asks about no photo."""
        self._query = None
        self._settled.stop()
        self._busy.stop()
        self._request.drop()
        self._hold([])
        self._card.hide()
        self._threshold_row.hide()
        self._count.clear()
        self._page.say(self.tr("Select a photo to see its look-alikes"), icon="look-alikes")
        self._stack.setCurrentWidget(self._page)

    @Slot()
    def show_all(self) -> None:
        """Lowers the threshold so that the whole answer is shown."""
        self._slider.setValue(0)

    def close_loader(self) -> None:
        """Stops asking and loading; the window closes."""
        self._settled.stop()
        self._busy.stop()
        self._request.drop()
        self._thumbnails.close()

    @Slot()
    def _ask(self) -> None:
        if self._query is None:
            return
        self._card.show()
        self._threshold_row.show()
        if isinstance(self._query, int):
            self._card.show_file(self._query)
        else:
            self._card.show_path(self._query)
        self._busy.start()
        self._request.ask(self._find(self._query), self._take_new, self._fail)

    def _find(self, query: int | bytes) -> Future[list[LookAlike]]:
        return self._library.find_similar(query, MOST_LOOK_ALIKES, 0.0)

    def _take_new(self, answer: list[LookAlike]) -> None:
        """Shows an answer to a new question, from its top."""
        self._busy.stop()
        self.grid.clearSelection()
        self.grid.verticalScrollBar().setValue(0)
        self._take(answer)

    def _take(self, answer: list[LookAlike]) -> None:
        self._hold(answer)
        self._filter()

    def _hold(self, answer: list[LookAlike]) -> None:
        self._answer = answer
        self._scores = np.fromiter((each.score for each in answer), np.float32, len(answer))

    def _fail(self, error: Exception) -> None:
        self._busy.stop()
        self._hold([])
        self._count.clear()
        if not isinstance(error, LookalikeError):
            self._bridge.report(error)
            self._page.say(self.tr("The look-alikes could not be found"), icon="warning")
        else:
            self._page.say(self.tr("No look-alikes"), str(error), icon="warning")
        self._stack.setCurrentWidget(self._page)

    def _keep_old(self, error: Exception) -> None:
        """A refresh that fails leaves what is shown; the photo may be gone in a moment."""
        if not isinstance(error, LookalikeError):
            self._bridge.report(error)

    @Slot()
    def _show_busy(self) -> None:
        self._count.clear()
        self._page.say(self.tr("Looking…"), icon="search")
        self._stack.setCurrentWidget(self._page)

    @Slot()
    def _filter(self) -> None:
        """Shows as much of the answer as the threshold lets through."""
        self._least.setText(text.percent(self.threshold))
        if self._query is None or self._busy.isActive():
            return
        # Half a percent of grace, so that a photo that reads 80 % is shown at 80 %.
        least = text.FULL_SCORE if self.threshold == 1.0 else self.threshold - 0.5 / STEPS
        count = int(np.count_nonzero(self._scores >= least))
        shown = [each.photo for each in self._answer[:count]]
        self.grid.replace_answer(shown, self._scores[:count])
        self._count.setText(self._count_words(count))
        if count:
            self._stack.setCurrentWidget(self.grid)
            return
        if self._answer:
            nearest = text.percent(self._answer[0].score)
            hint = self.tr("The nearest photo is %1 alike.").replace("%1", nearest)
            title = self.tr("Nothing is %1 alike").replace("%1", text.percent(self.threshold))
            self._page.say(title, hint, icon="look-alikes", button=self.tr("Show all"))
        else:
            hint = self.tr("More may come while photos are indexed.")
            self._page.say(self.tr("No look-alikes yet"), hint, icon="look-alikes")
        self._stack.setCurrentWidget(self._page)

    def _count_words(self, count: int) -> str:
        whole = len(self._answer)
        if count == whole:
            return text.photo_count(count) if count else ""
        shown = self.tr("%1 of %2").replace("%1", text.number(count))
        return shown.replace("%2", text.number(whole))

    @Slot()
    def _move_threshold(self) -> None:
        self._filter()
        self.threshold_changed.emit(self.threshold)

    @Slot()
    def _ask_open(self) -> None:
        if isinstance(self._query, int):
            self.query_open_requested.emit(self._query)

    def _set_up_slider(self) -> None:
        self._slider.setRange(0, STEPS)
        self._slider.setPageStep(5)
        self._slider.setAccessibleName(self.tr("Least similarity shown"))
        self._slider.setToolTip(self.tr("Show only photos at least this much alike"))
        self._slider.valueChanged.connect(self._move_threshold)
        widest = self._least.fontMetrics().horizontalAdvance(text.percent(1.0))
        self._least.setMinimumWidth(widest + 4)
        self._least.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def _lay_out(self) -> None:
        title = QLabel(self.tr("Look-alikes"))
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        head = QHBoxLayout()
        head.addWidget(title)
        head.addStretch()
        head.addWidget(self._count)
        caption = QLabel(self.tr("A&t least"))
        caption.setBuddy(self._slider)
        least = QHBoxLayout(self._threshold_row)
        least.setContentsMargins(0, 0, 0, 0)
        least.setSpacing(10)
        least.addWidget(caption)
        least.addWidget(self._slider, 1)
        least.addWidget(self._least)
        top = QVBoxLayout()
        top.setContentsMargins(12, 12, 12, 10)
        top.setSpacing(10)
        top.addLayout(head)
        top.addWidget(self._card)
        top.addWidget(self._threshold_row)
        self._stack.addWidget(self._page)
        self._stack.addWidget(self.grid)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(self._stack, 1)


def _single_shot(owner: QWidget, interval_ms: int, slot: Callable[[], None]) -> QTimer:
    timer = QTimer(owner)
    timer.setSingleShot(True)
    timer.setInterval(interval_ms)
    timer.timeout.connect(slot)
    return timer
