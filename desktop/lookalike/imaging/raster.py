"""From a file's bytes to decoded pixels within limits, damaged files included; runs in decoder processes.

Pillow keeps some of its switches in module globals, so two threads of one process must not decode at once.
"""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np
from PIL import ExifTags, Image, ImageFile, TiffImagePlugin, UnidentifiedImageError

from lookalike.core.errors import PhotoUnreadableError
from lookalike.imaging.colour import simplify
from lookalike.imaging.facts import Details, read_details, read_exif, read_orientation
from lookalike.imaging.fingerprint import turn_upright
from lookalike.imaging.formats import HAS_JXL, PILLOW_NAMES, register_decoders

MAX_PIXELS = 200_000_000
"""Twice the largest phone camera; a 173 KB PNG can declare so many that Pillow would take gigabytes."""
MAX_SIDE = 30_000
"""Longer than any panorama in common use; above it rows alone take much memory."""

REDUCE_GAP = 2
"""Whole blocks are averaged down to this many times the wanted size before Lanczos (Pillow's ``reducing_gap``): it
differs from Lanczos alone by about one level of 256 and takes a third of the time."""

Sides = Callable[[int, int], tuple[int, int]]
"""How many pixels across and down a reduced decode of a photo of this width and height must keep."""

DECODE_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    RuntimeError,
    OverflowError,
    ZeroDivisionError,
    struct.error,
)
"""What Pillow and its plugins raise on damaged files (found by flipping bits in files of every format)."""

_TOO_MANY_PIXELS = f"It has more than {MAX_PIXELS // 1_000_000} megapixels, the limit for one photo."
TOO_MUCH_MEMORY = "Decoding it would take more memory than Lookalike allows itself."
_SAMPLE_SIDE = 64
_BLANK_PART = 0.99
_PICTURE_MARKS = {"JPEG": b"\xff\xda", "PNG": b"IDAT"}


@dataclass(frozen=True, slots=True)
class Raster:
    """Decoded pixels as stored, with what is left to do to show them.

    Attributes:
        image: Of a mode in ``colour.SIMPLE_MODES``; smaller than the photo when a JPEG was decoded reduced.
        box: The part of ``image`` that is photo: left, upper, right, lower, in pixels and fractions.
        orientation: The EXIF orientation still to be undone in ``image``, 1 to 8.
        undone: The EXIF orientation of the file, also where the decoder undid it.
        width: Upright pixels across of the whole photo.
        height: Upright pixels down of the whole photo.
        profile: The embedded ICC profile.
        details: What the file says of itself.
        is_damaged: Only a part could be decoded.
    """

    image: Image.Image
    box: tuple[float, float, float, float]
    orientation: int
    undone: int
    width: int
    height: int
    profile: bytes | None
    details: Details
    is_damaged: bool

    def resized(self, width: int, height: int) -> Image.Image:
        """Returns the upright photo in its own colours at this size, in the mode of ``image``.

        Turning comes last, when there is little left to turn.
        """
        size = (height, width) if self.orientation >= 5 else (width, height)
        small = self.image.resize(size, Image.Resampling.LANCZOS, box=self.box, reducing_gap=REDUCE_GAP)
        return turn_upright(small, self.orientation)

    def reduced(self, width: int, height: int) -> Raster:
        """Returns the same photo averaged down by a whole factor, still fit for sizes up to this upright one."""
        need = (height, width) if self.orientation >= 5 else (width, height)
        factors = (int((self.box[2 + axis] - self.box[axis]) / need[axis] / REDUCE_GAP) for axis in (0, 1))
        factor = min(factors)
        if factor < 2:
            return self
        left, upper, right, lower = (edge / factor for edge in self.box)
        return replace(self, image=self.image.reduce(factor), box=(left, upper, right, lower))


def load(data: bytes, format_name: str, sides: Sides, *, least_side_px: int = 1) -> Raster:
    """Decodes the first picture in a photo's bytes.

    Args:
        data: The whole file.
        format_name: As :func:`lookalike.imaging.formats.sniff` named it.
        sides: What must be left of a JPEG, which may be decoded reduced.
        least_side_px: Photos with a shorter side below this are refused before decoding.

    Raises:
        PhotoUnreadableError: Outside the limits, too damaged, or of a kind no decoder here reads.
    """
    register_decoders()
    if format_name == "JXL" and not HAS_JXL:
        raise PhotoUnreadableError("This is a JPEG XL file, and the add-on for those is not installed.")
    try:
        try:
            with _pillow_switches(accept_truncated=False):
                return _load(data, format_name, sides, least_side_px, is_damaged=False)
        except DECODE_ERRORS:
            with _pillow_switches(accept_truncated=True):
                return _load(data, format_name, sides, least_side_px, is_damaged=True)
    except Image.DecompressionBombError as error:
        raise PhotoUnreadableError(_TOO_MANY_PIXELS) from error
    except MemoryError as error:
        raise PhotoUnreadableError(TOO_MUCH_MEMORY) from error
    except DECODE_ERRORS as error:
        if "memory" in str(error).lower():
            raise PhotoUnreadableError(TOO_MUCH_MEMORY) from error
        raise PhotoUnreadableError(_damage_in_words(data, format_name, error)) from error


def check_limits(width: int, height: int, least_side_px: int) -> None:
    """Refuses sizes outside the limits.

    Raises:
        PhotoUnreadableError: Too many pixels, too long, or too small.
    """
    if width * height > MAX_PIXELS:
        raise PhotoUnreadableError(_TOO_MANY_PIXELS)
    if max(width, height) > MAX_SIDE:
        raise PhotoUnreadableError(
            f"Its longer side is {max(width, height):,} pixels, above the limit of {MAX_SIDE:,}."
        )
    if min(width, height) < least_side_px:
        raise PhotoUnreadableError(
            f"Its shorter side is {min(width, height)} pixels, below the {least_side_px} set."
        )


def draft_scale(width: int, height: int, sides: Sides) -> int:
    """Returns by how much a JPEG of this size is decoded reduced: 1, 2, 4 or 8."""
    most = min(side // least for side, least in zip((width, height), sides(width, height), strict=True))
    return next((scale for scale in (8, 4, 2) if most >= scale), 1)


def _load(data: bytes, format_name: str, sides: Sides, least_side_px: int, *, is_damaged: bool) -> Raster:
    with Image.open(BytesIO(data), formats=[PILLOW_NAMES[format_name]]) as image:
        width, height = image.size
        check_limits(width, height, least_side_px)
        undone = read_orientation(
            image
        )  # Asked before decoding: the TIFF decoder turns the image and forgets.
        box: tuple[float, float, float, float] | None = None
        if format_name == "JPEG":
            drafted = image.draft(None, sides(width, height))
            box = drafted[1] if drafted else None
        image.load()
        if box is None:
            width, height = image.size
            box = (0.0, 0.0, float(width), float(height))
        if is_damaged and _is_blank(image):
            raise OSError("no part was decoded")
        if format_name == "PNG" and not is_damaged:
            is_damaged = not _has_right_checksums(data)
        orientation = read_orientation(image)  # And after: a PNG may say it behind the pixels.
        if orientation >= 5:
            width, height = height, width
        return Raster(
            simplify(image, _bits(image)),
            box,
            orientation,
            _undone(image, undone, orientation),
            width,
            height,
            image.info.get("icc_profile"),
            read_details(read_exif(image)),
            is_damaged,
        )


@contextmanager
def _pillow_switches(*, accept_truncated: bool) -> Iterator[None]:
    """Sets Pillow's module globals for one decode and puts them back.

    Pillow refuses above twice ``MAX_IMAGE_PIXELS``, for WebP before it takes memory for the canvas.
    """
    before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = MAX_PIXELS // 2, accept_truncated
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # On EXIF that lies, and on sizes that our own limits judge.
            yield
    finally:
        Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = before


def _is_blank(image: Image.Image) -> bool:
    """Whether hardly more than the decoder's filling is there; the first block of a cut JPEG is noise."""
    sample = np.asarray(image.resize((_SAMPLE_SIDE, _SAMPLE_SIDE), Image.Resampling.NEAREST))
    _, counts = np.unique(sample.reshape(_SAMPLE_SIDE**2, -1), axis=0, return_counts=True)
    return bool(counts.max() >= _BLANK_PART * _SAMPLE_SIDE**2)


def _has_right_checksums(data: bytes) -> bool:
    """Whether the pixels of a PNG are as they were written; Pillow stops before it would notice."""
    view, at = memoryview(data), 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            return False
        if data[at + 4 : at + 8] in (b"IHDR", b"PLTE", b"IDAT"):
            (wanted,) = struct.unpack_from(">I", data, end)
            if zlib.crc32(view[at + 4 : end]) != wanted:
                return False
        if data[at + 4 : at + 8] == b"IEND":
            return True
        at = end + 4
    return False


def _bits(image: Image.Image) -> int:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        bits = image.tag_v2.get(ExifTags.Base.BitsPerSample, (16,))
        if isinstance(bits, tuple) and bits and isinstance(bits[0], int):
            return bits[0]
    return 16


def _undone(image: Image.Image, before: int, after: int) -> int:
    """Returns the orientation the file carries, whoever undoes it."""
    original = image.info.get("original_orientation")  # pillow-heif turns while decoding and keeps it here.
    return original if isinstance(original, int) and 1 <= original <= 8 else max(before, after)


def _damage_in_words(data: bytes, format_name: str, error: BaseException) -> str:
    mark = _PICTURE_MARKS.get(format_name)
    if mark is not None and mark not in data:
        return "The file ends before the picture begins."
    if isinstance(error, UnidentifiedImageError):
        return f"The head of this {format_name} file is damaged or of a kind that cannot be read."
    return f"This {format_name} file is damaged, and no part of the picture could be decoded."
