"""Pictures that the tests make themselves, and what they must look like once decoded."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

from lookalike.core.records import DecodedPhoto
from lookalike.imaging.decode import DecodeRequest, decode_photo

pillow_heif.register_heif_opener()

RED, GREEN, BLUE, GREY = (220, 30, 30), (30, 200, 40), (40, 40, 210), (120, 120, 120)
CORNERS = (RED, GREEN, BLUE, GREY)
"""Upper left, upper right, lower left, lower right of :func:`quarters`."""

STORE = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How an upright picture is stored under each EXIF orientation."""


def quarters(width: int = 160, height: int = 120) -> Image.Image:
    """A picture with another colour in each corner: no turn or mirroring looks like another."""
    pixels = np.zeros((height, width, 3), np.uint8)
    rows, columns = height // 2, width // 2
    pixels[:rows, :columns], pixels[:rows, columns:] = RED, GREEN
    pixels[rows:, :columns], pixels[rows:, columns:] = BLUE, GREY
    return Image.fromarray(pixels)


def oriented(upright: Image.Image, orientation: int, format_name: str, **options: object) -> bytes:
    """A file that shows ``upright`` once its orientation is undone."""
    method = STORE[orientation]
    stored = upright if method is None else upright.transpose(method)
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(
        stored, format_name, exif=exif.tobytes(), **options
    )  # As bytes HEIC gets its own turn too.


def encoded(image: Image.Image, format_name: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, format_name, **options)
    return out.getvalue()


def decode(
    folder: Path, data: bytes, *, input_px: int = 96, least_side_px: int = 64, name: str = "photo"
) -> DecodedPhoto:
    file = folder / name
    file.write_bytes(data)
    return decode_photo(DecodeRequest(bytes(file), input_px, least_side_px))


def corners(pixels: NDArray[np.uint8]) -> tuple[tuple[int, int, int], ...]:
    """The colours in the middle of the four quarters."""
    height, width = pixels.shape[:2]
    places = ((1, 1), (1, 3), (3, 1), (3, 3))
    return tuple(
        tuple(int(value) for value in pixels[height * row // 4, width * column // 4])
        for row, column in places
    )


def is_close(found: object, wanted: object, tolerance: int = 12) -> bool:
    return bool(np.abs(np.asarray(found, np.int32) - np.asarray(wanted, np.int32)).max() <= tolerance)


def thumbnail_pixels(photo: DecodedPhoto) -> NDArray[np.uint8]:
    return np.asarray(Image.open(BytesIO(photo.thumbnail)).convert("RGB"))
