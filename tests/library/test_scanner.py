"""The walk: what is found, what is left out, and what may be called gone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lookalike.catalog.records import KnownFile
from lookalike.library.exclusions import Exclusions
from lookalike.library.scanner import Found, Scanner, ScanReport, file_stat
from tests.pictures import save_photo


def scan(
    folder: Path, known: dict[bytes, KnownFile] | None = None, **rules: object
) -> tuple[list[Found], ScanReport]:
    """Walks ``folder`` with a fresh scanner."""
    exclusions = Exclusions(rules.get("patterns", ()), rules.get("private", ()))  # type: ignore[arg-type]
    report = ScanReport()
    return list(Scanner(exclusions).scan(bytes(folder), known or {}, report)), report


def names(found: list[Found]) -> set[str]:
    """Returns paths' last parts."""
    return {os.fsdecode(os.path.basename(each.path)) for each in found}


def known(file: Path, file_id: int = 1, **changes: object) -> KnownFile:
    """Returns the catalog's view of ``file`` as it is now."""
    return KnownFile(file_id, 1, file_stat(os.lstat(file)), False, None)._replace(**changes)


def test_photos_are_found_in_all_depths(tmp_path: Path) -> None:
    for path in ("a.jpg", "b/c.PNG", "b/d/e.webp"):
        save_photo(tmp_path / path, 1)
    assert names(scan(tmp_path)[0]) == {"a.jpg", "c.PNG", "e.webp"}


@pytest.mark.parametrize(
    "path",
    [
        ".hidden.jpg",
        ".Trash-1000/files/a.jpg",
        "$RECYCLE.BIN/a.jpg",
        "@eaDir/a.jpg",
        ".cache/a.jpg",
        "System Volume Information/a.jpg",
        "private/data/a.jpg",
        "raw exports/a.jpg",
        "deep/er/draft-1.jpg",
    ],
)
def test_what_is_left_out_is_not_found(tmp_path: Path, path: str) -> None:
    save_photo(tmp_path / path, 1)
    save_photo(tmp_path / "kept.jpg", 2)
    found, _ = scan(tmp_path, patterns=("raw exports/", "draft-*"), private=(tmp_path / "private",))
    assert names(found) == {"kept.jpg"}


def test_a_photo_without_a_photo_suffix_is_found_by_its_first_bytes(tmp_path: Path) -> None:
    save_photo(tmp_path / "a.jpg", 1).rename(tmp_path / "IMG_0001")
    save_photo(tmp_path / "b.png", 1).rename(tmp_path / "b.bak2")
    (tmp_path / "README").write_text("text")
    assert names(scan(tmp_path)[0]) == {"IMG_0001", "b.bak2"}


def test_links_pipes_and_folders_named_like_photos_are_no_photos(tmp_path: Path) -> None:
    real = save_photo(tmp_path / "real.jpg", 1)
    (tmp_path / "link.jpg").symlink_to(real)
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    assert names(scan(tmp_path)[0]) == {"real.jpg"}


def test_equal_size_and_mtime_mean_unchanged(tmp_path: Path) -> None:
    file = save_photo(tmp_path / "a.jpg", 1)
    found, report = scan(tmp_path, {bytes(file): known(file)})
    assert (found, report.unchanged, report.vanished) == ([], 1, [])


def test_a_changed_mtime_wants_a_look_and_a_changed_inode_only_a_hash(tmp_path: Path) -> None:
    file = save_photo(tmp_path / "a.jpg", 1)
    entry = known(file)
    assert entry.stat is not None
    moved = entry._replace(stat=entry.stat.__class__(entry.stat.size_bytes, entry.stat.mtime_ns, 1, 1))
    (touched,), _ = scan(tmp_path, {bytes(file): moved})
    assert touched.is_touched
    os.utime(file, ns=(1, 1))
    (changed,), _ = scan(tmp_path, {bytes(file): entry})
    assert not changed.is_touched


def test_a_deleted_file_has_vanished_and_a_missing_one_returns(tmp_path: Path) -> None:
    gone = save_photo(tmp_path / "gone.jpg", 1)
    back = save_photo(tmp_path / "back.jpg", 2)
    table = {bytes(gone): known(gone, 1), bytes(back): known(back, 2, is_missing=True)}
    gone.unlink()
    _, report = scan(tmp_path, table)
    assert report.vanished == [(1, bytes(gone))]
    assert [file_id for file_id, _ in report.returned] == [2]


def test_nothing_has_vanished_from_a_folder_that_cannot_be_read(tmp_path: Path) -> None:
    file = save_photo(tmp_path / "root" / "a.jpg", 1)
    table = {bytes(file): known(file)}
    (tmp_path / "root").rename(tmp_path / "elsewhere")
    report = ScanReport()
    list(Scanner(Exclusions((), ())).scan(bytes(tmp_path / "root"), table, report))
    assert not report.is_reachable
    assert report.vanished == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_nothing_has_vanished_from_an_unreadable_subfolder(tmp_path: Path) -> None:
    file = save_photo(tmp_path / "locked" / "a.jpg", 1)
    table = {bytes(file): known(file)}
    (tmp_path / "locked").chmod(0)
    try:
        _, report = scan(tmp_path, table)
    finally:
        (tmp_path / "locked").chmod(0o700)
    assert report.vanished == []
    assert len(report.unreadable) == 1
