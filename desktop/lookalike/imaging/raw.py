"""Camera RAW through the optional rawpy; runs in decoder processes."""

from __future__ import annotations

from io import BytesIO

import rawpy
from PIL import Image

from lookalike.core.errors import PhotoUnreadableError
from lookalike.imaging.facts import EXIF_ERRORS, orientation_in, read_details
from lookalike.imaging.raster import TOO_MUCH_MEMORY, Raster, Sides, check_limits, draft_scale


def load_raw(data: bytes, sides: Sides, *, least_side_px: int = 1) -> Raster:
    """Develops a RAW with the camera's white balance.

    Args:
        data: The whole file.
        sides: Half size is enough when it leaves this.
        least_side_px: Photos with a shorter side below this are refused before developing.

    Raises:
        PhotoUnreadableError: Outside the limits, damaged, or from a camera that is not known.
    """
    try:
        with rawpy.imread(BytesIO(data)) as raw:
            width, height = raw.sizes.width, raw.sizes.height
            if raw.sizes.flip in (5, 6):
                width, height = height, width
            check_limits(width, height, least_side_px)
            is_half = draft_scale(width, height, sides) > 1  # Merges each 2 x 2 mosaic, several times faster.
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
