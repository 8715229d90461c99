"""The copies of the evaluation: fourteen things that happen to photos, each mild and strong.

Written with Pillow and shared with nothing: the training has augmentations of its own, so that a mistake or a
habit of theirs cannot flatter the result. A generator seeded per photo and transformation fixes every copy.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

Photo = Image.Image
Rng = np.random.Generator
Change = Callable[[Photo, Rng, Photo], Photo]


@dataclass(frozen=True, slots=True)
class Transform:
    """One kind of copy.

    Attributes:
        name: As it stands in the table.
        mild: The weaker strength in words.
        strong: The stronger strength in words.
        changes: The two strengths; each takes a photo, a generator and some other photo.
    """

    name: str
    mild: str
    strong: str
    changes: tuple[Change, Change]


def _jpeg(quality: int) -> Change:
    def change(photo: Photo, rng: Rng, other: Photo) -> Photo:
        data = io.BytesIO()
        photo.save(data, "JPEG", quality=quality)
        return Image.open(data).convert("RGB")

    return change


def _resize(longest_px: int) -> Change:
    def change(photo: Photo, rng: Rng, other: Photo) -> Photo:
        photo = photo.copy()
        photo.thumbnail((longest_px, longest_px), Image.Resampling.BICUBIC)
        return photo

    return change


def _crop(part: float) -> Change:
    def change(photo: Photo, rng: Rng, other: Photo) -> Photo:
        width, height = max(1, round(photo.width * part)), max(1, round(photo.height * part))
        left = int(rng.integers(0, photo.width - width + 1))
        top = int(rng.integers(0, photo.height - height + 1))
        return photo.crop((left, top, left + width, top + height))

    return change


def _faded(photo: Photo, rng: Rng, other: Photo) -> Photo:
    return ImageEnhance.Color(photo).enhance(0.4)


def _grey(photo: Photo, rng: Rng, other: Photo) -> Photo:
    return ImageOps.grayscale(photo).convert("RGB")


def _blur(part: float) -> Change:
    def change(photo: Photo, rng: Rng, other: Photo) -> Photo:
        return photo.filter(ImageFilter.GaussianBlur(part * min(photo.size)))

    return change


def _mirror(photo: Photo, rng: Rng, other: Photo) -> Photo:
    return ImageOps.mirror(photo)


def _mirror_and_jpeg(photo: Photo, rng: Rng, other: Photo) -> Photo:
    return _jpeg(30)(ImageOps.mirror(photo), rng, other)


def _quarter(how: Image.Transpose) -> Change:
    def change(photo: Photo, rng: Rng, other: Photo) -> Photo:
        return photo.transpose(how)

    return change


def _turn(degrees: float, is_grown: bool) -> Change:
    def change(photo: Photo, rng: Rng, other: Photo) -> Photo:
        signed = degrees if rng.random() < 0.5 else -degrees
        fill = (255, 255, 255) if is_grown else (0, 0, 0)
        return photo.rotate(signed, Image.Resampling.BICUBIC, expand=is_grown, fillcolor=fill)

    return change


def _enhance(
    kind: type[ImageEnhance.Brightness] | type[ImageEnhance.Contrast], low: float, high: float
) -> Change:
    def change(photo: Photo, rng: Rng, other: Photo) -> Photo:
        return kind(photo).enhance(low if rng.random() < 0.5 else high)

    return change


def _caption(part: float, is_on_top: bool) -> Change:
    def change(photo: Photo, rng: Rng, other: Photo) -> Photo:
        bar = max(8, round(photo.height * part))
        ink, paper = ((0, 0, 0), (255, 255, 255)) if rng.random() < 0.5 else ((255, 255, 255), (0, 0, 0))
        canvas = Image.new("RGB", (photo.width, photo.height + bar), paper)
        canvas.paste(photo, (0, bar if is_on_top else 0))
        top = 0 if is_on_top else photo.height
        text = ("When Monday comes", "Holiday 2019 with Ann", "WHO DID THIS?", "me: one more photo")[
            rng.integers(4)
        ]
        ImageDraw.Draw(canvas).text((4, top + bar // 4), text, ink, ImageFont.load_default(bar * 0.5))
        return canvas

    return change


def _border(part: float) -> Change:
    def change(photo: Photo, rng: Rng, other: Photo) -> Photo:
        shade = [(0, 0, 0), (255, 255, 255), tuple(int(v) for v in rng.integers(0, 256, 3))][rng.integers(3)]
        return ImageOps.expand(photo, round(part * min(photo.size)), shade)

    return change


def _overlay(part: float, is_picture: bool) -> Change:
    def change(photo: Photo, rng: Rng, other: Photo) -> Photo:
        photo = photo.copy()
        side = max(8, round(part * min(photo.size)))
        left, top = (int(rng.integers(0, length - side + 1)) for length in photo.size)
        if is_picture:
            photo.paste(other.resize((side, side)), (left, top))
            return photo
        draw = ImageDraw.Draw(photo)
        draw.ellipse((left, top, left + side, top + side), (255, 205, 40), (60, 40, 0), 2)
        draw.text((left + side // 5, top + side // 4), "lol", (60, 40, 0), ImageFont.load_default(side * 0.4))
        return photo

    return change


def _screenshot(part: float) -> Change:
    """A phone's gallery: a bar with time and battery above, a row of round buttons below, margins when strong."""

    def change(photo: Photo, rng: Rng, other: Photo) -> Photo:
        is_dark = rng.random() < 0.5
        ground, ink = ((18, 18, 18), (230, 230, 230)) if is_dark else ((246, 246, 246), (40, 40, 40))
        bar = max(10, round(photo.height * part))
        margin = round(photo.width * part * 0.3)
        canvas = Image.new("RGB", (photo.width + 2 * margin, photo.height + 2 * bar), ground)
        canvas.paste(photo, (margin, bar))
        draw = ImageDraw.Draw(canvas)
        draw.text((4, bar * 0.2), "12:47", ink, ImageFont.load_default(bar * 0.5))
        draw.rectangle((canvas.width - bar, bar * 0.3, canvas.width - bar * 0.3, bar * 0.65), outline=ink)
        for i in range(4):
            x, y = canvas.width * (i + 0.5) / 4, canvas.height - bar / 2
            draw.ellipse((x - bar / 5, y - bar / 5, x + bar / 5, y + bar / 5), outline=ink)
        return canvas

    return change


TRANSFORMS = (
    Transform("JPEG", "quality 30", "quality 10", (_jpeg(30), _jpeg(10))),
    Transform("resize", "longer side 128 px", "longer side 64 px", (_resize(128), _resize(64))),
    Transform("crop", "70 % of each side", "50 % of each side", (_crop(0.7), _crop(0.5))),
    Transform("grey", "colour down to 40 %", "no colour", (_faded, _grey)),
    Transform("blur", "0.7 % of the side", "1.5 % of the side", (_blur(0.007), _blur(0.015))),
    Transform("mirror", "left to right", "and JPEG 30", (_mirror, _mirror_and_jpeg)),
    Transform(
        "turn 90°",
        "to the left",
        "to the right",
        (_quarter(Image.Transpose.ROTATE_90), _quarter(Image.Transpose.ROTATE_270)),
    ),
    Transform("turn 10°", "frame kept, black", "frame grown, white", (_turn(10, False), _turn(10, True))),
    Transform(
        "brightness",
        "0.7 or 1.4 times",
        "0.45 or 1.9 times",
        (_enhance(ImageEnhance.Brightness, 0.7, 1.4), _enhance(ImageEnhance.Brightness, 0.45, 1.9)),
    ),
    Transform(
        "contrast",
        "0.7 or 1.4 times",
        "0.4 or 2.0 times",
        (_enhance(ImageEnhance.Contrast, 0.7, 1.4), _enhance(ImageEnhance.Contrast, 0.4, 2.0)),
    ),
    Transform("caption bar", "12 % below", "25 % above", (_caption(0.12, False), _caption(0.25, True))),
    Transform("border", "5 % of the side", "15 % of the side", (_border(0.05), _border(0.15))),
    Transform(
        "overlay",
        "badge, 25 % of the side",
        "photo, 45 % of the side",
        (_overlay(0.25, False), _overlay(0.45, True)),
    ),
    Transform("screenshot", "bars of 12 %", "bars of 25 %", (_screenshot(0.12), _screenshot(0.25))),
)


def copies(
    photos: list[Photo], others: list[Photo], transform: Transform, strength: int, seed: int
) -> list[Photo]:
    """Makes one copy of each photo.

    Args:
        photos: The originals.
        others: Photos to borrow from; any number, at least 1.
        transform: Which kind.
        strength: 0 mild, 1 strong.
        seed: Fixes every choice, for each photo on its own: leaving photos out changes no other copy.
    """
    number = TRANSFORMS.index(transform)
    results = []
    for row, photo in enumerate(photos):
        rng = np.random.default_rng((seed, number, strength, row))
        other = others[int(rng.integers(len(others)))]
        results.append(transform.changes[strength](photo, rng, other))
    return results
