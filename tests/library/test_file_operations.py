"""Copying and moving photos: nothing is overwritten, nothing half-done stays."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from lookalike.core.records import ContentState, Facts, Photo
from lookalike.library.file_operations import transfer
from lookalike.library.scanner import file_stat
from tests.pictures import save_photo


def photo_at(file: Path) -> Photo:
    """Returns the catalog's record of ``file`` as it is now."""
    found = os.lstat(file)
    facts = Facts(found.st_size, 480, 320, "JPEG")
    return Photo(1, 1, 1, bytes(file), file_stat(found), facts, ContentState.OK, False, b"f" * 32)


@pytest.fixture
def photo(tmp_path: Path) -> Photo:
    """One photo in a folder of its own."""
    return photo_at(save_photo(tmp_path / "from" / "a.jpg", 1))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """An empty folder."""
    folder = tmp_path / "to"
    folder.mkdir()
    return folder


def test_a_copy_leaves_the_original_and_keeps_bytes_and_time(photo: Photo, target: Path) -> None:
    assert transfer([photo], bytes(target), is_move=False).done == 1
    copy, original = target / "a.jpg", Path(os.fsdecode(photo.path))
    assert copy.read_bytes() == original.read_bytes()
    assert copy.stat().st_mtime_ns == original.stat().st_mtime_ns


def test_a_move_takes_the_original_along(photo: Photo, target: Path) -> None:
    data = Path(os.fsdecode(photo.path)).read_bytes()
    assert transfer([photo], bytes(target), is_move=True).done == 1
    assert not os.path.exists(photo.path)
    assert (target / "a.jpg").read_bytes() == data


def test_a_move_to_another_volume_copies_compares_and_then_removes(
    photo: Photo, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    data = Path(os.fsdecode(photo.path)).read_bytes()
    assert transfer([photo], bytes(target), is_move=True).done == 1
    assert (target / "a.jpg").read_bytes() == data
    assert not os.path.exists(photo.path)


@pytest.mark.parametrize("is_move", [True, False])
def test_a_name_that_is_taken_gets_a_number(photo: Photo, target: Path, is_move: bool) -> None:
    (target / "a.jpg").write_text("mine")
    assert transfer([photo], bytes(target), is_move=is_move).done == 1
    assert (target / "a.jpg").read_text() == "mine"
    assert (target / "a (2).jpg").stat().st_size == photo.stat.size_bytes


def test_a_file_that_changed_is_left_where_it_is(photo: Photo, target: Path) -> None:
    Path(os.fsdecode(photo.path)).write_text("another")
    report = transfer([photo], bytes(target), is_move=True)
    assert report.done == 0
    assert "“a.jpg” has changed" in report.problems[0]
    assert os.path.exists(photo.path)
    assert list(target.iterdir()) == []


def test_a_failed_copy_leaves_nothing_behind(
    photo: Photo, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    report = transfer([photo], bytes(target), is_move=False)
    assert "no space left" in report.problems[0]
    assert list(target.iterdir()) == []
    assert os.path.exists(photo.path)


def test_moving_into_its_own_folder_changes_nothing(photo: Photo) -> None:
    folder = os.path.dirname(photo.path)
    transfer([photo], folder, is_move=True)
    assert os.listdir(folder) == [b"a.jpg"]
