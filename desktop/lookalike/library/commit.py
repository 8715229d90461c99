"""What ingest writes: one transaction on the writer thread for file, content and embedding, then the index.

Called on the ingest and scanner threads; the transaction itself runs on the writer thread.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.catalog.catalog import Catalog
from lookalike.catalog.errors import CatalogWaitsError
from lookalike.core.records import ContentState, Facts, FileStat
from lookalike.index.vectors import VectorIndex
from lookalike.library.events import EventBus, NoticeKind, NoticeRaised
from lookalike.library.threads import CatalogThread, watch_future

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stored:
    """A decoded photo to write; ``vector`` is float32 (dim,), or None where the content is embedded already."""

    folder_id: int
    path: bytes
    stat: FileStat
    fingerprint: bytes
    pixel_fingerprint: bytes
    facts: Facts
    state: ContentState
    vector: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class Commit:
    """Rows of one transaction.

    Attributes:
        stored: Decoded photos.
        model_id: The model that made their vectors.
        linked: Files of a content known already: folder, path, stat, content, and the file row that moved
            here or None for a further copy.
        skipped: Files left out: folder, path, stat, reason.
        missing: Files whose path is gone: id and that path. One that was found under another path since is let be.
        returned: File ids that are there again, with their stat.
        volume: A watched folder and the volume it lies on now; None when that has not changed.
    """

    stored: tuple[Stored, ...] = ()
    model_id: str = ""
    linked: tuple[tuple[int, bytes, FileStat, int, int | None], ...] = ()
    skipped: tuple[tuple[int, bytes, FileStat, str], ...] = ()
    missing: tuple[tuple[int, bytes], ...] = ()
    returned: tuple[tuple[int, FileStat], ...] = ()
    volume: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What a commit that was written had to leave out, because the catalog changed since its rows were made.

    Attributes:
        forgotten: Paths that no watched folder covers any more.
        lost: Linked paths whose content is gone: they want a decode after all.
    """

    forgotten: frozenset[bytes] = frozenset()
    lost: frozenset[bytes] = frozenset()


class Writing:
    """Commits to the catalog first and tells the index second, both on the writer thread.

    Args:
        writer: The thread with the only writing connection.
        index: Forgets what the catalog forgets.
        bus: Where a full disk is told.
        catch_up: Brings the index up to what was committed.
    """

    def __init__(
        self, writer: CatalogThread, index: VectorIndex, bus: EventBus, catch_up: Callable[[Catalog], None]
    ) -> None:
        self._writer, self._index, self._bus, self._catch_up = writer, index, bus, catch_up
        self._is_failing = False

    def commit(self, commit: Commit) -> Written | None:
        """Writes everything in ``commit`` or nothing; None when the disk is full or the catalog is held.

        The index follows before this returns; where it cannot, the rows are safe all the same, the user is told,
        and a later commit or the next start brings it up to date.
        """
        try:
            written = self._writer.call(lambda catalog: _write(catalog, commit)).result()
        except CatalogWaitsError as error:
            log.warning("The catalog could not be written: %s", error)
            if not self._is_failing:  # said once, not with every try
                self._is_failing = True
                self._bus.send(NoticeRaised(NoticeKind.DISK_FULL, str(error)))
            return None
        if any(each.vector is not None for each in commit.stored):
            following = self._writer.call(self._catch_up)
            concurrent.futures.wait([watch_future(following, self._bus, "Bringing the index up to date")])
        if self._is_failing:
            self._is_failing = False
            self._bus.send(NoticeRaised(NoticeKind.DISK_FULL, ""))
        return written

    def forget_unused(self) -> list[bytes]:
        """Forgets contents that no file needs any more; returns their fingerprints."""
        try:
            forgotten = self._writer.call(lambda catalog: catalog.forget_unused()).result()
        except CatalogWaitsError as error:
            log.warning("Unused contents stay for now: %s", error)
            return []
        self._index.remove(forgotten.content_ids)
        return forgotten.fingerprints


def _write(catalog: Catalog, commit: Commit) -> Written:
    """Writes all rows in one transaction, but those of folders that were forgotten since."""
    forgotten: set[bytes] = set()
    lost: set[bytes] = set()

    def is_watched(path: bytes) -> bool:
        if catalog.is_watched(path):
            return True
        forgotten.add(path)
        return False

    with catalog.transaction():
        for each in commit.stored:
            if not is_watched(each.path):
                continue
            content_id = catalog.store_content(
                each.fingerprint, each.pixel_fingerprint, each.facts, each.state
            )
            catalog.store_file(each.folder_id, each.path, each.stat, content_id)
            if each.vector is not None and not catalog.has_embedding(content_id, commit.model_id):
                catalog.store_embedding(content_id, commit.model_id, each.vector)
        for folder_id, path, stat, content_id, moved in commit.linked:
            if is_watched(path) and not _link(catalog, folder_id, path, stat, content_id, moved):
                lost.add(path)
        for folder_id, path, stat, reason in commit.skipped:
            if is_watched(path):
                catalog.store_skipped(folder_id, path, stat, reason, can_retry=True)
        if commit.missing:
            catalog.mark_missing(catalog.still_at(commit.missing), time.time())
        for file_id, stat in commit.returned:
            with contextlib.suppress(LookupError):  # forgotten since
                catalog.mark_present(file_id, stat)
        if commit.volume is not None:
            catalog.set_folder_volume(*commit.volume)
    return Written(frozenset(forgotten), frozenset(lost))


def _link(
    catalog: Catalog, folder_id: int, path: bytes, stat: FileStat, content_id: int, moved: int | None
) -> bool:
    """Puts a file of a known content at ``path``; False where that content was forgotten since."""
    if moved is not None:
        with contextlib.suppress(LookupError):  # the row that moved was forgotten since
            catalog.move_file(moved, folder_id, path, stat)
            return True
    try:
        catalog.store_file(folder_id, path, stat, content_id)
    except LookupError:
        return False
    return True
