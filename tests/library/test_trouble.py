"""What goes wrong in the middle of the work: nobody waits for ever, and the rest goes on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from lookalike.core.errors import ModelError, PhotoChangedError
from lookalike.core.listing import ListingQuery
from lookalike.core.records import DecodedPhoto, FolderState
from lookalike.imaging.decode import DecodeRequest
from lookalike.library import scanning
from lookalike.library.commit import Commit
from lookalike.library.events import WorkFailed
from lookalike.library.library import Library
from lookalike.library.volumes import Volume
from tests.library.conftest import IDLE_S, OpenLibrary, events_of, take_in
from tests.pictures import save_photo, save_photos


def paths(library: Library) -> list[bytes]:
    """Returns the paths of the photos in the library's grid, sorted."""
    ids = library.listing(ListingQuery()).result(IDLE_S).file_ids
    return sorted(photo.path for photo in library.photos(ids.tolist()).result(IDLE_S))


def thumbnails(library: Library) -> list[Path]:
    """Returns the files of the thumbnail cache."""
    return [file for file in library.profile.thumbnails.rglob("*") if file.is_file()]


def fail_decoding(library: Library, errors: dict[bytes, list[Exception]]) -> None:
    """Lets the decodes of some files end with these errors, one after the other, and then work."""
    decode = library._engine.pool.decode

    def failing(request: DecodeRequest, *, is_urgent: bool = False) -> Future[DecodedPhoto]:
        if errors.get(request.path):
            answer: Future[DecodedPhoto] = Future()
            answer.set_exception(errors[request.path].pop(0))
            return answer
        return decode(request, is_urgent=is_urgent)

    library._engine.pool.decode = failing  # type: ignore[method-assign]


def test_photos_of_a_folder_removed_while_they_come_in_stay_away(
    library: Library, photo_folder: Path, tmp_path: Path
) -> None:
    save_photos(photo_folder, range(6))
    other = tmp_path / "other"
    kept = save_photos(other, range(20, 22))
    library._engine.ingest.in_flight_limit = 1
    folder = library.add_folder(bytes(photo_folder)).result(IDLE_S)
    library.remove_folder(folder.folder_id).result(IDLE_S)
    assert library.wait_until_idle(IDLE_S)
    assert paths(library) == []
    assert thumbnails(library) == []
    take_in(library, other)
    assert paths(library) == sorted(bytes(file) for file in kept)


def test_rows_for_a_folder_that_was_forgotten_are_refused_and_the_others_written(
    library: Library, photo_folder: Path, tmp_path: Path
) -> None:
    (file,) = save_photos(photo_folder, range(1))
    take_in(library, photo_folder)
    (photo,) = library.photos(library.listing(ListingQuery()).result(IDLE_S).file_ids.tolist()).result(IDLE_S)
    gone, new = bytes(tmp_path / "elsewhere.jpg"), bytes(photo_folder / "new.jpg")
    commit = Commit(
        linked=(
            (99, gone, photo.stat, photo.content_id, None),
            (photo.folder_id, new, photo.stat, photo.content_id, None),
            (photo.folder_id, bytes(photo_folder / "lost.jpg"), photo.stat, 12345, 12345),
        ),
        skipped=((99, gone + b".png", photo.stat, "A reason."),),
        returned=((12345, photo.stat),),
    )
    written = library._engine.scanning._writing.commit(commit)
    assert written is not None
    assert written.forgotten == {gone, gone + b".png"}
    assert written.lost == {bytes(photo_folder / "lost.jpg")}
    assert paths(library) == sorted([bytes(file), new])


def test_an_error_of_ours_leaves_one_photo_out_and_the_rest_goes_on(
    library: Library, photo_folder: Path
) -> None:
    files = save_photos(photo_folder, range(10))
    events = events_of(library)
    fail_decoding(library, {bytes(files[3]): [RuntimeError("a mistake")]})
    take_in(library, photo_folder)
    assert len(paths(library)) == 9
    (skipped,) = library.skipped().result(IDLE_S)
    assert skipped.path == bytes(files[3])
    assert skipped.can_retry
    assert len([each for each in events if isinstance(each, WorkFailed)]) == 1
    library.retry_skipped().result(IDLE_S)
    assert library.wait_until_idle(IDLE_S)
    assert len(paths(library)) == 10


def test_an_error_of_ours_over_a_whole_batch_costs_only_the_photo_at_fault(
    library: Library, photo_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_photos(photo_folder, range(10))
    put = library._engine.thumbnails.put
    wrong: list[bytes] = []

    def put_one_wrong(fingerprint: bytes, jpeg: bytes) -> None:
        wrong.append(fingerprint)
        if fingerprint == wrong[0]:
            raise RuntimeError("a mistake")
        put(fingerprint, jpeg)

    monkeypatch.setattr(library._engine.thumbnails, "put", put_one_wrong)
    take_in(library, photo_folder)
    assert len(paths(library)) == 9
    assert len(library.skipped().result(IDLE_S)) == 1


def test_a_model_that_cannot_be_opened_is_told_once_and_no_photo_is_blamed(
    library: Library, photo_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_photos(photo_folder, range(10))
    events = events_of(library)

    def broken() -> Any:
        raise ModelError("The model file is damaged.")

    with monkeypatch.context() as patch:
        patch.setattr(library._engine.model, "_open", broken)
        take_in(library, photo_folder)
    assert library.skipped().result(IDLE_S) == []
    assert [each.text for each in events if isinstance(each, WorkFailed)] == ["The model file is damaged."]
    library.rescan()
    assert library.wait_until_idle(IDLE_S)
    assert len(paths(library)) == 10


def test_a_file_that_changes_while_it_is_read_is_read_again_and_else_named(
    library: Library, photo_folder: Path
) -> None:
    once, always = save_photos(photo_folder, range(2))
    changed = PhotoChangedError("The file changed while it was being read.")
    fail_decoding(library, {bytes(once): [changed], bytes(always): [changed] * 2})
    take_in(library, photo_folder)
    assert paths(library) == [bytes(once)]
    assert [each.path for each in library.skipped().result(IDLE_S)] == [bytes(always)]
    assert [each.path for each in library.run_report().skipped] == [bytes(always)]


def test_a_scan_that_fails_is_told_and_the_next_one_works(library: Library, photo_folder: Path) -> None:
    save_photos(photo_folder, range(2))
    events = events_of(library)
    scan = library._engine.scanning.scanner.scan

    def failing(*_: object) -> Iterator[Any]:
        library._engine.scanning.scanner.scan = scan  # type: ignore[method-assign]
        raise RuntimeError("a mistake")
        yield

    library._engine.scanning.scanner.scan = failing  # type: ignore[method-assign]
    take_in(library, photo_folder)
    assert [type(each) for each in events if isinstance(each, WorkFailed)] == [WorkFailed]
    library.rescan()
    assert library.wait_until_idle(IDLE_S)
    assert len(paths(library)) == 2


def test_a_drive_that_goes_during_a_scan_leaves_no_photo_missing(
    library: Library, photo_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_photos(photo_folder, range(3))
    take_in(library, photo_folder)
    assert library.status().result(IDLE_S).photos == 3
    scan = library._engine.scanning.scanner.scan

    def unplugged(*arguments: Any) -> Iterator[Any]:
        photo_folder.rename(photo_folder.with_name("away"))
        photo_folder.mkdir()
        monkeypatch.setattr(scanning, "volume_of", lambda _: Volume("the mount point's own disk", False))
        return scan(*arguments)

    monkeypatch.setattr(library._engine.scanning.scanner, "scan", unplugged)
    library.rescan()
    assert library.wait_until_idle(IDLE_S)
    assert library.folders()[0].state is FolderState.OFFLINE
    assert len(paths(library)) == 3


def test_a_folder_in_the_place_of_a_photo_is_no_photo(library: Library, photo_folder: Path) -> None:
    files = save_photos(photo_folder, range(2))
    take_in(library, photo_folder)
    files[0].unlink()
    files[0].mkdir()
    library.rescan()
    assert library.wait_until_idle(IDLE_S)
    assert paths(library) == [bytes(files[1])]


def test_nobody_waits_for_a_library_that_was_closed(library: Library, photo_folder: Path) -> None:
    save_photos(photo_folder, range(3))
    library.pause()
    library.add_folder(bytes(photo_folder)).result(IDLE_S)
    assert not library.wait_until_idle(0.2)
    library.close()
    assert library.wait_until_idle(IDLE_S)


def test_a_folder_reached_by_another_way_is_not_watched_twice(
    library: Library, photo_folder: Path, tmp_path: Path
) -> None:
    save_photo(photo_folder / "inner" / "a.jpg", 1)
    link = tmp_path / "link"
    link.symlink_to(photo_folder)
    take_in(library, photo_folder)
    take_in(library, link)
    take_in(library, Path(f"{photo_folder}/inner/.."))
    assert [folder.path for folder in library.folders()] == [bytes(photo_folder)]
    take_in(library, link / "inner")
    assert [folder.path for folder in library.folders()] == [
        bytes(photo_folder),
        bytes(photo_folder / "inner"),
    ]
    assert paths(library) == [bytes(photo_folder / "inner" / "a.jpg")]


def test_a_query_named_through_a_link_is_left_out_and_its_copies_are_not(
    library: Library, photo_folder: Path, tmp_path: Path
) -> None:
    file = save_photo(photo_folder / "a.jpg", 1)
    shutil.copyfile(file, photo_folder / "b.jpg")
    take_in(library, photo_folder)
    (tmp_path / "link").symlink_to(photo_folder)
    rows = library.find_similar(os.fsencode(tmp_path / "link" / "a.jpg")).result(IDLE_S)
    assert [row.photo.path for row in rows] == [bytes(photo_folder / "b.jpg")]


def test_a_limit_beyond_any_library_answers_with_what_there_is(library: Library, photo_folder: Path) -> None:
    files = save_photos(photo_folder, range(3))
    take_in(library, photo_folder)
    assert len(library.find_similar(bytes(files[0]), limit=2_000_000_000).result(IDLE_S)) == 2


def test_closing_does_not_wait_for_a_hung_decoder(open_library: OpenLibrary, photo_folder: Path) -> None:
    import time

    library = open_library()
    hung = library._engine.pool.run(time.sleep, IDLE_S)
    while not hung.running():
        pass
    began = time.monotonic()
    library.close()
    assert time.monotonic() - began < 10
