"""Opening a photo's file without touching anything that is not one; runs on the caller's thread."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO

from lookalike.core.errors import PhotoChangedError, PhotoUnreadableError
from lookalike.core.records import FileStat

MAX_FILE_BYTES = 512 * 1024 * 1024
"""Read into memory as a whole, so it must leave room for its pixels below the decoder's memory limit."""

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)  # A pipe that took the photo's place must not hold the decoder for ever.
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_KINDS = (
    (stat.S_ISDIR, "This is a folder, not a photo."),
    (stat.S_ISFIFO, "This is a pipe, not a photo."),
    (stat.S_ISSOCK, "This is a socket, not a photo."),
    (stat.S_ISCHR, "This is a device, not a photo."),
    (stat.S_ISBLK, "This is a device, not a photo."),
)
_REASONS = {
    errno.ENOENT: "The file is not there any more.",
    errno.ENOTDIR: "The file is not there any more.",
    errno.EACCES: "The file may not be read by this user.",
    errno.EPERM: "The file may not be read by this user.",
    errno.ELOOP: "The link leads in a circle.",
    errno.ENAMETOOLONG: "The name of the file is too long to open.",
}
CHANGED = "The file changed while it was being read."


@contextmanager
def open_regular(path: bytes) -> Iterator[tuple[FileIO, FileStat]]:
    """Opens a regular file for reading; a symbolic link is followed, anything else is refused unopened.

    On leaving, the file must still have the size and time it had on entering.

    Raises:
        PhotoUnreadableError: Not there, not allowed, not a regular file, or changed meanwhile.
    """
    try:
        _refuse_other_kinds(os.stat(path).st_mode)  # Before opening: opening a device can already act on it.
        with FileIO(os.open(path, _FLAGS), "rb") as file:
            status = os.fstat(file.fileno())
            _refuse_other_kinds(status.st_mode)
            before = file_stat(status)
            yield file, before
            if file_stat(os.fstat(file.fileno())) != before:
                raise PhotoChangedError(CHANGED)
    except OSError as error:
        raise PhotoUnreadableError(_in_words(error)) from error
    except ValueError as error:  # A NUL byte within the name.
        raise PhotoUnreadableError("The name of the file cannot be opened.") from error


def read_whole(file: FileIO, size_bytes: int) -> bytes:
    """Reads an open file from its start, once.

    Raises:
        PhotoUnreadableError: Empty, too large, or not as long as it said.
    """
    if size_bytes == 0:
        raise PhotoUnreadableError("The file is empty.")
    if size_bytes > MAX_FILE_BYTES:
        raise PhotoUnreadableError(
            f"The file has {size_bytes // 1024**2:,} MB; photos above {MAX_FILE_BYTES // 1024**2} MB are left out."
        )
    file.seek(0)
    data = file.read(size_bytes + 1) or b""  # One more, so that growing shows.
    while len(data) < size_bytes and (more := file.read(size_bytes + 1 - len(data))):
        data += more  # Only network file systems answer in parts.
    if len(data) != size_bytes:
        raise PhotoChangedError(CHANGED)
    return data


def file_stat(status: os.stat_result) -> FileStat:
    """Returns what the catalog keeps of a file's status."""
    return FileStat(status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev)


def _refuse_other_kinds(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise PhotoUnreadableError(
            next((reason for is_kind, reason in _KINDS if is_kind(mode)), "This is not a regular file.")
        )


def _in_words(error: OSError) -> str:
    known = _REASONS.get(error.errno or 0)
    return known or f"The file cannot be read: {(error.strerror or 'unknown reason').lower()}."
