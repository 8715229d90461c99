"""The model card: what a program must know of a model file; read from JSON, no thread of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.core.errors import ModelError

RESIZES = ("squash",)
"""How a photo comes to the input's square; ``squash``: the whole photo, its proportions given up."""
MOST_INPUT_PX = 1024
MOST_DIM = 4096


@dataclass(frozen=True, slots=True)
class Golden:
    """What the golden picture must come out as.

    Attributes:
        vector: float32 (dim,), unit length.
        least_cosine: Anything below is a mismatch: the model does not compute here what it computed there.
    """

    vector: NDArray[np.float32]
    least_cosine: float


@dataclass(frozen=True, slots=True)
class ScoreBand:
    """From this score on, two photos are copies of one another with this probability, as measured."""

    score: float
    copy_probability: float


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One model file, as its card describes it.

    Attributes:
        model_id: Name of the vectors' space; embeddings of two ids never mix.
        file: The ONNX file, beside the card.
        sha256: Of the file, 64 lower-case hexadecimal digits.
        input_px: Side of the square input, pixels.
        dim: Length of an embedding.
        resize: One of :data:`RESIZES`.
        is_default: The model to use where the user chose none.
        fallback_id: The model to use where this one fails its golden check; empty where there is none.
        golden: None where the card gives none.
        bands: Calibrated meaning of scores, ascending; empty where nobody measured it.
    """

    model_id: str
    file: Path
    sha256: str
    input_px: int
    dim: int
    resize: str = "squash"
    is_default: bool = False
    fallback_id: str = ""
    golden: Golden | None = None
    bands: tuple[ScoreBand, ...] = ()

    @classmethod
    def read(cls, file: Path) -> ModelCard:
        """Reads a card.

        Raises:
            ModelError: It cannot be read, or a value is missing or out of bounds.
        """
        try:
            raw = json.loads(file.read_bytes())
        except OSError as error:
            reason = (error.strerror or "unknown reason").lower()
            raise ModelError(f"The model card “{file.name}” cannot be read: {reason}.") from error
        except ValueError as error:
            raise ModelError(f"The model card “{file.name}” is not valid JSON.") from error
        try:
            return cls._from_json(raw, file.parent)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            missing = f"“{error.args[0]}” is missing" if isinstance(error, KeyError) else str(error)
            raise ModelError(f"The model card “{file.name}” cannot be used: {missing}.") from error

    @classmethod
    def _from_json(cls, raw: dict[str, Any], folder: Path) -> ModelCard:
        dim = _whole(raw, "dim", 1, MOST_DIM)
        name = _text(raw, "file")
        if Path(name).name != name:
            raise ValueError("“file” must be the name of a file beside the card")
        sha256 = _text(raw, "sha256").lower()
        if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
            raise ValueError("“sha256” must be 64 hexadecimal digits")
        resize = _text(raw, "resize")
        if resize not in RESIZES:
            raise ValueError(f"“resize” must be one of {', '.join(RESIZES)}")
        bands = (ScoreBand(float(b["score"]), float(b["copy_probability"])) for b in raw.get("bands", []))
        return cls(
            model_id=_text(raw, "id"),
            file=folder / name,
            sha256=sha256,
            input_px=_whole(raw, "input_px", 16, MOST_INPUT_PX),
            dim=dim,
            resize=resize,
            is_default=raw.get("default", False) is True,
            fallback_id=str(raw.get("fallback", "")),
            golden=_golden(raw["golden"], dim) if raw.get("golden") else None,
            bands=tuple(sorted(bands, key=lambda band: band.score)),
        )


def _golden(raw: dict[str, Any], dim: int) -> Golden:
    vector = np.asarray(raw["vector"], np.float32)
    if vector.shape != (dim,) or not np.isfinite(vector).all() or not np.any(vector):
        raise ValueError(f"“golden” must hold a vector of {dim} numbers")
    return Golden(vector / np.linalg.norm(vector), float(raw["least_cosine"]))


def _text(raw: dict[str, Any], key: str) -> str:
    value = raw[key]
    if not isinstance(value, str) or not value:
        raise ValueError(f"“{key}” must be a text")
    return value


def _whole(raw: dict[str, Any], key: str, least: int, most: int) -> int:
    value = raw[key]
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"“{key}” must be a whole number from {least} to {most}")
    return value
