"""What indexing did since the library was opened, as the command line prints it; written by the scanner thread."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from lookalike.core.records import Skipped, WatchedFolder
from lookalike.library.scanner import ScanReport
from lookalike.library.work import RunCounts


@dataclass(frozen=True, slots=True)
class RunReport:
    """What indexing did since the library was opened; the command line prints it.

    Attributes:
        found: Photos seen by scans.
        embedded: Contents embedded.
        unchanged: Files that were as the catalog had them.
        moved: Files found under another path.
        skipped: Files left out in this run.
        seconds: From the first scan to idle.
    """

    found: int
    embedded: int
    unchanged: int
    moved: int
    skipped: tuple[Skipped, ...]
    seconds: float


class ScanCounts:
    """What the first whole scan of each folder saw; any thread.

    Later scans see the same files again, and a folder watched inside another one is part of that one's scan.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._first: dict[bytes, ScanReport] = {}

    def note(self, folder: WatchedFolder, report: ScanReport) -> None:
        """Takes in a whole scan."""
        with self._lock:
            self._first.setdefault(folder.path, report)

    def report(self, counts: RunCounts, seconds: float) -> RunReport:
        """Sums up."""
        with self._lock:
            first = dict(self._first)
        outer = [
            report
            for path, report in first.items()
            if not any(path.startswith(each.rstrip(b"/") + b"/") for each in first if each != path)
        ]
        skipped = {each.path: each for report in outer for each in report.still_skipped} | counts.skipped
        return RunReport(
            sum(report.seen_photos for report in outer),
            counts.embedded,
            sum(report.unchanged for report in outer),
            counts.moved,
            tuple(skipped.values()),
            seconds,
        )
