"""Killed at any point of sealing or merging: the folder opens to the old state or the new one, never less."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lookalike.index import store
from lookalike.index.process import default_command
from lookalike.index.sealing import IndexBuildError
from tests.index.rows import clustered, make, oracle, same, sealed

ROWS = clustered(200)
PROGRAM = """
import os, pathlib, signal, sys
import numpy as np
from lookalike.index import store
from lookalike.index.vectors import VectorIndex
from tests.index.rows import DIM, MODEL, clustered

folder, task, kill_at = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
index = VectorIndex(folder, MODEL, DIM)
index.open()
rows = clustered(200)
index.add(np.arange(160, 200), rows[160:], 200)
done = 0

def deadly(function):
    def call(*parts, **options):
        global done
        done += 1
        if done == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*parts, **options)
    return call

os.replace, os.fsync = deadly(os.replace), deadly(os.fsync)
pathlib.Path.unlink = deadly(pathlib.Path.unlink)
store.open = deadly(open)
index.seal() if task == "seal" else index.merge()
print(done)
os.kill(os.getpid(), signal.SIGKILL)
"""
BUILDER_POINTS = {
    "begun": "g.Builder.add = die",
    "before saving": "g.Builder.save = die",
    "file made": "g.contextlib.chdir = die",
    "saved": "g.os.fsync = die",
    "flushed": "g.Builder._is_all_of_it = die",
    "read back": "g.hashlib.sha256 = die",
}


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four segments that cover changes up to 160; copied before use."""
    folder = tmp_path_factory.mktemp("before")
    sealed(folder, ROWS[:160], 4)
    return folder


def killed_at(folder: Path, task: str, point: int) -> bool:
    """Runs the program until it is killed at ``point``; False where the task was over before."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder), task, str(point)], stdout=subprocess.PIPE, check=False
    )
    assert done.returncode == -signal.SIGKILL
    return not done.stdout


def expect_whole(folder: Path, states: set[tuple[int, int]]) -> tuple[int, int]:
    """Opens the folder, adds what it asks for as the library does, and finds everything and nothing else."""
    index = make(folder, exact_below=10_000)
    assert index.covered_change_seq in (160, 200)
    state = (index.segments, index.covered_change_seq)
    assert state in states
    again = np.arange(index.covered_change_seq, 200)
    index.add(again, ROWS[again], 200)
    assert same(index.search(ROWS[:5], 300), oracle(ROWS).search(ROWS[:5], 300))
    assert index.check() == []
    index.close()
    assert sorted(each.suffix for each in folder.iterdir()) == [".hnsw"] * state[0] + [".json"] * state[0]
    return state


def points(before: Path, tmp_path: Path, task: str) -> Iterator[Path]:
    """Yields a folder for each point at which the task can be killed."""
    for point in range(1, 100):
        folder = Path(shutil.copytree(before, tmp_path / str(point)))
        if not killed_at(folder, task, point):
            return
        yield folder


def test_killed_anywhere_in_a_seal_the_old_state_or_the_new_one_is_there(
    before: Path, tmp_path: Path
) -> None:
    seen = []
    for folder in points(before, tmp_path, "seal"):
        found = make(folder, is_writable=False)
        found.close()
        assert found.check() == [], "a seal that was cut short is no damage"
        seen.append(expect_whole(folder, {(4, 160), (5, 200)}))
    assert len(seen) >= 6
    assert seen == sorted(seen)
    assert {(4, 160), (5, 200)} == set(seen)


def test_killed_anywhere_in_a_merge_the_old_state_or_the_new_one_is_there(
    before: Path, tmp_path: Path
) -> None:
    seen = []
    for folder in points(before, tmp_path, "merge"):
        found = make(folder, is_writable=False)
        found.close()
        assert found.check() == [], "a merge that was cut short is no damage"
        seen.append(expect_whole(folder, {(4, 160), (1, 160)}))
    assert len(seen) >= 14
    assert set(seen) == {(4, 160), (1, 160)}


@pytest.mark.parametrize("point", BUILDER_POINTS)
@pytest.mark.parametrize("task", ["seal", "merge"])
def test_a_builder_that_is_killed_changes_nothing_and_the_next_one_succeeds(
    before: Path, tmp_path: Path, task: str, point: str
) -> None:
    folder = Path(shutil.copytree(before, tmp_path / "index"))
    start = default_command()
    deadly = (
        "import lookalike.index.graph as g, os, signal; die = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL);"
        f"{BUILDER_POINTS[point]}; from lookalike"
    )
    index = make(
        folder,
        exact_below=10_000,
        command=(start[0], "-c", start[2].replace("from lookalike", deadly), start[3]),
    )
    files = sorted(os.listdir(folder))
    index.add(np.arange(160, 200), ROWS[160:], 200)
    with pytest.raises(IndexBuildError, match=r"^The process .*\.$"):
        index.seal() if task == "seal" else index.merge()
    assert sorted(os.listdir(folder)) == files
    assert (index.segments, index.tail, index.covered_change_seq) == (4, 40, 160)
    assert same(index.search(ROWS[:5], 300), oracle(ROWS).search(ROWS[:5], 300))
    index._sealer._command = start
    index.seal() if task == "seal" else index.merge()
    assert index.segments == (5 if task == "seal" else 1)
    assert same(index.search(ROWS[:5], 300), oracle(ROWS).search(ROWS[:5], 300))
    index.close()


@pytest.mark.parametrize("call", [1, 2])
def test_a_full_disk_while_committing_leaves_the_old_state(
    before: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    folder = Path(shutil.copytree(before, tmp_path / "index"))
    index = make(folder, exact_below=10_000)
    files = sorted(os.listdir(folder))
    index.add(np.arange(160, 200), ROWS[160:], 200)
    replace, calls = os.replace, []

    def full(*parts: object) -> None:
        calls.append(parts)
        if len(calls) == call:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(*parts)  # type: ignore[arg-type]

    monkeypatch.setattr(store.os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        index.seal()
    assert sorted(os.listdir(folder)) == files
    assert (index.segments, index.tail) == (4, 40)
    index.seal()
    assert (index.segments, index.tail, index.covered_change_seq) == (5, 0, 200)
    index.close()


def test_a_segment_that_is_not_written_as_a_whole_is_refused(before: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(before, tmp_path / "index"))
    start = default_command()
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000));"
    ignore = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
    index = make(folder, command=(start[0], "-c", ignore + limit + start[2], start[3]), exact_below=10_000)
    files = sorted(os.listdir(folder))
    index.add(np.arange(160, 200), ROWS[160:], 200)
    with pytest.raises(OSError, match="whole"):
        index.seal()
    assert sorted(os.listdir(folder)) == files
    assert (index.segments, index.tail) == (4, 40)
    index.close()


def test_after_a_failed_seal_the_next_one_waits_for_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = clustered(4096)
    index = make(tmp_path, command=(sys.executable, "-c", "raise SystemExit"))
    index.add(np.arange(4096), rows, 4096)
    assert index.needs_seal()
    with pytest.raises(IndexBuildError):
        index.seal()
    assert not index.needs_seal()
    index.add(np.arange(4096, 8192), rows, 8192)
    assert index.needs_seal()
    index.close()
