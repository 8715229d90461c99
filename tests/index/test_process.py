"""The index process may crash, hang or be killed: answers go on, and nothing stays behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from lookalike.core.errors import Cancelled
from lookalike.index import process as process_module
from lookalike.index import searcher as searcher_module
from lookalike.index.process import IndexProcess, ProcessGone, default_command
from lookalike.index.sealing import IndexBuildError
from tests.index.rows import clustered, load_all, make, oracle, same, sealed, until

ROWS = clustered(400)


def children() -> set[int]:
    """Returns the numbers of this process's children, ended ones that nobody has waited for included."""
    found = set()
    for each in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(each.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.add(int(each.parent.name))
    return found


def open_files() -> set[str]:
    """Returns what this process has open, pipes and files in memory included."""
    return {os.readlink(each) for each in Path("/proc/self/fd").iterdir() if os.path.lexists(each)}


def start_with(code: str) -> tuple[str, ...]:
    """Returns a command that runs ``code`` before the index process serves."""
    start = default_command()
    return (start[0], "-c", start[2].replace("from lookalike", f"{code}; from lookalike"), start[3])


def test_the_process_imports_neither_qt_nor_onnx_nor_sqlite() -> None:
    code = (
        "import sys; before = set(sys.modules); import lookalike.index.worker, hnswlib;"
        "print([each for each in sys.modules"
        " if each.partition('.')[0] in ('PySide6', 'onnxruntime', 'sqlite3', 'PIL', 'multiprocessing')])"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_window_that_uses_the_index_never_imports_hnswlib(tmp_path: Path) -> None:
    code = (
        "import sys, numpy as np, pathlib; from lookalike.index.vectors import VectorIndex\n"
        f"index = VectorIndex(pathlib.Path({str(tmp_path)!r}), 'm', 8, exact_below=0); index.open()\n"
        "index.add(range(50), np.eye(8)[np.arange(50) % 8], 50); index.seal()\n"
        "while not index.loaded: index.search(np.ones((1, 8)), 3)\n"
        "index.close(); print('hnswlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_answers_go_on_when_the_process_is_killed_and_it_comes_back(tmp_path: Path) -> None:
    sealed(tmp_path, ROWS, 2)
    index = make(tmp_path)
    expected = oracle(ROWS).search(ROWS[:3], 10)
    killed = set()
    for _ in range(2):
        load_all(index)
        pid = index.process_id
        assert pid is not None
        assert pid not in killed
        killed.add(pid)
        os.kill(pid, signal.SIGKILL)
        for _ in range(20):
            assert same(index.search(ROWS[:3], 10), expected)
    load_all(index)
    assert same(index.search(ROWS[:3], 10), expected)
    index.close()


def test_answers_go_on_while_searches_race_the_killing(tmp_path: Path) -> None:
    sealed(tmp_path, ROWS, 2)
    index = make(tmp_path)
    expected = oracle(ROWS).search(ROWS[:3], 10)
    load_all(index)
    is_over = threading.Event()
    wrong: list[int] = []

    def search() -> None:
        while not is_over.is_set():
            if not same(index.search(ROWS[:3], 10), expected):
                wrong.append(1)

    thread = threading.Thread(target=search)
    thread.start()
    for _ in range(2):
        until(lambda: index.process_id is not None and index.loaded == 2, "the process is there")
        pid = index.process_id
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        until(lambda pid=pid: index.process_id != pid, "the process is gone")
    is_over.set()
    thread.join()
    assert wrong == []
    index.close()


def test_a_hanging_process_does_not_hold_up_the_answer_and_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searcher_module, "SEARCH_LIMIT_S", 1.0)
    sealed(tmp_path, ROWS)
    index = make(tmp_path)
    load_all(index)
    pid = index.process_id
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    expected = oracle(ROWS).search(ROWS[:3], 10)
    longest_s = 0.0
    for _ in range(10):
        began = time.monotonic()
        assert same(index.search(ROWS[:3], 10), expected)
        longest_s = max(longest_s, time.monotonic() - began)
    assert longest_s < 1.5
    until(
        lambda: same(index.search(ROWS[:3], 10), expected) and index.process_id not in (pid, None),
        "another process is there",
    )
    load_all(index)
    assert same(index.search(ROWS[:3], 10), expected)
    index.close()


def test_a_process_that_hangs_while_loading_does_not_hold_up_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searcher_module, "LOAD_LIMIT_S", 1.0)
    sealed(tmp_path, ROWS)
    hang = "import lookalike.index.graph as g, threading; g.load = lambda *_: threading.Event().wait()"
    index = make(tmp_path, command=start_with(hang))
    expected = oracle(ROWS).search(ROWS[:3], 10)
    until(
        lambda: not same(index.search(ROWS[:3], 10), expected) or index._searcher._left_out,
        "the segment is compared exactly for good",
    )
    assert same(index.search(ROWS[:3], 10), expected)
    index.close()


def test_a_segment_whose_loading_crashes_is_compared_exactly_and_the_others_load(tmp_path: Path) -> None:
    sealed(tmp_path, ROWS, 3)
    second = sorted(tmp_path.glob("*.hnsw"))[1].stem
    crash = (
        "import lookalike.index.graph as g, os; load = g.load;"
        f"g.load = lambda file, sidecar: os.abort() if {second!r} in str(file) else load(file, sidecar)"
    )
    index = make(tmp_path, command=start_with(crash))
    expected = oracle(ROWS).search(ROWS[:3], 10)
    until(lambda: same(index.search(ROWS[:3], 10), expected) and index.loaded == 2, "two segments are loaded")
    index.close()


def test_a_program_that_cannot_be_started_leaves_exact_search(tmp_path: Path) -> None:
    sealed(tmp_path, ROWS)
    index = make(tmp_path, command=(str(tmp_path / "absent"),))
    assert same(index.search(ROWS[:3], 10), oracle(ROWS).search(ROWS[:3], 10))
    index.add([900], ROWS[:1], 900)
    with pytest.raises((OSError, IndexBuildError)):
        index.seal()
    assert (index.segments, index.tail) == (1, 1)
    index.close()


def test_what_the_process_prints_is_no_answer(tmp_path: Path) -> None:
    sealed(tmp_path, ROWS)
    noise = (
        "import lookalike.index.graph as g, os; search = g.search;"
        "g.search = lambda *parts: (os.write(1, b'noise'), search(*parts))[1]"
    )
    index = make(tmp_path, command=start_with(noise))
    load_all(index)
    pid = index.process_id
    for _ in range(5):
        assert same(index.search(ROWS[:3], 10), oracle(ROWS).search(ROWS[:3], 10))
    assert index.process_id == pid
    index.close()


def test_a_new_segment_is_loaded_without_starting_over(tmp_path: Path) -> None:
    sealed(tmp_path, ROWS[:300], 3)
    index = make(tmp_path)
    load_all(index)
    pid = index.process_id
    index.add(np.arange(300, 400), ROWS[300:], 400)
    index.seal()
    load_all(index)
    assert index.merge()
    load_all(index)
    assert (index.segments, index.process_id) == (1, pid)
    assert same(index.search(ROWS[:3], 10), oracle(ROWS).search(ROWS[:3], 10))
    index.close()


def test_closing_leaves_no_thread_no_child_and_no_open_file(tmp_path: Path) -> None:
    sealed(tmp_path, ROWS, 2)
    before = children(), set(threading.enumerate()), open_files()
    index = make(tmp_path)
    load_all(index)
    index.add([900], ROWS[:1], 900)
    index.seal()
    pid = index.process_id
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    load_all(index)
    assert children() > before[0]
    index.close()
    index.close()
    assert (children(), set(threading.enumerate()), open_files()) == before


def test_closing_ends_what_is_being_built(tmp_path: Path) -> None:
    index = make(tmp_path)
    index.add(np.arange(400), ROWS, 400)
    begun = tmp_path / "begun"
    wait = (
        "import lookalike.index.graph as g, threading, pathlib;"
        f"g.Builder.save = lambda *_: (pathlib.Path({str(begun)!r}).touch(), threading.Event().wait())"
    )
    index._sealer._command = start_with(wait)
    outcome: list[BaseException] = []

    def seal() -> None:
        try:
            index.seal()
        except Cancelled as error:
            outcome.append(error)

    thread = threading.Thread(target=seal)
    thread.start()
    until(begun.exists, "the segment is being saved")
    index.close()
    thread.join()
    assert len(outcome) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["begun"]


def test_the_process_ends_with_the_program_that_started_it(tmp_path: Path) -> None:
    sealed(tmp_path, ROWS)
    code = (
        "import os, signal, pathlib, numpy as np; from tests.index.rows import make, load_all\n"
        f"index = make(pathlib.Path({str(tmp_path)!r})); load_all(index)\n"
        "print(index.process_id, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    pid = int(done.stdout)
    until(lambda: not _is_running(pid), "the index process has ended")


def test_a_request_to_a_process_that_has_ended_fails_at_once() -> None:
    process = IndexProcess(default_command())
    process.close()
    with pytest.raises(ProcessGone):
        process.ask({"do": "drop", "name": "x"}, limit_s=1).result(timeout=0)
    assert process.is_over()


def test_an_error_in_the_process_is_an_answer_and_does_not_end_it() -> None:
    process = IndexProcess(default_command())
    assert "KeyError" in process.ask({"do": "nonsense"}, limit_s=60).result()[0]["text"]
    assert "error" not in process.ask({"do": "drop", "name": "x"}, limit_s=60).result()[0]
    process.close()


def test_requests_larger_than_a_pipe_do_not_block_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "LOOK_EVERY_S", 0.05)
    process = IndexProcess(default_command())
    process.ask({"do": "drop", "name": "x"}, limit_s=60).result()
    os.kill(process.pid, signal.SIGSTOP)
    answers = [process.ask({"do": "rows"}, [np.zeros(1 << 20)], limit_s=0.2) for _ in range(4)]
    until(lambda: process.end_if_overdue() is None and process.is_gone(), "the process is ended")
    for answer in answers:
        with pytest.raises(ProcessGone):
            answer.result(timeout=10)
    process.close()


def _is_running(pid: int) -> bool:
    """Says whether there is a process of that number that is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
