"""From a folder to ranked look-alikes, through real decoders, the shipped model, catalog and index."""

from __future__ import annotations

import dataclasses
import os
import shutil
import time
from pathlib import Path

import pytest
from PIL import Image

from lookalike.core.errors import InputError, PhotoUnreadableError, ProfileBusyError
from lookalike.core.listing import ListingQuery
from lookalike.core.records import FolderState
from lookalike.library import scanning
from lookalike.library.events import PhotosChanged
from lookalike.library.library import Library
from lookalike.library.volumes import Volume
from tests.library.conftest import IDLE_S, OpenLibrary, events_of, take_in
from tests.pictures import picture, save_photo, save_photos


def names(library: Library) -> list[str]:
    """Returns the names of the photos in the library's grid, sorted."""
    ids = library.listing(ListingQuery()).result(IDLE_S).file_ids
    return sorted(
        os.fsdecode(os.path.basename(photo.path)) for photo in library.photos(ids.tolist()).result(IDLE_S)
    )


def test_a_copy_is_the_first_look_alike(library: Library, photo_folder: Path) -> None:
    originals = save_photos(photo_folder, range(8))
    for file in originals:
        small = Image.open(file).resize((240, 160))
        small.save(photo_folder / f"copy-of-{file.stem}.jpg", quality=60)
    take_in(library, photo_folder)
    for file in originals:
        best = library.find_similar(bytes(file)).result(IDLE_S)[0]
        assert os.path.basename(best.photo.path) == f"copy-of-{file.stem}.jpg".encode()
        assert 0.5 < best.score <= 1.0


def test_the_query_photo_is_left_out_and_rows_come_best_first(library: Library, photo_folder: Path) -> None:
    files = save_photos(photo_folder, range(6))
    take_in(library, photo_folder)
    rows = library.find_similar(bytes(files[0])).result(IDLE_S)
    assert {row.photo.path for row in rows} == {bytes(file) for file in files[1:]}
    assert [row.score for row in rows] == sorted((row.score for row in rows), reverse=True)


def test_threshold_and_limit_cut_the_answer(library: Library, photo_folder: Path) -> None:
    files = save_photos(photo_folder, range(6))
    shutil.copyfile(files[0], photo_folder / "same.jpg")
    take_in(library, photo_folder)
    assert len(library.find_similar(bytes(files[0]), limit=2).result(IDLE_S)) == 2
    alone = library.find_similar(bytes(files[0]), threshold=0.9999).result(IDLE_S)
    assert [row.photo.path for row in alone] == [bytes(photo_folder / "same.jpg")]


def test_a_photo_outside_the_library_is_answered_and_never_added(
    library: Library, photo_folder: Path, tmp_path: Path
) -> None:
    files = save_photos(photo_folder, range(4))
    take_in(library, photo_folder)
    outside = save_photo(tmp_path / "elsewhere" / "question.png", 2)
    assert library.find_similar(bytes(outside)).result(IDLE_S)[0].photo.path == bytes(files[2])
    assert len(names(library)) == 4


def test_queries_that_cannot_be_answered_say_why(library: Library, tmp_path: Path) -> None:
    text = tmp_path / "note.jpg"
    text.write_text("no photo")
    with pytest.raises(PhotoUnreadableError):
        library.find_similar(bytes(text)).result(IDLE_S)
    with pytest.raises(PhotoUnreadableError):
        library.find_similar(bytes(tmp_path / "absent.jpg")).result(IDLE_S)
    with pytest.raises(InputError):
        library.find_similar(12345).result(IDLE_S)


def test_counts_are_right_once_all_is_taken_in(library: Library, photo_folder: Path) -> None:
    save_photos(photo_folder, range(11))
    (photo_folder / "broken.jpg").write_text("no photo")
    take_in(library, photo_folder)
    wait_for(lambda: library.folders()[0].photos == 11)
    wait_for(lambda: (library.indexing().photos, library.indexing().skipped) == (11, 1))


def test_a_second_run_decodes_nothing(open_library: OpenLibrary, photo_folder: Path) -> None:
    save_photos(photo_folder, range(5))
    (photo_folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    first = open_library()
    take_in(first, photo_folder)
    assert first.run_report().embedded == 5
    second = open_library()
    second.rescan()
    assert second.wait_until_idle(IDLE_S)
    report = second.run_report()
    assert (report.found, report.unchanged, report.embedded) == (6, 5, 0)
    assert [os.path.basename(each.path) for each in report.skipped] == [b"broken.jpg"]


def test_another_model_embeds_unchanged_files_anew(open_library: OpenLibrary, photo_folder: Path) -> None:
    files = save_photos(photo_folder, range(4))
    first = open_library()
    take_in(first, photo_folder)
    ids = first.model_ids().result(IDLE_S)
    other = next(model_id for model_id in ids if model_id != first.model_id())
    first.change_settings(dataclasses.replace(first.settings(), model=other))
    second = open_library()
    assert second.model_id() == other
    second.rescan()
    assert second.wait_until_idle(IDLE_S)
    assert second.run_report().embedded == 4
    assert len(second.find_similar(bytes(files[0])).result(IDLE_S)) == 3


def test_identical_files_embed_once_and_are_rows_of_their_own(library: Library, photo_folder: Path) -> None:
    file = save_photo(photo_folder / "a.jpg", 1)
    shutil.copyfile(file, photo_folder / "b.jpg")
    shutil.copyfile(file, photo_folder / "c.jpg")
    take_in(library, photo_folder)
    assert library.run_report().embedded == 1
    assert names(library) == ["a.jpg", "b.jpg", "c.jpg"]
    assert [row.score for row in library.find_similar(bytes(file)).result(IDLE_S)] == pytest.approx([1, 1])


def test_a_moved_file_keeps_its_row_and_embedding(library: Library, photo_folder: Path) -> None:
    files = save_photos(photo_folder, range(3))
    take_in(library, photo_folder)
    before = library.photos(library.listing(ListingQuery()).result(IDLE_S).file_ids.tolist()).result(IDLE_S)
    row_of = {photo.path: photo.file_id for photo in before}
    (photo_folder / "deeper").mkdir()
    files[1].rename(photo_folder / "deeper" / "renamed.jpg")
    library.rescan()
    assert library.wait_until_idle(IDLE_S)
    report = library.run_report()
    assert (report.embedded, report.moved) == (3, 1)
    after = library.photos([row_of[bytes(files[1])]]).result(IDLE_S)
    assert after[0].path == bytes(photo_folder / "deeper" / "renamed.jpg")
    assert len(names(library)) == 3


def test_a_changed_file_is_embedded_again_and_its_old_content_forgotten(
    library: Library, photo_folder: Path
) -> None:
    file = save_photo(photo_folder / "a.jpg", 1)
    save_photo(photo_folder / "b.jpg", 2)
    take_in(library, photo_folder)
    picture(3).save(file)
    library.rescan()
    assert library.wait_until_idle(IDLE_S)
    assert library.run_report().embedded == 3
    library.close()
    # Closing tidies up whatever is left, so the counts below are final.


def test_a_deleted_file_leaves_the_grid_and_comes_back_without_a_decode(
    library: Library, photo_folder: Path, tmp_path: Path
) -> None:
    files = save_photos(photo_folder, range(3))
    take_in(library, photo_folder)
    files[0].rename(tmp_path / "aside.jpg")
    library.rescan()
    assert library.wait_until_idle(IDLE_S)
    assert names(library) == ["photo-00001.jpg", "photo-00002.jpg"]
    assert bytes(files[0]) not in {
        row.photo.path for row in library.find_similar(bytes(files[1])).result(IDLE_S)
    }
    (tmp_path / "aside.jpg").rename(files[0])
    library.rescan()
    assert library.wait_until_idle(IDLE_S)
    assert len(names(library)) == 3
    assert library.run_report().embedded == 3


def test_a_folder_that_vanishes_is_offline_and_its_photos_stay(
    open_library: OpenLibrary, photo_folder: Path
) -> None:
    save_photos(photo_folder, range(3))
    library = open_library()
    take_in(library, photo_folder)
    away = photo_folder.with_name("away")
    photo_folder.rename(away)
    library.rescan()
    assert library.wait_until_idle(IDLE_S)
    (folder,) = library.folders()
    assert folder.state is FolderState.OFFLINE
    assert folder.reason
    assert len(names(library)) == 3
    away.rename(photo_folder)
    library.rescan()
    assert library.wait_until_idle(IDLE_S)
    assert library.folders()[0].state is FolderState.ONLINE
    assert library.run_report().embedded == 3


def test_an_empty_mount_point_is_offline_and_a_moved_folder_is_not(
    open_library: OpenLibrary, photo_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = save_photos(photo_folder, range(3))
    library = open_library()
    take_in(library, photo_folder)
    wait_for(lambda: library.folders()[0].photos == 3)
    monkeypatch.setattr(scanning, "volume_of", lambda _: Volume("the mount point's own disk", False))
    aside = photo_folder.with_name("aside")
    photo_folder.rename(aside)
    photo_folder.mkdir()
    library.rescan()
    assert library.wait_until_idle(IDLE_S)
    assert library.folders()[0].state is FolderState.OFFLINE
    assert len(names(library)) == 3
    # The same photos on another disk, for good: no drive is waited for.
    for file in files:
        (aside / file.name).rename(file)
    library.rescan()
    assert library.wait_until_idle(IDLE_S)
    assert library.folders()[0].state is FolderState.ONLINE
    assert len(names(library)) == 3
    assert library.run_report().embedded == 3


def test_broken_files_are_skipped_with_a_reason_and_the_rest_goes_on(
    library: Library, photo_folder: Path
) -> None:
    save_photos(photo_folder, range(4))
    (photo_folder / "text.jpg").write_text("no photo")
    (photo_folder / "empty.png").touch()
    save_photo(photo_folder / "tiny.png", 1, size=(40, 40))
    take_in(library, photo_folder)
    skipped = {os.path.basename(each.path): each.reason for each in library.skipped().result(IDLE_S)}
    assert set(skipped) == {b"text.jpg", b"empty.png", b"tiny.png"}
    assert "40" in skipped[b"tiny.png"]
    assert all(reason.endswith(".") for reason in skipped.values())
    assert len(names(library)) == 4


def test_removing_a_folder_forgets_rows_vectors_and_thumbnails_and_touches_no_photo(
    library: Library, photo_folder: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    kept = save_photos(other, range(20, 22))
    files = save_photos(photo_folder, range(3))
    take_in(library, photo_folder)
    take_in(library, other)
    thumbnails = [p for p in library.profile.thumbnails.rglob("*") if p.is_file()]
    folder = next(each for each in library.folders() if each.path == bytes(photo_folder))
    assert library.remove_folder(folder.folder_id).result(IDLE_S) == 3
    assert len(names(library)) == 2
    found = library.find_similar(bytes(files[0])).result(IDLE_S)
    assert {row.photo.path for row in found} == {bytes(file) for file in kept}
    assert all(file.exists() for file in files)
    left = [p for p in library.profile.thumbnails.rglob("*") if p.is_file()]
    assert len(left) == len(thumbnails) - 3


def test_a_folder_that_cannot_be_watched_is_refused_in_words(library: Library, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for path in (tmp_path / "absent", file, library.profile.data):
        with pytest.raises(InputError, match=r"“.*”.*\.$"):
            library.add_folder(bytes(path)).result(IDLE_S)
    assert library.folders() == ()


def test_one_writer_per_profile(open_library: OpenLibrary, library: Library) -> None:
    from lookalike.config.assets import models_folder

    second = Library(library.profile, models_folder(), is_watching=False)
    with pytest.raises(ProfileBusyError):
        second.open()
    second.close()


def test_new_files_show_up_while_the_library_is_open(open_library: OpenLibrary, photo_folder: Path) -> None:
    save_photo(photo_folder / "a.jpg", 1)
    os.utime(photo_folder / "a.jpg", (1e9, 1e9))
    library = open_library(is_watching=True)
    take_in(library, photo_folder)
    events = events_of(library)
    save_photo(photo_folder / "new" / "b.jpg", 2)
    wait_for(lambda: names(library) == ["a.jpg", "b.jpg"])
    (photo_folder / "a.jpg").unlink()
    wait_for(lambda: names(library) == ["b.jpg"])
    assert any(isinstance(event, PhotosChanged) and event.added for event in events)


def test_a_folder_that_goes_and_returns_is_noticed_without_asking(
    open_library: OpenLibrary, photo_folder: Path
) -> None:
    save_photos(photo_folder, range(2))
    library = open_library(is_watching=True)
    take_in(library, photo_folder)
    wait_for(lambda: len(names(library)) == 2)
    away = photo_folder.with_name("away")
    photo_folder.rename(away)
    wait_for(lambda: library.folders()[0].state is FolderState.OFFLINE)
    assert len(names(library)) == 2
    away.rename(photo_folder)
    wait_for(lambda: library.folders()[0].state is FolderState.ONLINE)
    save_photo(photo_folder / "later.jpg", 7)
    wait_for(lambda: "later.jpg" in names(library))


def test_pausing_holds_new_files_back_until_resumed(library: Library, photo_folder: Path) -> None:
    save_photos(photo_folder, range(4))
    library.pause()
    library.add_folder(bytes(photo_folder)).result(IDLE_S)
    assert not library.wait_until_idle(0.5)
    assert library.indexing().is_paused
    assert names(library) == []
    library.resume()
    assert library.wait_until_idle(IDLE_S)
    assert len(names(library)) == 4


def test_names_that_are_not_utf8_are_found_beside_their_look_alike_names(
    library: Library, photo_folder: Path
) -> None:
    folder = os.fsencode(photo_folder)
    paths = [folder + b"/caf\xe9.jpg", folder + "/caf�.jpg".encode(), folder + b"/-dash\n.jpg"]
    for number, path in enumerate(paths):
        temporary = save_photo(photo_folder / "temporary.jpg", number)
        os.rename(temporary, path)
    take_in(library, photo_folder)
    rows = library.find_similar(paths[0]).result(IDLE_S)
    assert {row.photo.path for row in rows} == set(paths[1:])


def wait_for(is_true: object, seconds: float = IDLE_S) -> None:
    """Waits until a condition holds."""
    assert callable(is_true)
    ends_at = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < ends_at, "it did not come about"
        time.sleep(0.05)


def test_changes_in_left_out_folders_cause_no_scan(open_library: OpenLibrary, photo_folder: Path) -> None:
    library = open_library(is_watching=True)
    take_in(library, photo_folder)
    asked: list[bytes] = []
    ask = library._engine.scanning.ask

    def noted(folder_id: int, below: bytes | None = None) -> None:
        if below is not None:  # a whole folder is asked for by others too, at any time
            asked.append(below)
        ask(folder_id, below)

    library._engine.scanning.ask = noted  # type: ignore[method-assign]
    library._engine.scanning.ask_settled(
        [bytes(photo_folder / ".hidden" / "deeper"), bytes(photo_folder / "seen")]
    )
    assert asked == [bytes(photo_folder / "seen")]
