"""Tiny models made on the spot: a picture's mean colour per quarter as its embedding."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from lookalike.embedding.card import ModelCard

SIDE = 16
DIM = 12


def _tiny_graph(
    *,
    scale: float = 1.0,
    dim: int = DIM,
    input_type: int = TensorProto.UINT8,
    batch: str | int = "N",
    unit: bool = True,
    kept: int | None = None,
) -> onnx.ModelProto:
    """A graph from (N, 16, 16, 3) to (N, 12 or ``kept``): mean colours of the four quarters, unit length."""
    nodes = [
        helper.make_node("Cast", ["pixels"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["floats"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("AveragePool", ["planes"], ["quarters"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("Flatten", ["quarters"], ["flat"]),
        # How many columns this keeps is not known before it runs.
        helper.make_node("Compress", ["flat", "kept"], ["picked"], axis=1),
        helper.make_node("Mul", ["picked", "scale"], ["scaled"]),
        helper.make_node(
            "LpNormalization" if unit else "Identity",
            ["scaled"],
            ["embedding"],
            **({"axis": 1} if unit else {}),
        ),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("pixels", input_type, [batch, SIDE, SIDE, 3])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [batch, dim])],
        [
            numpy_helper.from_array(np.array([scale], np.float32), "scale"),
            numpy_helper.from_array(np.arange(DIM) < (DIM if kept is None else kept), "kept"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model


@pytest.fixture
def tiny_graph() -> Callable[..., onnx.ModelProto]:
    """Makes graphs from (N, 16, 16, 3) to (N, 12); see :func:`_tiny_graph`."""
    return _tiny_graph


@pytest.fixture
def write_model(tmp_path: Path) -> Callable[..., ModelCard]:
    """Writes a graph and its card into ``tmp_path`` and reads the card back; keywords change the card."""

    def write(
        model: onnx.ModelProto | bytes, name: str = "tiny", folder: Path = tmp_path, **changes: Any
    ) -> ModelCard:
        data = model if isinstance(model, bytes) else model.SerializeToString()
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.onnx").write_bytes(data)
        card = {
            "id": name,
            "file": f"{name}.onnx",
            "sha256": hashlib.sha256(data).hexdigest(),
            "input_px": SIDE,
            "resize": "squash",
            "dim": DIM,
            **changes,
        }
        file = folder / f"{name}.json"
        file.write_text(json.dumps(card))
        return ModelCard.read(file)

    return write
