"""Compares a watched folder with the catalog: the truth behind the watcher's hints; runs on the scanner thread.

Reads names and stats only, never a photo's bytes except the first few of a file whose name says nothing. Never
concludes that a file is gone from not having seen it: it must be asked for by name and answered with "no such
file" while its watched folder can be read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field

from lookalike.catalog.records import KnownFile
from lookalike.core.records import FileStat, Skipped
from lookalike.imaging.formats import PHOTO_SUFFIXES, sniff
from lookalike.library.exclusions import Exclusions, is_placeholder, is_regular, may_be_photo_by_name

HEAD_BYTES = 64
"""Enough for every signature that :func:`sniff` knows."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file that needs a look: new, changed, doubtful, or under another inode.

    Attributes:
        path: Absolute path.
        stat: As seen by the scan.
        known: What the catalog holds for this path; None for a new one.
        is_touched: Only the inode changed: a hash will tell, no decode.
    """

    path: bytes
    stat: FileStat
    known: KnownFile | None
    is_touched: bool = False


@dataclass(slots=True)
class ScanReport:
    """What one scan saw, filled while it runs.

    Attributes:
        unchanged: Files whose size and mtime are as the catalog has them.
        returned: Files marked missing that are there again, unchanged: (file_id, stat).
        vanished: Files whose path is gone while the folder can be read: id and path.
        still_skipped: Files skipped before and unchanged since.
        unreadable: Folders that could not be listed, with the reason; nothing in them is called gone.
        is_reachable: The watched folder itself could be listed.
        seen_photos: Candidates seen, known or not.
    """

    unchanged: int = 0
    returned: list[tuple[int, FileStat]] = field(default_factory=list)
    vanished: list[tuple[int, bytes]] = field(default_factory=list)
    still_skipped: list[Skipped] = field(default_factory=list)
    unreadable: list[tuple[bytes, str]] = field(default_factory=list)
    is_reachable: bool = True
    seen_photos: int = 0


def file_stat(found: os.stat_result) -> FileStat:
    """Keeps what tells a changed file from an unchanged one."""
    return FileStat(found.st_size, found.st_mtime_ns, found.st_ino, found.st_dev)


def is_unchanged(stat: FileStat, known: FileStat) -> bool:
    """Equal size and mtime mean unchanged."""
    return stat.size_bytes == known.size_bytes and stat.mtime_ns == known.mtime_ns


class Scanner:
    """Walks folders; remembers between scans which files of an unknown suffix are no photos."""

    def __init__(self, exclusions: Exclusions) -> None:
        self.exclusions = exclusions
        self._not_photos: dict[bytes, tuple[int, int]] = {}

    def scan(
        self,
        root: bytes,
        known: Mapping[bytes, KnownFile],
        report: ScanReport,
        below: bytes | None = None,
        check: Callable[[], None] = lambda: None,
        doubtful: Set[int] = frozenset(),
    ) -> Iterator[Found]:
        """Walks ``root``, or only the folder ``below`` in it, and yields what needs a look.

        Args:
            root: The watched folder.
            known: The catalog's files under ``below`` (or ``root``).
            report: Filled as the scan goes; ``vanished`` is complete only when the iterator is exhausted.
            below: A folder under ``root`` to look at alone, with everything under it.
            check: Called for each folder; raises :class:`~lookalike.core.errors.Cancelled` to stop.
            doubtful: Contents whose files want a look though unchanged, for instance without an embedding of the
                model in use.
        """
        seen: set[bytes] = set()
        folders = [below or root]
        while folders:
            check()
            folder = folders.pop()
            try:
                with os.scandir(folder) as entries:
                    listed = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                if folder == root:
                    report.is_reachable = False
                elif not isinstance(error, (FileNotFoundError, NotADirectoryError)):
                    report.unreadable.append((folder, _reason(error)))
                continue
            deeper: list[bytes] = []
            for entry in listed:
                if entry.is_dir(follow_symlinks=False):
                    if not self.exclusions.leaves_out_folder(root, entry.path):
                        deeper.append(entry.path)
                    continue
                found = self._look_at(root, entry, known, report, doubtful)
                if found is None:
                    continue
                seen.add(entry.path)
                if isinstance(found, Found):
                    yield found
            folders.extend(reversed(deeper))
        if report.is_reachable:
            self._find_vanished(root, known, seen, report)

    def _look_at(
        self,
        root: bytes,
        entry: os.DirEntry[bytes],
        known: Mapping[bytes, KnownFile],
        report: ScanReport,
        doubtful: Set[int],
    ) -> Found | bool | None:
        """Returns a finding, True for a known and unchanged file, None for what is no candidate."""
        before = known.get(entry.path)
        suffix = os.path.splitext(entry.name)[1].lower()
        if before is None and suffix not in PHOTO_SUFFIXES and not may_be_photo_by_name(entry.name):
            return None
        if self.exclusions.leaves_out_file(root, entry.path):
            return None
        try:
            result = entry.stat(follow_symlinks=False)
        except OSError:
            return None
        if not is_regular(result) or is_placeholder(result):
            return None
        stat = file_stat(result)
        if before is None:
            if suffix not in PHOTO_SUFFIXES and not self._begins_like_a_photo(entry.path, stat):
                return None
            report.seen_photos += 1
            return Found(entry.path, stat, None)
        report.seen_photos += 1
        if before.stat is None or not is_unchanged(stat, before.stat):
            return Found(entry.path, stat, before)
        if before.content_id in doubtful:
            return Found(entry.path, stat, before)
        if before.content_id is not None and stat.inode != before.stat.inode:
            return Found(entry.path, stat, before, is_touched=True)
        if before.skip_reason is None:
            report.unchanged += 1
        else:
            report.still_skipped.append(Skipped(entry.path, before.skip_reason))
        if before.is_missing:
            report.returned.append((before.file_id, stat))
        return True

    def _begins_like_a_photo(self, path: bytes, stat: FileStat) -> bool:
        key = (stat.size_bytes, stat.mtime_ns)
        if self._not_photos.get(path) == key:
            return False
        try:
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
            try:
                is_photo = sniff(os.read(handle, HEAD_BYTES)) is not None
            finally:
                os.close(handle)
        except OSError:
            return False
        if not is_photo:
            self._not_photos[path] = key
        return is_photo

    def _find_vanished(
        self, root: bytes, known: Mapping[bytes, KnownFile], seen: set[bytes], report: ScanReport
    ) -> None:
        blocked = tuple(folder + b"/" for folder, _ in report.unreadable)
        for path, file in known.items():
            if path in seen or file.is_missing or (blocked and path.startswith(blocked)):
                continue
            if is_gone(path) or is_no_file(path) or self.exclusions.leaves_out(root, path):
                report.vanished.append((file.file_id, path))
        # The folder may have gone away in the middle of the walk; then nothing was learned about its files.
        if report.vanished and not is_readable(root):
            report.is_reachable = False
            report.vanished.clear()


def is_gone(path: bytes) -> bool:
    """Says whether asking for ``path`` is answered with "no such file"; any other trouble is not an answer."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def is_no_file(path: bytes) -> bool:
    """Says whether something else than a file, a folder or a link for instance, took the place of one."""
    try:
        return not is_regular(os.lstat(path))
    except OSError:
        return False


def is_readable(folder: bytes) -> bool:
    """Says whether ``folder`` can be listed right now."""
    try:
        with os.scandir(folder):
            return True
    except OSError:
        return False


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
