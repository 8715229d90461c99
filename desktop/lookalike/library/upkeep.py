"""Keeps the index in step with the catalog: loads it, seals a long tail, merges small segments.

Loading runs on the query thread, before the first search; sealing and merging on a thread of their own, while the
work itself is done in the index process.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor

from lookalike.catalog.catalog import Catalog
from lookalike.config.paths import Profile
from lookalike.config.settings import Metric
from lookalike.embedding.card import ModelCard
from lookalike.index.vectors import VectorIndex
from lookalike.library.events import EventBus, NoticeKind, NoticeRaised
from lookalike.library.threads import watch_future

log = logging.getLogger(__name__)


def make_index(profile: Profile, card: ModelCard, metric: Metric) -> VectorIndex:
    """Returns the profile's index for a model, not opened yet."""
    return VectorIndex(profile.index, card.model_id, card.dim, metric.value)


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
        self._is_sealing = False
        self.is_loaded = threading.Event()

    def load(self, catalog: Catalog) -> None:
        """Opens the segments and fills the tail with what the catalog holds beyond them."""
        try:
            report = self._index.open()
            for batch in catalog.embeddings_since(self._model_id, report.covered_change_seq):
                self._index.add(batch.content_ids, batch.vectors, batch.change_seq)
            self._index.keep_only(catalog.live_contents(self._model_id))
        finally:
            self.is_loaded.set()
        if report.problems:
            log.warning("The index was damaged: %s", " ".join(report.problems))
            told = f"{' '.join(report.problems)} It is being rebuilt from the catalog; nothing is lost."
            self._bus.send(NoticeRaised(NoticeKind.INDEX_REBUILT, told))
        self.consider()

    def consider(self) -> None:
        """Seals the tail if it has grown long; returns at once."""
        with self._lock:
            if self._is_sealing or not self._index.needs_seal():
                return
            self._is_sealing = True
        watch_future(self._executor.submit(self._seal), self._bus, "Saving the index")

    def seal(self) -> Future[None]:
        """Seals the tail whatever its length."""
        return self._executor.submit(self._index.seal)

    def close(self) -> None:
        """Waits for a seal that is under way."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _seal(self) -> None:
        try:
            self._index.seal()
            while self._index.merge():
                pass
        finally:
            with self._lock:
                self._is_sealing = False
