"""Weights back out of a shipped ONNX file or a checkpoint, so that training can go on from either."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

if TYPE_CHECKING:
    import torch

_NOT_LEARNED = {"pixel_mean", "pixel_std", "gem_floor", "length_floor"}


def weights_of(model: onnx.ModelProto) -> dict[str, NDArray[np.float32]]:
    """Returns the learned tensors of an unfolded graph as float32 arrays under their ``state_dict`` names.

    Raises:
        ValueError: The graph is folded or quantised, or is not this network's.
    """
    values = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer if i.name not in _NOT_LEARNED}
    if "bn1.running_var" not in values or "fc.weight" not in values:
        raise ValueError("The file holds no trainable weights; use the float file.")
    return {name: np.asarray(value, np.float32) for name, value in values.items()}


def state_dict_of(file: Path) -> dict[str, torch.Tensor]:
    """Returns a ``state_dict`` for :class:`models.train.network.EmbeddingNet` from a shipped .onnx file.

    Weights went through float16, so they differ from the checkpoint's by up to 0.05 %. The counters of
    batches seen, which batch normalisation keeps but does not use here, start at zero.
    """
    import torch

    state = {name: torch.from_numpy(value.copy()) for name, value in weights_of(onnx.load(file)).items()}
    for name in [name for name in state if name.endswith(".running_mean")]:
        state[name.removesuffix("running_mean") + "num_batches_tracked"] = torch.tensor(0)
    return state


def checkpoint_weights(file: Path) -> dict[str, NDArray[np.float32]]:
    """Returns the weights to export: of a shipped .onnx file, or a checkpoint's moving average."""
    if file.suffix == ".onnx":
        return weights_of(onnx.load(file))
    import torch

    state = torch.load(file, map_location="cpu", weights_only=True)
    return {
        n: v.float().numpy() for n, v in state["average"].items() if not n.endswith("num_batches_tracked")
    }
