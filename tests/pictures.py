"""Photos made by the tests themselves: detailed, and each seed a scene of its own; no thread of its own.

A scene is smooth light with shapes and grain over it, so that it survives recompression, carries local features,
and differs from every other seed's for an embedding as for a pixel comparison.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIZE = (480, 320)
"""Width and height in pixels where a test does not care."""
GRAIN = 6.0
"""Standard deviation of the noise, in steps of 256."""
MAKER = 0x010F
MODEL = 0x0110
ORIENTATION = 0x0112
EXIF_IFD = 0x8769
GPS_IFD = 0x8825
TAKEN_AT = 0x9003


def picture(seed: int, size: tuple[int, int] = SIZE) -> Image.Image:
    """Returns the RGB scene of ``seed``; the same for the same seed and size."""
    random = np.random.default_rng(seed)
    width, height = size
    corners = random.integers(0, 256, (3, 4, 3), dtype=np.uint8)
    image = Image.fromarray(corners).resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    reach = min(width, height) / 3
    for _ in range(24):
        x, y = random.uniform(0, width), random.uniform(0, height)
        dx, dy = random.uniform(reach / 8, reach, 2)
        box = (x - dx, y - dy, x + dx, y + dy)
        colour = tuple(int(part) for part in random.integers(0, 256, 3))
        match random.integers(3):
            case 0:
                draw.ellipse(box, fill=colour)
            case 1:
                draw.rectangle(box, fill=colour)
            case _:
                draw.line((x - dx, y - dy, x + dx, y + dy), fill=colour, width=max(1, round(reach / 12)))
    image = image.filter(ImageFilter.GaussianBlur(0.6))
    grain = random.normal(0, GRAIN, (height, width, 1))
    return Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8))


def exif(
    *,
    orientation: int = 1,
    taken_at: datetime | None = None,
    camera: tuple[str, str] | None = None,
    position: tuple[float, float] | None = None,
) -> Image.Exif:
    """Returns EXIF data as a camera writes it.

    Args:
        orientation: 1 to 8.
        taken_at: By the camera's clock, without a zone.
        camera: Maker and model.
        position: Degrees north and degrees east.
    """
    data = Image.Exif()
    data[ORIENTATION] = orientation
    if camera is not None:
        data[MAKER], data[MODEL] = camera
    if taken_at is not None:
        data.get_ifd(EXIF_IFD)[TAKEN_AT] = taken_at.strftime("%Y:%m:%d %H:%M:%S")
    if position is not None:
        north, east = position
        data.get_ifd(GPS_IFD).update(
            {
                1: "N" if north >= 0 else "S",
                2: _sexagesimal(abs(north)),
                3: "E" if east >= 0 else "W",
                4: _sexagesimal(abs(east)),
            }
        )
    return data


def save_photo(
    file: Path,
    seed: int,
    *,
    size: tuple[int, int] = SIZE,
    quality: int = 90,
    data: Image.Exif | None = None,
) -> Path:
    """Writes the scene of ``seed`` to ``file``, in the format its suffix names, and returns ``file``.

    Args:
        file: Where; its folder is made when it is not there.
        seed: Which scene.
        size: Width and height in pixels.
        quality: For formats that lose.
        data: EXIF data to write along.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    picture(seed, size).save(file, quality=quality, **({} if data is None else {"exif": data}))
    return file


def save_photos(folder: Path, seeds: range, *, size: tuple[int, int] = SIZE) -> list[Path]:
    """Writes one JPEG for each seed and returns the files."""
    return [save_photo(folder / f"photo-{seed:05d}.jpg", seed, size=size) for seed in seeds]


def _sexagesimal(degrees: float) -> tuple[float, float, float]:
    """Returns whole degrees, whole minutes and seconds."""
    minutes, seconds = divmod(degrees * 3600, 60)
    whole, minutes = divmod(minutes, 60)
    return whole, minutes, round(seconds, 4)
