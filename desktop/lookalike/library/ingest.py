"""From files that need a look to rows in the catalog: hash or decode, embed, commit, then the index.

Owns the ingest thread, which decides what to do next and runs the shared model; decoding happens in the decoder
processes and writing on the writer thread. A file that ends its decoder twice is quarantined. Messages arrive in
one inbox, so all state below belongs to the ingest thread alone.

Every file that comes in is finished exactly once, whatever becomes of it: an error that is nobody's fault but ours
leaves that file out, is told, and the others go on.
"""

from __future__ import annotations

import collections
import functools
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from lookalike.catalog.catalog import Catalog
from lookalike.core.errors import LookalikeError, PhotoChangedError, PhotoUnreadableError
from lookalike.core.records import DecodedPhoto, FileStat, Skipped
from lookalike.imaging.decode import DecodeRequest
from lookalike.imaging.pool import DecoderDied, DecoderPool
from lookalike.imaging.thumbnails import ThumbnailCache
from lookalike.library.batch import embed_new
from lookalike.library.commit import Commit, Writing, Written
from lookalike.library.events import EventBus, PhotosChanged
from lookalike.library.model import BATCH, SharedModel
from lookalike.library.progress import RunProgress
from lookalike.library.scanner import is_gone
from lookalike.library.threads import CancelToken, report_failure
from lookalike.library.work import Pending, RunCounts, Work

log = logging.getLogger(__name__)

FLUSH_AFTER_S = 0.25
"""A part-filled batch waits no longer than this for slow neighbours."""
MOST_TRIES = 2
"""Decoders that one file may end before it is quarantined, and times that a changing file is read without anybody
to tell when it has settled."""
RETRY_WRITE_S = 5.0
"""Pause after a commit that failed, for a full disk or a catalog held by another program."""
OUR_FAULT = "An error inside Lookalike stopped this photo from being taken in."

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
        is_watched: Says whether a path lies in a watched folder still.
        on_changing: Called with the path of a file that changed while it was read, which is given again once it
            has settled; None where nobody will, and it is tried again at once.
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
        is_watched: Callable[[bytes], bool],
        on_changing: Callable[[bytes], None] | None,
    ) -> None:
        self.counts = RunCounts()
        self.in_flight_limit = 4
        self._pool, self._model, self._thumbnails = pool, model, thumbnails
        self._writing, self._bus, self._progress = writing, bus, progress
        self._least_side_px, self._is_watched, self._on_changing = least_side_px, is_watched, on_changing
        self._open_catalog = open_catalog
        self._inbox: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._pending = Pending()
        self._waiting: collections.deque[Work] = collections.deque()
        self._in_flight = 0
        self._batch: list[tuple[Work, DecodedPhoto]] = []
        self._tries: collections.Counter[bytes] = collections.Counter()
        self._told: set[str] = set()
        self._is_paused = False
        self._closing = CancelToken()
        self._has_replaced = False
        self._catalog: Catalog
        self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def put(self, work: Work) -> None:
        """Queues a file unless the same state of it is queued already; any thread."""
        if self._pending.take(work):
            self._progress.add(1)
            self._inbox.put(functools.partial(self._waiting.append, work))

    def pause(self, is_paused: bool) -> None:
        """Stops taking new files, or goes on; files in the decoders are finished."""
        self._inbox.put(functools.partial(setattr, self, "_is_paused", is_paused))

    def close(self) -> None:
        """Commits what is decoded, drops what is not, and ends the thread."""
        self._closing.cancel()
        self._inbox.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        try:
            self._catalog = self._open_catalog()
            try:
                while not self._closing.is_cancelled:
                    self._step()
                self._flush()
                self._tidy()
            finally:
                self._catalog.close()
        except Exception as error:
            log.exception("The ingest thread ended")
            self._progress.end()
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
            work = self._waiting.popleft()
            self._try(functools.partial(self._begin, work), work)

    def _try(self, action: Callable[[], None], work: Work) -> None:
        """Takes one step with a file; if that fails unexpectedly, the file is left out and the others go on."""
        try:
            action()
        except Exception as error:  # noqa: BLE001  a file's top: it is told, and the next file goes on
            self._leave_out(work, error)

    def _leave_out(self, work: Work, error: Exception) -> None:
        """Gives a file up for a reason that does not lie in it; tells each reason once."""
        log.error("A file could not be taken in", exc_info=error)
        reason = str(error) if isinstance(error, LookalikeError) else OUR_FAULT
        if str(error) not in self._told:
            self._told.add(str(error))
            report_failure(self._bus, "Taking in a photo", error)
        if not isinstance(error, LookalikeError):
            try:
                self._skip(work, reason)
                return
            except Exception:
                log.exception("That a file was left out could not be noted")
        # The catalog or the model is at fault: nothing is noted of the file, so the next scan tries again.
        self.counts.skipped[work.path] = Skipped(work.path, reason)
        self._finish(work)

    def _tidy(self) -> None:
        """Forgets contents that lost their last file because the file was changed."""
        if self._has_replaced:
            self._has_replaced = False
            try:
                self._thumbnails.remove(self._writing.forget_unused())
            except Exception as error:
                log.exception("Unused contents stay")
                report_failure(self._bus, "Tidying the catalog", error)

    def _begin(self, work: Work) -> None:
        if not self._is_watched(work.path):  # its folder was removed meanwhile
            self._finish(work)
        elif work.found.is_touched or self._catalog.may_be_known(work.found.stat.size_bytes):
            self._ask(self._pool.fingerprint(work.path), self._fingerprinted, work)
        else:
            self._decode(work)

    def _decode(self, work: Work) -> None:
        request = DecodeRequest(work.path, self._model.card.input_px, self._least_side_px())
        self._ask(self._pool.decode(request), self._decoded, work)

    def _ask(self, future: Future[Any], then: Callable[[Work, Any], None], work: Work) -> None:
        self._in_flight += 1
        future.add_done_callback(
            lambda done: self._inbox.put(functools.partial(self._answered, done, then, work))
        )

    def _answered(self, future: Future[Any], then: Callable[[Work, Any], None], work: Work) -> None:
        self._in_flight -= 1
        if not self._closing.is_cancelled:
            self._try(functools.partial(self._take_answer, future, then, work), work)

    def _take_answer(self, future: Future[Any], then: Callable[[Work, Any], None], work: Work) -> None:
        try:
            result = future.result()
        except PhotoChangedError as error:
            self._changed(work, str(error))
        except PhotoUnreadableError as error:
            self._skip(work, str(error))
        except DecoderDied as error:
            log.warning("A decoder ended (%s)", error.reason)
            if not self._tries_again(work):
                self._skip(work, f"{error.reason} Lookalike will not open it again unless you ask.")
        else:
            then(work, result)

    def _changed(self, work: Work, reason: str) -> None:
        """Lets a file settle that changed while it was read; it is noted as it was, so a later scan takes it up."""
        if self._on_changing is not None:
            self._on_changing(work.path)
            self._finish(work)
        elif not self._tries_again(work):
            self._skip(work, reason)

    def _tries_again(self, work: Work) -> bool:
        """Puts a file at the end of the queue, but not for ever."""
        self._tries[work.path] += 1
        if self._tries[work.path] >= MOST_TRIES:
            return False
        self._waiting.append(work)
        return True

    def _fingerprinted(self, work: Work, answer: tuple[FileStat, bytes]) -> None:
        stat, fingerprint = answer
        content_id = self._catalog.content_with(fingerprint)
        if (
            content_id is None
            or not self._catalog.has_embedding(content_id, self._model.card.model_id)
            or self._catalog.shorter_side(content_id)
            < self._least_side_px()  # refused in the decoder's words
        ):
            self._decode(work)
            return
        gone = (
            [photo.file_id for photo in self._catalog.files_of(content_id) if is_gone(photo.path)]
            if work.found.known is None
            else []
        )
        moved = gone[0] if gone else None
        written = self._commit(Commit(linked=((work.folder_id, work.path, stat, content_id, moved),)))
        if written is None:
            return
        if written.lost:
            self._decode(work)
            return
        if not written.forgotten:
            self._count_linked(work, is_moved=moved is not None)
        self._finish(work)

    def _count_linked(self, work: Work, *, is_moved: bool) -> None:
        if is_moved:
            self.counts.moved += 1
            self._bus.send(PhotosChanged(moved=1))
        elif not work.found.is_touched:
            self.counts.linked += 1
            self._bus.send(PhotosChanged(added=1))

    def _decoded(self, work: Work, photo: DecodedPhoto) -> None:
        self._batch.append((work, photo))

    def _flush(self) -> None:
        """Takes in the batch; if that fails unexpectedly, photo by photo."""
        batch, self._batch = self._batch, []
        try:
            self._store(batch)
        except Exception as error:  # noqa: BLE001  as in _try
            is_shared = len(batch) == 1 or isinstance(error, LookalikeError)
            for work, photo in batch:
                if is_shared:
                    self._leave_out(work, error)
                else:
                    self._try(functools.partial(self._store, [(work, photo)]), work)

    def _store(self, batch: Sequence[tuple[Work, DecodedPhoto]]) -> None:
        if not batch:
            return
        taken = embed_new(batch, self._catalog, self._model, self._thumbnails)
        stored, failed = taken.stored, taken.failed
        written = self._commit(Commit(stored=stored, model_id=self._model.card.model_id))
        if written is None:
            return
        here = [each for each in stored if each.path not in written.forgotten]
        if written.forgotten:
            self._thumbnails.remove(
                {each.fingerprint for each in stored} - {each.fingerprint for each in here}
            )
        fresh = len({each.fingerprint for each in here if each.vector is not None})
        self.counts.embedded += fresh
        self.counts.linked += len(here) - fresh
        self._bus.send(PhotosChanged(added=len(here)))
        for work, photo in batch:
            if photo.fingerprint in failed:
                self._try(functools.partial(self._skip, work, failed[photo.fingerprint]), work)
            else:
                self._finish(work)

    def _skip(self, work: Work, reason: str) -> None:
        """Leaves a file out with a reason; one that is gone is for the next scan, which knows whether its folder is."""
        known = work.found.known
        if not is_gone(work.path):
            written = self._commit(Commit(skipped=((work.folder_id, work.path, work.found.stat, reason),)))
            if written is None:
                return
            if not written.forgotten:
                self.counts.skipped[work.path] = Skipped(work.path, reason)
                if known is not None and known.content_id is not None and not known.is_missing:
                    self._bus.send(PhotosChanged(removed=1))
        self._finish(work)

    def _commit(self, commit: Commit) -> Written | None:
        """Writes, trying again until it works or the library closes; None when it closes first."""
        while (written := self._writing.commit(commit)) is None:
            if self._closing.wait(RETRY_WRITE_S):
                return None
        return written

    def _finish(self, work: Work) -> None:
        known = work.found.known
        self._has_replaced |= known is not None and known.content_id is not None
        self._tries.pop(work.path, None)
        if self._pending.finish(work):
            self._progress.finish(1)
