"""Small pieces of work for Qt's thread pool, with their outcome as futures; callable from any thread.

For what must not run on the GUI thread and belongs to no library thread: turning bytes into a QImage, reading
licences, starting a viewer. The pool is Qt's own, so it ends with the application.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import TypeVar

from PySide6.QtCore import QThreadPool

T = TypeVar("T")
U = TypeVar("U")


def in_background(work: Callable[[], T]) -> Future[T]:
    """Runs ``work`` on a pool thread; cancelling works until it has begun."""
    future: Future[T] = Future()
    QThreadPool.globalInstance().start(partial(_run, future, work))
    return future


def then(first: Future[T], work: Callable[[T], U]) -> Future[U]:
    """Runs ``work`` on a pool thread with the result of ``first``; cancelling the new future cancels both."""
    second: Future[U] = Future()

    def start(done: Future[T]) -> None:
        QThreadPool.globalInstance().start(partial(_run, second, lambda: work(done.result(timeout=0))))

    def pass_on_cancel(done: Future[U]) -> None:
        if done.cancelled():
            first.cancel()

    second.add_done_callback(pass_on_cancel)
    first.add_done_callback(start)
    return second


def _run(future: Future[T], work: Callable[[], T]) -> None:
    """Settles ``future`` with the outcome of ``work``."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except CancelledError as error:
        # The first half was cancelled by its owner; nobody must wait for the second for ever.
        future.set_exception(error)
    except Exception as error:  # noqa: BLE001  a thread's top: the future reports it
        future.set_exception(error)
    else:
        future.set_result(result)
