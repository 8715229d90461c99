"""The index as the library uses it: tail and segments answer as one, exactly or by the index process."""

from __future__ import annotations

import os
import stat
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from lookalike.core.errors import InputError
from lookalike.index import tail as tail_module
from lookalike.index import vectors as vectors_module
from lookalike.index.segment import SegmentView
from lookalike.index.vectors import VectorIndex
from tests.index.rows import DIM, MODEL, clustered, load_all, make, oracle, same, sealed


def recall(found: np.ndarray, expected: np.ndarray) -> float:
    """Returns how much of ``expected`` is in ``found``, over all rows."""
    return float(np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(found, expected, strict=True)]))


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_the_graph_finds_99_of_100_neighbours_and_scores_are_cosines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metric: str
) -> None:
    rows = clustered(5000, 128)
    index = VectorIndex(tmp_path, MODEL, 128, metric, exact_below=0)
    index.open()
    index.add(np.arange(len(rows)), rows, len(rows))
    index.seal()
    while index.loaded < 1:
        index.search(rows[:1], 1)
    monkeypatch.setattr(SegmentView, "scan", lambda *_: pytest.fail("the process should have answered"))
    queries = clustered(200, 128, seed=1)
    found = index.search(queries, 10)
    expected = oracle(rows).search(queries, 10)
    index.close()
    assert recall(found.content_ids, expected.content_ids) >= 0.99
    cosines = np.einsum("qd,qkd->qk", queries, rows[found.content_ids])
    assert np.allclose(found.scores, cosines, atol=1e-5)
    assert (np.diff(found.scores, axis=1) <= 0).all()


def test_a_sealed_index_answers_the_same_after_a_restart(tmp_path: Path) -> None:
    rows = clustered(700)
    sealed(tmp_path, rows[:600], 3)
    index = make(tmp_path)
    assert (index.segments, index.tail, index.covered_change_seq) == (3, 0, 600)
    index.add(np.arange(600, 700), rows[600:], 700)
    assert (index.tail, index.covered_change_seq, index.change_seq) == (100, 600, 700)
    assert same(index.search(rows[:20], 30), oracle(rows).search(rows[:20], 30))
    load_all(index)
    assert same(index.search(rows[:20], 30), oracle(rows).search(rows[:20], 30))
    assert index.check() == []
    index.close()


def test_files_are_the_users_alone_and_nothing_unfinished_stays(tmp_path: Path) -> None:
    sealed(tmp_path / "index", clustered(50), 2)
    assert stat.S_IMODE((tmp_path / "index").stat().st_mode) == 0o700
    files = sorted((tmp_path / "index").iterdir())
    assert [file.suffix for file in files] == [".hnsw", ".json"] * 2
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_folder_name_that_is_not_text_holds_an_index(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(bytes(tmp_path) + b"/caf\xe9"))
    rows = clustered(200)
    sealed(folder, rows)
    index = make(folder)
    load_all(index)
    assert same(index.search(rows[:5], 10), oracle(rows).search(rows[:5], 10))
    index.close()


def test_more_neighbours_than_contents_are_padded_wherever_they_lie(tmp_path: Path) -> None:
    rows = clustered(30)
    sealed(tmp_path, rows[:20], 2)
    index = make(tmp_path)
    index.add(np.arange(20, 30), rows[20:], 30)
    for _ in range(2):
        found = index.search(rows[:3], 50)
        assert same(found, oracle(rows).search(rows[:3], 50))
        assert (found.content_ids[:, 30:] == -1).all()
        load_all(index)
    index.close()


def test_an_empty_index_answers_with_nothing(tmp_path: Path) -> None:
    index = make(tmp_path)
    index.seal()
    assert index.search(clustered(2), 3).content_ids.tolist() == [[-1] * 3] * 2
    assert index.search(np.empty((0, DIM)), 3).content_ids.shape == (0, 3)
    assert (index.segments, index.merge(), index.contents().tolist()) == (0, False, [])
    index.close()


@pytest.mark.parametrize("query", [np.full((1, DIM), np.nan), np.zeros((1, DIM)), np.ones((1, 3))])
def test_a_query_that_cannot_be_compared_is_refused(tmp_path: Path, query: np.ndarray) -> None:
    sealed(tmp_path, clustered(20))
    index = make(tmp_path)
    with pytest.raises(InputError):
        index.search(query, 3)
    index.close()


def test_removed_contents_are_never_found_and_others_take_their_place(tmp_path: Path) -> None:
    rows = clustered(3000, clusters=3)
    sealed(tmp_path, rows, 2)
    index = make(tmp_path)
    load_all(index)
    nearest = oracle(rows).search(rows[:1], 500).content_ids[0]
    index.remove(nearest)
    left = np.setdiff1d(np.arange(3000), nearest)
    assert same(index.search(rows[:4], 20), oracle(rows[left], left).search(rows[:4], 20))
    assert index.contents().tolist() == left.tolist()
    index.add(nearest[:1], rows[nearest[:1]], 3001)
    assert index.search(rows[:1], 1).content_ids[0, 0] == nearest[0]
    index.close()


def test_what_the_catalog_holds_no_more_is_told_after_a_start(tmp_path: Path) -> None:
    rows = clustered(300)
    sealed(tmp_path, rows)
    index = make(tmp_path)
    assert index.keep_only(np.arange(100)) == 200
    assert index.keep_only(np.arange(100)) == 0
    assert index.contents().tolist() == list(range(100))
    assert same(index.search(rows[:5], 200), oracle(rows[:100]).search(rows[:5], 200))
    index.close()


def test_a_new_embedding_hides_the_old_one_in_tail_segments_and_after_a_restart(tmp_path: Path) -> None:
    rows = clustered(400)
    sealed(tmp_path, rows[:200])
    index = make(tmp_path)
    index.add(np.arange(100), rows[200:300], 300)
    index.add(np.arange(50), rows[300:350], 350)
    newest = np.concatenate([rows[300:350], rows[250:300], rows[100:200]])
    assert same(index.search(rows[:9], 60), oracle(newest).search(rows[:9], 60))
    index.seal()
    load_all(index)
    assert same(index.search(rows[:9], 60), oracle(newest).search(rows[:9], 60))
    index.close()
    index = make(tmp_path)
    assert len(index.contents()) == 200
    assert same(index.search(rows[:9], 60), oracle(newest).search(rows[:9], 60))
    index.close()


def test_a_merge_keeps_what_counts_and_drops_the_rest(tmp_path: Path) -> None:
    rows = clustered(500)
    sealed(tmp_path, rows[:400], 4)
    index = make(tmp_path)
    index.remove(range(0, 400, 2))
    index.add([1], rows[401:402], 401)
    index.seal()
    while index.merge():
        assert index.covered_change_seq == 401
    assert index.segments == 2
    newest = rows[:400].copy()
    newest[1] = rows[401]
    left = np.arange(1, 400, 2)
    assert same(index.search(rows[:9], 60), oracle(newest[left], left).search(rows[:9], 60))
    index.close()
    assert len(list(tmp_path.iterdir())) == 4
    index = make(tmp_path)
    assert index.contents().tolist() == left.tolist()
    assert index.covered_change_seq == 401
    index.close()


def test_a_segment_with_nothing_left_becomes_an_empty_one_that_still_covers(tmp_path: Path) -> None:
    sealed(tmp_path, clustered(40))
    index = make(tmp_path)
    index.keep_only([])
    assert index.merge()
    assert not index.merge()
    load_all(index)
    assert index.search(clustered(1), 3).content_ids.tolist() == [[-1, -1, -1]]
    index.close()
    index = make(tmp_path)
    assert (index.covered_change_seq, index.check()) == (40, [])
    index.close()


def test_changes_while_a_segment_is_built_are_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = clustered(400)
    index = make(tmp_path)
    index.add(np.arange(200), rows[:200], 200)
    build = index._sealer.build

    def build_and_change(*parts: object) -> object:
        built = build(*parts)  # type: ignore[arg-type]
        index.remove([1, 2])
        index.add([3], rows[300:301], 201)
        index.add([250], rows[250:251], 202)
        return built

    monkeypatch.setattr(index._sealer, "build", build_and_change)
    index.seal()
    assert (index.segments, index.tail, index.covered_change_seq, index.change_seq) == (1, 2, 200, 202)
    newest = rows[:251].copy()
    newest[3] = rows[300]
    left = np.array([0, *range(3, 200), 250])
    assert same(index.search(rows[:9], 300), oracle(newest[left], left).search(rows[:9], 300))
    index.close()


def test_adding_removing_sealing_and_searching_go_on_side_by_side(tmp_path: Path) -> None:
    rows = clustered(3000)
    index = make(tmp_path)
    index.add(np.arange(200), rows[:200], 200)
    problems: list[str] = []
    is_over = threading.Event()

    def search() -> None:
        while not is_over.is_set():
            found = index.search(rows[:2], 5)
            for query in range(2):
                ids = found.content_ids[query].tolist()
                if len(set(ids)) != 5 or ids[0] != query or found.scores[query, 0] < 0.999:
                    problems.append(f"{query}: {ids}")

    def seal() -> None:
        while not is_over.is_set():
            index.seal()
            index.merge()

    threads = [
        threading.Thread(target=search),
        threading.Thread(target=search),
        threading.Thread(target=seal),
    ]
    for thread in threads:
        thread.start()
    for start in range(200, 3000, 20):
        ids = np.arange(start, start + 20)
        index.add(ids, rows[ids], start + 20)
        index.add([0, 1], rows[:2], start + 20)
        index.remove(range(start, start + 20, 4))
    is_over.set()
    for thread in threads:
        thread.join()
    left = np.array([each for each in range(3000) if each < 200 or each % 4])
    assert problems == []
    assert index.contents().tolist() == left.tolist()
    assert same(index.search(rows[:9], 50), oracle(rows[left], left).search(rows[:9], 50))
    index.close()


def test_a_long_tail_asks_to_be_sealed_and_a_sealed_one_does_not(tmp_path: Path) -> None:
    rows = clustered(vectors_module.SEAL_ROWS)
    index = make(tmp_path)
    index.add(np.arange(len(rows) - 1), rows[:-1], 1)
    assert not index.needs_seal()
    index.add([len(rows)], rows[-1:], 2)
    assert index.needs_seal()
    index.seal()
    assert not index.needs_seal()
    index.close()


def test_a_very_long_tail_is_sealed_in_slices_that_each_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail_module, "BLOCK_ROWS", 50)
    monkeypatch.setattr(vectors_module, "SLICE_BLOCKS", 2)
    rows = clustered(330)
    index = make(tmp_path)
    for start in range(0, 330, 30):
        index.add(np.arange(start, start + 30), rows[start : start + 30], start + 30)
    states: list[tuple[int, int, int]] = []
    take = index._holdings.take_sealed

    def take_and_note(*parts: object) -> None:
        take(*parts)  # type: ignore[arg-type]
        states.append((index.segments, index.tail, index.covered_change_seq))
        assert same(index.search(rows[:3], 400), oracle(rows).search(rows[:3], 400))

    monkeypatch.setattr(index._holdings, "take_sealed", take_and_note)
    index.seal()
    assert states == [(1, 230, 90), (2, 130, 180), (3, 30, 300), (4, 0, 330)]
    index.close()


def test_rows_that_came_before_a_loss_do_not_claim_what_was_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = clustered(300)
    sealed(tmp_path, rows[:200], 2)
    monkeypatch.setattr(tail_module, "BLOCK_ROWS", 50)
    monkeypatch.setattr(vectors_module, "SLICE_BLOCKS", 1)
    index = make(tmp_path, exact_below=10_000)
    index.add(np.arange(200, 300), rows[200:], 300)
    os.truncate(sorted(tmp_path.glob("*.hnsw"))[1], 200)
    index.search(rows[:1], 1)
    assert (index.segments, index.change_seq) == (1, 100)
    index.add(np.arange(100, 130), rows[100:130], 130)
    build, built = index._sealer.build, []

    def build_one(*parts: object) -> object:
        if built:
            raise OSError("the disk is full")
        built.append(build(*parts))  # type: ignore[arg-type]
        return built[0]

    monkeypatch.setattr(index._sealer, "build", build_one)
    with pytest.raises(OSError, match="full"):
        index.seal()
    assert (index.segments, index.covered_change_seq) == (2, 100)
    index.close()


def test_a_small_library_is_searched_without_a_process(tmp_path: Path) -> None:
    rows = clustered(300)
    sealed(tmp_path, rows)
    index = VectorIndex(tmp_path, MODEL, DIM)
    index.open()
    assert same(index.search(rows[:5], 10), oracle(rows).search(rows[:5], 10))
    assert index.process_id is None
    index.close()


def test_without_hnswlib_segments_are_still_read_and_nothing_is_sealed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = clustered(300)
    sealed(tmp_path, rows[:200])
    blocked = "import sys; sys.modules['hnswlib'] = None; sys.argv = sys.argv[1:];"
    start = vectors_module.default_command()
    index = make(
        tmp_path, command=(sys.executable, "-c", blocked + start[2].replace("argv[1]", "argv[0]"), start[3])
    )
    index.add(np.arange(200, 300), rows[200:], 300)
    while not index._searcher.is_unusable:
        assert same(index.search(rows[:5], 10), oracle(rows).search(rows[:5], 10))
    index.seal()
    assert (index.segments, index.tail) == (1, 100)
    assert same(index.search(rows[:5], 10), oracle(rows).search(rows[:5], 10))
    index.close()


def test_a_reader_beside_the_writer_changes_no_file_and_survives_a_merge(tmp_path: Path) -> None:
    rows = clustered(400)
    sealed(tmp_path, rows, 4)
    (tmp_path / ".00000009-00000000.hnsw.part").write_bytes(b"being written")
    reader = make(tmp_path, is_writable=False)
    writer = VectorIndex(tmp_path, MODEL, DIM)
    assert (tmp_path / ".00000009-00000000.hnsw.part").exists()
    writer.open()
    assert writer.merge()
    for _ in range(3):
        assert same(reader.search(rows[:5], 10), oracle(rows).search(rows[:5], 10))
    reader.seal()
    assert (reader.needs_seal(), reader.segments, writer.segments) == (False, 4, 1)
    reader.close()
    writer.close()


def test_clearing_deletes_everything(tmp_path: Path) -> None:
    rows = clustered(100)
    sealed(tmp_path, rows, 2)
    index = make(tmp_path)
    index.add([500], rows[:1], 500)
    index.clear()
    assert list(tmp_path.iterdir()) == []
    assert (index.segments, index.tail, index.covered_change_seq, index.change_seq) == (0, 0, 0, 0)
    index.close()
