"""The golden picture: the same pixels on every machine, to see whether a model computes what its card says.

Made of whole numbers only, so no rounding of a CPU or a library can change it. No thread of its own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def golden_picture(side: int) -> NDArray[np.uint8]:
    """Draws a sky, a hill, a sun and a checked field: smooth parts, edges, texture and saturated colours.

    Args:
        side: Side of the square, pixels.

    Returns:
        uint8 (side, side, 3), RGB.
    """
    # A 1024-grid whatever the side, so the scene is the same at every size.
    across = np.arange(side, dtype=np.int64)[None, :] * 1024 // side
    down = np.arange(side, dtype=np.int64)[:, None] * 1024 // side
    across, down = across + 0 * down, down + 0 * across
    picture = np.stack([40 + down // 8, 90 + down // 8, 255 - down // 16], axis=2)
    hill = down > 560 + (across - 380) ** 2 // 1400
    picture[hill] = np.stack([30 + across // 16, 120 - down // 16, 40 + 0 * down], axis=2)[hill]
    sun = (across - 760) ** 2 + (down - 230) ** 2 < 130**2
    picture[sun] = (255, 214, 10)
    field = down > 780
    checks = ((across // 64 + down // 64) % 2) * 150 + (across * down // 977) % 64
    picture[field] = np.stack([checks, checks // 2 + 60, 255 - checks], axis=2)[field]
    return np.clip(picture, 0, 255).astype(np.uint8)
