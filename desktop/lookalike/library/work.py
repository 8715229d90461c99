"""Files on their way through ingest: which are queued, what became of them; no thread of its own."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from lookalike.core.records import FileStat, Skipped
from lookalike.library.scanner import Found


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """One file to ingest: where it was found and in which watched folder."""

    folder_id: int
    found: Found

    @property
    def path(self) -> bytes:
        """The file."""
        return self.found.path


@dataclass(slots=True)
class RunCounts:
    """What happened to files since the library was opened; read by the command line when all is idle.

    Attributes:
        embedded: Contents embedded.
        moved: Files found under another path.
        linked: Further files of a content known already.
        skipped: Files left out, by path.
    """

    embedded: int = 0
    moved: int = 0
    linked: int = 0
    skipped: dict[bytes, Skipped] = field(default_factory=dict)


class Pending:
    """The files that are queued or being worked on, so that none is taken twice; any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stats: dict[bytes, FileStat] = {}
        self._open: set[Work] = set()

    def take(self, work: Work) -> bool:
        """Takes a file in; False when the same state of it is there already."""
        with self._lock:
            if self._stats.get(work.path) == work.found.stat:
                return False
            self._stats[work.path] = work.found.stat
            self._open.add(work)
            return True

    def finish(self, work: Work) -> bool:
        """Lets a file go; False when that was done before, so that nothing is counted twice."""
        with self._lock:
            if work not in self._open:
                return False
            self._open.remove(work)
            if self._stats.get(work.path) == work.found.stat:
                del self._stats[work.path]
            return True
