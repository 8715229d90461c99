"""Decides when which folder is compared with the catalog: at start, on an interval, on hints, after trouble.

Owns the scanner thread, which walks folders and gives what needs a look to ingest. A folder that cannot be read is
offline and probed until it returns; its photos stay as they are.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lookalike.catalog.catalog import Catalog
from lookalike.core.errors import Cancelled
from lookalike.core.records import FolderState, WatchedFolder
from lookalike.library.commit import Commit, Writing
from lookalike.library.events import EventBus, PhotosChanged
from lookalike.library.folders import FolderBook
from lookalike.library.ingest import Ingest
from lookalike.library.progress import RunProgress
from lookalike.library.report import ScanCounts
from lookalike.library.scanner import Found, Scanner, ScanReport, is_readable
from lookalike.library.threads import CancelToken, report_failure
from lookalike.library.volumes import volume_of
from lookalike.library.work import Work

log = logging.getLogger(__name__)

PROBE_S = 5.0
"""How often an offline folder is asked whether it is back."""
NETWORK_RESCAN_S = 60.0
"""Changes by other machines on a network mount raise no event; the folder is compared this often."""
EVERY = 1 << 60
"""More contents than a catalog can hold."""
FAILED = "Looking for new photos"
SLEPT_S = 30.0
"""Wall time running ahead of the monotonic clock by this much means that the computer slept."""


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """One folder to compare, or only ``below`` in it."""

    folder_id: int
    below: bytes | None = None


class Scanning:
    """The scanner thread.

    Args:
        folders: States shown to everybody.
        scanner: Walks one folder.
        ingest: Gets what needs a look.
        writing: Marks vanished and returned files.
        open_catalog: Opens a read-only catalog, on the scanner thread.
        bus: Where events go.
        progress: Counts of this run.
        rescan_s: Seconds between full comparisons of a local folder.
        least_side_px: Photos known with a shorter side below this are looked at again.
        on_scanned: Called after each scan that may have changed counts or states.
        on_returned: Called when a folder that was offline can be read again.
        model_id: The model in use; contents it has not embedded yet are looked at again.
        hold_back: Takes files that may still be being written; None to ingest them at once.
    """

    def __init__(
        self,
        *,
        folders: FolderBook,
        scanner: Scanner,
        ingest: Ingest,
        writing: Writing,
        open_catalog: Callable[[], Catalog],
        bus: EventBus,
        progress: RunProgress,
        rescan_s: Callable[[], float],
        least_side_px: Callable[[], int],
        on_scanned: Callable[[], None],
        on_returned: Callable[[], None],
        model_id: str,
        hold_back: Callable[[bytes], None] | None,
    ) -> None:
        self.counts = ScanCounts()
        self._folders, self._ingest, self._writing = folders, ingest, writing
        self.scanner = scanner
        self._open_catalog, self._bus, self._progress = open_catalog, bus, progress
        self._on_returned, self._model_id = on_returned, model_id
        self._least_side_px = least_side_px
        self._rescan_s, self._on_scanned, self._hold_back = rescan_s, on_scanned, hold_back
        self._requests: list[ScanRequest] = []
        self._asked = threading.Condition()
        self._cancel = CancelToken()
        self._due: dict[int, float] = {}
        self._is_network: dict[int, bool] = {}
        self._told: set[str] = set()
        self._new_volume: tuple[int, str] | None = None
        self._clock_gap = time.time() - time.monotonic()
        self._catalog: Catalog
        self._thread = threading.Thread(target=self._run, name="scanner", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def close(self) -> None:
        """Ends the thread, in the middle of a scan where need be."""
        self._cancel.cancel()
        with self._asked:
            self._asked.notify()
        if self._thread.is_alive():
            self._thread.join()

    def ask(self, folder_id: int, below: bytes | None = None) -> None:
        """Asks for a comparison; one that is asked for already is not asked for twice."""
        request = ScanRequest(folder_id, below)
        with self._asked:
            if request in self._requests or ScanRequest(folder_id) in self._requests:
                return
            self._requests.append(request)
            self._progress.scanning(True)
            self._asked.notify()

    def ask_settled(self, changed: Sequence[bytes]) -> None:
        """Asks for the folders in which something came to rest; for a whole one when it may have gone itself."""
        for path in changed:
            for folder in self._folders.all():
                if path.startswith(folder.path.rstrip(b"/") + b"/"):
                    if not self.scanner.exclusions.leaves_out_tree(folder.path, path):
                        self.ask(folder.folder_id, path)
                elif folder.path == path or folder.path.startswith(path.rstrip(b"/") + b"/"):
                    self.ask(folder.folder_id)

    def ask_all(self) -> None:
        """Asks for every folder, for instance after events may have been lost."""
        for folder in self._folders.all():
            self.ask(folder.folder_id)

    def _run(self) -> None:
        try:
            self._catalog = self._open_catalog()
            try:
                while not self._cancel.is_cancelled:
                    self._turn()
            finally:
                self._catalog.close()
        except Exception as error:
            log.exception("The scanner thread ended")
            self._progress.end()
            report_failure(self._bus, FAILED, error)

    def _turn(self) -> None:
        """Does what is asked for next; an error in it is told, and the next request is taken all the same."""
        request = self._next()
        try:
            if request is None:
                self._ask_due()
            else:
                self._scan(request)
        except Cancelled:
            pass  # the library closes, or the folder was removed
        except Exception as error:
            log.exception("A scan ended early")
            if str(error) not in self._told:
                self._told.add(str(error))
                report_failure(self._bus, FAILED, error)
            if request is not None:
                self._folders.set_state(
                    request.folder_id, FolderState.ONLINE, "It could not be looked through."
                )
        finally:
            if request is not None:
                self._progress.scanning(False)

    def _next(self) -> ScanRequest | None:
        with self._asked:
            if not self._requests and not self._cancel.is_cancelled:  # else close() has notified already
                self._asked.wait(PROBE_S)
            return self._requests.pop(0) if self._requests else None

    def _ask_due(self) -> None:
        now = time.monotonic()
        gap = time.time() - now
        if gap - self._clock_gap > SLEPT_S:
            log.info("The computer slept; all folders are compared")
            self.ask_all()
        self._clock_gap = gap
        for folder in self._folders.all():
            if folder.state is FolderState.OFFLINE:
                if self._why_offline(folder) is None:
                    self.ask(folder.folder_id)
            elif now >= self._due.get(folder.folder_id, now + 1) or not is_readable(folder.path):
                self.ask(folder.folder_id)

    def _scan(self, request: ScanRequest) -> None:
        folder = self._folders.get(request.folder_id)
        if folder is None:
            return
        why = self._why_offline(folder)
        if why is not None:
            self._go_offline(folder, why)
            return
        if folder.state is FolderState.OFFLINE:
            self._on_returned()
        if request.below is None or folder.state is FolderState.OFFLINE:
            self._folders.set_state(folder.folder_id, FolderState.SCANNING)
        report = ScanReport()
        known = self._catalog.known_files(folder.folder_id, request.below)
        for found in self.scanner.scan(
            folder.path,
            known,
            report,
            request.below,
            lambda: self._check(folder),
            self._doubtful(request),
        ):
            self._give(folder, found)
        if request.below is None:
            self.counts.note(folder, report)
        if not report.is_reachable:
            self._go_offline(folder, "The folder cannot be read right now; its photos stay searchable.")
            return
        # A drive that went during the scan may leave an empty mount point, in which every photo seems gone.
        why = self._why_offline(folder) if report.vanished else None
        if why is not None:
            self._go_offline(folder, why)
            return
        volume = self._new_volume if self._new_volume and self._new_volume[0] == folder.folder_id else None
        self._new_volume = None
        self._mark(Commit(missing=tuple(report.vanished), returned=tuple(report.returned), volume=volume))
        self._due[folder.folder_id] = time.monotonic() + self._interval(folder)
        self._folders.set_state(folder.folder_id, FolderState.ONLINE, _partly(report))
        self._on_scanned()

    def _check(self, folder: WatchedFolder) -> None:
        """Raises Cancelled where the scan is of no use any more."""
        self._cancel.check()
        if self._folders.get(folder.folder_id) is None:
            raise Cancelled

    def _doubtful(self, request: ScanRequest) -> frozenset[int]:
        """Returns contents whose files want a look though unchanged."""
        doubtful = self._catalog.contents_without_embedding(self._model_id, EVERY)
        if request.below is None:
            doubtful += self._catalog.contents_below(self._least_side_px())
        return frozenset(doubtful)

    def _give(self, folder: WatchedFolder, found: Found) -> None:
        age_s = time.time() - found.stat.mtime_ns / 1e9
        if self._hold_back is not None and 0 <= age_s < 1.0:
            self._hold_back(found.path)
        else:
            self._ingest.put(Work(folder.folder_id, found))

    def _mark(self, commit: Commit) -> None:
        if commit == Commit():
            return
        while self._writing.commit(commit) is None:
            if self._cancel.wait(PROBE_S):
                return
        if commit.missing or commit.returned:
            self._bus.send(PhotosChanged(added=len(commit.returned), removed=len(commit.missing)))

    def _why_offline(self, folder: WatchedFolder) -> str | None:
        """Returns why the folder must not be believed right now; None when it can be."""
        if not is_readable(folder.path):
            if os.path.lexists(folder.path):
                return "The folder cannot be opened; check its permissions."
            return "The folder is not there; connect its drive or bring it back."
        row = next((row for row in self._catalog.folders() if row.folder_id == folder.folder_id), None)
        try:
            volume = volume_of(folder.path)
        except OSError:
            return "The folder’s drive does not answer."
        self._is_network[folder.folder_id] = volume.is_network
        if row is None or row.volume == volume.identity:
            return None
        self._new_volume = (folder.folder_id, volume.identity)
        # Another volume under the same path: most often a mount point whose drive is not mounted.
        with os.scandir(folder.path) as entries:
            is_empty = next(iter(entries), None) is None
        if is_empty and folder.photos:
            return "The folder is empty because its drive is not connected."
        return None

    def _go_offline(self, folder: WatchedFolder, reason: str) -> None:
        self._folders.set_state(folder.folder_id, FolderState.OFFLINE, reason)
        self._on_scanned()

    def _interval(self, folder: WatchedFolder) -> float:
        return NETWORK_RESCAN_S if self._is_network.get(folder.folder_id) else self._rescan_s()


def _partly(report: ScanReport) -> str:
    if not report.unreadable:
        return ""
    name = os.fsdecode(os.path.basename(report.unreadable[0][0]))
    more = len(report.unreadable) - 1
    others = f" and {more} more folders" if more > 1 else " and one more folder" if more else ""
    return f"“{name}”{others} in it cannot be read."
