"""What people read: names that are no text, sizes, times, scores."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QLocale

from lookalike.ui import text


@pytest.fixture(autouse=True)
def british() -> Iterator[None]:
    before = QLocale()
    QLocale.setDefault(QLocale("en_GB"))
    yield
    QLocale.setDefault(before)


def test_a_name_that_is_not_utf8_is_shown_with_replacement_characters() -> None:
    assert text.display_name(b"/photos/caf\xe9 1.jpg") == "caf\ufffd 1.jpg"


def test_a_line_break_in_a_name_cannot_break_the_line() -> None:
    assert text.display_name(b"/photos/a\nb.jpg") == "a\ufffdb.jpg"


def test_a_name_that_turns_the_reading_direction_cannot_disguise_its_suffix() -> None:
    assert "\u202e" not in text.display_name("/photos/a\u202egpj.exe".encode())


def test_the_root_and_a_trailing_slash_still_have_a_name() -> None:
    assert text.display_name(b"/") == "/"
    assert text.display_name(b"/photos/holiday/") == "holiday"


def test_the_home_folder_is_a_tilde_and_its_neighbour_is_not() -> None:
    assert text.display_path(b"/home/ada/Pictures", home=b"/home/ada") == "~/Pictures"
    assert text.display_path(b"/home/adam/Pictures", home=b"/home/ada") == "/home/adam/Pictures"


def test_only_utf8_paths_survive_the_way_through_text() -> None:
    assert text.round_trips("/photos/café.jpg".encode())
    assert not text.round_trips(b"/photos/caf\xe9.jpg")


@pytest.mark.parametrize(
    ("size_bytes", "shown"),
    [(0, "0 bytes"), (999, "999 bytes"), (45_300, "45 kB"), (3_456_789, "3.5 MB"), (2_100_000_000, "2.1 GB")],
)
def test_sizes_have_the_unit_that_suits_them(size_bytes: int, shown: str) -> None:
    assert text.human_size(size_bytes) == shown


@pytest.mark.parametrize(
    ("score", "shown"),
    [(1.0, "100%"), (0.9996, "100%"), (0.999, "99%"), (0.934, "93%"), (0.0, "0%"), (-0.2, "0%")],
)
def test_only_a_perfect_score_reads_a_hundred(score: float, shown: str) -> None:
    assert text.percent(score) == shown


def test_one_photo_is_singular_and_many_are_grouped() -> None:
    assert text.photo_count(1) == "1 photo"
    assert text.photo_count(0) == "0 photos"
    assert text.photo_count(12345) == "12,345 photos"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, ""),
        (3.0, "less than a minute left"),
        (61.0, "about 1 minute left"),
        (130.0, "about 2 minutes left"),
        (3590.0, "about 1 hour left"),
        (7300.0, "about 2 hours left"),
    ],
)
def test_the_time_left_is_said_in_words(seconds: float | None, shown: str) -> None:
    assert text.time_left(seconds) == shown


def test_a_capture_time_is_written_as_the_locale_does() -> None:
    assert text.capture_time("2004-06-01T12:30:00.25") == "Tuesday, 1 June 2004, 12:30"
    QLocale.setDefault(QLocale("de_DE"))
    assert text.capture_time("2004-06-01T12:30:00") == "Dienstag, 1. Juni 2004, 12:30"


def test_a_capture_time_in_the_hour_that_summer_time_leaves_out_stays_as_the_camera_wrote_it() -> None:
    assert text.capture_time("2024-03-31T02:30:00").endswith("02:30")


@pytest.mark.parametrize("taken_at", [None, "", "0000:00:00 00:00:00", "yesterday"])
def test_no_capture_time_is_no_text(taken_at: str | None) -> None:
    assert text.capture_time(taken_at) == ""


def test_days_are_named_from_today() -> None:
    assert text.day_title(731_000, today=731_000) == "Today"
    assert text.day_title(730_999, today=731_000) == "Yesterday"
    assert text.day_title(730_998, today=731_000) == "Tuesday, 28 May 2002"
    assert text.day_title(0, today=731_000) == "Without a date"


def test_pixels_are_not_grouped() -> None:
    assert text.pixel_size(12000, 900) == "12000 × 900"


def test_a_slow_rate_has_a_decimal_and_a_fast_one_none() -> None:
    assert text.rate(3.44) == "3.4 photos per second"
    assert text.rate(34.4) == "34 photos per second"


def test_facts_that_are_missing_leave_no_dot() -> None:
    assert text.sentence_list(["a", "", "b"]) == "a  ·  b"
