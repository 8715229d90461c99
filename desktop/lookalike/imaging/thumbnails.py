"""The thumbnail cache on disk: may be emptied at any time; every method may be called from any thread.

One JPEG a content, named by its fingerprint, in 256 folders so that none grows long. A file's modification time
says when it was last used. The total is counted once and then kept in step; a second program on the same cache
makes it inexact until the next eviction, which counts anew.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

_PRIVATE_FOLDER = 0o700
_PRIVATE_FILE = 0o600
_USED_STEP_S = 3600.0
"""Use is noted at most once in so long: a scroll through the grid must not write to the disk."""
_ROOM = 0.9
"""An eviction goes down to this part of the limit, so that the next one is many puts away."""
_STALE_S = 3600.0
"""A temporary file this old was left by a program that was killed."""

_SHARD = re.compile(r"[0-9a-f]{2}")
_NAME = re.compile(r"[0-9a-f]{4,}\.jpg")
_TEMPORARY = re.compile(r"\.[0-9a-f]{4,}\.\d+\.\d+\.part")


class ThumbnailCache:
    """Thumbnails by content fingerprint, the oldest-used going first when the limit is reached."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        """Uses ``folder``, which is made private to the user with the first thumbnail; touches no disk yet."""
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._lock = threading.Lock()  # Holds the total and all that deletes; reading goes without.
        self._total: int | None = None

    @property
    def limit_bytes(self) -> int:
        """How large the cache may grow; lowering it evicts at once."""
        return self._limit_bytes

    @limit_bytes.setter
    def limit_bytes(self, limit_bytes: int) -> None:
        with self._lock:
            self._limit_bytes = limit_bytes
            if self._counted() > limit_bytes:
                self._evict()

    def get(self, fingerprint: bytes) -> bytes | None:
        """Returns a thumbnail's JPEG file, or None; one that was cut off by a power failure counts as None."""
        file = self._file(fingerprint)
        try:
            with open(file, "rb") as source:
                jpeg = source.read()
                last_used = os.fstat(source.fileno()).st_mtime
        except OSError:
            return None
        if not (jpeg.startswith(b"\xff\xd8") and jpeg.endswith(b"\xff\xd9")):
            self.remove([fingerprint])
            return None
        if abs(time.time() - last_used) > _USED_STEP_S:
            with contextlib.suppress(OSError):
                os.utime(file)
        return jpeg

    def put(self, fingerprint: bytes, jpeg: bytes) -> None:
        """Keeps a thumbnail, as a whole or not at all.

        Raises:
            OSError: The disk is full or the folder cannot be written.
        """
        file = self._file(fingerprint)
        temporary = file.with_name(f".{file.stem}.{os.getpid()}.{threading.get_ident()}.part")
        try:
            try:
                _write(temporary, jpeg)
            except FileNotFoundError:
                self._make_shard(file.parent)
                _write(temporary, jpeg)
            with self._lock:
                total = self._counted()
                before = _size(file)
                os.replace(temporary, file)
                self._total = total - before + len(jpeg)
                if self._total > self._limit_bytes:
                    self._evict()
        except OSError:
            temporary.unlink(missing_ok=True)
            raise

    def remove(self, fingerprints: Iterable[bytes]) -> None:
        """Forgets the thumbnails of contents that left the library."""
        with self._lock:
            for fingerprint in fingerprints:
                file = self._file(fingerprint)
                size = _size(file)
                if _unlink(file) and self._total is not None:
                    self._total -= size

    def size_bytes(self) -> int:
        """Returns how much the cache holds; the first call looks at every file."""
        with self._lock:
            return self._counted()

    def clear(self) -> int:
        """Empties the cache and returns how many bytes that freed; files of others in the folder stay."""
        freed = 0
        with self._lock:
            for entry in self._entries():
                size = entry.stat(follow_symlinks=False).st_size
                freed += size if _unlink(entry.path) else 0
            self._total = 0
        return freed

    def _file(self, fingerprint: bytes) -> Path:
        name = fingerprint.hex()
        return self._folder / name[:2] / f"{name}.jpg"

    def _make_shard(self, shard: Path) -> None:
        self._folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        shard.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)

    def _counted(self) -> int:
        if self._total is None:
            self._total = sum(size for size, _, _ in self._thumbnails())
        return self._total

    def _evict(self) -> None:
        """Deletes the oldest-used until there is room again; the lock is held."""
        thumbnails = sorted(self._thumbnails(), key=lambda each: each[1])
        total = sum(size for size, _, _ in thumbnails)
        for size, _, path in thumbnails:
            if total <= self._limit_bytes * _ROOM:
                break
            if _unlink(path):
                total -= size
        self._total = total

    def _thumbnails(self) -> Iterator[tuple[int, float, str]]:
        """Yields size, time of last use and path of each; temporary files that were left behind go."""
        for entry in self._entries():
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue  # Deleted meanwhile.
            if _NAME.fullmatch(entry.name):
                yield status.st_size, status.st_mtime, entry.path
            elif time.time() - status.st_mtime > _STALE_S:
                _unlink(entry.path)

    def _entries(self) -> Iterator[os.DirEntry[str]]:
        """Yields the files that are the cache's own."""
        for shard in _scan(self._folder):
            if _SHARD.fullmatch(shard.name) and shard.is_dir(follow_symlinks=False):
                for entry in _scan(shard.path):
                    if _NAME.fullmatch(entry.name) or _TEMPORARY.fullmatch(entry.name):
                        yield entry


def _scan(folder: str | Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _write(file: Path, data: bytes) -> None:
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE), "wb") as out:
        out.write(data)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _unlink(file: str | Path) -> bool:
    try:
        os.unlink(file)
    except OSError:
        return False
    return True
