"""Turns bytes, numbers and times into what people read; pure functions for the GUI thread.

Every sentence goes through Qt's translation under the context ``text``; numbers and dates follow the locale.
"""

from __future__ import annotations

import datetime
import os

from PySide6.QtCore import QCoreApplication, QDate, QLocale, QTime

SECONDS_PER_MINUTE = 60
SECONDS_PER_HOUR = 3600
FULL_SCORE = 0.9995
"""From here up a score reads as 100 %; below, rounding must not promise a perfect match."""


def tr(text: str, count: int = -1) -> str:
    """Translates one sentence of this module; ``%Ln`` becomes ``count`` as the locale writes it."""
    return QCoreApplication.translate("text", text, "", count)


def display_name(path: bytes) -> str:
    """Returns the last part of a path, readable even where it is not UTF-8 or holds control characters."""
    stripped = path.rstrip(b"/") or path
    return readable(os.path.basename(stripped) or stripped)


def display_path(path: bytes, home: bytes | None = None) -> str:
    """Returns a whole path for people, with ``~`` for the home folder."""
    home = os.path.expanduser(b"~") if home is None else home
    if len(home) > 1 and (path == home or path.startswith(home.rstrip(b"/") + b"/")):
        path = b"~" + path[len(home.rstrip(b"/")) :]
    return readable(path)


def display_folder(path: bytes, home: bytes | None = None) -> str:
    """Returns the folder a file lies in, for people."""
    return display_path(os.path.dirname(path), home)


def readable(raw: bytes) -> str:
    """Decodes bytes for people: what is not UTF-8 or cannot be shown becomes the replacement character."""
    decoded = raw.decode("utf-8", "replace")
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in decoded)


def round_trips(path: bytes) -> bool:
    """Tells whether a path may be handed to Qt as text and come back as the same file."""
    try:
        return path.decode("utf-8").encode("utf-8") == path
    except UnicodeDecodeError:
        return False


def number(value: int) -> str:
    """Returns a whole number as the locale groups it."""
    return QLocale().toString(value)


def human_size(size_bytes: int) -> str:
    """Returns a size with a unit that suits it, in powers of 1000 as file managers show it."""
    digits = 0 if size_bytes < 1_000_000 else 1
    return QLocale().formattedDataSize(size_bytes, digits, QLocale.DataSizeFormat.DataSizeSIFormat)


def percent(score: float) -> str:
    """Returns a score of 0 to 1 as a whole percentage; only a perfect one reads 100 %."""
    whole = 100 if score >= FULL_SCORE else min(99, max(0, round(score * 100)))
    return tr("%1%").replace("%1", QLocale().toString(whole))


def pixel_size(width: int, height: int) -> str:
    """Returns the dimensions of a photo."""
    locale = QLocale()
    locale.setNumberOptions(QLocale.NumberOption.OmitGroupSeparator)
    return f"{locale.toString(width)} × {locale.toString(height)}"


def photo_count(count: int) -> str:
    """Returns how many photos."""
    return tr("1 photo") if count == 1 else tr("%Ln photos", count)


def file_count(count: int) -> str:
    """Returns how many files."""
    return tr("1 file") if count == 1 else tr("%Ln files", count)


def rate(per_second: float) -> str:
    """Returns how fast indexing goes; a decimal only where it matters."""
    digits = 1 if per_second < 10 else 0
    return tr("%1 photos per second").replace("%1", QLocale().toString(per_second, "f", digits))


def time_left(seconds: float | None) -> str:
    """Returns an honest estimate in words, or nothing while it is unknown."""
    if seconds is None:
        return ""
    if seconds < 50:
        return tr("less than a minute left")
    minutes = max(1, round(seconds / SECONDS_PER_MINUTE))
    if minutes < 60:
        return tr("about 1 minute left") if minutes == 1 else tr("about %Ln minutes left", minutes)
    hours = max(1, round(seconds / SECONDS_PER_HOUR))
    return tr("about 1 hour left") if hours == 1 else tr("about %Ln hours left", hours)


def capture_time(taken_at: str | None) -> str:
    """Returns an ISO 8601 capture time as the locale writes date and time; empty where there is none."""
    if not taken_at:
        return ""
    try:
        moment = datetime.datetime.fromisoformat(taken_at)
    except ValueError:
        return ""
    locale = QLocale()
    date = locale.toString(
        QDate(moment.year, moment.month, moment.day), locale.dateFormat(QLocale.FormatType.LongFormat)
    )
    time = QTime(moment.hour, moment.minute, moment.second)
    return f"{date}, {locale.toString(time, QLocale.FormatType.ShortFormat)}"


def day_title(day: int, today: int | None = None) -> str:
    """Returns the heading of a date section.

    Args:
        day: Proleptic ordinal, as :meth:`datetime.date.toordinal` gives it; 0 where it is unknown.
        today: The same for today; None asks the clock.
    """
    if day < 1:
        return tr("Without a date")
    today = datetime.date.today().toordinal() if today is None else today
    if day == today:
        return tr("Today")
    if day == today - 1:
        return tr("Yesterday")
    date = datetime.date.fromordinal(day)
    return QLocale().toString(QDate(date.year, date.month, date.day), QLocale.FormatType.LongFormat)


def sentence_list(parts: list[str]) -> str:
    """Joins facts with the dot that separates them everywhere in the window, leaving empty ones out."""
    return "  ·  ".join(part for part in parts if part)


def zoom(scale: float) -> str:
    """Returns a scale as a whole percentage, which may pass 100."""
    return tr("%1%").replace("%1", QLocale().toString(round(scale * 100)))
