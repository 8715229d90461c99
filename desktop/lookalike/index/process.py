"""One index process as its owner sees it: requests go out, futures come back; nobody who asks ever blocks.

Two threads serve it: one writes requests and ends a process that does not answer in time, one reads answers and
fails what is open when the process is gone. Futures are completed on the reading thread.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from typing import Any, BinaryIO

from numpy.typing import NDArray

from lookalike.index.frames import Head, read_frame, write_frame

log = logging.getLogger(__name__)

START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from lookalike.index.worker import main; main()"
)
LOOK_EVERY_S = 0.5
"""How often overdue answers are looked for while something is asked."""
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""The process multiplies nothing; idle threads of a matrix library would only take memory."""

Arrays = list[NDArray[Any]]
Answer = tuple[Head, Arrays]


class ProcessGone(Exception):
    """The index process ended, by itself or because it did not answer in time."""


def default_command() -> tuple[str, ...]:
    """Returns what starts the process with this interpreter and its paths.

    A plain child instead of ``multiprocessing``: the child must not import the window's main module, and nothing
    may stay behind once it has ended.
    """
    return (sys.executable, "-c", START, json.dumps(sys.path))


@dataclass(slots=True)
class _Request:
    """A request under way."""

    future: Future[Answer]
    limit_s: float


class IndexProcess:
    """A running index process; safe on any thread."""

    def __init__(self, command: Sequence[str]) -> None:
        """Starts it; it answers once it is up.

        Raises:
            OSError: It cannot be started.
        """
        self._lock = threading.Lock()
        self._open: dict[int, _Request] = {}
        self._last_id = 0
        self._waiting_since = time.monotonic()
        self._is_gone = False
        self._requests: queue.SimpleQueue[tuple[Head, Sequence[NDArray[Any]]] | None] = queue.SimpleQueue()
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | ENVIRONMENT,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._threads = (
            threading.Thread(
                target=self._write, args=(self._process.stdin,), name="index-requests", daemon=True
            ),
            threading.Thread(
                target=self._read, args=(self._process.stdout,), name="index-answers", daemon=True
            ),
        )
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """The system's number for it."""
        return self._process.pid

    def is_gone(self) -> bool:
        """Says whether it has ended; what is asked of it then fails."""
        with self._lock:
            return self._is_gone

    def is_over(self) -> bool:
        """Says whether nothing of it is left, its threads included."""
        return not any(thread.is_alive() for thread in self._threads)

    def waiting_s(self) -> float:
        """Returns for how long it has owed an answer; 0 while it owes none."""
        with self._lock:
            return time.monotonic() - self._waiting_since if self._open else 0.0

    def ask(self, head: Head, arrays: Sequence[NDArray[Any]] = (), *, limit_s: float) -> Future[Answer]:
        """Sends a request; arrays must not change until the future is done.

        Args:
            head: What to do, and with which values.
            arrays: What goes along, as it lies in memory.
            limit_s: When this has been at work for longer, the process is ended.

        Returns:
            A future of the answer; it fails with :class:`ProcessGone` where none will come.
        """
        future: Future[Answer] = Future()
        with self._lock:
            if not self._is_gone:
                if not self._open:
                    self._waiting_since = time.monotonic()
                self._last_id += 1
                self._open[self._last_id] = _Request(future, limit_s)
                self._requests.put((head | {"id": self._last_id}, arrays))
                return future
        future.set_exception(ProcessGone("the index process has ended"))
        return future

    def end_if_overdue(self) -> None:
        """Ends the process when what it works on takes longer than it may.

        Its own threads look, too, but not while one waits to hand over a request that nobody takes.
        """
        with self._lock:
            first = next(iter(self._open.values()), None)
            is_overdue = first is not None and time.monotonic() - self._waiting_since > first.limit_s
        if is_overdue:
            log.warning("The index process does not answer and is ended")
            self.kill()

    def kill(self) -> None:
        """Ends it at once; does not wait."""
        with contextlib.suppress(OSError):
            self._process.kill()

    def close(self) -> None:
        """Ends it at once and waits until nothing of it is left."""
        self.kill()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def _write(self, out: BinaryIO) -> None:
        """Hands requests over, and ends the process when an answer is overdue; on a thread of its own."""
        while True:
            try:
                request = self._requests.get(timeout=LOOK_EVERY_S if self._is_asked() else None)
            except queue.Empty:
                self.end_if_overdue()
                continue
            if request is None:
                break
            try:
                write_frame(out, *request)
            except (OSError, ValueError):
                self.kill()
        with contextlib.suppress(OSError):
            out.close()

    def _read(self, source: BinaryIO) -> None:
        """Completes futures until the process is gone; on a thread of its own."""
        with contextlib.suppress(EOFError, OSError, ValueError, KeyError, TypeError, MemoryError):
            while True:
                head, arrays = read_frame(source)
                with self._lock:
                    request = self._open.pop(head["id"])
                    self._waiting_since = time.monotonic()
                with contextlib.suppress(InvalidStateError):
                    request.future.set_result((head, arrays))
        self.kill()
        code = self._process.wait()
        source.close()
        with self._lock:
            self._is_gone = True
            left, self._open = list(self._open.values()), {}
        self._requests.put(None)
        log.debug("The index process %d ended with %d", self._process.pid, code)
        for request in left:
            with contextlib.suppress(InvalidStateError):
                request.future.set_exception(ProcessGone(f"the index process ended ({code})"))

    def _is_asked(self) -> bool:
        """Says whether an answer is owed."""
        with self._lock:
            return bool(self._open)
