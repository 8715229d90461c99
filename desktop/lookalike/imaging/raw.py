"""Camera RAW through the optional rawpy; runs in decoder processes."""

from __future__ import annotations

from io import BytesIO

import rawpy
from PIL import Image

from lookalike.core.errors import PhotoUnreadableError
from lookalike.imaging.facts import EXIF_ERRORS, orientation_in, read_details
from lookalike.imaging.raster import TOO_MUCH_MEMORY, Raster, check_limits

_HALF_SIZE_FROM_PX = 2
"""Developing at half size merges each 2 x 2 mosaic and is several times faster."""


def load_raw(data: bytes, *, least_side_px: int = 1, side_px: int | None = None) -> Raster:
    """Develops a RAW with the camera's white balance.

    Args:
        data: The whole file.
        least_side_px: Photos with a shorter side below this are refused before developing.
        side_px: Half size is enough as long as both sides keep this many pixels; None develops in full.

    Raises:
        PhotoUnreadableError: Outside the limits, damaged, or from a camera that is not known.
    """
    try:
        with rawpy.imread(BytesIO(data)) as raw:
            width, height = raw.sizes.width, raw.sizes.height
            if raw.sizes.flip in (5, 6):
                width, height = height, width
            check_limits(width, height, least_side_px)
            is_half = side_px is not None and min(width, height) >= _HALF_SIZE_FROM_PX * side_px
            pixels = raw.postprocess(use_camera_wb=True, half_size=is_half, output_bps=8)
    except (rawpy.LibRawError, OSError, ValueError) as error:
        raise PhotoUnreadableError("This RAW file is damaged or of a kind that cannot be read.") from error
    except MemoryError as error:
        raise PhotoUnreadableError(TOO_MUCH_MEMORY) from error
    image = Image.fromarray(pixels)
    exif = Image.Exif()
    try:
        exif.load(data)
    except EXIF_ERRORS:
        exif = Image.Exif()
    box = (0.0, 0.0, float(image.width), float(image.height))
    return Raster(
        image, box, 1, orientation_in(exif), width, height, None, read_details(exif), is_damaged=False
    )
