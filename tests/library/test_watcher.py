"""Hints settle before anybody acts on them, and trouble asks for a full scan."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from watchfiles import _rust_notify

from lookalike.library import watcher as watcher_module
from lookalike.library.watcher import Watcher

SOON_S = 20.0


class Answers:
    """Collects what a watcher says."""

    def __init__(self) -> None:
        self.settled: list[bytes] = []
        self.troubles: list[str] = []
        self.listened = 0
        self._changed = threading.Condition()

    def on_settled(self, folders: Sequence[bytes]) -> None:
        """Takes folders that came to rest."""
        with self._changed:
            self.settled += folders
            self._changed.notify_all()

    def on_listening(self) -> None:
        """Takes the beginning of listening."""
        with self._changed:
            self.listened += 1
            self._changed.notify_all()

    def on_trouble(self, sentence: str) -> None:
        """Takes trouble."""
        with self._changed:
            self.troubles.append(sentence)
            self._changed.notify_all()

    def wait(self, is_true: Callable[[], bool]) -> bool:
        """Waits for a condition on what was said."""
        with self._changed:
            return self._changed.wait_for(is_true, SOON_S)


@pytest.fixture
def answers() -> Answers:
    """A fresh collection."""
    return Answers()


@pytest.fixture
def watcher(answers: Answers) -> Iterator[Watcher]:
    """A running watcher."""
    running = Watcher(answers.on_settled, answers.on_listening, answers.on_trouble)
    running.start()
    yield running
    running.close()


def test_a_new_file_names_its_folder(tmp_path: Path, watcher: Watcher, answers: Answers) -> None:
    watcher.watch([bytes(tmp_path)])
    assert answers.wait(lambda: answers.listened == 1)
    (tmp_path / "new.jpg").write_bytes(b"photo")
    assert answers.wait(lambda: bool(answers.settled))
    assert answers.settled[0] == bytes(tmp_path)


def test_a_hint_settles_only_when_the_file_stops_growing(
    tmp_path: Path, watcher: Watcher, answers: Answers
) -> None:
    file = tmp_path / "growing.jpg"
    file.write_bytes(b"")
    watcher.hint(bytes(file))
    for _ in range(8):
        with file.open("ab") as out:
            out.write(b"x" * 100)
        watcher._cancel.wait(0.25)
        size = file.stat().st_size
    assert answers.wait(lambda: bool(answers.settled))
    assert answers.settled == [bytes(tmp_path)]
    assert size == 800


def test_the_watch_limit_is_told_in_words(
    tmp_path: Path, watcher: Watcher, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: list[str]) -> None:
        raise OSError("OS file watch limit reached.")

    monkeypatch.setattr(watcher, "_listen_to", refuse)
    watcher.watch([bytes(tmp_path)])
    assert answers.wait(lambda: bool(answers.troubles))
    assert "limit of watched folders" in answers.troubles[0]


def test_below_the_watch_limit_the_rest_is_listened_to_and_the_limit_is_told(
    tmp_path: Path, watcher: Watcher, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def limited(*arguments: object) -> object:
        if not arguments[-1]:  # watchfiles hides the limit when it is asked to pass over what it may not open
            raise OSError("OS file watch limit reached. about ['/photos/d30']")
        return notify(*arguments)

    notify = _rust_notify.RustNotify
    monkeypatch.setattr(_rust_notify, "RustNotify", limited)
    watcher.watch([bytes(tmp_path)])
    assert answers.wait(lambda: bool(answers.troubles))
    assert "limit of watched folders" in answers.troubles[0]
    (tmp_path / "new.jpg").write_bytes(b"photo")
    assert answers.wait(lambda: bool(answers.settled))


def test_a_name_that_is_not_utf8_asks_for_a_scan_and_listening_goes_on(
    tmp_path: Path, watcher: Watcher, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher_module, "RESTART_S", 0.05)
    watcher.watch([bytes(tmp_path)])
    assert answers.wait(lambda: answers.listened == 1)
    with open(os.fsencode(tmp_path) + b"/caf\xe9.jpg", "wb") as out:
        out.write(b"photo")
    # Either its folder settles, or listening fails on the name and begins again, which asks for a scan.
    assert answers.wait(lambda: bool(answers.settled) or answers.listened > 1)


def test_listening_begins_again_when_asked(tmp_path: Path, watcher: Watcher, answers: Answers) -> None:
    watcher.watch([bytes(tmp_path)])
    assert answers.wait(lambda: answers.listened == 1)
    watcher.listen_again()
    assert answers.wait(lambda: answers.listened == 2)
