"""What is compared in one run: shipped models, perceptual hashes, a network that learned nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike.embedding.card import ModelCard
from lookalike.embedding.session import Embedder
from models.evaluate.photos import squash
from models.export.cards import embed, session_of
from models.export.graph import build_graph

BATCH = 16


class Describer(Protocol):
    """Turns photos into rows whose products are scores."""

    name: str

    def describe(self, photos: list[Image.Image]) -> NDArray[np.float32]:
        """Returns float32 (N, d): the product of two rows is the score of two photos, higher is more alike."""
        ...


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
        return (bits.astype(np.float32) * 2 - 1) / 8


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


def random_weights(
    seed: int, depths: tuple[int, ...] = (2, 2, 2, 2), dim: int = 256
) -> dict[str, NDArray[np.float32]]:
    """Returns weights of an untrained network: He-initialised kernels, neutral batch normalisation."""
    rng = np.random.default_rng(seed)
    weights: dict[str, NDArray[np.float32]] = {}

    def conv_bn(conv: str, bn: str, channels_in: int, channels_out: int, side: int) -> None:
        spread = np.sqrt(2 / (channels_out * side * side))
        kernel = rng.standard_normal((channels_out, channels_in, side, side)) * spread
        weights[f"{conv}.weight"] = kernel.astype(np.float32)
        for part, value in (("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)):
            weights[f"{bn}.{part}"] = np.full(channels_out, value, np.float32)

    conv_bn("conv1", "bn1", 3, 64, 7)
    channels = 64
    for stage, depth in enumerate(depths, start=1):
        width = 64 * 2 ** (stage - 1)
        for number in range(depth):
            prefix = f"layer{stage}.{number}"
            conv_bn(f"{prefix}.conv1", f"{prefix}.bn1", channels, width, 3)
            conv_bn(f"{prefix}.conv2", f"{prefix}.bn2", width, width, 3)
            if channels != width or (stage > 1 and number == 0):
                conv_bn(f"{prefix}.shortcut.0", f"{prefix}.shortcut.1", channels, width, 1)
            channels = width
    weights["gem_power"] = np.array(3.0, np.float32)
    weights["fc.weight"] = (rng.standard_normal((dim, channels)) / np.sqrt(channels)).astype(np.float32)
    weights["fc.bias"] = np.zeros(dim, np.float32)
    return weights


def default_cards(folder: Path) -> list[Path]:
    """Returns the cards of all models in a folder, the float one first."""
    return sorted(
        (file for file in folder.glob("lookalike-*.json")), key=lambda file: ("int8" in file.name, file.name)
    )
