"""Writes a wrapped network as an ONNX file with its card, once onnxruntime computes what torch computes."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from lookalike.embedding.golden import golden_picture
from models.export.cards import session_of, write_model
from models.export.graph import OPSET
from models.export.recipes.wrap import Model

MOST_DIFFERENCE = 1e-3
"""Of any element of a unit vector between torch and onnxruntime; float32 sums in another order cost 1e-5."""


class WrongGraphError(Exception):
    """The ONNX graph does not compute what the network computes; the message says by how much."""


def write_recipe(
    folder: Path, name: str, model: Model, input_px: int, about: dict[str, Any]
) -> dict[str, Any]:
    """Writes ``name.onnx`` and ``name.json``, none of them where the check fails.

    Args:
        folder: Made where it does not exist.
        name: Begins the model id and both files' names.
        model: The network in the app's contract.
        input_px: Side of the square input.
        about: Facts for people, such as where the weights came from.

    Returns:
        The card.

    Raises:
        WrongGraphError: onnxruntime and torch disagree.
    """
    graph = to_onnx(model, input_px)
    check(graph, model, input_px)
    folder.mkdir(parents=True, exist_ok=True)
    return write_model(folder, name, graph, input_px, "f32", family=name, about=about)


def to_onnx(model: Model, input_px: int) -> bytes:
    """Exports to one serialised graph: uint8 ``pixels`` (N, S, S, 3), any N, to the model's outputs.

    Uses torch's older exporter, which takes TorchScript too and needs no further package.
    """
    model.eval()
    example = torch.from_numpy(probes(input_px)[:2])
    # The exporter refuses TorchScript inside a module, but not a module that is TorchScript as a whole.
    has_script = any(isinstance(part, torch.jit.ScriptModule) for part in model.modules())
    file = io.BytesIO()
    is_fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # one fused operator that ONNX does not have
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it is the older one, and that shapes become constants
            torch.onnx.export(
                torch.jit.trace(model, (example,)) if has_script else model,
                (example,),
                file,
                input_names=["pixels"],
                output_names=list(model.outputs),
                dynamic_axes={each: {0: "N"} for each in ("pixels", *model.outputs)},
                opset_version=OPSET,
                dynamo=False,
            )
    finally:
        torch.backends.mha.set_fastpath_enabled(is_fast)
    graph = onnx.load_from_string(file.getvalue())
    with torch.no_grad():
        results = model(example)
    # The exporter leaves some sides unnamed that are numbers: only the count of photos varies.
    for declared, result in zip(
        graph.graph.output, results if isinstance(results, tuple) else (results,), strict=True
    ):
        for side, size in list(zip(declared.type.tensor_type.shape.dim, result.shape, strict=True))[1:]:
            side.dim_value = size
    onnx.checker.check_model(graph, full_check=True)
    return graph.SerializeToString()


def check(graph: bytes, model: Model, input_px: int) -> float:
    """Compares onnxruntime with torch on one photo and on several.

    Returns:
        The largest difference of any element.

    Raises:
        WrongGraphError: It is too large, or the vectors are no unit vectors.
    """
    session = session_of(graph)
    pixels = probes(input_px)
    most = 0.0
    for batch in (pixels[:1], pixels):
        with torch.no_grad():
            expected = model(torch.from_numpy(batch))
        expected = expected if isinstance(expected, tuple) else (expected,)
        found = session.run(list(model.outputs), {"pixels": batch})
        for name, there, here in zip(model.outputs, expected, found, strict=True):
            if here.shape != tuple(there.shape):
                raise WrongGraphError(f"“{name}” has the shape {here.shape}, not {tuple(there.shape)}.")
            most = max(most, float(np.abs(here - there.numpy()).max()))
        lengths = np.linalg.norm(found[0], axis=1)
        if not np.allclose(lengths, 1, atol=1e-3):
            raise WrongGraphError("The network gives vectors that cannot be brought to unit length.")
    if not most <= MOST_DIFFERENCE:
        raise WrongGraphError(f"onnxruntime and torch differ by {most:.1e}.")
    return most


def probes(input_px: int) -> NDArray[np.uint8]:
    """Returns uint8 (3, S, S, 3): the golden picture, its mirror image in other colours, and coarse noise."""
    golden = golden_picture(input_px)
    coarse = np.random.default_rng(1).integers(0, 256, (8, 8, 3), np.uint8)
    step = -(-input_px // 8)
    noise = coarse.repeat(step, 0).repeat(step, 1)[:input_px, :input_px]
    return np.stack([golden, golden[:, ::-1, ::-1], noise])
