"""From whatever a file stores to 8-bit sRGB; pure, runs in decoder processes."""

from __future__ import annotations

import math
from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageCms

SIMPLE_MODES = frozenset({"L", "LA", "RGB", "RGBA", "CMYK", "LAB"})
"""Modes that resize and flatten without loss of meaning."""

_PROFILE_SPACES = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK", "LAB": "Lab "}


def simplify(image: Image.Image, bits: int = 16) -> Image.Image:
    """Returns the same picture in one of :data:`SIMPLE_MODES`; the image itself when it already is.

    Palettes are looked up, a transparent colour becomes alpha, and deeper values are scaled to 8 bits, never
    clipped.

    Args:
        image: A loaded image of any mode Pillow decodes to.
        bits: How many bits of a 16-bit value the file uses (some scanners and microscopes write 12).
    """
    has_key = image.mode != "PA" and "transparency" in image.info
    if image.mode in SIMPLE_MODES:
        if has_key and image.mode in ("L", "RGB"):
            return image.convert("LA" if image.mode == "L" else "RGBA")
        return image
    if image.mode == "1":
        return image.convert("RGBA") if has_key else image.convert("L")
    if image.mode.startswith("I;16"):
        return _to_eight_bits(image, 0.0, float((1 << min(max(bits, 9), 16)) - 1))
    if image.mode in ("I", "F"):
        return _to_eight_bits(image, *_value_range(image))
    if image.mode == "La":
        return image.convert("LA")
    return image.convert("RGBA" if has_key or image.mode in ("PA", "RGBa") else "RGB")


def _value_range(image: Image.Image) -> tuple[float, float]:
    """Returns which values of an integer or float image mean black and white.

    Such files do not say; the smallest usual range that holds all values is taken, so that a dark picture stays
    dark: 0..1 (floats), 0..255, 0..65535, else what is there.
    """
    low, high = (float(value) for value in image.getextrema())  # type: ignore[arg-type]
    if not (math.isfinite(low) and math.isfinite(high)):
        return 0.0, 1.0
    for white in (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0):
        if low >= 0 and high <= white:
            return 0.0, white
    return low, high


def _to_eight_bits(image: Image.Image, black: float, white: float) -> Image.Image:
    scale = 255.0 / (white - black) if white > black else 1.0
    scaled = image.point(lambda value: value * scale + (0.5 - black * scale))
    return scaled.convert("I").convert("L") if scaled.mode.startswith("I;16") else scaled.convert("L")


def flatten(image: Image.Image) -> Image.Image:
    """Returns RGB from one of :data:`SIMPLE_MODES`, alpha over white, without colour conversion."""
    if image.mode in ("LA", "RGBA"):
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, (255, 255, 255))
        white.paste(image, mask=image.getchannel("A"))
        return white
    if image.mode == "LAB":
        return to_srgb(image, None)
    return image if image.mode == "RGB" else image.convert("RGB")


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Returns RGB in sRGB from one of :data:`SIMPLE_MODES`; a profile that does not fit is left aside."""
    if image.mode == "LA":
        white = Image.new("L", image.size, 255)
        white.paste(image.getchannel("L"), mask=image.getchannel("A"))
        image = white
    elif image.mode == "RGBA":
        image = flatten(image)
    if profile or image.mode == "LAB":
        transform = _transform(profile, image.mode)
        if transform is not None:
            converted = transform.apply(image)
            converted.info = {}
            return converted
    return image if image.mode == "RGB" else image.convert("RGB")


@lru_cache(maxsize=16)
def _transform(profile: bytes | None, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Returns the way to sRGB; kept, because a camera's photos all carry the same profile."""
    try:
        if profile is None or mode == "LAB":
            source = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        else:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if source.profile.xcolor_space != _PROFILE_SPACES[mode]:
            return None
        target = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        return ImageCms.ImageCmsTransform(source, target, mode, "RGB", ImageCms.Intent.PERCEPTUAL)
    except (OSError, ValueError, TypeError, ImageCms.PyCMSError):
        return None
