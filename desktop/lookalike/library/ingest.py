"""From files that need a look to rows in the catalog: hash or decode, embed, commit, then the index.

Owns the ingest thread, which decides what to do next and runs the shared model; decoding happens in the decoder
processes and writing on the writer thread. A file that ends its decoder twice is quarantined. Messages arrive in
one inbox, so all state below belongs to the ingest thread alone.
"""

from __future__ import annotations

import collections
import functools
import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lookalike.catalog.catalog import Catalog
from lookalike.core.errors import LookalikeError, PhotoChangedError, PhotoUnreadableError
from lookalike.core.records import ContentState, DecodedPhoto, FileStat, Skipped
from lookalike.imaging.decode import DecodeRequest
from lookalike.imaging.pool import DecoderDied, DecoderPool
from lookalike.imaging.thumbnails import ThumbnailCache
from lookalike.library.commit import Commit, Stored, Writing
from lookalike.library.events import EventBus, PhotosChanged
from lookalike.library.model import BATCH, SharedModel
from lookalike.library.progress import RunProgress
from lookalike.library.scanner import Found, is_gone
from lookalike.library.threads import report_failure

log = logging.getLogger(__name__)

FLUSH_AFTER_S = 0.25
"""A part-filled batch waits no longer than this for slow neighbours."""
MOST_TRIES = 2
"""Decoders that one file may end before it is quarantined."""
RETRY_WRITE_S = 5.0
"""Pause after a commit that failed, for a full disk or a catalog held by another program."""


@dataclass(frozen=True, slots=True)
class Work:
    """One file to ingest: where it was found and in which watched folder."""

    folder_id: int
    found: Found


@dataclass(slots=True)
class RunCounts:
    """What happened to files since the library was opened; read by the command line when all is idle."""

    embedded: int = 0
    moved: int = 0
    linked: int = 0
    skipped: list[Skipped] = field(default_factory=list)


Message = Callable[[], None]


class Ingest:
    """The ingest thread.

    Args:
        pool: Decoder processes.
        model: The shared embedding model.
        thumbnails: Cache that each decode fills.
        writing: Commits batches and hands them to the index.
        open_catalog: Opens a read-only catalog, on the ingest thread.
        bus: Where events go.
        progress: Counts of this run, shared with the scanner.
        least_side_px: Photos whose shorter side is below this are skipped.
        on_changing: Called with the path of a file that changed while it was read.
    """

    def __init__(
        self,
        *,
        pool: DecoderPool,
        model: SharedModel,
        thumbnails: ThumbnailCache,
        writing: Writing,
        open_catalog: Callable[[], Catalog],
        bus: EventBus,
        progress: RunProgress,
        least_side_px: Callable[[], int],
        on_changing: Callable[[bytes], None],
    ) -> None:
        self.counts = RunCounts()
        self.in_flight_limit = 4
        self._pool, self._model, self._thumbnails = pool, model, thumbnails
        self._writing, self._bus, self._progress = writing, bus, progress
        self._least_side_px, self._on_changing = least_side_px, on_changing
        self._open_catalog = open_catalog
        self._inbox: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._pending: dict[bytes, FileStat] = {}
        self._pending_lock = threading.Lock()
        self._waiting: collections.deque[Work] = collections.deque()
        self._in_flight = 0
        self._batch: list[tuple[Work, DecodedPhoto]] = []
        self._tries: dict[bytes, int] = {}
        self._is_paused = False
        self._is_closing = False
        self._has_replaced = False
        self._catalog: Catalog
        self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def put(self, work: Work) -> None:
        """Queues a file unless the same state of it is queued already; any thread."""
        path, stat = work.found.path, work.found.stat
        with self._pending_lock:
            if self._pending.get(path) == stat:
                return
            self._pending[path] = stat
        self._progress.add(1)
        self._inbox.put(functools.partial(self._waiting.append, work))

    def pause(self, is_paused: bool) -> None:
        """Stops taking new files, or goes on; files in the decoders are finished."""
        self._inbox.put(functools.partial(setattr, self, "_is_paused", is_paused))

    def close(self) -> None:
        """Commits what is decoded, drops what is not, and ends the thread."""
        self._is_closing = True
        self._inbox.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        try:
            self._catalog = self._open_catalog()
            try:
                while not self._is_closing:
                    self._step()
                self._flush()
                self._tidy()
            finally:
                self._catalog.close()
        except Exception as error:
            log.exception("The ingest thread ended")
            report_failure(self._bus, "Indexing", error)

    def _step(self) -> None:
        is_idle = not self._in_flight and (self._is_paused or not self._waiting)
        if is_idle and self._batch:
            self._flush()
            return
        if is_idle and self._inbox.empty():
            self._tidy()
        try:
            message = self._inbox.get(timeout=FLUSH_AFTER_S if self._batch else None)
        except queue.Empty:
            self._flush()
            return
        if message is not None:
            message()
        if len(self._batch) >= BATCH:
            self._flush()
        while self._waiting and self._in_flight < self.in_flight_limit and not self._is_paused:
            self._begin(self._waiting.popleft())

    def _tidy(self) -> None:
        """Forgets contents that lost their last file because the file was changed."""
        if self._has_replaced:
            self._has_replaced = False
            self._thumbnails.remove(self._writing.forget_unused())

    def _begin(self, work: Work) -> None:
        if work.found.is_touched or self._catalog.may_be_known(work.found.stat.size_bytes):
            self._ask(self._pool.fingerprint(work.found.path), self._fingerprinted, work)
        else:
            self._decode(work)

    def _decode(self, work: Work) -> None:
        request = DecodeRequest(work.found.path, self._model.card.input_px, self._least_side_px())
        self._ask(self._pool.decode(request), self._decoded, work)

    def _ask(self, future: Future[Any], then: Callable[[Work, Any], None], work: Work) -> None:
        self._in_flight += 1
        future.add_done_callback(
            lambda done: self._inbox.put(functools.partial(self._answered, done, then, work))
        )

    def _answered(self, future: Future[Any], then: Callable[[Work, Any], None], work: Work) -> None:
        self._in_flight -= 1
        if self._is_closing or future.cancelled():
            return
        try:
            result = future.result()
        except PhotoChangedError:
            self._on_changing(work.found.path)
            self._finish(work)
        except PhotoUnreadableError as error:
            self._skip(work, str(error))
        except DecoderDied as error:
            self._decoder_died(work, error)
        else:
            then(work, result)

    def _decoder_died(self, work: Work, error: DecoderDied) -> None:
        tries = self._tries.get(work.found.path, 0) + 1
        self._tries[work.found.path] = tries
        log.warning("A decoder ended (%s), try %d", error.reason, tries)
        if tries < MOST_TRIES:
            self._waiting.append(work)
        else:
            self._skip(work, f"{error.reason} Lookalike will not open it again unless you ask.")

    def _fingerprinted(self, work: Work, answer: tuple[FileStat, bytes]) -> None:
        stat, fingerprint = answer
        content_id = self._catalog.content_with(fingerprint)
        if content_id is None or not self._catalog.has_embedding(content_id, self._model.card.model_id):
            self._decode(work)
            return
        gone = (
            [photo.file_id for photo in self._catalog.files_of(content_id) if is_gone(photo.path)]
            if work.found.known is None
            else []
        )
        moved = gone[0] if gone else None
        if self._commit(Commit(linked=((work.folder_id, work.found.path, stat, content_id, moved),))) is None:
            return
        if moved is not None:
            self.counts.moved += 1
            self._bus.send(PhotosChanged(moved=1))
        elif not work.found.is_touched:
            self.counts.linked += 1
            self._bus.send(PhotosChanged(added=1))
        self._finish(work)

    def _decoded(self, work: Work, photo: DecodedPhoto) -> None:
        self._batch.append((work, photo))

    def _flush(self) -> None:
        batch, self._batch = self._batch, []
        if not batch:
            return
        model_id = self._model.card.model_id
        new: dict[bytes, DecodedPhoto] = {}
        for _, photo in batch:
            content_id = self._catalog.content_with(photo.fingerprint)
            if content_id is None or not self._catalog.has_embedding(content_id, model_id):
                new.setdefault(photo.fingerprint, photo)
        vectors, failed = self._embed(new)
        for fingerprint, photo in new.items():
            if fingerprint in vectors:
                keep_thumbnail(self._thumbnails, photo)
        stored = tuple(
            Stored(
                work.folder_id,
                work.found.path,
                photo.stat,
                photo.fingerprint,
                photo.pixel_fingerprint,
                photo.facts,
                ContentState.DAMAGED if photo.is_damaged else ContentState.OK,
                vectors.get(photo.fingerprint),
            )
            for work, photo in batch
            if photo.fingerprint not in failed
        )
        if self._commit(Commit(stored=stored, model_id=model_id)) is None:
            return
        self.counts.embedded += len(vectors)
        self.counts.linked += len(stored) - len(vectors)
        self._bus.send(PhotosChanged(added=len(stored)))
        for work, photo in batch:
            if photo.fingerprint in failed:
                self._skip(work, failed[photo.fingerprint])
            else:
                self._finish(work)

    def _embed(
        self, photos: dict[bytes, DecodedPhoto]
    ) -> tuple[dict[bytes, np.ndarray[Any, np.dtype[np.float32]]], dict[bytes, str]]:
        """Embeds a batch; when it fails, one by one, so that one photo cannot fail the others."""
        if not photos:
            return {}, {}
        keys = list(photos)
        try:
            rows = self._model.embed_batch(np.stack([photos[key].pixels for key in keys]))
            return dict(zip(keys, rows, strict=True)), {}
        except LookalikeError as error:
            if len(keys) == 1:
                return {}, {keys[0]: str(error)}
        vectors: dict[bytes, np.ndarray[Any, np.dtype[np.float32]]] = {}
        failed: dict[bytes, str] = {}
        for key in keys:
            good, bad = self._embed({key: photos[key]})
            vectors |= good
            failed |= bad
        return vectors, failed

    def _skip(self, work: Work, reason: str) -> None:
        path = work.found.path
        if is_gone(path):
            known = work.found.known
            if known is None or self._commit(Commit(missing=((known.file_id, path),))) is not None:
                self._finish(work)
            return
        if self._commit(Commit(skipped=((work.folder_id, path, work.found.stat, reason),))) is None:
            return
        self.counts.skipped.append(Skipped(path, reason))
        self._finish(work)

    def _commit(self, commit: Commit) -> bool | None:
        """Writes, trying again until it works or the library closes; None when it closes first."""
        while not self._writing.commit(commit):
            if self._is_closing:
                return None
            time.sleep(RETRY_WRITE_S)
        return True

    def _finish(self, work: Work) -> None:
        known = work.found.known
        self._has_replaced |= known is not None and known.content_id is not None
        with self._pending_lock:
            if self._pending.get(work.found.path) == work.found.stat:
                del self._pending[work.found.path]
        self._progress.finish(1)


def keep_thumbnail(thumbnails: ThumbnailCache, photo: DecodedPhoto) -> None:
    """Puts the thumbnail into the cache; without it the window makes it again when it is looked at."""
    try:
        thumbnails.put(photo.fingerprint, photo.thumbnail)
    except OSError as error:
        log.warning("A thumbnail could not be kept: %s", error.strerror)
