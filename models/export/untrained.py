"""A network that learned nothing: the yardstick of the evaluation, and small graphs for tests; needs numpy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


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
