"""Builds, wires and ends the threads and processes behind an open library; holds the writer lock meanwhile.

Opened and closed by one thread. What is opened later is closed earlier: scanner, ingest, then the threads they
write through, then the index and decoder processes, last the lock.
"""

from __future__ import annotations

import functools
import logging
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lookalike.catalog.catalog import Catalog
from lookalike.config.paths import Profile
from lookalike.config.settings import Effort, Settings, load_settings
from lookalike.core.records import FolderState, WatchedFolder
from lookalike.embedding.models import ModelStore
from lookalike.imaging.pool import DecoderPool
from lookalike.imaging.thumbnails import ThumbnailCache
from lookalike.library.commit import Writing
from lookalike.library.events import (
    Event,
    EventBus,
    IndexingChanged,
    NoticeKind,
    NoticeRaised,
    PhotosChanged,
)
from lookalike.library.exclusions import Exclusions
from lookalike.library.folders import FolderBook
from lookalike.library.ingest import Ingest
from lookalike.library.lock import WriterLock
from lookalike.library.model import open_shared
from lookalike.library.opening import ensure_catalog
from lookalike.library.progress import RunProgress
from lookalike.library.scanner import Scanner
from lookalike.library.scanning import Scanning
from lookalike.library.threads import CancelToken, CatalogThread, watch_future
from lookalike.library.upkeep import Upkeep, make_index
from lookalike.library.volumes import system_mounts
from lookalike.library.watcher import Watcher

log = logging.getLogger(__name__)

MOST_DECODERS = 8
"""More decoders than this starve the embedding, which is one thread."""
LIMITED_RESCAN_S = 60.0
"""How often folders are compared while the system allows too few watches."""
COUNT_EVERY_S = 1.0
"""Counting 100,000 photos takes 60 ms of the query thread."""


class Engine:
    """All moving parts of an open library; the library passes requests on to them.

    Args:
        profile: Where everything lies.
        shipped_models: Folder of the models that came with the program.
        bus: Where all parts send their events.
        is_watching: Listens for changes and rescans by itself.
    """

    def __init__(self, profile: Profile, shipped_models: Path, bus: EventBus, *, is_watching: bool) -> None:
        self.profile, self.bus, self.is_watching = profile, bus, is_watching
        self.settings = Settings()
        self.book = FolderBook(bus)
        self.progress = RunProgress(bus)
        self.cancel = CancelToken()
        self.models = ModelStore(shipped_models, profile.models)
        self._decoders = max(1, min(MOST_DECODERS, os.cpu_count() or 1))
        self._closers: list[Callable[[], None]] = []
        self._counted_at = 0.0
        self._is_count_old = False
        self._is_limited = False

    def open(self) -> tuple[bytes, ...]:
        """Takes the profile and starts everything.

        Returns:
            Folders that a damaged catalog watched and that should be watched again; usually none.

        Raises:
            ProfileError: The profile cannot be used.
            ModelError: No model can be used.
        """
        self.profile.prepare()
        lock = WriterLock(self.profile.lock)
        lock.take()
        self._closers.append(lock.release)
        try:
            recovery = ensure_catalog(self.profile)
            self._build()
            self._start()
        except BaseException:
            self.close()
            raise
        if recovery is None:
            return ()
        self.bus.send(NoticeRaised(NoticeKind.CATALOG, recovery.text))
        return recovery.folders

    def close(self) -> None:
        """Ends everything that was started, in reverse; a part that fails to end does not stop the others."""
        self.cancel.cancel()
        while self._closers:
            closer = self._closers.pop()
            try:
                closer()
            except Exception:
                log.exception("A part of the library did not end cleanly")

    def apply(self, settings: Settings) -> None:
        """Puts new settings into force."""
        self.settings = settings
        self.thumbnails.limit_bytes = settings.cache_limit_bytes
        self.scanning.scanner.exclusions = self._exclusions()
        self._set_effort()

    def watch_folders(self) -> None:
        """Listens to the folders watched now."""
        self.watcher.watch([folder.path for folder in self.book.all()])

    def count(self) -> None:
        """Counts the catalog anew, on the query thread, for folder list and indexing bar."""
        if not self.cancel.is_cancelled:
            watch_future(self.query.call(self._count), self.bus, "Counting photos")

    def _build(self) -> None:
        self.settings = load_settings(self.profile.settings)
        # The decoders come first: their server process should not inherit anything of the rest.
        self.pool = DecoderPool(self._decoders)
        self._closers.append(self.pool.close)
        self.pool.start()
        self.model = open_shared(
            self.models, self.settings.model, self.profile.model_checks, self._tell_model
        )
        self.thumbnails = ThumbnailCache(self.profile.thumbnails, self.settings.cache_limit_bytes)
        self.index = make_index(self.profile, self.model.card, self.settings.metric, self._index_damaged)
        self._closers.append(self.index.close)
        self.writer = CatalogThread("writer", functools.partial(self._open_catalog, writable=True))
        self._closers.append(self.writer.close)
        self.writer.wait_until_open()
        self.query = CatalogThread("query", self._open_catalog)
        self._closers.append(self.query.close)
        self.query.wait_until_open()
        self.files = ThreadPoolExecutor(1, thread_name_prefix="files")
        self._closers.append(functools.partial(self.files.shutdown, wait=True, cancel_futures=True))
        self.upkeep = Upkeep(self.index, self.model.card.model_id, self.bus)
        self._closers.append(self.upkeep.close)
        self.watcher = Watcher(self._settled, self._listening, self._events_lost)
        writing = Writing(self.writer, self.index, self.bus, self.upkeep.catch_up)
        self.ingest = Ingest(
            pool=self.pool,
            model=self.model,
            thumbnails=self.thumbnails,
            writing=writing,
            open_catalog=self._open_catalog,
            bus=self.bus,
            progress=self.progress,
            least_side_px=lambda: self.settings.least_side_px,
            is_watched=self.book.covers,
            on_changing=self.watcher.hint if self.is_watching else None,
        )
        self.scanning = Scanning(
            folders=self.book,
            scanner=Scanner(self._exclusions()),
            ingest=self.ingest,
            writing=writing,
            open_catalog=self._open_catalog,
            bus=self.bus,
            progress=self.progress,
            rescan_s=self._rescan_s,
            least_side_px=lambda: self.settings.least_side_px,
            on_scanned=self.count,
            on_returned=self.watcher.listen_again,
            model_id=self.model.card.model_id,
            hold_back=self.watcher.hint if self.is_watching else None,
        )

    def _start(self) -> None:
        self._set_effort()
        self._closers.append(self.bus.subscribe(self._keep_counts))
        self.query.call(self._read_folders).result()
        watch_future(self.query.call(self.upkeep.load), self.bus, "Loading the index")
        self.count()
        self._closers.append(self.progress.end)
        # Again and earlier: whoever waits for a decoder is in the way of those that close next.
        self._closers.append(self.pool.close)
        self._closers.append(self.ingest.close)
        self.ingest.start()
        self._closers.append(self.scanning.close)
        self.scanning.start()
        if self.is_watching:
            self._closers.append(self.watcher.close)
            self.watcher.start()
            self.watch_folders()  # the first scan comes once listening has begun, or has failed

    def _open_catalog(self, writable: bool = False) -> Catalog:
        return Catalog.open(self.profile.catalog, self.profile.backups, writable=writable)

    def _exclusions(self) -> Exclusions:
        return Exclusions(self.settings.exclude, (*self.profile.folders(), *system_mounts()))

    def _set_effort(self) -> None:
        at_once = {
            Effort.GENTLE: 1,
            Effort.BALANCED: max(1, self._decoders // 2),
            Effort.FULL: self._decoders + 2,  # two wait, so that no decoder ever idles
        }
        self.ingest.in_flight_limit = at_once[self.settings.effort]

    def _read_folders(self, catalog: Catalog) -> None:
        counts = catalog.counts()
        for row in catalog.folders():
            photos = counts.photos_in.get(row.folder_id, 0)
            self.book.put(WatchedFolder(row.folder_id, row.path, FolderState.ONLINE, photos))

    def _keep_counts(self, event: Event) -> None:
        """Counts about once a second while photos come and go, and once more when all is done."""
        if isinstance(event, IndexingChanged):
            is_busy = event.progress.done < event.progress.total
            self._is_count_old |= is_busy
            is_due = self._is_count_old and not is_busy
        elif isinstance(event, PhotosChanged):
            self._is_count_old = True
            is_due = time.monotonic() - self._counted_at >= COUNT_EVERY_S
        else:
            return
        if is_due and not self.cancel.is_cancelled:
            self._is_count_old, self._counted_at = False, time.monotonic()
            self.count()

    def _count(self, catalog: Catalog) -> None:
        counts = catalog.counts()
        self.book.set_counts(counts.photos_in)
        self.progress.counted(counts.photos, counts.skipped)

    def _settled(self, changed: Sequence[bytes]) -> None:
        self.scanning.ask_settled(changed)

    def _rescan_s(self) -> float:
        if not self.is_watching:
            return float("inf")
        return LIMITED_RESCAN_S if self._is_limited else self.settings.rescan_minutes * 60.0

    def _listening(self) -> None:
        self._is_limited = False
        self.bus.send(NoticeRaised(NoticeKind.WATCH_LIMIT, ""))
        self.scanning.ask_all()

    def _events_lost(self, sentence: str) -> None:
        self._is_limited = bool(sentence)
        if sentence:
            self.bus.send(NoticeRaised(NoticeKind.WATCH_LIMIT, sentence))
        self.scanning.ask_all()

    def _index_damaged(self, sentence: str) -> None:
        self.upkeep.tell_damage(sentence)
        watch_future(self.query.call(self.upkeep.refill), self.bus, "Rebuilding the index")

    def _tell_model(self, sentence: str) -> None:
        self.bus.send(NoticeRaised(NoticeKind.MODEL, sentence))
