"""Writes a model file with its card for programs: id, hash, golden vector, and who stands in for whom."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from lookalike.embedding.golden import golden_picture

LEAST_COSINE = {"f32": 0.9999, "int8": 0.995}
"""Float kernels agree to 1e-6 and integer kernels to about 1e-3 between CPUs; saturation costs far more."""


def session_of(model: bytes, threads: int = 1) -> onnxruntime.InferenceSession:
    """Opens a model from its bytes on the CPU."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def embed(
    session: onnxruntime.InferenceSession, pixels: NDArray[np.uint8], batch: int = 16
) -> NDArray[np.float32]:
    """Embeds uint8 (N, S, S, 3) in batches, float32 (N, dim)."""
    parts = [
        session.run(["embedding"], {"pixels": pixels[i : i + batch]})[0] for i in range(0, len(pixels), batch)
    ]
    return np.concatenate(parts)


def write_atomically(file: Path, data: bytes) -> None:
    """Writes beside the file and renames over it."""
    temporary = file.with_name(file.name + ".part")
    temporary.write_bytes(data)
    os.replace(temporary, file)


def write_model(
    folder: Path,
    name: str,
    model: bytes,
    input_px: int,
    precision: str,
    *,
    family: str = "lookalike-resnet18",
    fallback: str = "",
    about: dict[str, Any],
) -> dict[str, Any]:
    """Writes ``name.onnx`` and ``name.json``.

    Args:
        folder: Where both go.
        name: File name without suffix.
        model: The serialised graph.
        input_px: Side of the square input.
        precision: ``f32`` or ``int8``; ends the id.
        family: Begins the id.
        fallback: Id of the model that serves where this one's golden vector does not come out.
        about: Facts for people that programs ignore, such as views seen in training.

    Returns:
        The card as written; ``default`` is false until :func:`set_default`.
    """
    digest = hashlib.sha256(model).hexdigest()
    golden = embed(session_of(model), golden_picture(input_px)[None])[0]
    card: dict[str, Any] = {
        "id": f"{family}-{digest[:8]}-{precision}",
        "file": f"{name}.onnx",
        "sha256": digest,
        "input_px": input_px,
        "resize": "squash",
        "dim": int(golden.shape[0]),
        "default": False,
        "fallback": fallback,
        "about": about,
        "bands": [],
        "golden": {"least_cosine": LEAST_COSINE[precision], "vector": [round(float(v), 5) for v in golden]},
    }
    write_atomically(folder / f"{name}.onnx", model)
    write_card(folder / f"{name}.json", card)
    return card


def write_card(file: Path, card: dict[str, Any]) -> None:
    """Writes a card: one line per key, so that a change of one value is a change of one line."""
    lines = [f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in card.items()]
    write_atomically(file, ("{\n" + ",\n".join(lines) + "\n}\n").encode())


def set_default(folder: Path, model_id: str) -> None:
    """Makes one of the folder's cards the default and takes the mark off all others."""
    for file in sorted(folder.glob("*.json")):
        card = json.loads(file.read_text())
        if "sha256" in card:
            write_card(file, {**card, "default": card["id"] == model_id})
