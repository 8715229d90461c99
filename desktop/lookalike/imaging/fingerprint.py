"""Fingerprints of a photo's bytes and of its pixels; runs in decoder processes, pure but for reading the file."""

from __future__ import annotations

import hashlib

from PIL import Image

from lookalike.core.records import FileStat
from lookalike.imaging.colour import flatten
from lookalike.imaging.files import open_regular

_CHUNK_BYTES = 1024 * 1024
_BAND_PIXELS = 1_000_000
"""Pixels turned upright at a time, so that a fingerprint never needs a second copy of a large image."""


def fingerprint_bytes(data: bytes) -> bytes:
    """Returns the content fingerprint: BLAKE2b-256 of all bytes, 32 bytes."""
    return hashlib.blake2b(data, digest_size=32).digest()


def fingerprint_file(path: bytes) -> tuple[FileStat, bytes]:
    """Returns a file's stat and content fingerprint without decoding it and without holding it in memory.

    Raises:
        PhotoUnreadableError: Not readable, not a regular file, or changed meanwhile.
    """
    digest = hashlib.blake2b(digest_size=32)
    with open_regular(path) as (file, stat):
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return stat, digest.digest()


def pixel_fingerprint(image: Image.Image, orientation: int, width: int, height: int) -> bytes:
    """Returns the fingerprint of what a photo shows, equal over an edit of its metadata alone.

    BLAKE2b-128 of width and height (4 bytes each, little-endian) and the upright rows as 8-bit RGB, alpha over
    white, before colour conversion (converting a whole image costs as much as decoding it, and a stripped
    profile leaves the same numbers). Of a JPEG these are the pixels of the reduced decode that serves the
    thumbnail, whose scale depends on the photo's size alone; of all other formats the full ones.

    Args:
        image: As decoded, of a mode :func:`lookalike.imaging.colour.simplify` returns, not yet turned.
        orientation: The EXIF orientation to undo, 1 to 8.
        width: Upright pixels across of the whole photo.
        height: Upright pixels down of the whole photo.
    """
    digest = hashlib.blake2b(width.to_bytes(4, "little") + height.to_bytes(4, "little"), digest_size=16)
    stored_width, stored_height = image.size
    is_turned = orientation >= 5
    rows, row_pixels = (stored_width, stored_height) if is_turned else (stored_height, stored_width)
    step = max(1, _BAND_PIXELS // row_pixels)
    for start in range(0, rows, step):
        end = min(rows, start + step)
        # Upright rows are the stored rows (or columns) counted from the far end in these orientations.
        first, last = (rows - end, rows - start) if orientation in (3, 4, 7, 8) else (start, end)
        box = (first, 0, last, stored_height) if is_turned else (0, first, stored_width, last)
        digest.update(turn_upright(flatten(image.crop(box)), orientation).tobytes())
    return digest.digest()


_METHODS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def turn_upright(image: Image.Image, orientation: int) -> Image.Image:
    """Undoes an EXIF orientation."""
    method = _METHODS.get(orientation)
    return image if method is None else image.transpose(method)
