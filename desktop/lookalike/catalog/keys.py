"""How paths and times are turned into what SQLite can sort and search; pure functions, any thread.

Paths are bytes. Sort keys are compared byte by byte, so that an index of SQLite holds the order and no listing
has to work it out.
"""

from __future__ import annotations

import os
import re
import time
import unicodedata
from datetime import datetime, timedelta

SEPARATOR = os.sep.encode()
DAY_MS = 86_400_000
EPOCH_ORDINAL = 719_163
"""``date(1970, 1, 1).toordinal()``."""

_EPOCH = datetime(1970, 1, 1)
_MILLISECOND = timedelta(milliseconds=1)
_FIRST_SECOND = -62_135_510_400
"""2 January of year 1: a day inside what ``datetime`` can hold in every time zone."""
_LAST_SECOND = 253_402_214_400
"""31 December 9999."""
_DIGITS = re.compile(rb"[0-9]+")


def fold(name: bytes) -> bytes:
    """Returns a name for matching text: case folded, accents composed (macOS keeps them apart).

    Bytes that are not UTF-8 stay as they are.
    """
    if name.isascii():
        return name.lower()
    text = unicodedata.normalize("NFD", name.decode("utf-8", "surrogateescape")).casefold()
    return unicodedata.normalize("NFC", text).encode("utf-8", "surrogateescape")


def fold_text(text: str) -> bytes:
    """Returns what the user typed in the form of :func:`fold`."""
    return fold(text.strip().encode("utf-8", "surrogatepass"))


def natural_key(name: bytes) -> bytes:
    """Returns a key whose byte order is the natural order of names, case-insensitive.

    A run of digits counts as a number: it becomes ``0``, the count of its digits without leading zeros, and those
    digits. An accented letter follows its plain one.
    """
    if name.isascii():
        folded = name.lower()
    else:
        text = name.decode("utf-8", "surrogateescape")
        text = unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).casefold())
        folded = text.encode("utf-8", "surrogateescape")
    return _DIGITS.sub(_number_key, folded)


def _number_key(match: re.Match[bytes]) -> bytes:
    digits = match[0].lstrip(b"0")
    return b"0" + bytes((min(len(digits), 255),)) + digits


def folder_key(path: bytes) -> bytes:
    """Returns the natural key of a folder's path, in which a parent is followed by its own children first."""
    return natural_key(path.replace(SEPARATOR, b"\0"))


def clock_ms(taken_at: str | None, mtime_ns: int) -> int:
    """Returns when a photo was taken, in milliseconds since 1970 by the clock on the wall, without a zone.

    Args:
        taken_at: ISO 8601 as in :class:`Facts`; None or nonsense lets the file's time serve.
        mtime_ns: The file's time, put on the wall clock of this machine.
    """
    if taken_at:
        try:
            return (datetime.fromisoformat(taken_at).replace(tzinfo=None) - _EPOCH) // _MILLISECOND
        except ValueError:
            pass
    second = min(max(mtime_ns // 10**9, _FIRST_SECOND), _LAST_SECOND)
    try:
        offset = time.localtime(second).tm_gmtoff
    except (OverflowError, OSError):  # Windows knows no time before 1970
        offset = 0
    return (second + offset) * 1000 + mtime_ns // 10**6 % 1000


def clean_folder(path: bytes) -> bytes:
    """Returns a folder's path without separators at its end; the root stays the root."""
    return path.rstrip(SEPARATOR) or SEPARATOR


def range_under(folder: bytes) -> tuple[bytes, bytes]:
    """Returns the bounds of all paths under ``folder``: first included, last excluded."""
    first = folder if folder.endswith(SEPARATOR) else folder + SEPARATOR
    return first, first[:-1] + bytes((first[-1] + 1,))


def is_under(path: bytes, folder: bytes) -> bool:
    """Returns whether ``path`` lies under ``folder`` at any depth; a folder is not under itself."""
    first, last = range_under(folder)
    return first <= path < last


def stored_int(value: int) -> int | str:
    """Returns a number in a form that SQLite keeps exactly.

    64 signed bits are not enough for inodes of some file systems, nor for the mtime_ns of a file dated after 2262;
    such a number is kept as text, because a clipped one would look changed at every scan.
    """
    return value if -(2**63) <= value < 2**63 else str(value)
