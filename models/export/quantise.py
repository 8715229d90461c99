"""int8 from a folded float graph: static, calibrated on real photos, by onnxruntime's own tool."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)

from models.evaluate.photos import sample, squash
from models.export.cards import embed, session_of

BODY = ["Conv", "Add", "Relu", "MaxPool"]
"""Only the convolutional body is quantised: the head costs nothing; its powers and lengths need floats."""


class PhotoReader(CalibrationDataReader):
    """Hands calibration photos to the tool in batches."""

    def __init__(self, pixels: NDArray[np.uint8], batch: int = 16) -> None:
        self._batches = iter([pixels[i : i + batch] for i in range(0, len(pixels), batch)])

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        batch = next(self._batches, None)
        return None if batch is None else {"pixels": batch}


def quantise(folded: onnx.ModelProto, source: Path, input_px: int, count: int) -> bytes:
    """Returns the serialised int8 model.

    U8 activations and S8 weights with a scale per channel: S8 activations and dynamic quantisation are slower
    than float32 on x86. Weights use all 8 bits, which saturates on CPUs without VNNI; the golden check of the
    app sees that and takes the float file.
    """
    pixels = np.stack([squash(photo, input_px) for photo in sample(source, count, is_held_out=False)])
    head = {"embedding.raw", "map.raw"}
    excluded = [node.name for node in folded.graph.node if node.output[0] in head or node.op_type not in BODY]
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        onnx.save(folded, before)
        quantize_static(
            before,
            after,
            PhotoReader(pixels),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=BODY,
            nodes_to_exclude=excluded,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
        return after.read_bytes()


def compare(large: bytes, small: bytes, source: Path, input_px: int, count: int = 256) -> str:
    """Returns one line: cosine between the two models' vectors on held-out photos, and CPU time per photo."""
    pixels = np.stack([squash(photo, input_px) for photo in sample(source, count, is_held_out=True)])
    vectors, milliseconds = [], []
    for model in (large, small):
        session = session_of(model, threads=1)
        embed(session, pixels[:16])
        began = time.process_time()
        vectors.append(embed(session, pixels, batch=8))
        milliseconds.append((time.process_time() - began) / len(pixels) * 1000)
    cosine = (vectors[0] * vectors[1]).sum(1)
    return (
        f"cosine to float mean {cosine.mean():.4f}, least {cosine.min():.4f}; CPU per photo "
        f"{milliseconds[1]:.1f} ms against {milliseconds[0]:.1f} ms, "
        f"{milliseconds[0] / milliseconds[1]:.1f} times faster"
    )
