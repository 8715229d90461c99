"""Everything one decode yields: pixels for the model, thumbnail, fingerprints, facts; runs in decoder processes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from lookalike.core.errors import PhotoUnreadableError
from lookalike.core.records import DecodedPhoto, Facts, FileStat
from lookalike.imaging.colour import to_srgb
from lookalike.imaging.files import open_regular, read_whole
from lookalike.imaging.fingerprint import fingerprint_bytes, fingerprint_file, pixel_fingerprint
from lookalike.imaging.formats import HAS_RAW, HEAD_BYTES, sniff
from lookalike.imaging.raster import TOO_MUCH_MEMORY, Raster, Sides, draft_scale, load

__all__ = ["DecodeRequest", "decode_large", "decode_photo", "fingerprint_file"]

THUMBNAIL_PX = 256
"""Longer side of a thumbnail."""
THUMBNAIL_QUALITY = 85
OVERSAMPLING = 1.5
"""A reduced JPEG decode keeps this many times the pixels needed, so that Lanczos has the last word."""
USUAL_INPUT_PX = 224
"""One decode serves thumbnail, pixel fingerprint and every model up to this input; 12-megapixel photos then take
the fastest one, an eighth of the size."""


@dataclass(frozen=True, slots=True)
class DecodeRequest:
    """A photo to decode.

    Attributes:
        path: The file, bytes.
        input_px: Side of the model's square.
        least_side_px: Photos with a shorter side below this are refused.
    """

    path: bytes
    input_px: int
    least_side_px: int = 64


def decode_photo(request: DecodeRequest) -> DecodedPhoto:
    """Reads a photo's file once and returns all that indexing needs of it.

    Raises:
        PhotoUnreadableError: The sentence says why.
    """
    stat, data, format_name = _read(request.path)
    try:
        return _decode(request, stat, data, format_name)
    except MemoryError as error:
        raise PhotoUnreadableError(TOO_MUCH_MEMORY) from error


def decode_large(path: bytes, longest_px: int) -> NDArray[np.uint8]:
    """Returns a photo for the large view: uint8 (H, W, 3), upright sRGB, longer side at most ``longest_px``.

    A photo that is smaller stays as it is.

    Raises:
        PhotoUnreadableError: The sentence says why.
    """
    _, data, format_name = _read(path)
    try:
        raster = _load(data, format_name, lambda width, height: _fit(width, height, longest_px))
        width, height = _fit(raster.width, raster.height, longest_px)
        return np.array(to_srgb(raster.resized(width, height), raster.profile))
    except MemoryError as error:
        raise PhotoUnreadableError(TOO_MUCH_MEMORY) from error


def _read(path: bytes) -> tuple[FileStat, bytes, str]:
    with open_regular(path) as (file, stat):
        format_name = sniff(file.read(HEAD_BYTES) or b"")
        if format_name is None and stat.size_bytes:
            raise PhotoUnreadableError("This is not a photo in a format that Lookalike reads.")
        data = read_whole(file, stat.size_bytes)
    return stat, data, format_name or ""


def _load(data: bytes, format_name: str, sides: Sides, *, least_side_px: int = 1) -> Raster:
    if format_name == "RAW":
        if not HAS_RAW:
            raise PhotoUnreadableError(
                "This is a camera RAW file, and the add-on for those is not installed."
            )
        from lookalike.imaging.raw import load_raw  # Its library is optional.

        return load_raw(data, sides, least_side_px=least_side_px)
    return load(data, format_name, sides, least_side_px=least_side_px)


def _decode(request: DecodeRequest, stat: FileStat, data: bytes, format_name: str) -> DecodedPhoto:
    # The thumbnail's decode does not depend on the model, so the pixel fingerprint made from it does not either.
    raster = _load(data, format_name, _sides_for_all, least_side_px=request.least_side_px)
    fingerprint = pixel_fingerprint(raster.image, raster.orientation, raster.width, raster.height)
    for_model = raster
    if format_name in ("JPEG", "RAW") and request.input_px > USUAL_INPUT_PX:
        side_px = math.ceil(request.input_px * OVERSAMPLING)

        def for_input(_width: int, _height: int) -> tuple[int, int]:
            return side_px, side_px

        size = raster.width, raster.height
        if draft_scale(*size, for_input) < draft_scale(*size, _sides_for_all):
            for_model = _load(data, format_name, for_input)
    thumbnail_size = _fit(raster.width, raster.height, THUMBNAIL_PX)
    square = (request.input_px, request.input_px)
    if for_model is raster:
        raster = for_model = raster.reduced(
            *(max(sides) for sides in zip(thumbnail_size, square, strict=True))
        )
    return DecodedPhoto(
        stat=stat,
        fingerprint=fingerprint_bytes(data),
        pixel_fingerprint=fingerprint,
        pixels=np.array(to_srgb(for_model.resized(*square), for_model.profile)),
        thumbnail=_thumbnail(raster, thumbnail_size),
        facts=Facts(
            size_bytes=stat.size_bytes,
            width=raster.width,
            height=raster.height,
            format=format_name,
            taken_at=raster.details.taken_at,
            camera=raster.details.camera,
            latitude=raster.details.latitude,
            longitude=raster.details.longitude,
            orientation=raster.undone,
        ),
        is_damaged=raster.is_damaged,
    )


def _thumbnail(raster: Raster, size: tuple[int, int]) -> bytes:
    image = to_srgb(raster.resized(*size), raster.profile)
    image.info = {}  # Pillow would write a comment and a resolution from there.
    out = BytesIO()
    image.save(out, "JPEG", quality=THUMBNAIL_QUALITY)
    return out.getvalue()


def _sides_for_all(width: int, height: int) -> tuple[int, int]:
    across, down = (
        math.ceil(max(side, USUAL_INPUT_PX) * OVERSAMPLING) for side in _fit(width, height, THUMBNAIL_PX)
    )
    return across, down


def _fit(width: int, height: int, longest_px: int) -> tuple[int, int]:
    """Returns the size with the longer side at most ``longest_px``; never larger, never empty."""
    scale = min(1.0, longest_px / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))
