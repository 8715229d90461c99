"""Carries the library's events and answers to the GUI thread; its signals are emitted there and nowhere else.

Library threads and finished futures only put things into a queue and wake the GUI thread. There, events of
one kind are folded together and go out at most ten times a second; answers go to their callbacks unless the
widget that asked is gone.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer, Signal, Slot
from shiboken6 import isValid

from lookalike.core.errors import Cancelled, LookalikeError
from lookalike.library.events import (
    Event,
    FoldersChanged,
    IndexingChanged,
    NoticeRaised,
    PhotosChanged,
    WorkFailed,
)

if TYPE_CHECKING:
    from lookalike.library.library import Library

log = logging.getLogger(__name__)

T = TypeVar("T")

UPDATE_INTERVAL_MS = 100
"""Ten model updates a second: more cannot be read, and each costs the grid a repaint."""


class Bridge(QObject):
    """The one way from library threads to the window; lives on the GUI thread.

    Signals (all emitted on the GUI thread):
        folders_changed(FoldersChanged): The newest state of all folders.
        photos_changed(PhotosChanged): Counts summed over everything since the last one.
        indexing_changed(IndexingChanged): The newest state of indexing.
        notice_raised(NoticeRaised): Each kind once, the newest.
        work_failed(WorkFailed): An error of our own making, from a library thread or an answer nobody caught.
        trouble_arose(str): A user's trouble from a call that gave no ``on_error``: one sentence.
    """

    folders_changed = Signal(object)
    photos_changed = Signal(object)
    indexing_changed = Signal(object)
    notice_raised = Signal(object)
    work_failed = Signal(object)
    trouble_arose = Signal(str)
    _events_arrived = Signal()
    _answers_arrived = Signal()

    def __init__(self, library: Library, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.library = library
        self._lock = threading.Lock()
        self._events = _Inbox()
        self._answers: deque[_Answer] = deque()
        self._is_closed = False
        self._since_update = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._send_events)
        self._events_arrived.connect(self._schedule_events, Qt.ConnectionType.QueuedConnection)
        self._answers_arrived.connect(self._send_answers, Qt.ConnectionType.QueuedConnection)
        self._unsubscribe = library.events.subscribe(self._take_event)

    def call(
        self,
        future: Future[T],
        on_done: Callable[[T], None],
        on_error: Callable[[Exception], None] | None = None,
        owner: QObject | None = None,
    ) -> None:
        """Hands the future's outcome to a callback on the GUI thread, never before this method returns.

        Args:
            future: From the library.
            on_done: Gets the result.
            on_error: Gets the exception. Without it a :class:`LookalikeError` is announced as
                ``trouble_arose`` and anything else as ``work_failed``.
            owner: Nothing is called once this object is deleted in Qt.
        """

        def take(done: Future[T]) -> None:
            self._take_answer(_Answer(done, on_done, on_error, owner))

        future.add_done_callback(take)

    @property
    def is_closed(self) -> bool:
        """Whether the library is being closed: nobody is to ask it anything more."""
        return self._is_closed

    def report(self, error: Exception) -> None:
        """Announces an error of a call: the user's trouble as a sentence, ours with details to copy."""
        if isinstance(error, LookalikeError):
            self.trouble_arose.emit(str(error))
            return
        log.error("A request failed", exc_info=error)
        details = "".join(traceback.format_exception(error))
        self.work_failed.emit(WorkFailed(self.tr("Something went wrong inside Lookalike."), details))

    def close(self) -> None:
        """Stops listening; what is still on its way is dropped."""
        self._unsubscribe()
        with self._lock:
            self._is_closed = True
            self._events = _Inbox()
            self._answers.clear()
        self._timer.stop()

    def _take_event(self, event: Event) -> None:
        """Runs on the sender's thread."""
        with self._lock:
            if self._is_closed:
                return
            must_wake = self._events.is_empty
            self._events.put(event)
            if must_wake:
                self._events_arrived.emit()

    def _take_answer(self, answer: _Answer) -> None:
        """Runs on the thread that finished the future."""
        with self._lock:
            if self._is_closed:
                return
            self._answers.append(answer)
            if len(self._answers) == 1:
                self._answers_arrived.emit()

    @Slot()
    def _schedule_events(self) -> None:
        if self._timer.isActive() or self._is_closed:
            return
        waited_ms = self._since_update.elapsed() if self._since_update.isValid() else UPDATE_INTERVAL_MS
        self._timer.start(max(0, UPDATE_INTERVAL_MS - int(waited_ms)))

    @Slot()
    def _send_events(self) -> None:
        with self._lock:
            inbox, self._events = self._events, _Inbox()
        self._since_update.restart()
        for signal, event in (
            (self.folders_changed, inbox.folders),
            (self.photos_changed, inbox.photos),
            (self.indexing_changed, inbox.indexing),
        ):
            if event is not None:
                signal.emit(event)
        for notice in inbox.notices.values():
            self.notice_raised.emit(notice)
        for failure in inbox.failures:
            self.work_failed.emit(failure)

    @Slot()
    def _send_answers(self) -> None:
        with self._lock:
            answers = list(self._answers)
            self._answers.clear()
        for answer in answers:
            if self._is_closed:
                return
            try:
                self._send_answer(answer)
            except Exception as error:  # noqa: BLE001  a thread's top: it reports, and the next answer goes on
                sys.excepthook(type(error), error, error.__traceback__)

    def _send_answer(self, answer: _Answer) -> None:
        if answer.owner is not None and not isValid(answer.owner):
            return
        try:
            result = answer.future.result(timeout=0)
        except (CancelledError, Cancelled):
            return
        except Exception as error:  # noqa: BLE001  whatever it is, the one who asked decides
            self._send_error(answer, error)
            return
        answer.on_done(result)

    def _send_error(self, answer: _Answer, error: Exception) -> None:
        if answer.on_error is not None:
            answer.on_error(error)
        else:
            self.report(error)


class LatestRequest:
    """Asks one kind of question and lets only the answer to the newest one through; GUI thread."""

    def __init__(self, bridge: Bridge, owner: QObject) -> None:
        self._bridge = bridge
        self._owner = owner
        self._number = 0
        self._future: Future[Any] | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether the newest question is still unanswered."""
        return self._future is not None

    def ask(
        self,
        future: Future[T],
        on_done: Callable[[T], None],
        on_error: Callable[[Exception], None] | None = None,
    ) -> None:
        """Makes ``future`` the newest question; the one before is cancelled where it has not begun."""
        self.drop()
        number = self._number
        self._future = future

        def done(result: T) -> None:
            if number == self._number:
                self._future = None
                on_done(result)

        def failed(error: Exception) -> None:
            if number != self._number:
                return
            self._future = None
            if on_error is not None:
                on_error(error)
            else:
                self._bridge.report(error)

        self._bridge.call(future, done, failed, self._owner)

    def drop(self) -> None:
        """Forgets the newest question: its answer will not come."""
        self._number += 1
        if self._future is not None:
            self._future.cancel()
            self._future = None


class _Answer:
    """A finished future and who wants it."""

    __slots__ = ("future", "on_done", "on_error", "owner")

    def __init__(
        self,
        future: Future[Any],
        on_done: Callable[[Any], None],
        on_error: Callable[[Exception], None] | None,
        owner: QObject | None,
    ) -> None:
        self.future = future
        self.on_done = on_done
        self.on_error = on_error
        self.owner = owner


class _Inbox:
    """Events of one interval, folded by kind; guarded by the bridge's lock."""

    __slots__ = ("failures", "folders", "indexing", "is_empty", "notices", "photos")

    def __init__(self) -> None:
        self.is_empty = True
        self.folders: FoldersChanged | None = None
        self.photos: PhotosChanged | None = None
        self.indexing: IndexingChanged | None = None
        self.notices: dict[object, NoticeRaised] = {}
        self.failures: list[WorkFailed] = []

    def put(self, event: Event) -> None:
        """Adds one, replacing or summing with what came before."""
        self.is_empty = False
        match event:
            case FoldersChanged():
                self.folders = event
            case PhotosChanged():
                before = self.photos or PhotosChanged()
                self.photos = PhotosChanged(
                    before.added + event.added, before.removed + event.removed, before.moved + event.moved
                )
            case IndexingChanged():
                self.indexing = event
            case NoticeRaised():
                self.notices.pop(event.kind, None)
                self.notices[event.kind] = event
            case WorkFailed():
                self.failures.append(event)
