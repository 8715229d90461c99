"""Settings that change what belongs to the library: at once, and back again."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from lookalike.config.paths import Profile
from lookalike.config.settings import Settings, save_settings
from lookalike.core.errors import InputError
from lookalike.core.listing import ListingQuery
from lookalike.library.library import Library
from tests.library.conftest import IDLE_S, OpenLibrary, take_in
from tests.pictures import save_photo


def names(library: Library) -> list[str]:
    """Returns the names of the photos in the library's grid, sorted."""
    ids = library.listing(ListingQuery()).result(IDLE_S).file_ids
    found = library.photos(ids.tolist()).result(IDLE_S)
    return sorted(os.fsdecode(os.path.basename(photo.path)) for photo in found)


def change(library: Library, **values: object) -> None:
    """Changes settings and waits for what follows."""
    library.change_settings(dataclasses.replace(library.settings(), **values))  # type: ignore[arg-type]
    library.skipped().result(IDLE_S)
    library._engine.writer.call(lambda _: None).result(IDLE_S)  # what was asked of the writer is done
    assert library.wait_until_idle(IDLE_S)


def test_photos_below_a_raised_least_size_are_left_out_and_return_when_it_is_lowered(
    library: Library, photo_folder: Path
) -> None:
    save_photo(photo_folder / "large.jpg", 1, size=(480, 320))
    save_photo(photo_folder / "small.jpg", 2, size=(120, 100))
    take_in(library, photo_folder)
    change(library, least_side_px=200)
    assert names(library) == ["large.jpg"]
    (skipped,) = library.skipped().result(IDLE_S)
    assert skipped.path == bytes(photo_folder / "small.jpg")
    assert "100" in skipped.reason
    library.rescan()
    assert library.wait_until_idle(IDLE_S)
    assert len(library.find_similar(bytes(photo_folder / "large.jpg")).result(IDLE_S)) == 0
    change(library, least_side_px=64)
    assert names(library) == ["large.jpg", "small.jpg"]


def test_a_new_copy_of_a_photo_too_small_is_left_out_too(library: Library, photo_folder: Path) -> None:
    file = save_photo(photo_folder / "small.jpg", 2, size=(120, 100))
    take_in(library, photo_folder)
    library.pause()
    change_to = dataclasses.replace(library.settings(), least_side_px=200)
    (photo_folder / "copy.jpg").write_bytes(file.read_bytes())
    library.change_settings(change_to)
    library.resume()
    library._engine.writer.call(lambda _: None).result(IDLE_S)
    assert library.wait_until_idle(IDLE_S)
    assert names(library) == []


def test_a_pattern_that_cannot_be_understood_is_refused_and_nothing_changes(library: Library) -> None:
    before = library.settings()
    with pytest.raises(InputError, match="“!”"):
        library.change_settings(dataclasses.replace(before, exclude=("*.png", "!")))
    assert library.settings() == before
    assert not library.profile.settings.exists()


def test_a_settings_file_with_such_a_pattern_opens_and_the_others_hold(
    profile: Profile, open_library: OpenLibrary, photo_folder: Path
) -> None:
    save_settings(profile.settings, Settings(exclude=("!", "*.png")))
    save_photo(photo_folder / "a.jpg", 1)
    save_photo(photo_folder / "b.png", 2)
    library = open_library()
    take_in(library, photo_folder)
    assert names(library) == ["a.jpg"]
