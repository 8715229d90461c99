"""Threads with an owner: a catalog connection with a thread of its own, cancel tokens, and errors that are seen."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from lookalike.catalog.catalog import Catalog
from lookalike.core.errors import Cancelled, LookalikeError
from lookalike.library.events import EventBus, WorkFailed

T = TypeVar("T")


class CancelToken:
    """Set once by whoever owns the work; the work asks between steps."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Asks the work to stop."""
        self._event.set()

    @property
    def is_cancelled(self) -> bool:
        """Whether the work was asked to stop."""
        return self._event.is_set()

    def check(self) -> None:
        """Raises Cancelled once the work was asked to stop."""
        if self._event.is_set():
            raise Cancelled

    def wait(self, seconds: float) -> bool:
        """Sleeps up to ``seconds``; True when asked to stop meanwhile."""
        return self._event.wait(seconds)


class CatalogThread:
    """One thread with one catalog connection; calls are done in order.

    Args:
        name: Thread name, for logs.
        open_catalog: Called once on the new thread.
    """

    def __init__(self, name: str, open_catalog: Callable[[], Catalog]) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._open = open_catalog
        self._catalog: Catalog | None = None
        self._opened = self._executor.submit(self._open_now)

    def wait_until_open(self) -> None:
        """Raises what opening the catalog raised."""
        self._opened.result()

    def call(self, work: Callable[[Catalog], T]) -> Future[T]:
        """Runs ``work`` with the connection, after everything asked before."""
        return self._executor.submit(self._run, work)

    def close(self) -> None:
        """Finishes what was asked, then closes the connection."""
        self._executor.submit(self._close_now)
        self._executor.shutdown(wait=True)

    def _open_now(self) -> None:
        self._catalog = self._open()

    def _run(self, work: Callable[[Catalog], T]) -> T:
        if self._catalog is None:
            self._opened.result()
            raise RuntimeError("the catalog is closed")
        return work(self._catalog)

    def _close_now(self) -> None:
        if self._catalog is not None:
            self._catalog.close()
            self._catalog = None


def report_failure(bus: EventBus, what: str, error: BaseException) -> None:
    """Tells the user, in one sentence with details to copy, that a thread met an error."""
    if isinstance(error, Cancelled):
        return
    if isinstance(error, LookalikeError):
        bus.send(WorkFailed(str(error), ""))
        return
    details = "".join(traceback.format_exception(error))
    bus.send(WorkFailed(f"{what} stopped because of an unexpected error.", details))


def watch_future(future: Future[T], bus: EventBus, what: str) -> Future[T]:
    """Makes sure an error in ``future`` is seen even when nobody reads its result."""

    def done(finished: Future[T]) -> None:
        error = None if finished.cancelled() else finished.exception()
        if error is not None:
            report_failure(bus, what, error)

    future.add_done_callback(done)
    return future
