"""Copies and moves photos to a folder the user chose: nothing is overwritten, nothing half-done stays.

Runs on the file-operations thread, one request at a time. A move within one volume is a link and an unlink; across
volumes the copy is flushed and compared with the original before the original goes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lookalike.core.records import Photo

_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileReport:
    """What came of a request: files done, and a sentence for each that was not."""

    done: int
    problems: tuple[str, ...]


def transfer(
    photos: Sequence[Photo], destination: bytes, *, is_move: bool, check: Callable[[], None] = lambda: None
) -> FileReport:
    """Copies or moves each photo into ``destination``; a name that is taken gets a number.

    Args:
        photos: What to transfer.
        destination: An existing folder.
        is_move: Moves rather than copies.
        check: Called before each photo; raises to stop.
    """
    done = 0
    problems: list[str] = []
    for photo in photos:
        check()
        name = os.fsdecode(os.path.basename(photo.path)).encode("utf-8", "replace").decode()
        try:
            _transfer_one(photo, destination, is_move=is_move)
            done += 1
        except _ChangedError:
            problems.append(f"“{name}” has changed since Lookalike last saw it, so it was left where it is.")
        except OSError as error:
            reason = (error.strerror or "unknown reason").lower()
            problems.append(f"“{name}” could not be {'moved' if is_move else 'copied'}: {reason}.")
    return FileReport(done, tuple(problems))


class _ChangedError(Exception):
    """The file is not the one that the library knows."""


def _transfer_one(photo: Photo, destination: bytes, *, is_move: bool) -> None:
    now = os.lstat(photo.path)
    if (now.st_size, now.st_mtime_ns) != (photo.stat.size_bytes, photo.stat.mtime_ns):
        raise _ChangedError
    if is_move and os.path.realpath(os.path.dirname(photo.path)) == os.path.realpath(destination):
        return
    for target in _free_names(destination, os.path.basename(photo.path)):
        try:
            if is_move:
                _move(photo.path, target)
            else:
                _copy(photo.path, target)
            return
        except FileExistsError:
            continue


def _free_names(destination: bytes, name: bytes) -> Iterator[bytes]:
    stem, suffix = os.path.splitext(name)
    yield os.path.join(destination, name)
    number = 2
    while True:
        yield os.path.join(destination, b"%s (%d)%s" % (stem, number, suffix))
        number += 1


def _move(source: bytes, target: bytes) -> None:
    try:
        os.link(source, target, follow_symlinks=False)  # fails rather than overwrites, unlike a rename
    except FileExistsError:
        raise
    except OSError:  # another volume, or one without hard links
        _copy(source, target)
        if _digest(source) != _digest(target):
            os.unlink(target)
            raise OSError(0, "the copy differs from the original") from None
    os.unlink(source)


def _copy(source: bytes, target: bytes) -> None:
    out = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with open(source, "rb") as original, open(out, "wb") as copy:
            shutil.copyfileobj(original, copy, _CHUNK)
            copy.flush()
            os.fsync(copy.fileno())
        with contextlib.suppress(OSError):  # times and permissions are kept where the volume can
            shutil.copystat(source, target)
    except BaseException:
        os.unlink(target)
        raise


def _digest(path: bytes) -> bytes:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "blake2b").digest()
