"""Every damaged or foreign segment is found before hnswlib sees it, named, and left out."""

from __future__ import annotations

import dataclasses
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import hnswlib
import numpy as np
import pytest

from lookalike.core.errors import IndexDamagedError
from lookalike.index import graph
from lookalike.index.sidecar import Sidecar
from lookalike.index.vectors import VectorIndex
from tests.index.rows import DIM, MODEL, clustered, load_all, make, oracle, same, sealed, until

ROWS = clustered(300)
Damage = Callable[[Path, Path], None]


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three segments that cover changes up to 100, 200 and 300; copied before use."""
    folder = tmp_path_factory.mktemp("pristine")
    sealed(folder, ROWS, 3)
    return folder


@pytest.fixture
def folder(pristine: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(pristine, tmp_path / "index"))


def flipped(place: float, bit: int) -> Damage:
    """Flips one bit of the segment."""

    def damage(segment: Path, _: Path) -> None:
        data = bytearray(segment.read_bytes())
        data[int(place * (len(data) - 1))] ^= 1 << bit
        segment.write_bytes(data)

    return damage


def flipped_in_sidecar(place: float, bit: int) -> Damage:
    """Flips one bit of the sidecar."""
    return lambda segment, sidecar: flipped(place, bit)(sidecar, segment)


def cut(place: float) -> Damage:
    """Cuts the segment short."""
    return lambda segment, _: os.truncate(segment, int(place * segment.stat().st_size))


def zeroed(place: float) -> Damage:
    """Loses a page of the segment, as a disk without a flush does."""

    def damage(segment: Path, _: Path) -> None:
        with open(segment, "r+b") as file:
            file.seek(int(place * (segment.stat().st_size - 4096)))
            file.write(bytes(4096))

    return damage


def described(**changes: object) -> Damage:
    """Writes a whole and sound sidecar that says something else."""

    def damage(_: Path, sidecar: Path) -> None:
        before = Sidecar.from_bytes(sidecar.read_bytes(), sidecar.stem)
        sidecar.write_bytes(dataclasses.replace(before, **changes).to_bytes())  # type: ignore[arg-type]

    return damage


def damages() -> Iterator[tuple[str, Damage]]:
    """Yields all ways to damage a segment that are tried."""
    dice = random.Random(3)
    for place in [0.0, 0.0002, 0.001, 0.999, 1.0, *(dice.random() for _ in range(25))]:
        yield f"bit {place:.4f}", flipped(place, dice.randrange(8))
    for place in [0.0, 1.0, *(dice.random() for _ in range(20))]:
        yield f"sidecar bit {place:.4f}", flipped_in_sidecar(place, dice.randrange(8))
    for place in (0.0, 0.0001, 0.3, 0.9, 0.9999):
        yield f"cut {place}", cut(place)
    for place in (0.0, 0.4, 1.0):
        yield f"page {place}", zeroed(place)
    yield "longer", lambda segment, _: segment.write_bytes(segment.read_bytes() + b"\0")
    yield "gone", lambda segment, _: segment.unlink()
    yield "a folder", lambda segment, _: (segment.unlink(), segment.mkdir())[1]
    yield "a pipe", lambda segment, _: (segment.unlink(), os.mkfifo(segment))[1]
    yield "no sidecar", lambda _, sidecar: sidecar.unlink()
    yield "empty sidecar", lambda _, sidecar: os.truncate(sidecar, 0)
    yield "sidecar is a list", lambda _, sidecar: (sidecar.write_bytes(b"[]"), None)[1]
    yield "sidecar nests", lambda _, sidecar: (sidecar.write_bytes(b"[" * 100_000), None)[1]
    yield "other model", described(model_id="resnet-other")
    yield "other dim", described(dim=DIM * 2)
    yield "other dim that fits", described(dim=DIM - 4, vector_offset=132 + 16)
    yield "other space", described(space="l2")
    yield "other format", described(format=99)
    yield "wrong count", described(count=10_000)
    yield "wrong kind", described(count="many")
    yield "wrong name", described(name="00000002-00000000")
    yield "path in names", described(replaces=("../../catalog",))


DAMAGES = dict(damages())


@pytest.mark.parametrize("way", DAMAGES)
def test_damage_is_found_named_and_left_out(folder: Path, way: str) -> None:
    segment = sorted(folder.glob("*.hnsw"))[1]
    sidecar = segment.with_suffix(".json")
    DAMAGES[way](segment, sidecar)
    before = sorted(os.listdir(folder))
    checking = VectorIndex(folder, MODEL, DIM)
    found = checking.check()
    assert len(found) == 1
    assert segment.name in found[0]
    assert found[0].endswith(".")
    assert sorted(os.listdir(folder)) == before

    index = VectorIndex(folder, MODEL, DIM)
    report = index.open()
    assert report.problems == tuple(found)
    assert report.covered_change_seq == index.covered_change_seq == 100
    kept = np.r_[0:100, 200:300]
    assert same(index.search(ROWS[:3], 400), oracle(ROWS[kept], kept).search(ROWS[:3], 400))
    index.add(np.arange(100, 300), ROWS[100:], 300)
    assert same(index.search(ROWS[:3], 400), oracle(ROWS).search(ROWS[:3], 400))
    index.close()
    if way != "a folder":
        assert index.check() == [], "said once"


@pytest.mark.parametrize("way", [way for way in DAMAGES if way.startswith(("bit", "cut", "page", "longer"))])
def test_hnswlib_never_sees_a_damaged_byte(folder: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    segment = sorted(folder.glob("*.hnsw"))[0]
    sidecar = Sidecar.from_bytes(segment.with_suffix(".json").read_bytes(), segment.stem)
    assert graph.load(segment, sidecar).index.get_current_count() == 100
    DAMAGES[way](segment, segment.with_suffix(".json"))

    class Untouched:
        def __init__(self, **_: object) -> None:
            pass

        def load_index(self, *_: object) -> None:
            pytest.fail("hnswlib was given unchecked bytes")

    monkeypatch.setattr(hnswlib, "Index", Untouched)
    with pytest.raises(IndexDamagedError, match=segment.name):
        graph.load(segment, sidecar)


def test_a_file_that_changes_between_check_and_load_does_not_reach_hnswlib(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    segment = sorted(folder.glob("*.hnsw"))[0]
    sidecar = Sidecar.from_bytes(segment.with_suffix(".json").read_bytes(), segment.stem)
    expected = graph.search(graph.load(segment, sidecar), ROWS[:5], 10)
    read = graph.read_verified

    def read_then_damage(*parts: object) -> object:
        labels = read(*parts)  # type: ignore[arg-type]
        with open(segment, "r+b") as file:
            file.write(bytes(segment.stat().st_size))
        return labels

    monkeypatch.setattr(graph, "read_verified", read_then_damage)
    found = graph.search(graph.load(segment, sidecar), ROWS[:5], 10)
    assert found[0].tolist() == expected[0].tolist()


def test_without_a_file_in_memory_a_changed_file_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    segment = sorted(folder.glob("*.hnsw"))[0]
    sidecar = Sidecar.from_bytes(segment.with_suffix(".json").read_bytes(), segment.stem)
    monkeypatch.delattr(os, "memfd_create")
    assert graph.load(segment, sidecar).index.get_current_count() == 100
    read = graph.read_verified

    def read_then_replace(*parts: object) -> object:
        labels = read(*parts)  # type: ignore[arg-type]
        other = segment.with_name("other")
        other.write_bytes(segment.read_bytes())
        other.replace(segment)
        return labels

    monkeypatch.setattr(graph, "read_verified", read_then_replace)
    with pytest.raises(IndexDamagedError, match="changed"):
        graph.load(segment, sidecar)


def test_after_damage_everything_is_sealed_again_and_the_rest_goes(folder: Path) -> None:
    sorted(folder.glob("*.hnsw"))[0].write_bytes(b"")
    index = make(folder)
    assert (index.covered_change_seq, index.segments) == (0, 2)
    index.add(np.arange(300), ROWS, 300)
    index.seal()
    assert (index.segments, index.covered_change_seq) == (1, 300)
    index.close()
    assert len(os.listdir(folder)) == 2
    index = make(folder)
    assert same(index.search(ROWS[:3], 300), oracle(ROWS).search(ROWS[:3], 300))
    index.close()


def test_a_segment_added_again_in_part_loses_nothing_at_a_restart(folder: Path) -> None:
    sorted(folder.glob("*.hnsw"))[0].unlink()
    index = make(folder)
    index.add(np.arange(150), ROWS[:150], 150)
    index.seal()
    assert (index.segments, index.covered_change_seq) == (3, 300)
    index.close()
    index = make(folder)
    assert same(index.search(ROWS[:3], 400), oracle(ROWS).search(ROWS[:3], 400))
    index.close()


def test_damage_while_running_is_told_and_the_contents_are_wanted_again(folder: Path) -> None:
    told: list[str] = []
    index = make(folder, on_damage=told.append)
    segment = sorted(folder.glob("*.hnsw"))[1]
    flipped(0.5, 3)(segment, segment)
    until(lambda: told or index.search(ROWS[:1], 1) is None, "the index process has met the damage")
    assert len(told) == 1
    assert segment.name in told[0]
    assert (index.segments, index.covered_change_seq, index.change_seq) == (2, 100, 100)
    assert not segment.exists()
    index.add(np.arange(100, 300), ROWS[100:], 300)
    load_all(index)
    assert same(index.search(ROWS[:3], 400), oracle(ROWS).search(ROWS[:3], 400))
    index.close()


def test_a_segment_that_shrinks_under_an_exact_search_is_given_up(folder: Path) -> None:
    told: list[str] = []
    index = VectorIndex(folder, MODEL, DIM, on_damage=told.append)
    index.open()
    os.truncate(sorted(folder.glob("*.hnsw"))[2], 500)
    kept = np.arange(200)
    assert same(index.search(ROWS[:3], 400), oracle(ROWS[kept]).search(ROWS[:3], 400))
    assert len(told) == 1
    assert index.covered_change_seq == 200
    index.close()


def test_a_merge_that_meets_damage_changes_nothing_else(folder: Path) -> None:
    told: list[str] = []
    index = VectorIndex(folder, MODEL, DIM, on_damage=told.append)
    index.open()
    index.add(np.arange(900, 1000), ROWS[:100], 400)
    index.seal()
    segment = sorted(folder.glob("*.hnsw"))[0]
    flipped(0.5, 3)(segment, segment)
    with pytest.raises(IndexDamagedError, match=segment.name):
        index.merge()
    assert (index.segments, index.covered_change_seq, len(told)) == (3, 0, 1)
    index.close()


def test_files_of_others_in_the_folder_are_left_alone(folder: Path) -> None:
    (folder / "holiday.hnsw").write_bytes(b"mine")
    (folder / "notes.json").write_bytes(b"mine, too")
    index = make(folder)
    assert index.segments == 3
    assert index.check() == []
    index.close()
    assert (folder / "holiday.hnsw").exists()
    assert (folder / "notes.json").exists()
