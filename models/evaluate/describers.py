"""What is compared in one run: shipped models, perceptual hashes, a network that learned nothing."""

from __future__ import annotations

from pathlib import Path

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike.embedding.card import ModelCard
from lookalike.embedding.session import Embedder
from models.evaluate.photos import squash
from models.export.cards import embed, session_of
from models.export.graph import build_graph
from models.export.untrained import random_weights

BATCH = 16


class ShippedModel:
    """A model of the app, opened and run by the app's own code."""

    def __init__(self, card: ModelCard, threads: int) -> None:
        self.name = "int8" if card.model_id.endswith("-int8") else "float32"
        self.card = card
        self._embedder = Embedder.open(card, threads)

    def describe(self, photos: list[Image.Image]) -> NDArray[np.float32]:
        side = self.card.input_px
        parts = [
            self._embedder.embed(np.stack([squash(photo, side) for photo in photos[i : i + BATCH]]))
            for i in range(0, len(photos), BATCH)
        ]
        return np.concatenate(parts)


class Hash:
    """A perceptual hash of 64 bits from imagehash; the score is 1 minus the part of bits that differ."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._hash = {"pHash": imagehash.phash, "dHash": imagehash.dhash}[name]

    def describe(self, photos: list[Image.Image]) -> NDArray[np.float32]:
        bits = np.stack([self._hash(photo).hash.ravel() for photo in photos])
        # Signs over 8: their product is (agreeing - differing bits) / 64, which orders as the distance does.
        return np.where(bits, np.float32(0.125), np.float32(-0.125))


class RandomNetwork:
    """The same architecture with He-initialised weights: what the shape of the network alone is worth."""

    name = "random net"

    def __init__(self, input_px: int, threads: int, seed: int) -> None:
        self._side = input_px
        model = build_graph(random_weights(seed), input_px).SerializeToString()
        self._session = session_of(model, threads)

    def describe(self, photos: list[Image.Image]) -> NDArray[np.float32]:
        parts = [
            embed(self._session, np.stack([squash(photo, self._side) for photo in photos[i : i + BATCH]]))
            for i in range(0, len(photos), BATCH)
        ]
        return np.concatenate(parts)


def default_cards(folder: Path) -> list[Path]:
    """Returns the cards of all models in a folder, the float one first."""
    return sorted(
        (file for file in folder.glob("lookalike-*.json")), key=lambda file: ("int8" in file.name, file.name)
    )
