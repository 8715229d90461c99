"""Listings: order, filters, days, and how they are read."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import date

import numpy as np
import pytest

from lookalike.catalog import keys
from lookalike.catalog.catalog import Catalog
from lookalike.core.listing import ListingQuery, SortBy
from lookalike.core.records import ContentState
from tests.catalog.making import PICTURES, facts, fingerprint, stat, store


@pytest.fixture
def folder_id(catalog: Catalog) -> int:
    """A watched folder without files."""
    return catalog.add_folder(PICTURES, "v")


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Tokyo"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Different clocks on the wall."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def _names(catalog: Catalog, query: ListingQuery) -> list[str]:
    file_ids = [int(file_id) for file_id in catalog.listing(query).file_ids]
    return [os.path.basename(photo.path).decode() for photo in catalog.photos(file_ids)]


def _fill(catalog: Catalog, folder_id: int, *names: str) -> None:
    for number, name in enumerate(names):
        store(catalog, folder_id, PICTURES + b"/" + name.encode(), number)


def test_names_are_in_natural_order_whatever_their_case(catalog: Catalog, folder_id: int) -> None:
    ordered = [
        "100.jpg",
        "A 2.jpg",
        "a.jpg",
        "a10.jpg",
        "Ez.jpg",
        "École.jpg",
        "f.jpg",
        "IMG_2.jpg",
        "img_03.JPG",
        "IMG_10.jpg",
        "img_10b.jpg",
        "Zoo.jpg",
    ]
    _fill(catalog, folder_id, *sorted(ordered, key=lambda name: name[::-1]))
    up = ListingQuery(sort=SortBy.NAME, is_descending=False)
    assert _names(catalog, up) == ordered
    assert _names(catalog, ListingQuery(sort=SortBy.NAME)) == ordered[::-1]


def test_photos_are_in_the_order_of_their_capture_and_then_of_their_name(
    catalog: Catalog, folder_id: int
) -> None:
    for number, (name, taken_at) in enumerate(
        [
            ("c.jpg", "2004-06-01T12:30:00.5"),
            ("d.jpg", "2004-06-01T12:30:00"),
            ("b.jpg", "2004-06-01T12:30:00"),
            ("a.jpg", "1999-01-01T00:00:00"),
        ]
    ):
        store(catalog, folder_id, PICTURES + b"/" + name.encode(), number, taken_at=taken_at)
    up = ListingQuery(is_descending=False)
    assert _names(catalog, up) == ["a.jpg", "b.jpg", "d.jpg", "c.jpg"]
    assert _names(catalog, ListingQuery()) == ["c.jpg", "d.jpg", "b.jpg", "a.jpg"]


def test_folders_are_in_natural_order_with_children_right_after_their_parent(
    catalog: Catalog, folder_id: int
) -> None:
    for number, path in enumerate(
        ["Trip 10/a", "trip 2/b", "trip 2/sub/c", "trip 2 more/d", "z", "Trip 2/a"]
    ):
        store(catalog, folder_id, PICTURES + b"/" + path.encode() + b".jpg", number)
    up = ListingQuery(sort=SortBy.FOLDER, is_descending=False)
    paths = [
        photo.path[len(PICTURES) + 1 : -4].decode()
        for photo in catalog.photos([int(each) for each in catalog.listing(up).file_ids])
    ]
    assert paths == ["z", "Trip 2/a", "trip 2/b", "trip 2/sub/c", "trip 2 more/d", "Trip 10/a"]


def test_photos_can_be_ordered_by_size_and_by_when_they_came(catalog: Catalog, folder_id: int) -> None:
    for name, number in (("b", 30), ("a", 10), ("c", 20)):
        store(catalog, folder_id, PICTURES + b"/" + name.encode(), number)
    assert _names(catalog, ListingQuery(sort=SortBy.SIZE, is_descending=False)) == ["a", "c", "b"]
    assert _names(catalog, ListingQuery(sort=SortBy.ADDED)) == ["c", "a", "b"]


def test_a_skipped_file_counts_as_added_when_it_becomes_a_photo(catalog: Catalog, folder_id: int) -> None:
    catalog.store_skipped(folder_id, PICTURES + b"/late", None, "It was being copied.", can_retry=True)
    catalog._run("UPDATE file SET added_ms = 0")
    store(catalog, folder_id, PICTURES + b"/early", 1)
    catalog._run("UPDATE file SET added_ms = 1 WHERE added_ms > 0")
    store(catalog, folder_id, PICTURES + b"/late", 2)
    assert _names(catalog, ListingQuery(sort=SortBy.ADDED)) == ["late", "early"]


def test_a_move_changes_the_name_and_not_when_the_photo_came(catalog: Catalog, folder_id: int) -> None:
    _fill(catalog, folder_id, "a.jpg", "b.jpg")
    photo = catalog.photo_at(PICTURES + b"/a.jpg")
    assert photo is not None
    catalog.move_file(photo.file_id, folder_id, PICTURES + b"/new/Z.jpg", stat(0))
    assert _names(catalog, ListingQuery(sort=SortBy.NAME, is_descending=False)) == ["b.jpg", "Z.jpg"]
    assert _names(catalog, ListingQuery(sort=SortBy.ADDED, is_descending=False)) == ["Z.jpg", "b.jpg"]
    assert _names(catalog, ListingQuery(text="new")) == ["Z.jpg"]


def test_missing_and_skipped_files_are_not_listed(catalog: Catalog, folder_id: int) -> None:
    _fill(catalog, folder_id, "a.jpg", "b.jpg", "c.jpg")
    known = catalog.known_files(folder_id)
    catalog.mark_missing([known[PICTURES + b"/a.jpg"].file_id], 5.0)
    catalog.store_skipped(folder_id, PICTURES + b"/b.jpg", None, "It is damaged.", can_retry=True)
    assert _names(catalog, ListingQuery()) == ["c.jpg"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["Café.jpg", "IMG_1.JPG", "straße.jpg"]),
        ("img_", ["IMG_1.JPG"]),
        ("  IMG_1.jpg ", ["IMG_1.JPG"]),
        ("CAFÉ", ["Café.jpg"]),
        ("cafe\u0301", ["Café.jpg"]),
        ("STRASSE", ["straße.jpg"]),
        ("pictures", ["Café.jpg", "IMG_1.JPG", "straße.jpg"]),
        ("rome", ["IMG_1.JPG"]),
        ("%", []),
        ("a%e", []),
        ("nothing like it", []),
    ],
)
def test_text_finds_names_and_folders_whatever_their_case_and_accents(
    catalog: Catalog, folder_id: int, text: str, found: list[str]
) -> None:
    _fill(catalog, folder_id, "Café.jpg", "straße.jpg", "Rome/IMG_1.JPG")
    assert _names(catalog, ListingQuery(text=text, sort=SortBy.NAME, is_descending=False)) == found


def test_names_that_are_not_utf8_are_listed_and_found(catalog: Catalog, folder_id: int) -> None:
    file_id, _ = store(catalog, folder_id, PICTURES + b"/Caf\xe9_12.JPG", 1)
    store(catalog, folder_id, PICTURES + b"/caf\xe9_3.jpg", 2)
    assert catalog.listing(ListingQuery(text="_12.jpg")).file_ids.tolist() == [file_id]
    assert catalog.listing(ListingQuery(sort=SortBy.NAME)).file_ids.tolist()[0] == file_id


def test_a_folder_and_a_text_narrow_each_other(catalog: Catalog, folder_id: int) -> None:
    other = catalog.add_folder(b"/other", "v")
    _fill(catalog, folder_id, "a.jpg", "b.jpg")
    store(catalog, other, b"/other/a.jpg", 9)
    assert len(catalog.listing(ListingQuery(text="a.jpg")).file_ids) == 2
    assert len(catalog.listing(ListingQuery(folder_id=other, text="a.jpg")).file_ids) == 1
    assert len(catalog.listing(ListingQuery(folder_id=other, text="b.jpg")).file_ids) == 0
    assert len(catalog.listing(ListingQuery(folder_id=99)).file_ids) == 0


def test_an_empty_library_lists_nothing_in_every_order(catalog: Catalog) -> None:
    for sort in SortBy:
        listing = catalog.listing(ListingQuery(sort=sort))
        assert (listing.file_ids.dtype, listing.days.dtype) == (np.int64, np.int32)
        assert (listing.file_ids.size, listing.days.size) == (0, 0)


def test_the_day_is_that_of_the_cameras_clock_in_every_zone(catalog: Catalog, zone: str) -> None:
    folder_id = catalog.add_folder(PICTURES, zone)
    store(catalog, folder_id, PICTURES + b"/a.jpg", 1, taken_at="2004-06-01T23:59:59.999")
    store(catalog, folder_id, PICTURES + b"/b.jpg", 2, taken_at="0001-01-01T00:00:00")
    days = catalog.listing(ListingQuery()).days
    assert days.tolist() == [date(2004, 6, 1).toordinal(), 1]


@pytest.mark.parametrize("taken_at", [None, "0000-00-00T00:00:00", "yesterday"])
def test_the_day_is_that_of_the_file_where_the_photo_does_not_say(
    catalog: Catalog, zone: str, taken_at: str | None
) -> None:
    folder_id = catalog.add_folder(PICTURES, zone)
    second = 1_086_130_800  # 1 June 2004, 23:00 UTC
    content_id = catalog.store_content(fingerprint(1), None, facts(1, taken_at=taken_at), ContentState.OK)
    catalog.store_file(folder_id, PICTURES + b"/a.jpg", stat(1, mtime_ns=second * 10**9), content_id)
    expected = date.fromtimestamp(second)
    assert catalog.listing(ListingQuery()).days.tolist() == [expected.toordinal()]
    assert expected == date(2004, 6, 2 if zone == "Asia/Tokyo" else 1)


@pytest.mark.parametrize("mtime_ns", [-(2**63), -1, 0, 2**63, 2**64, 2**100])
def test_absurd_file_times_still_have_a_day(mtime_ns: int) -> None:
    day = keys.clock_ms(None, mtime_ns) // keys.DAY_MS + keys.EPOCH_ORDINAL
    assert date.min.toordinal() <= day <= date.max.toordinal()


def test_a_listing_reads_one_covering_index_and_sorts_no_text(catalog: Catalog, folder_id: int) -> None:
    _fill(catalog, folder_id, "a.jpg")
    asked: list[str] = []
    catalog._db.set_trace_callback(asked.append)
    catalog.listing(ListingQuery(text="a", folder_id=folder_id))
    catalog._db.set_trace_callback(None)
    (sql,) = (each for each in asked if "file_shown" in each)
    plan = [row[3] for row in catalog._rows(f"EXPLAIN QUERY PLAN {sql}")]
    assert "SCAN file USING COVERING INDEX file_shown" in plan
    assert not any("TEMP B-TREE" in step for step in plan)
