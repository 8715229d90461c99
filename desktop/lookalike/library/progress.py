"""Counts of the present run, its speed and the time left; any thread may count."""

from __future__ import annotations

import collections
import threading
import time
from collections.abc import Callable

from lookalike.core.records import Progress
from lookalike.library.events import EventBus, IndexingChanged

WINDOW_S = 15.0
"""The speed shown is that of the last quarter minute."""
LEAST_GAP_S = 0.1
"""The window is told at most ten times a second."""


class RunProgress:
    """How far scanning and ingest have come; tells the bus when it changes.

    Args:
        bus: Where :class:`IndexingChanged` goes.
        clock: Monotonic seconds; a test may bring its own.
    """

    def __init__(self, bus: EventBus, clock: Callable[[], float] = time.monotonic) -> None:
        self._bus, self._clock = bus, clock
        self._changed = threading.Condition(threading.RLock())
        self._done = self._total = self._skipped = self._photos = 0
        self._scans = 0
        self._is_paused = self._is_over = False
        self._marks: collections.deque[tuple[float, int]] = collections.deque()
        self._told = 0.0

    def add(self, count: int) -> None:
        """More files need work."""
        with self._changed:
            if self._done == self._total:  # a new run begins
                self._done = self._total = 0
                self._marks.clear()
            self._total += count
        self._tell()

    def finish(self, count: int) -> None:
        """Files are done with, whatever became of them."""
        with self._changed:
            self._done += count
            now = self._clock()
            self._marks.append((now, self._done))
            while self._marks and self._marks[0][0] < now - WINDOW_S:
                self._marks.popleft()
            is_idle = self._done >= self._total
            self._changed.notify_all()
        self._tell(is_sure=is_idle)

    def scanning(self, is_begin: bool) -> None:
        """A scan was asked for or has ended."""
        with self._changed:
            self._scans += 1 if is_begin else -1
            self._changed.notify_all()
        self._tell(is_sure=True)

    def paused(self, is_paused: bool) -> None:
        """The user paused or resumed."""
        with self._changed:
            self._is_paused = is_paused
        self._tell(is_sure=True)

    def end(self) -> None:
        """Nothing will be scanned or ingested any more: nobody need wait for it."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def counted(self, photos: int, skipped: int) -> None:
        """The catalog was counted."""
        with self._changed:
            self._photos, self._skipped = photos, skipped
        self._tell(is_sure=True)

    def wait_until_idle(self, timeout_s: float | None = None) -> bool:
        """Waits until nothing is scanned or ingested (any more); False when the time ran out first."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self._is_over or (not self._scans and self._done >= self._total), timeout_s
            )

    def snapshot(self) -> IndexingChanged:
        """Returns where indexing stands now."""
        with self._changed:
            rate = self._rate()
            left = self._total - self._done
            progress = Progress(self._done, self._total, rate, left / rate if rate and left else None)
            return IndexingChanged(progress, self._is_paused, self._scans > 0, self._skipped, self._photos)

    def _rate(self) -> float:
        if len(self._marks) < 2:
            return 0.0
        (first, before), (last, after) = self._marks[0], self._marks[-1]
        return (after - before) / (last - first) if last > first else 0.0

    def _tell(self, is_sure: bool = False) -> None:
        now = self._clock()
        with self._changed:
            if not is_sure and now - self._told < LEAST_GAP_S:
                return
            self._told = now
        self._bus.send(self.snapshot())
