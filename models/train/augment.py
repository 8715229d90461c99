"""Copy augmentations: what people and programs do to a photo between two copies of it.

Works on uint8 RGB (H, W, 3) arrays with OpenCV and a ``numpy`` generator, so a seed fixes every view. Borders,
captions, frames and overlays are drawn from scratch; ``other`` photos serve as backgrounds and stickers.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Rng = np.random.Generator

_WORDS = [
    "the",
    "sun",
    "is",
    "here",
    "lol",
    "when",
    "you",
    "see",
    "it",
    "best",
    "day",
    "ever",
    "2024",
    "sale",
    "news",
    "IMG",
    "photo",
    "by",
    "me",
    "at",
    "home",
    "wow",
]
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def squash(image: Image, size: int) -> Image:
    """Resizes the whole photo to a square, area-averaged when shrinking: (H, W, 3) to (size, size, 3)."""
    shrinking = image.shape[0] >= size and image.shape[1] >= size
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC)


def weak_view(image: Image, size: int, rng: Rng) -> Image:
    """The photo as a library would hold it: whole or nearly so, mildly recompressed."""
    if rng.random() < 0.4:
        return squash(image, size)
    image = _crop(image, rng, 0.85)
    if rng.random() < 0.25:
        image = _mirror(image)
    image = squash(image, size)
    if rng.random() < 0.5:
        image = _tone(image, rng, 0.15)
    return _jpeg(image, rng, 50, 95) if rng.random() < 0.5 else image


def strong_view(image: Image, size: int, rng: Rng, other: Image, harshness: float = 1.0) -> Image:
    """A copy as it turns up elsewhere: several of the changes below in one view.

    Args:
        image: uint8 (H, W, 3), the clean photo.
        size: Side of the square view, pixels.
        rng: Source of all choices.
        other: uint8 (H', W', 3), any other photo, for backgrounds and stickers.
        harshness: 0 to 1, scales how likely each change is.
    """

    def happens(chance: float) -> bool:
        return bool(rng.random() < chance * harshness)

    if happens(0.6):
        image = _crop(image, rng, 0.42)
    if happens(0.5):
        image = _mirror(image)
    if happens(0.35):
        image = np.rot90(image, int(rng.integers(1, 4)))
    if happens(0.4):
        image = _turn(np.ascontiguousarray(image), rng, 30.0)
    work = int(size * rng.uniform(1.0, 1.7))
    image = squash(np.ascontiguousarray(image), work)

    if happens(0.15):
        image = _screenshot(image, rng)
    elif happens(0.12):
        image = _on_background(image, rng, other)
    if happens(0.15):
        image = _border(image, rng)
    if happens(0.2):
        image = _caption_bar(image, rng)
    if happens(0.25):
        image = _overlay(image, rng, other)

    if happens(0.7):
        image = _tone(image, rng, 0.6)
    if happens(0.35):
        image = _colour(image, rng)
    if happens(0.2):
        image = _grey(image, rng)
    if happens(0.25):
        image = _blur(image, rng)
    if happens(0.25):
        image = _low_resolution(image, rng)
    if happens(0.2):
        image = _noise(image, rng)
    if happens(0.6):
        image = _jpeg(image, rng, 6, 90)
    return squash(image, size)


def _crop(image: Image, rng: Rng, least_side: float) -> Image:
    height, width = image.shape[:2]
    side = rng.uniform(least_side, 1.0)
    stretch = np.exp(rng.uniform(-0.2, 0.2))
    part_w, part_h = min(1.0, side * stretch), min(1.0, side / stretch)
    w, h = max(8, int(width * part_w)), max(8, int(height * part_h))
    left, top = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
    return image[top : top + h, left : left + w]


def _mirror(image: Image) -> Image:
    return image[:, ::-1]


def _fill(rng: Rng) -> tuple[int, int, int]:
    kind = rng.random()
    if kind < 0.35:
        return (0, 0, 0)
    if kind < 0.7:
        return (255, 255, 255)
    r, g, b = (int(v) for v in rng.integers(0, 256, 3))
    return (r, g, b)


def _turn(image: Image, rng: Rng, most_degrees: float) -> Image:
    height, width = image.shape[:2]
    degrees = rng.uniform(-most_degrees, most_degrees)
    mode = rng.random()
    zoom, out_w, out_h = 1.0, width, height
    radians = abs(np.deg2rad(degrees))
    if mode < 0.35:  # the frame grows, nothing is lost
        out_w = int(width * np.cos(radians) + height * np.sin(radians))
        out_h = int(height * np.cos(radians) + width * np.sin(radians))
    elif mode < 0.6:  # zoomed until no corner shows
        ratio = max(width, height) / min(width, height)
        zoom = float(np.cos(radians) + ratio * np.sin(radians))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, zoom)
    matrix[:, 2] += (out_w / 2 - width / 2, out_h / 2 - height / 2)
    border = cv2.BORDER_REFLECT if rng.random() < 0.25 else cv2.BORDER_CONSTANT
    return cv2.warpAffine(
        image, matrix, (out_w, out_h), flags=cv2.INTER_LINEAR, borderMode=border, borderValue=_fill(rng)
    )


def _paste(canvas: Image, image: Image, left: int, top: int) -> Image:
    canvas[top : top + image.shape[0], left : left + image.shape[1]] = image
    return canvas


def _screenshot(image: Image, rng: Rng) -> Image:
    """Bars above and below, a few lines of text, perhaps a margin: a phone or a browser around the photo."""
    side = image.shape[0]
    dark = rng.random() < 0.5
    ground = int(rng.integers(0, 60) if dark else rng.integers(200, 256))
    top, bottom = (int(side * rng.uniform(0.05, 0.35)) for _ in range(2))
    left, right = (int(side * rng.uniform(0.0, 0.15)) if rng.random() < 0.4 else 0 for _ in range(2))
    canvas = np.full((side + top + bottom, side + left + right, 3), ground, np.uint8)
    ink = 255 - ground
    for _ in range(int(rng.integers(1, 7))):
        y = int(
            rng.choice([rng.integers(2, max(3, top)), canvas.shape[0] - 1 - rng.integers(2, max(3, bottom))])
        )
        x = int(rng.integers(0, canvas.shape[1] // 2))
        if rng.random() < 0.6:
            _write(canvas, rng, x, y, (ink, ink, ink), rng.uniform(0.25, 0.5))
        else:
            colour = tuple(int(v) for v in rng.integers(0, 256, 3))
            cv2.circle(canvas, (x, y), int(rng.integers(2, 6)), colour, -1)
    return _paste(canvas, image, left, top)


def _on_background(image: Image, rng: Rng, other: Image) -> Image:
    side = image.shape[0]
    whole = int(side * rng.uniform(1.15, 1.6))
    canvas = (
        squash(other, whole).copy()
        if rng.random() < 0.6
        else np.full((whole, whole, 3), _fill(rng), np.uint8)
    )
    left, top = (int(v) for v in rng.integers(0, whole - side + 1, 2))
    return _paste(canvas, image, left, top)


def _border(image: Image, rng: Rng) -> Image:
    side = image.shape[0]
    if rng.random() < 0.5:
        across = down = int(side * rng.uniform(0.02, 0.15))
    else:  # letterbox or pillarbox
        bar = int(side * rng.uniform(0.05, 0.25))
        across, down = (bar, 0) if rng.random() < 0.5 else (0, bar)
    return cv2.copyMakeBorder(image, down, down, across, across, cv2.BORDER_CONSTANT, value=_fill(rng))


def _write(image: Image, rng: Rng, x: int, y: int, colour: tuple[int, ...], scale: float) -> None:
    text = " ".join(rng.choice(_WORDS, int(rng.integers(1, 6))))
    font = int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX]))
    cv2.putText(image, text, (x, y), font, scale, colour, int(rng.integers(1, 3)), cv2.LINE_AA)


def _caption_bar(image: Image, rng: Rng) -> Image:
    side = image.shape[1]
    bar = np.full((int(side * rng.uniform(0.1, 0.3)), side, 3), _fill(rng), np.uint8)
    ink = (0, 0, 0) if bar.mean() > 127 else (255, 255, 255)
    for line in range(int(rng.integers(1, 3))):
        _write(
            bar,
            rng,
            int(rng.integers(0, side // 3)),
            int(bar.shape[0] * (0.5 + 0.35 * line)),
            ink,
            side / 250,
        )
    if rng.random() < 0.3:  # over the photo rather than beside it
        image = image.copy()
        image[-bar.shape[0] :] = bar
        return image
    return np.concatenate([bar, image] if rng.random() < 0.5 else [image, bar])


def _overlay(image: Image, rng: Rng, other: Image) -> Image:
    """Text, shapes or a sticker over the photo."""
    image = np.ascontiguousarray(image).copy()
    height, width = image.shape[:2]
    for _ in range(int(rng.integers(1, 4))):
        colour = tuple(int(v) for v in rng.integers(0, 256, 3))
        x, y = int(rng.integers(0, int(width * 0.8))), int(rng.integers(0, int(height * 0.8)))
        kind = rng.random()
        if kind < 0.4:
            _write(image, rng, x // 2, y + 10, colour, rng.uniform(0.3, 0.9) * width / 120)
        elif kind < 0.7:
            extent = int(width * rng.uniform(0.05, 0.3))
            if rng.random() < 0.5:
                cv2.rectangle(image, (x, y), (x + extent, y + extent), colour, -1)
            else:
                cv2.circle(image, (x, y), extent // 2, colour, -1)
        else:
            side = int(min(width, height) * rng.uniform(0.1, 0.4))
            sticker = squash(other, side)
            part = image[y : y + side, x : x + side]
            alpha = float(rng.uniform(0.4, 1.0))
            part[:] = cv2.addWeighted(part, 1 - alpha, sticker[: part.shape[0], : part.shape[1]], alpha, 0)
    return image


def _tone(image: Image, rng: Rng, strength: float) -> Image:
    """Brightness, contrast and gamma through one table."""
    levels = np.arange(256, dtype=np.float32) / 255
    gain = np.exp(rng.uniform(-strength, strength))
    shift = rng.uniform(-0.35, 0.35) * strength
    gamma = np.exp(rng.uniform(-strength, strength))
    curve = (levels**gamma - 0.5) * gain + 0.5 + shift
    return cv2.LUT(np.ascontiguousarray(image), (np.clip(curve, 0, 1) * 255).astype(np.uint8))


def _colour(image: Image, rng: Rng) -> Image:
    """Saturation and a colour cast, rarely a turn of the hues."""
    if rng.random() < 0.3:
        hsv = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2HSV)
        hsv[..., 0] = (hsv[..., 0].astype(np.int16) + int(rng.integers(-20, 21))) % 180
        image = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    saturation = rng.uniform(0.2, 1.8)
    grey_part = np.outer(np.ones(3, np.float32), _LUMA) * (1 - saturation)
    matrix = (grey_part + np.eye(3, dtype=np.float32) * saturation) * rng.uniform(0.8, 1.2, (3, 1))
    return cv2.transform(np.ascontiguousarray(image), matrix.astype(np.float32))


def _grey(image: Image, rng: Rng) -> Image:
    grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
    if rng.random() < 0.15:  # a scan or a fax: two levels
        _, grey = cv2.threshold(grey, 0, 255, cv2.THRESH_OTSU)
    result = cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)
    if rng.random() < 0.25:  # sepia and other single-colour prints
        return cv2.convertScaleAbs(result * rng.uniform(0.6, 1.0, 3))
    return result


def _blur(image: Image, rng: Rng) -> Image:
    side = image.shape[0]
    if rng.random() < 0.75:
        return cv2.GaussianBlur(image, (0, 0), side * rng.uniform(0.004, 0.03))
    length = max(3, int(side * rng.uniform(0.02, 0.07)))
    kernel = np.zeros((length, length), np.float32)
    if rng.random() < 0.5:
        kernel[length // 2] = 1 / length
    else:
        kernel[:, length // 2] = 1 / length
    return cv2.filter2D(image, -1, kernel)


def _low_resolution(image: Image, rng: Rng) -> Image:
    height, width = image.shape[:2]
    factor = rng.uniform(0.15, 0.7)
    small = cv2.resize(
        image, (max(8, int(width * factor)), max(8, int(height * factor))), interpolation=cv2.INTER_AREA
    )
    way = cv2.INTER_NEAREST if rng.random() < 0.2 else cv2.INTER_LINEAR
    return cv2.resize(small, (width, height), interpolation=way)


def _noise(image: Image, rng: Rng) -> Image:
    spread = rng.uniform(3, 25)
    noise = rng.standard_normal(image.shape, np.float32) * np.float32(spread)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def _jpeg(image: Image, rng: Rng, worst: int, best: int) -> Image:
    quality = int(rng.integers(worst, best))
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(image), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
