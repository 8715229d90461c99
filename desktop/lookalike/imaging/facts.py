"""What a photo says of itself in its EXIF data; pure, runs in decoder processes.

EXIF is written by cameras, phones and careless programs: whatever cannot be read counts as not said.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from PIL import ExifTags, Image

EXIF_ERRORS = (OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, EOFError, struct.error)
"""What Pillow raises on EXIF data that lie about themselves."""

_TIME = re.compile(r"(\d{4})[:/-](\d{1,2})[:/-](\d{1,2})[ T](\d{1,2}):(\d{1,2}):(\d{1,2})")
_MAX_CAMERA = 100


def read_orientation(image: Image.Image) -> int:
    """Returns the EXIF orientation an image has now, 1 to 8; a decoder that turns leaves 1."""
    return orientation_in(read_exif(image))


def orientation_in(exif: Image.Exif) -> int:
    """Returns the orientation in EXIF data, 1 to 8; 1 where there is none."""
    value = exif.get(ExifTags.Base.Orientation, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def read_exif(image: Image.Image) -> Image.Exif:
    """Returns the photo's EXIF, empty where it cannot be read."""
    try:
        return image.getexif()
    except EXIF_ERRORS:
        return Image.Exif()


@dataclass(frozen=True, slots=True)
class Details:
    """The facts that come from EXIF; as in :class:`lookalike.core.records.Facts`."""

    taken_at: str | None
    camera: str | None
    latitude: float | None
    longitude: float | None


def read_details(exif: Image.Exif) -> Details:
    """Returns all facts at once."""
    return Details(_taken_at(exif), _camera(exif), *_place(exif))


def _taken_at(exif: Image.Exif) -> str | None:
    """Returns the capture time by the camera's clock, ISO 8601 without a zone; None where it is not said."""
    details = _directory(exif, ExifTags.IFD.Exif)
    for time_tag, fraction_tag in (
        (ExifTags.Base.DateTimeOriginal, ExifTags.Base.SubsecTimeOriginal),
        (ExifTags.Base.DateTimeDigitized, ExifTags.Base.SubsecTimeDigitized),
    ):
        match = _TIME.match(_text(details.get(time_tag)))
        if not match:
            continue
        try:
            moment = datetime(*(int(part) for part in match.groups()))  # type: ignore[arg-type]
        except ValueError:  # 0000:00:00, which cameras without a set clock write.
            continue
        fraction = _text(details.get(fraction_tag))
        return moment.isoformat() + (f".{fraction[:6]}" if fraction.isdigit() and fraction.isascii() else "")
    return None


def _camera(exif: Image.Exif) -> str | None:
    """Returns maker and model as one text, the maker not said twice."""
    maker, model = (_text(exif.get(tag)) for tag in (ExifTags.Base.Make, ExifTags.Base.Model))
    if maker and not (model and model.split()[0].lower() in maker.lower().split()):
        model = f"{maker} {model}".strip()
    return model[:_MAX_CAMERA] or None


def _place(exif: Image.Exif) -> tuple[float, float] | tuple[None, None]:
    """Returns degrees north and east; 0, 0 counts as not said, because receivers without a fix write it."""
    gps = _directory(exif, ExifTags.IFD.GPSInfo)
    latitude = _degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef), "S", 90)
    longitude = _degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef), "W", 180)
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return None, None
    return latitude, longitude


def _directory(exif: Image.Exif, tag: int) -> dict[int, Any]:
    try:
        return exif.get_ifd(tag)
    except EXIF_ERRORS:
        return {}


def _degrees(parts: object, reference: object, negative: str, limit: int) -> float | None:
    if not isinstance(parts, (tuple, list)) or not 1 <= len(parts) <= 3:
        return None
    try:
        value = math.fsum(float(part) / 60.0**power for power, part in enumerate(parts))
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    if not math.isfinite(value) or not 0 <= value <= limit:
        return None
    return -value if _text(reference).upper() == negative else value


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return ""
    value = value.split("\0")[0]
    return " ".join("".join(letter if letter.isprintable() else " " for letter in value).split())
