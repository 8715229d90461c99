"""Keeps the index in step with the catalog: loads it, seals a long tail, merges small segments.

Loading runs on the query thread, before the first search; sealing and merging on a thread of their own, while the
work itself is done in the index process.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from lookalike.catalog.catalog import Catalog
from lookalike.config.paths import Profile
from lookalike.config.settings import Metric
from lookalike.embedding.card import ModelCard
from lookalike.index.vectors import VectorIndex
from lookalike.library.events import EventBus, NoticeKind, NoticeRaised
from lookalike.library.threads import watch_future

log = logging.getLogger(__name__)


REBUILDING = "It is being rebuilt from the catalog; nothing is lost."


def make_index(
    profile: Profile, card: ModelCard, metric: Metric, on_damage: Callable[[str], None] | None = None
) -> VectorIndex:
    """Returns the profile's index for a model, not opened yet, to be written to."""
    return VectorIndex(profile.index, card.model_id, card.dim, metric.value, on_damage=on_damage)


def open_for_reading(profile: Profile, card: ModelCard, metric: Metric, catalog: Catalog) -> VectorIndex:
    """Returns the profile's index beside a possible writer: it answers, and changes no file.

    One question is answered sooner by comparing all vectors in the segment files than by a process that would have
    to load the graphs first.
    """
    index = VectorIndex(
        profile.index, card.model_id, card.dim, metric.value, is_writable=False, exact_below=sys.maxsize
    )
    index.open()
    fill(index, catalog, card.model_id)
    return index


def catch_up(index: VectorIndex, catalog: Catalog, model_id: str) -> None:
    """Adds what the catalog holds beyond the index, in the order in which it came to be."""
    for batch in catalog.embeddings_since(model_id, index.change_seq):
        index.add(batch.content_ids, batch.vectors, batch.change_seq)


def fill(index: VectorIndex, catalog: Catalog, model_id: str) -> None:
    """Makes the index hold exactly what the catalog holds."""
    catch_up(index, catalog, model_id)
    live = catalog.live_contents(model_id)
    index.keep_only(live)
    for content_id in np.setdiff1d(live, index.contents()).tolist():
        vector = catalog.embedding(content_id, model_id)
        if vector is not None:
            index.add([content_id], vector[np.newaxis], 0)  # 0: says nothing of any other


class Upkeep:
    """The upkeep thread.

    Args:
        index: Kept in step.
        model_id: The model whose embeddings it mirrors.
        bus: Where a rebuild is told.
    """

    def __init__(self, index: VectorIndex, model_id: str, bus: EventBus) -> None:
        self._index, self._model_id, self._bus = index, model_id, bus
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="upkeep")
        self._lock = threading.Lock()
        # An add says that everything before it was added too, so two must never run beside one another.
        self._adding = threading.Lock()
        self._is_sealing = self._is_closed = False
        self.is_loaded = threading.Event()

    def load(self, catalog: Catalog) -> None:
        """Opens the segments and fills the tail with what the catalog holds beyond them."""
        try:
            with self._adding:
                report = self._index.open()
                fill(self._index, catalog, self._model_id)
        finally:
            self.is_loaded.set()
        if report.problems:
            log.warning("The index was damaged: %s", " ".join(report.problems))
            self.tell_damage(" ".join(report.problems))
        self.consider()

    def refill(self, catalog: Catalog) -> None:
        """Adds again what a segment held that turned out damaged while it was in use."""
        with self._adding:
            fill(self._index, catalog, self._model_id)

    def catch_up(self, catalog: Catalog) -> None:
        """Adds what was committed since; on the writer thread, after each commit of embeddings."""
        self.is_loaded.wait()
        with self._adding:
            catch_up(self._index, catalog, self._model_id)
        self.consider()

    def tell_damage(self, sentence: str) -> None:
        """Tells that a segment was damaged and what becomes of it."""
        self._bus.send(NoticeRaised(NoticeKind.INDEX_REBUILT, f"{sentence} {REBUILDING}"))

    def consider(self) -> None:
        """Seals the tail if it has grown long; returns at once."""
        with self._lock:
            if self._is_closed or self._is_sealing or not self._index.needs_seal():
                return
            self._is_sealing = True
            sealing = self._executor.submit(self._seal)
        watch_future(sealing, self._bus, "Saving the index")

    def seal(self) -> Future[None]:
        """Seals the tail whatever its length, once everything is loaded."""

        def work() -> None:
            self.is_loaded.wait()
            self._index.seal()

        return self._executor.submit(work)

    def close(self) -> None:
        """Ends a seal that is under way, which leaves the tail for the next start, and the index process."""
        with self._lock:
            self._is_closed = True
        self._index.close()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _seal(self) -> None:
        try:
            self._index.seal()
            while self._index.merge():
                pass
        finally:
            with self._lock:
                self._is_sealing = False
