"""Keeps an index process with the right segments loaded, and asks it; every call returns at once, on any thread.

What the process cannot answer, for whatever reason, the caller compares exactly: while segments load, after a
crash, during a hang. A process that ended is started again, each time a little later if it keeps ending.
"""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike.index.process import Answer, IndexProcess
from lookalike.index.sidecar import Sidecar
from lookalike.index.store import segment_file

log = logging.getLogger(__name__)

LOAD_LIMIT_S = 60.0
SEARCH_LIMIT_S = 20.0
"""After this the process hangs: answers take milliseconds even on a busy machine."""
PATIENCE_S = 0.3
"""How long an owed answer may keep new questions coming; then exact search is quicker."""
LONGEST_PAUSE_S = 60.0
CRASHES_TO_GIVE_UP = 2
"""A segment whose loading ended the process so often is compared exactly from then on."""


class Searcher:
    """The client of the searching index process."""

    def __init__(self, folder: Path, command: Sequence[str], on_damage: Callable[[str, str], None]) -> None:
        """Starts nothing yet.

        Args:
            folder: Where the segments lie.
            command: Starts an index process.
            on_damage: Told the segment and the reason when the process finds one damaged, on one of its threads.
        """
        self._folder, self._command, self._on_damage = folder, command, on_damage
        self._lock = threading.RLock()
        self._process: IndexProcess | None = None
        self._ended: list[IndexProcess] = []
        self._wanted: dict[str, Sidecar] = {}
        self._loaded: set[str] = set()
        self._loading: str | None = None
        self._crashes: dict[str, int] = {}
        self._left_out: set[str] = set()
        self._failures = 0
        self._retry_at = 0.0
        self._is_closed = False
        self.is_unusable = False

    @property
    def pid(self) -> int | None:
        """The process's number while one runs."""
        with self._lock:
            return None if self._process is None or self._process.is_gone() else self._process.pid

    @property
    def loaded(self) -> int:
        """How many segments the running process answers for."""
        with self._lock:
            return 0 if self._process is None or self._process.is_gone() else len(self._loaded)

    def want(self, sidecars: Sequence[Sidecar]) -> frozenset[str]:
        """Says which segments should be loaded, and sees to it in the background; returns those that are."""
        with self._lock:
            self._wanted = {each.name: each for each in sidecars}
            if self._is_closed or self.is_unusable:
                return frozenset()
            if self._process is not None:
                self._process.end_if_overdue()
                if self._process.is_gone():
                    self._note_end(self._process)
            if self._process is None and self._wanted.keys() - self._left_out:
                self._start()
            for name in self._loaded - self._wanted.keys():
                self._loaded.discard(name)
                if self._process is not None:
                    self._process.ask({"do": "drop", "name": name}, limit_s=SEARCH_LIMIT_S)
            self._load_next()
            if self._process is None or self._process.waiting_s() > PATIENCE_S:
                return frozenset()
            return frozenset(self._loaded)

    def ask(
        self, names: Sequence[str], wanted: Sequence[int], queries: NDArray[np.float32]
    ) -> Future[Answer] | None:
        """Asks loaded segments for ``wanted`` neighbours each; None where there is no process to ask."""
        with self._lock:
            if self._process is None:
                return None
            return self._process.ask(
                {"do": "search", "names": list(names), "wanted": list(wanted)},
                [queries],
                limit_s=SEARCH_LIMIT_S + 0.1 * len(queries),
            )

    def note_answer(self) -> None:
        """Takes in that the process does its work: its next end is a first one again."""
        with self._lock:
            self._failures = 0

    def close(self) -> None:
        """Ends the process and waits until nothing of it is left."""
        with self._lock:
            self._is_closed = True
            ended, self._ended = self._ended, []
            if self._process is not None:
                ended.append(self._process)
            self._process = None
            self._loaded = set()
        for process in ended:
            process.close()

    def _start(self) -> None:
        """Starts a process unless the last ones ended too recently."""
        if time.monotonic() < self._retry_at:
            return
        try:
            self._process = IndexProcess(self._command)
        except OSError as error:
            log.warning("The index process cannot be started: %s", error)
            self._back_off()

    def _load_next(self) -> None:
        """Has one more segment loaded; one at a time, so that a crash names its cause."""
        if self._process is None or self._loading is not None:
            return
        for name, sidecar in self._wanted.items():
            if name not in self._loaded and name not in self._left_out:
                self._loading = name
                head = {
                    "do": "load",
                    "name": name,
                    "file": str(segment_file(self._folder, name)),
                    "sidecar": sidecar.to_bytes().decode(),
                }
                limit_s = LOAD_LIMIT_S + sidecar.size_bytes / 5e6
                future = self._process.ask(head, limit_s=limit_s)
                future.add_done_callback(functools.partial(self._note_load, self._process, name))
                return

    def _note_load(self, process: IndexProcess, name: str, done: Future[Answer]) -> None:
        """Takes in how loading went; on the process's reading thread."""
        damage = ""
        with self._lock:
            if self._process is not process or self._loading != name:
                return
            if done.exception() is not None:
                self._count_crash(name)
                return
            self._loading = None
            head = done.result()[0]
            kind = head.get("error")
            if kind is None:
                self._loaded.add(name)
                self._crashes.pop(name, None)
            else:
                log.warning("The segment %s was not loaded: %s", name, head["text"])
                self._left_out.add(name)
                damage = head["text"] if kind == "damaged" else ""
                self.is_unusable = self.is_unusable or kind == "import"
            self._load_next()
        if damage:
            self._on_damage(name, damage)

    def _note_end(self, process: IndexProcess) -> None:
        """Forgets a process that has ended; its threads are joined by :meth:`close`, where no lock is held."""
        self._ended = [each for each in self._ended if not each.is_over()] + [process]
        self._process = None
        if self._loading is not None:
            self._count_crash(self._loading)
        self._loaded = set()
        self._back_off()

    def _count_crash(self, name: str) -> None:
        """Takes in that the process ended while it loaded a segment."""
        self._loading = None
        self._crashes[name] = self._crashes.get(name, 0) + 1
        if self._crashes[name] >= CRASHES_TO_GIVE_UP and not self._is_closed:
            log.warning("Loading the segment %s ends the index process; it is compared exactly", name)
            self._left_out.add(name)

    def _back_off(self) -> None:
        """Lets more time pass before each new start; none before the first."""
        pause_s = 0.0 if self._failures == 0 else min(LONGEST_PAUSE_S, 2.0 ** (self._failures - 1))
        self._failures += 1
        self._retry_at = time.monotonic() + pause_s
