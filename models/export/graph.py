"""The ONNX graph of the network, built node by node from its weights; needs numpy and onnx, not torch.

Building by hand keeps what an exporter would rename or fold away: initializers carry the names of the
network's ``state_dict``, so that training can go on from the shipped file alone
(:mod:`models.export.restore`), and batch normalisation stays a node of its own. onnxruntime fuses it into the
convolutions on loading.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Weights = Mapping[str, NDArray[np.float32]]

OPSET = 17
"""Old enough for every onnxruntime since 1.13; nothing newer is needed."""
IR_VERSION = 8
"""The file format that goes with opset 17."""
PIXEL_MEAN = (123.675, 116.28, 103.53)
"""As in :mod:`models.train.network`, which needs torch; a test holds the two together."""
PIXEL_STD = (58.395, 57.12, 57.375)
GEM_FLOOR = 1e-6
BATCH_NORM_EPSILON = 1e-5
"""PyTorch's own default, which the network uses."""
LENGTH_FLOOR = 1e-12
"""As in ``torch.nn.functional.normalize``."""


class GraphBuilder:
    """Collects nodes and initializers; each method adds one operation and returns the name of its result."""

    def __init__(self, weights: Weights, is_folded: bool) -> None:
        self.weights = {name: np.asarray(value, np.float32) for name, value in weights.items()}
        self.is_folded = is_folded
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, onnx.TensorProto] = {}

    def node(self, kind: str, *inputs: str, name: str, **attributes: object) -> str:
        """Adds one node with one output that bears the node's name."""
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=f"{name}/{kind}", **attributes))
        return name

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        """Adds an initializer as it is."""
        self.initializers[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def weight(self, name: str) -> str:
        """Adds a learned tensor under its own name; matrices and kernels are stored as float16 and cast."""
        value = self.weights[name]
        if value.ndim < 2:
            return self.constant(name, value)
        if name in self.initializers:
            return f"{name}.float"
        self.constant(name, value.astype(np.float16))
        return self.node("Cast", name, name=f"{name}.float", to=TensorProto.FLOAT)

    def conv_bn(self, x: str, conv: str, bn: str, stride: int) -> str:
        """Adds a convolution with batch normalisation, as two nodes or folded into one."""
        kernel = self.weights[f"{conv}.weight"]
        side = kernel.shape[2]
        shape = {"kernel_shape": [side, side], "strides": [stride, stride], "pads": [side // 2] * 4}
        if self.is_folded:
            folded, bias = fold(self.weights, conv, bn)
            self.constant(f"{conv}.weight", folded)
            self.constant(f"{conv}.bias", bias)
            return self.node("Conv", x, f"{conv}.weight", f"{conv}.bias", name=f"{conv}.out", **shape)
        y = self.node("Conv", x, self.weight(f"{conv}.weight"), name=f"{conv}.out", **shape)
        parts = [self.weight(f"{bn}.{part}") for part in ("weight", "bias", "running_mean", "running_var")]
        return self.node("BatchNormalization", y, *parts, name=f"{bn}.out", epsilon=BATCH_NORM_EPSILON)

    def block(self, x: str, prefix: str, stride: int) -> str:
        """Adds two 3×3 convolutions with a shortcut around them."""
        y = self.conv_bn(x, f"{prefix}.conv1", f"{prefix}.bn1", stride)
        y = self.node("Relu", y, name=f"{prefix}.relu1")
        y = self.conv_bn(y, f"{prefix}.conv2", f"{prefix}.bn2", 1)
        if f"{prefix}.shortcut.0.weight" in self.weights:
            x = self.conv_bn(x, f"{prefix}.shortcut.0", f"{prefix}.shortcut.1", stride)
        y = self.node("Add", y, x, name=f"{prefix}.sum")
        return self.node("Relu", y, name=f"{prefix}.out")


def fold(weights: Weights, conv: str, bn: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Folds a batch normalisation into the convolution before it.

    Returns:
        Kernel float32 (out, in, k, k) and bias float32 (out,).
    """
    variance = weights[f"{bn}.running_var"].astype(np.float64) + BATCH_NORM_EPSILON
    factor = weights[f"{bn}.weight"] / np.sqrt(variance)
    kernel = weights[f"{conv}.weight"] * factor[:, None, None, None]
    bias = weights[f"{bn}.bias"] - weights[f"{bn}.running_mean"] * factor
    return kernel.astype(np.float32), bias.astype(np.float32)


def depths_of(weights: Weights) -> tuple[int, ...]:
    """Returns how many blocks each stage of the network has, read from the names of its weights."""
    stages: dict[int, int] = {}
    for name in weights:
        if name.startswith("layer"):
            stage, number = name.split(".")[:2]
            stages[int(stage[5:])] = max(stages.get(int(stage[5:]), 0), int(number) + 1)
    return tuple(stages[stage] for stage in sorted(stages))


def build_graph(weights: Weights, input_px: int, *, is_folded: bool = False) -> onnx.ModelProto:
    """Builds the graph from uint8 ``pixels`` (N, S, S, 3) to ``embedding`` and ``map``.

    Args:
        weights: The network's ``state_dict`` as float32 arrays.
        input_px: Side S of the square input.
        is_folded: Batch normalisation goes into the convolutions and weights stay float32: the form that is
            quantised. Such a file cannot be trained further.

    Returns:
        A checked model. ``embedding`` is float32 (N, dim), rows of unit length. ``map`` is float32
        (N, h, w, dim): the embedding that each cell of the last feature map would have if it were the whole
        photo, also of unit length.
    """
    build = GraphBuilder(weights, is_folded)
    x = build.node("Cast", "pixels", name="pixels.float", to=TensorProto.FLOAT)
    x = build.node("Transpose", x, name="pixels.planes", perm=[0, 3, 1, 2])
    mean = build.constant("pixel_mean", np.array(PIXEL_MEAN, np.float32).reshape(1, 3, 1, 1))
    std = build.constant("pixel_std", np.array(PIXEL_STD, np.float32).reshape(1, 3, 1, 1))
    x = build.node("Div", build.node("Sub", x, mean, name="pixels.centred"), std, name="pixels.normal")

    x = build.node("Relu", build.conv_bn(x, "conv1", "bn1", 2), name="relu1")
    x = build.node("MaxPool", x, name="pool1", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    for stage, depth in enumerate(depths_of(weights), start=1):
        for number in range(depth):
            x = build.block(x, f"layer{stage}.{number}", 2 if stage > 1 and number == 0 else 1)

    x = build.node("Max", x, build.constant("gem_floor", np.array(GEM_FLOOR, np.float32)), name="cells")
    power = build.weight("gem_power")
    pooled = build.node(
        "ReduceMean", build.node("Pow", x, power, name="gem.raised"), name="gem.mean", axes=[2, 3], keepdims=0
    )
    root = build.node("Reciprocal", power, name="gem.root")
    pooled = build.node("Pow", pooled, root, name="gem.pooled")
    cells = build.node("Transpose", x, name="cells.last", perm=[0, 2, 3, 1])
    matrix = build.node("Transpose", build.weight("fc.weight"), name="fc.matrix", perm=[1, 0])
    bias, floor = build.weight("fc.bias"), build.constant("length_floor", np.array(LENGTH_FLOOR, np.float32))
    for rows, result in ((pooled, "embedding"), (cells, "map")):
        y = build.node(
            "Add", build.node("MatMul", rows, matrix, name=f"{result}.product"), bias, name=f"{result}.raw"
        )
        length = build.node("ReduceL2", y, name=f"{result}.length", axes=[-1], keepdims=1)
        build.node("Div", y, build.node("Max", length, floor, name=f"{result}.divisor"), name=result)

    dim = weights["fc.weight"].shape[0]
    cells_across = -(-input_px // 32)
    graph = helper.make_graph(
        build.nodes,
        "lookalike",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["N", input_px, input_px, 3])],
        [
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", dim]),
            helper.make_tensor_value_info("map", TensorProto.FLOAT, ["N", cells_across, cells_across, dim]),
        ],
        list(build.initializers.values()),
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="lookalike"
    )
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    return model
