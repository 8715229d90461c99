"""The bridge: everything arrives on the GUI thread, folded, and only while somebody wants it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from lookalike.core.errors import InputError
from lookalike.core.records import FolderState, Progress, WatchedFolder
from lookalike.library.events import (
    FoldersChanged,
    IndexingChanged,
    NoticeKind,
    NoticeRaised,
    PhotosChanged,
    WorkFailed,
)
from lookalike.ui.bridge import Bridge, LatestRequest
from tests.ui.fakes import FakeLibrary


def indexing(done: int) -> IndexingChanged:
    return IndexingChanged(Progress(done, 1000), False, False, 0, done)


def test_events_of_other_threads_arrive_on_the_gui_thread(
    qtbot: QtBot, bridge: Bridge, library: FakeLibrary
) -> None:
    arrived: list[threading.Thread] = []

    def receive(_event: object) -> None:
        arrived.append(threading.current_thread())

    bridge.photos_changed.connect(receive)
    sender = threading.Thread(target=library.events.send, args=(PhotosChanged(added=1),))
    with qtbot.waitSignal(bridge.photos_changed):
        sender.start()
    sender.join()
    assert arrived == [threading.main_thread()]


def test_a_flood_of_events_becomes_ten_updates_a_second_and_loses_no_count(
    qtbot: QtBot, bridge: Bridge, library: FakeLibrary
) -> None:
    photos: list[PhotosChanged] = []
    states: list[IndexingChanged] = []
    bridge.photos_changed.connect(photos.append)
    bridge.indexing_changed.connect(states.append)

    def flood() -> None:
        for number in range(1, 1001):
            library.events.send(PhotosChanged(added=1, moved=2))
            library.events.send(indexing(number))
            time.sleep(0.0005)

    began = time.monotonic()
    sender = threading.Thread(target=flood)
    sender.start()
    qtbot.waitUntil(lambda: sum(each.added for each in photos) == 1000, timeout=20_000)
    took = time.monotonic() - began
    sender.join()
    assert sum(each.moved for each in photos) == 2000
    assert states[-1].progress.done == 1000
    assert len(photos) <= took * 10 + 2
    assert len(states) <= took * 10 + 2


def test_notices_keep_one_of_each_kind_and_failures_keep_all(
    qtbot: QtBot, bridge: Bridge, library: FakeLibrary
) -> None:
    notices: list[NoticeRaised] = []
    failures: list[WorkFailed] = []
    bridge.notice_raised.connect(notices.append)
    bridge.work_failed.connect(failures.append)
    library.events.send(NoticeRaised(NoticeKind.DISK_FULL, "The disk is full."))
    library.events.send(NoticeRaised(NoticeKind.MODEL, "Another model serves."))
    library.events.send(NoticeRaised(NoticeKind.DISK_FULL, ""))
    library.events.send(WorkFailed("One.", "1"))
    library.events.send(WorkFailed("Two.", "2"))
    qtbot.waitUntil(lambda: len(failures) == 2)
    assert {(each.kind, each.text) for each in notices} == {
        (NoticeKind.DISK_FULL, ""),
        (NoticeKind.MODEL, "Another model serves."),
    }


def test_the_newest_folders_win(qtbot: QtBot, bridge: Bridge, library: FakeLibrary) -> None:
    received: list[FoldersChanged] = []
    bridge.folders_changed.connect(received.append)
    for photos in range(5):
        library.events.send(FoldersChanged((WatchedFolder(1, b"/p", FolderState.ONLINE, photos),)))
    qtbot.waitUntil(lambda: bool(received))
    assert [each.folders[0].photos for each in received] == [4]


def test_an_answer_reaches_its_callback_on_the_gui_thread(qtbot: QtBot, bridge: Bridge) -> None:
    answers: list[tuple[int, threading.Thread]] = []
    with ThreadPoolExecutor(1) as pool:
        bridge.call(
            pool.submit(lambda: 7),
            lambda value: answers.append((value, threading.current_thread())),
        )
        qtbot.waitUntil(lambda: bool(answers))
    assert answers == [(7, threading.main_thread())]


def test_a_finished_future_is_not_answered_before_call_returns(qtbot: QtBot, bridge: Bridge) -> None:
    future: Future[int] = Future()
    future.set_result(1)
    answers: list[int] = []
    bridge.call(future, answers.append)
    assert answers == []
    qtbot.waitUntil(lambda: answers == [1])


def test_an_error_reaches_the_error_callback(qtbot: QtBot, bridge: Bridge) -> None:
    future: Future[int] = Future()
    errors: list[Exception] = []
    bridge.call(future, lambda _value: None, errors.append)
    future.set_exception(InputError("There is no such folder."))
    qtbot.waitUntil(lambda: bool(errors))
    assert str(errors[0]) == "There is no such folder."


def test_an_uncaught_trouble_is_announced_and_our_own_mistake_carries_details(
    qtbot: QtBot, bridge: Bridge
) -> None:
    troubles: list[str] = []
    failures: list[WorkFailed] = []
    bridge.trouble_arose.connect(troubles.append)
    bridge.work_failed.connect(failures.append)
    trouble: Future[int] = Future()
    mistake: Future[int] = Future()
    bridge.call(trouble, lambda _value: None)
    bridge.call(mistake, lambda _value: None)
    trouble.set_exception(InputError("There is no such folder."))
    mistake.set_exception(KeyError("row"))
    qtbot.waitUntil(lambda: bool(troubles) and bool(failures))
    assert troubles == ["There is no such folder."]
    assert "KeyError" in failures[0].details


def test_nothing_is_called_for_an_owner_that_is_gone(qtbot: QtBot, bridge: Bridge) -> None:
    owner = QObject()
    mine: Future[int] = Future()
    other: Future[int] = Future()
    answers: list[str] = []
    bridge.call(mine, lambda _value: answers.append("gone"), owner=owner)
    bridge.call(other, lambda _value: answers.append("alive"))
    owner.deleteLater()
    with qtbot.waitSignal(owner.destroyed):
        pass
    mine.set_result(1)
    other.set_result(1)
    qtbot.waitUntil(lambda: bool(answers))
    assert answers == ["alive"]


def test_a_cancelled_future_is_silent(qtbot: QtBot, bridge: Bridge) -> None:
    cancelled: Future[int] = Future()
    after: Future[int] = Future()
    heard: list[object] = []
    bridge.call(cancelled, heard.append, heard.append)
    bridge.call(after, heard.append, heard.append)
    cancelled.cancel()
    cancelled.set_running_or_notify_cancel()
    after.set_result(2)
    qtbot.waitUntil(lambda: heard == [2])


def test_a_faulty_callback_does_not_swallow_the_next_answer(qtbot: QtBot, bridge: Bridge) -> None:
    first: Future[int] = Future()
    second: Future[int] = Future()
    answers: list[int] = []

    def fail(_value: int) -> None:
        raise RuntimeError("broken callback")

    bridge.call(first, fail)
    bridge.call(second, answers.append)
    with qtbot.capture_exceptions() as exceptions:
        first.set_result(1)
        second.set_result(2)
        qtbot.waitUntil(lambda: answers == [2])
    assert [str(each[1]) for each in exceptions] == ["broken callback"]


def test_a_stale_answer_is_dropped(qtbot: QtBot, bridge: Bridge) -> None:
    owner = QObject()
    latest = LatestRequest(bridge, owner)
    old: Future[str] = Future()
    old.set_running_or_notify_cancel()
    new: Future[str] = Future()
    answers: list[str] = []
    latest.ask(old, answers.append)
    latest.ask(new, answers.append)
    new.set_result("new")
    old.set_result("old")
    qtbot.waitUntil(lambda: answers == ["new"])
    assert not latest.is_waiting
    bridge.call(_done("flush"), answers.append)
    qtbot.waitUntil(lambda: answers == ["new", "flush"])


def test_a_dropped_question_is_cancelled_before_it_begins(bridge: Bridge) -> None:
    owner = QObject()
    latest = LatestRequest(bridge, owner)
    future: Future[str] = Future()
    latest.ask(future, lambda _value: None)
    latest.drop()
    assert future.cancelled()


def test_a_closed_bridge_hears_nothing(qtbot: QtBot, library: FakeLibrary) -> None:
    bridge = Bridge(library)  # type: ignore[arg-type]
    heard: list[object] = []
    bridge.photos_changed.connect(heard.append)
    library.events.send(PhotosChanged(added=1))
    future: Future[int] = Future()
    bridge.call(future, heard.append)
    bridge.close()
    future.set_result(1)
    library.events.send(PhotosChanged(added=1))
    other = Bridge(library)  # type: ignore[arg-type]
    library.events.send(PhotosChanged(added=5))
    with qtbot.waitSignal(other.photos_changed):
        pass
    other.close()
    assert heard == []


def _done(value: str) -> Future[str]:
    future: Future[str] = Future()
    future.set_result(value)
    return future
