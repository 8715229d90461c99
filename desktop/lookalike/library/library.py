"""The library: everything the window and the command line ask for.

Requests return at once: snapshots from memory, everything else as a ``concurrent.futures.Future`` that is answered
on the query, writer or file-operations thread. The threads themselves belong to the engine.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike.catalog.catalog import Catalog
from lookalike.config.paths import Profile
from lookalike.config.settings import Settings, save_settings
from lookalike.core.errors import InputError
from lookalike.core.listing import Listing, ListingQuery
from lookalike.core.records import DecodedPhoto, FolderState, LookAlike, Photo, Skipped, WatchedFolder
from lookalike.imaging.decode import DecodeRequest
from lookalike.library import search
from lookalike.library.batch import keep_thumbnail
from lookalike.library.engine import Engine
from lookalike.library.events import EventBus, IndexingChanged, PhotosChanged
from lookalike.library.exclusions import check_patterns, is_private
from lookalike.library.file_operations import FileReport, transfer
from lookalike.library.folders import same_folder
from lookalike.library.report import RunReport
from lookalike.library.scanner import is_readable
from lookalike.library.status import Status, read_status
from lookalike.library.threads import watch_future
from lookalike.library.volumes import volume_of


class Library:
    """A profile and what can be asked of it.

    Args:
        profile: Where everything lies.
        shipped_models: Folder of the models that came with the program.
        is_watching: Listens for changes and rescans by itself; the command line does not.
    """

    def __init__(self, profile: Profile, shipped_models: Path, *, is_watching: bool = True) -> None:
        self.profile = profile
        self.events = EventBus()
        self._engine = Engine(profile, shipped_models, self.events, is_watching=is_watching)
        self._started = time.monotonic()

    def open(self) -> None:
        """Takes the profile, opens the catalog and starts all threads.

        Raises:
            ProfileError: The profile cannot be used; ProfileBusyError when somebody else writes to it.
            ModelError: No model can be used.
        """
        self._started = time.monotonic()
        for path in self._engine.open():
            watch_future(self.add_folder(path), self.events, "Adding a folder again")

    def close(self) -> None:
        """Finishes what is decoded, commits it, and ends every thread and process; may be called twice."""
        self._engine.close()

    # ---- snapshots, instant, any thread

    def settings(self) -> Settings:
        """Returns what the user has set."""
        return self._engine.settings

    def folders(self) -> tuple[WatchedFolder, ...]:
        """Returns the watched folders by path."""
        return self._engine.book.all()

    def indexing(self) -> IndexingChanged:
        """Returns where indexing stands."""
        return self._engine.progress.snapshot()

    def model_id(self) -> str:
        """Returns the id of the model in use."""
        return self._engine.model.card.model_id

    def model_ids(self) -> Future[tuple[str, ...]]:
        """Answers the ids of the models there are, those that came with the program first."""
        return self._engine.files.submit(lambda: tuple(card.model_id for card in self._engine.models.all()))

    def run_report(self) -> RunReport:
        """Returns what indexing did since the library was opened."""
        return self._engine.scanning.counts.report(
            self._engine.ingest.counts, time.monotonic() - self._started
        )

    def seal(self) -> None:
        """Writes the index's tail into a segment now and waits for it."""
        self._engine.upkeep.seal().result()

    def wait_until_idle(self, timeout_s: float | None = None) -> bool:
        """Waits until no folder is scanned and no file is ingested; False when the time ran out first."""
        return self._engine.progress.wait_until_idle(timeout_s)

    # ---- settings and folders

    def change_settings(self, settings: Settings) -> None:
        """Keeps and applies new settings.

        Raises:
            InputError: A pattern cannot be understood; the old settings stay in force.
            OSError: They could not be written; the old ones stay in force.
        """
        check_patterns(settings.exclude)
        before = self._engine.settings
        save_settings(self.profile.settings, settings)
        self._engine.apply(settings)
        if (settings.exclude, settings.least_side_px) != (before.exclude, before.least_side_px):
            if settings.least_side_px != before.least_side_px:
                watch_future(self.retry_skipped(), self.events, "Looking again at skipped files")
            self._engine.scanning.ask_all()

    def add_folder(self, path: bytes) -> Future[WatchedFolder]:
        """Watches a folder from now on.

        The future raises InputError when it is missing, no folder, unreadable, or Lookalike's own.
        """
        return self._engine.writer.call(functools.partial(self._add_folder, os.path.abspath(path)))

    def _add_folder(self, path: bytes, catalog: Catalog) -> WatchedFolder:
        name = os.fsdecode(path).encode("utf-8", "replace").decode()
        path, known = same_folder(path, self._engine.book.all())
        if known is not None:
            self._engine.scanning.ask(known.folder_id)
            return known
        if not os.path.exists(path):
            raise InputError(f"There is no folder “{name}”.")
        if not os.path.isdir(path):
            raise InputError(f"“{name}” is a file, not a folder.")
        if not is_readable(path):
            raise InputError(f"The folder “{name}” cannot be opened; check its permissions.")
        if is_private(path, self.profile.folders()):
            raise InputError(f"“{name}” holds Lookalike’s own data and cannot be watched.")
        try:
            volume = volume_of(path).identity
        except OSError as error:
            raise InputError(f"The drive of the folder “{name}” does not answer.") from error
        with catalog.transaction():
            folder_id = catalog.add_folder(path, volume)
        folder = WatchedFolder(folder_id, path, FolderState.ONLINE, 0)
        self._engine.book.put(folder)
        self._engine.watch_folders()
        self._engine.scanning.ask(folder_id)
        return folder

    def remove_folder(self, folder_id: int) -> Future[int]:
        """Forgets a folder with its photos' rows, vectors and thumbnails; answers how many photos it had."""
        return self._engine.writer.call(functools.partial(self._remove_folder, folder_id))

    def _remove_folder(self, folder_id: int, catalog: Catalog) -> int:
        before = self._engine.book.get(folder_id)
        self._engine.book.remove(folder_id)  # first, so that scanner and ingest let go of it
        try:
            with catalog.transaction():
                forgotten = catalog.forget_folder(folder_id)
        except Exception:
            if before is not None:
                self._engine.book.put(before)
            raise
        self._engine.watch_folders()
        self._engine.index.remove(forgotten.content_ids)
        self._engine.thumbnails.remove(forgotten.fingerprints)
        self._engine.count()
        self.events.send(PhotosChanged(removed=forgotten.photos))
        return forgotten.photos

    def rescan(self, folder_id: int | None = None) -> None:
        """Compares one folder, or all, with the catalog now."""
        if folder_id is None:
            self._engine.scanning.ask_all()
        else:
            self._engine.scanning.ask(folder_id)

    def pause(self) -> None:
        """Stops taking new files."""
        self._engine.ingest.pause(True)
        self._engine.progress.paused(True)

    def resume(self) -> None:
        """Goes on after a pause."""
        self._engine.ingest.pause(False)
        self._engine.progress.paused(False)

    # ---- what is in the library

    def listing(self, query: ListingQuery) -> Future[Listing]:
        """Answers the ids of the photos that match, in order."""
        return self._engine.query.call(lambda catalog: catalog.listing(query))

    def photos(self, file_ids: Sequence[int]) -> Future[list[Photo]]:
        """Answers the photos with these ids; unknown ones are left out."""
        return self._engine.query.call(lambda catalog: catalog.photos(file_ids))

    def skipped(self) -> Future[list[Skipped]]:
        """Answers the files that are left out, with reasons."""
        return self._engine.query.call(lambda catalog: catalog.skipped())

    def retry_skipped(self) -> Future[int]:
        """Forgets why files were skipped and looks at them again; answers how many."""

        def forget(catalog: Catalog) -> int:
            with catalog.transaction():
                count = catalog.remove_skipped()
            self._engine.scanning.ask_all()
            return count

        return self._engine.writer.call(forget)

    def status(self) -> Future[Status]:
        """Answers counts of everything."""
        engine = self._engine
        return engine.query.call(
            lambda catalog: read_status(
                catalog, self.model_id(), engine.book.all(), engine.index, engine.thumbnails
            )
        )

    # ---- pictures

    def thumbnail(self, fingerprint: bytes) -> bytes | None:
        """Reads a thumbnail, a JPEG, from the cache; call it on a worker thread."""
        return self._engine.thumbnails.get(fingerprint)

    def photo_bytes_thumbnail(self, path: bytes) -> Future[bytes]:
        """Answers a fresh thumbnail, a JPEG, for a photo whose cached one is gone or that is outside the library."""
        answer: Future[bytes] = Future()
        request = DecodeRequest(path, self._engine.model.card.input_px, 1)
        decoding = self._engine.pool.decode(request, is_urgent=True)

        def done(finished: Future[DecodedPhoto]) -> None:
            if not answer.set_running_or_notify_cancel():
                return  # nobody waits for it any more
            error = None if finished.cancelled() else finished.exception()
            if finished.cancelled():
                answer.set_exception(CancelledError())
            elif error is not None:
                answer.set_exception(error)
            else:
                photo = finished.result()
                keep_thumbnail(self._engine.thumbnails, photo)
                answer.set_result(photo.thumbnail)

        decoding.add_done_callback(done)
        return answer

    def large(self, path: bytes, longest_px: int) -> Future[NDArray[np.uint8]]:
        """Answers the upright photo, uint8 (H, W, 3), longer side at most ``longest_px``."""
        return self._engine.pool.large(path, longest_px)

    def clear_thumbnails(self) -> Future[int]:
        """Empties the thumbnail cache; answers the bytes freed."""
        return self._engine.files.submit(self._engine.thumbnails.clear)

    # ---- look-alikes

    def find_similar(
        self, query: int | bytes, limit: int = 200, threshold: float = 0.0
    ) -> Future[list[LookAlike]]:
        """Answers the look-alikes of a photo of the library (its id) or of any photo (its path), best first.

        The future raises InputError when the photo is not there, PhotoUnreadableError when it cannot be decoded.
        """
        return self._engine.query.call(
            functools.partial(self._find_similar, query=query, limit=limit, threshold=threshold)
        )

    def _find_similar(
        self, catalog: Catalog, *, query: int | bytes, limit: int, threshold: float
    ) -> list[LookAlike]:
        path, vector = search.query_vector(catalog, query, self._engine.model, lambda: self._engine.pool)
        return search.find_similar(
            catalog, self._engine.index, vector, limit=limit, threshold=threshold, left_out=path
        )

    # ---- files

    def copy_photos(self, file_ids: Sequence[int], destination: bytes) -> Future[FileReport]:
        """Copies photos to a folder; answers how many, and a sentence for each that was not."""
        return self._transfer(file_ids, destination, is_move=False)

    def move_photos(self, file_ids: Sequence[int], destination: bytes) -> Future[FileReport]:
        """Moves photos to a folder; answers how many, and a sentence for each that was not."""
        return self._transfer(file_ids, destination, is_move=True)

    def _transfer(self, file_ids: Sequence[int], destination: bytes, *, is_move: bool) -> Future[FileReport]:
        listed = self.photos(file_ids)

        def work() -> FileReport:
            photos = listed.result()
            report = transfer(photos, destination, is_move=is_move, check=self._engine.cancel.check)
            self._engine.scanning.ask_settled(
                [*{os.path.dirname(photo.path) for photo in photos}, destination]
            )
            return report

        return self._engine.files.submit(work)
