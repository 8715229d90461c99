"""The embedding model shared by ingest and query photos, loaded on first use; query photos go first.

Any thread may ask. One ONNX session serves all; whoever holds it works on at most one small batch, so a waiting
query photo is never more than one batch away.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike.config.paths import write_private
from lookalike.core.errors import ModelError
from lookalike.embedding.card import ModelCard
from lookalike.embedding.models import ModelStore
from lookalike.embedding.session import Embedder, computes_rightly, working_card

log = logging.getLogger(__name__)

BATCH = 8
"""Photos embedded at once: larger ones gain little and keep a query photo waiting."""


class SharedModel:
    """Hands out the one session in turn.

    Args:
        card: The model in use.
        open_embedder: Opens it; called once, on the thread that first needs it.
    """

    def __init__(self, card: ModelCard, open_embedder: Callable[[], Embedder]) -> None:
        self.card = card
        self._open = open_embedder
        self._embedder: Embedder | None = None
        self._turn = threading.Condition()
        self._is_taken = False
        self._queries_waiting = 0

    def embed_batch(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeds photos being ingested, after any query photo that waits.

        Args:
            pixels: uint8 (N, S, S, 3), N at most :data:`BATCH`.

        Returns:
            float32 (N, dim), rows of unit length.

        Raises:
            ModelError: The model cannot be used or gave no numbers.
        """
        return self._embed(pixels, is_query=False)

    def embed_query(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeds one query photo, before the next batch: uint8 (S, S, 3) to float32 (dim,).

        Raises:
            ModelError: The model cannot be used or gave no numbers.
        """
        row: NDArray[np.float32] = self._embed(pixels[np.newaxis], is_query=True)[0]
        return row

    def load(self) -> None:
        """Opens the model now, for a query photo that is being decoded.

        Raises:
            ModelError: It cannot be used.
        """
        if self._embedder is not None:
            return
        self._take(is_query=True)
        try:
            self._opened()
        finally:
            self._give_back()

    def _embed(self, pixels: NDArray[np.uint8], is_query: bool) -> NDArray[np.float32]:
        self._take(is_query)
        try:
            return self._opened().embed(pixels)
        finally:
            self._give_back()

    def _opened(self) -> Embedder:
        if self._embedder is None:
            self._embedder = self._open()
        return self._embedder

    def _take(self, is_query: bool) -> None:
        with self._turn:
            self._queries_waiting += is_query
            self._turn.wait_for(lambda: not self._is_taken and (is_query or not self._queries_waiting))
            self._queries_waiting -= is_query
            self._is_taken = True

    def _give_back(self) -> None:
        with self._turn:
            self._is_taken = False
            self._turn.notify_all()


def open_shared(store: ModelStore, wanted_id: str, memo: Path, tell: Callable[[str], None]) -> SharedModel:
    """Picks the model to use: the one wanted, else the default, else the default's fallback.

    Whether this machine computes the default rightly is tried once with the golden picture and remembered, because
    the model's id must be known before anything is embedded.

    Args:
        store: The models there are.
        wanted_id: The user's choice; empty for the default.
        memo: File that remembers which models were tried on which processor.
        tell: Gets a sentence when another model than the one wanted has to serve.

    Raises:
        ModelError: No model can be used.
    """
    wanted = _wanted_card(store, wanted_id, tell)
    card = working_card(store, wanted, lambda each: _remembered(each, memo))
    if card is not wanted:
        tell("The fast model does not compute rightly on this processor; the exact one serves instead.")
    threads = max(1, (os.cpu_count() or 1) // 2)
    return SharedModel(card, lambda: Embedder.open(card, threads))


def _wanted_card(store: ModelStore, wanted_id: str, tell: Callable[[str], None]) -> ModelCard:
    if wanted_id:
        try:
            return store.get(wanted_id)
        except ModelError as error:
            tell(f"{error} The model that came with Lookalike serves instead.")
    return store.default()


def _remembered(card: ModelCard, memo: Path) -> bool:
    key = f"{card.model_id} on {platform.machine()} {platform.processor()}"
    try:
        tried = json.loads(memo.read_text("utf-8"))
        if isinstance(tried.get(key), bool):
            return bool(tried[key])
    except (OSError, ValueError, AttributeError):
        tried = {}
    result = computes_rightly(card)
    try:
        write_private(memo, json.dumps({**tried, key: result}).encode())
    except OSError as error:
        log.warning("The model check could not be remembered: %s", error)
    return result
