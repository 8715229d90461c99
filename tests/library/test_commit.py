"""A commit that cannot be written waits, says so, and says when it is over."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from lookalike.catalog.catalog import Catalog
from lookalike.core.listing import ListingQuery
from lookalike.library.commit import Commit
from lookalike.library.events import NoticeKind, NoticeRaised
from lookalike.library.library import Library
from tests.library.conftest import IDLE_S, events_of, take_in
from tests.pictures import save_photos


def test_a_full_disk_or_held_catalog_is_a_notice_and_nothing_is_lost(
    library: Library, photo_folder: Path
) -> None:
    save_photos(photo_folder, range(3))
    events = events_of(library)
    library.pause()
    library.add_folder(bytes(photo_folder)).result(IDLE_S)
    holder = sqlite3.connect(library.profile.catalog, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    told = threading.Event()
    library.events.subscribe(
        lambda event: told.set() if isinstance(event, NoticeRaised) and event.text else None
    )
    library.resume()
    assert told.wait(IDLE_S)
    holder.execute("ROLLBACK")
    holder.close()
    assert library.wait_until_idle(IDLE_S)
    notices = [
        each for each in events if isinstance(each, NoticeRaised) and each.kind is NoticeKind.DISK_FULL
    ]
    assert notices[0].text
    assert notices[-1].text == ""
    catalog = Catalog.open(library.profile.catalog, library.profile.backups, writable=False)
    assert catalog.counts().photos == 3
    catalog.close()


def test_a_file_that_moved_while_it_was_looked_for_is_not_marked_missing(
    library: Library, photo_folder: Path
) -> None:
    (file,) = save_photos(photo_folder, range(1))
    take_in(library, photo_folder)
    (photo,) = library.photos(library.listing(ListingQuery()).result(IDLE_S).file_ids.tolist()).result(IDLE_S)
    writing = library._engine.scanning._writing
    new = photo_folder / "moved.jpg"
    file.rename(new)
    assert writing.commit(
        Commit(linked=((photo.folder_id, bytes(new), photo.stat, photo.content_id, photo.file_id),))
    )
    assert writing.commit(Commit(missing=((photo.file_id, bytes(file)),)))
    (after,) = library.photos([photo.file_id]).result(IDLE_S)
    assert (after.path, after.is_missing) == (bytes(new), False)
    assert writing.commit(Commit(missing=((photo.file_id, bytes(new)),)))
    assert library.photos([photo.file_id]).result(IDLE_S)[0].is_missing
