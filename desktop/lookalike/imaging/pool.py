"""Decoder processes and the threads that watch over them, one thread for each process.

Each thread takes the next call from the queue, hands it to its own process and waits for the answer, for the end of
the process, or for the time limit. Nothing is shared between two processes, so a photo that ends one is known for
sure and the others never notice. (Pebble's pool shares one pipe and its locks among all workers: killing an idle
one ends the whole pool, and its time limit counts the hours a laptop sleeps.)
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import multiprocessing
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lookalike.core.records import DecodedPhoto, FileStat
from lookalike.imaging.decode import DecodeRequest, decode_large, decode_photo, fingerprint_file
from lookalike.imaging.worker import SINGLE_THREADED, serve

log = logging.getLogger(__name__)

T = TypeVar("T")

MEMORY_LIMIT_BYTES = 700_000_000
"""How far a decoder may grow. Measured peaks: PNG of 150 megapixels 580 MB, progressive JPEG of 108 without chroma
subsampling 630, AVIF of 48 410, HEIC of 48 330, WebP of 35 530; a WebP of 48 is refused."""
TIME_LIMIT_S = 20.0
"""The slowest honest photo seen takes 9 s on a busy machine (150 megapixels); a slow disk may need the rest."""

_START_ATTEMPTS = 3
_END_LIMIT_S = 5.0
CLOSE_GRACE_S = 1.0
"""How long a running call may go on once the pool closes: most photos take less, and a hung one must not hold a
closing program up until its time limit."""
_NOT_KEPT = "The decoder processes cannot be kept running."
_URGENT, _LATER, _LAST = 0, 1, 2


class DecoderDied(Exception):
    """A decoder process ended over a photo: a crash, the time limit or the memory limit.

    Attributes:
        reason: One plain sentence.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Call:
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    future: Future[Any]


class DecoderPool:
    """Runs decodes in processes of their own; any thread may ask.

    The futures raise ``PhotoUnreadableError`` for a photo that cannot be decoded and :class:`DecoderDied` for one
    that ended its process; anything else is a mistake of ours. Cancelling a future takes effect until its turn.
    """

    def __init__(
        self,
        workers: int,
        *,
        time_limit_s: float = TIME_LIMIT_S,
        memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
    ) -> None:
        """Prepares a pool; nothing runs before :meth:`start`.

        Args:
            workers: Processes, at least one.
            time_limit_s: How long one call may take.
            memory_limit_bytes: How far each process may grow beyond its start (Linux only).
        """
        self._time_limit_s = time_limit_s
        self._memory_limit_bytes = memory_limit_bytes
        self._context = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
        self._queue: queue.PriorityQueue[tuple[int, int, _Call | None]] = queue.PriorityQueue()
        self._order = itertools.count()
        self._threads = [
            threading.Thread(target=self._watch, name=f"decoder-{number}", daemon=True)
            for number in range(max(1, workers))
        ]
        self._processes: list[_Process] = []
        self._lock = threading.Lock()
        self._is_closed = False

    def start(self) -> None:
        """Starts the processes; to be called once, early, while the program has few threads."""
        if sys.platform != "win32":
            self._start_fork_server()
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Cancels what waits, lets running calls finish within a moment, ends the processes."""
        waiting = []
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            with contextlib.suppress(queue.Empty):
                while True:
                    waiting.append(self._queue.get_nowait()[2])
            for _ in self._threads:
                self._queue.put((_LAST, next(self._order), None))
        for call in waiting:
            if call is not None:
                call.future.cancel()
        ends_at = time.monotonic() + CLOSE_GRACE_S
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, ends_at - time.monotonic()))
        for process in self._processes:
            process.abandon()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def decode(self, request: DecodeRequest, *, is_urgent: bool = False) -> Future[DecodedPhoto]:
        """Decodes a photo for the index; urgent ones (somebody waits for an answer) go before all that waits."""
        return self.run(decode_photo, request, is_urgent=is_urgent)

    def fingerprint(self, path: bytes) -> Future[tuple[FileStat, bytes]]:
        """Returns a file's stat and content fingerprint without decoding it."""
        return self.run(fingerprint_file, path)

    def large(self, path: bytes, longest_px: int) -> Future[NDArray[np.uint8]]:
        """Decodes a photo for the large view, ahead of all that waits."""
        return self.run(decode_large, path, longest_px, is_urgent=True)

    def run(self, function: Callable[..., T], *arguments: object, is_urgent: bool = False) -> Future[T]:
        """Calls a module-level function in a decoder process."""
        future: Future[T] = Future()
        with self._lock:
            if not self._is_closed:
                priority = _URGENT if is_urgent else _LATER
                self._queue.put((priority, next(self._order), _Call(function, arguments, future)))
                return future
        future.cancel()
        return future

    def _start_fork_server(self) -> None:
        """Starts the process that all decoders are forked from: without threads, with the decoders loaded."""
        from multiprocessing import forkserver

        self._context.set_forkserver_preload(["lookalike.imaging.decode", "lookalike.imaging.worker"])
        with _environment(SINGLE_THREADED):
            forkserver.ensure_running()

    def _watch(self) -> None:
        """One thread's life: a process, and one call after the other."""
        process = _Process(self._context, self._memory_limit_bytes)
        self._processes.append(process)
        try:
            while True:
                _, _, call = self._queue.get()
                if call is None:
                    return
                if call.future.set_running_or_notify_cancel():
                    try:
                        result = process.call(call.function, call.arguments, self._time_limit_s)
                    except BaseException as error:  # noqa: BLE001  # The asker gets it.
                        call.future.set_exception(error)
                    else:
                        call.future.set_result(result)
                        del result
                del call
        finally:
            process.end()


class _Process:
    """One decoder process, started again whenever it is gone; used by one thread, abandoned by any."""

    def __init__(self, context: Any, memory_limit_bytes: int) -> None:
        self._context = context
        self._memory_limit_bytes = memory_limit_bytes
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None
        self._is_abandoned = False

    def abandon(self) -> None:
        """Ends the process over whatever it is doing, and lets no other be started."""
        self._is_abandoned = True
        process = self._process
        if process is not None:
            process.kill()

    def call(self, function: Callable[..., Any], arguments: tuple[Any, ...], limit_s: float) -> Any:
        """Runs one call and returns its result or raises its error.

        Raises:
            DecoderDied: The process ended over it.
        """
        for _ in range(_START_ATTEMPTS):
            connection = self._send((function, arguments))
            if not connection.poll(limit_s):
                self.end()
                raise DecoderDied(f"Decoding took longer than {limit_s:g} seconds.")
            try:
                is_result, answer = connection.recv()
                break
            except ConnectionResetError:
                self.end()  # It died with the call unread: that was not this photo's doing.
            except (EOFError, OSError) as error:
                raise DecoderDied(self._end_in_words()) from error
        else:
            raise DecoderDied(_NOT_KEPT)
        if is_result:
            return answer
        if isinstance(answer, MemoryError):
            self.end()  # What is left of such a process is not to be trusted with the next photo.
            raise DecoderDied("Decoding took more memory than a decoder may use.") from answer
        raise answer

    def end(self) -> None:
        """Ends the process at once, if there is one."""
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._process = self._connection = None

    def _send(self, message: object) -> Connection:
        """Hands over a call; a process that died while idle is not this photo's fault and is replaced."""
        for _ in range(_START_ATTEMPTS):
            if self._process is None or not self._process.is_alive():
                self.end()
            if self._is_abandoned:
                raise DecoderDied("The decoder was ended because the program closes.")
            connection = self._connection or self._start()
            try:
                connection.send(message)
            except OSError:
                log.info("A decoder process was gone before its call; another is started")
                self.end()
            else:
                return connection
        raise DecoderDied(_NOT_KEPT)

    def _start(self) -> Connection:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=serve, args=(theirs, self._memory_limit_bytes), name="lookalike-decoder", daemon=True
        )
        try:
            process.start()
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()  # So that the end of the process is the end of the connection.
        self._process, self._connection = process, ours
        if self._is_abandoned:  # while it started
            process.kill()
        return ours  # type: ignore[no-any-return]

    def _end_in_words(self) -> str:
        process = self._process
        assert process is not None
        process.join(_END_LIMIT_S)
        code = process.exitcode
        self.end()
        if code is not None and code < 0:
            name = next((each.name for each in signal.Signals if each.value == -code), f"signal {-code}")
            if name == "SIGKILL":
                return "The system ended the decoder over this photo, most likely for its use of memory."
            return f"The decoder crashed over this photo ({name})."
        return f"The decoder ended over this photo (exit code {code})."


@contextmanager
def _environment(settings: dict[str, str]) -> Iterator[None]:
    """Sets environment variables for a process that is about to start, and puts them back."""
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
