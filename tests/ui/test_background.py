"""Work on the pool: outcomes, chains, cancelling."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import pytest
from PySide6.QtWidgets import QApplication

from lookalike.ui.background import in_background, then


def test_work_runs_on_another_thread(qapp: QApplication) -> None:
    assert in_background(threading.get_ident).result(5) != threading.get_ident()


def test_an_error_is_the_outcome(qapp: QApplication) -> None:
    with pytest.raises(ZeroDivisionError):
        in_background(lambda: 1 // 0).result(5)


def test_a_chain_hands_the_first_result_on(qapp: QApplication) -> None:
    first: Future[int] = Future()
    second = then(first, lambda value: value + 1)
    assert not second.done()
    first.set_result(41)
    assert second.result(5) == 42


def test_a_chain_hands_the_first_error_on(qapp: QApplication) -> None:
    first: Future[int] = Future()
    second = then(first, lambda value: value + 1)
    first.set_exception(ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        second.result(5)


def test_cancelling_the_end_cancels_the_beginning(qapp: QApplication) -> None:
    first: Future[int] = Future()
    second = then(first, lambda value: value + 1)
    assert second.cancel()
    assert first.cancelled()


def test_a_beginning_that_was_cancelled_ends_the_wait(qapp: QApplication) -> None:
    first: Future[int] = Future()
    second = then(first, lambda value: value + 1)
    first.cancel()
    first.set_running_or_notify_cancel()
    assert second.exception(5) is not None or second.cancelled()
