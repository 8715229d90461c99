"""Whatever a file stores, it comes out as the sRGB a person would see."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.imaging.pictures import (
    BLUE,
    CORNERS,
    GREEN,
    RED,
    corners,
    decode,
    encoded,
    is_close,
    quarters,
    thumbnail_pixels,
)

WHITE = (255, 255, 255)
SIZE = (160, 120)


def profile_of_linear_light() -> bytes:
    """sRGB's primaries with a gamma of 1: a profile whose effect nobody can overlook."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for tag in (b"rTRC", b"gTRC", b"bTRC"):
        entry = profile.index(tag, 128)
        offset = int.from_bytes(profile[entry + 4 : entry + 8], "big")
        # A parametric curve of type 0 (value to the power of g) fits in the room of sRGB's own, type 3.
        profile[offset : offset + 16] = b"para" + bytes(4) + struct.pack(">HHi", 0, 0, 0x10000)
    return bytes(profile)


def cmyk_profile() -> bytes:
    """A profile for a press whose every ink but black is transparent: L* = 100 - 100 K, no colour at all."""
    grid = 2
    table = b"mft1" + bytes(4) + bytes([4, 3, grid, 0])
    table += struct.pack(">9i", *(0x10000 if place in (0, 4, 8) else 0 for place in range(9)))
    table += bytes(range(256)) * 4
    for ink in range(grid**4):
        table += bytes([0 if ink % 2 else 255, 128, 128])  # The last input, black, runs fastest.
    table += bytes(range(256)) * 3
    table += bytes(-len(table) % 4)
    text = b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(4 + 4 + 2 + 1 + 67)
    text += bytes(-len(text) % 4)
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    tags = ((b"A2B0", table), (b"desc", text), (b"wtpt", white))
    offset, directory, body = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, content in tags:
        directory += name + struct.pack(">II", offset + len(body), len(content))
        body += content
    head = struct.pack(">I4sI4s4s4s", offset + len(body), b"lcms", 0x02400000, b"prtr", b"CMYK", b"Lab ")
    head += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    head += struct.pack(">3i", 63190, 65536, 54061)
    return head + bytes(128 - len(head)) + directory + body


def plain(mode: str, colour: object) -> Image.Image:
    return Image.new(mode, SIZE, colour)  # type: ignore[arg-type]


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF", "HEIF"])
def test_an_embedded_profile_is_converted(tmp_path: Path, format_name: str) -> None:
    options = {"quality": 100} if format_name != "PNG" else {}
    data = encoded(plain("RGB", (55, 55, 55)), format_name, icc_profile=profile_of_linear_light(), **options)
    photo = decode(tmp_path, data)
    # A fifth of the light is sRGB's 128.
    assert is_close(photo.pixels, (128, 128, 128), 4)
    assert is_close(thumbnail_pixels(photo), (128, 128, 128), 4)


def test_a_grey_profile_is_converted(tmp_path: Path) -> None:
    rgb = bytearray(profile_of_linear_light())
    rgb[16:20] = b"GRAY"
    rgb[rgb.index(b"rTRC", 128) : rgb.index(b"rTRC", 128) + 4] = b"kTRC"
    photo = decode(tmp_path, encoded(plain("L", 55), "PNG", icc_profile=bytes(rgb)))
    assert is_close(photo.pixels, (128, 128, 128), 4)


@pytest.mark.parametrize("profile", [b"nonsense", b"\0" * 200, cmyk_profile()])
def test_a_profile_that_does_not_fit_is_left_aside(tmp_path: Path, profile: bytes) -> None:
    photo = decode(tmp_path, encoded(quarters(), "PNG", icc_profile=profile))
    assert is_close(corners(photo.pixels), CORNERS, 2)
    assert not photo.is_damaged


@pytest.mark.parametrize("format_name", ["JPEG", "TIFF"])
def test_cmyk_without_a_profile_has_its_colours(tmp_path: Path, format_name: str) -> None:
    data = encoded(quarters().convert("CMYK"), format_name)
    if format_name == "JPEG":
        assert b"Adobe" in data, "Adobe's JPEGs store the inks inverted"
    assert is_close(corners(decode(tmp_path, data).pixels), CORNERS, 20)


@pytest.mark.parametrize("format_name", ["JPEG", "TIFF"])
def test_cmyk_goes_through_its_profile(tmp_path: Path, format_name: str) -> None:
    def shade(inks: tuple[int, int, int, int]) -> tuple[int, ...]:
        data = encoded(plain("CMYK", inks), format_name, icc_profile=cmyk_profile())
        return tuple(int(value) for value in decode(tmp_path, data).pixels[48, 48])

    # Cyan is invisible by this profile; without it the first of these would be a strong blue-green.
    assert is_close(shade((255, 0, 0, 0)), WHITE, 6)
    assert is_close(shade((0, 0, 0, 255)), (0, 0, 0), 6)
    assert is_close(shade((0, 0, 0, 128)), (119, 119, 119), 8)


def test_alpha_lies_over_white(tmp_path: Path) -> None:
    image = quarters().convert("RGBA")
    image.putalpha(Image.new("L", SIZE, 0))
    for format_name in ("PNG", "WEBP", "TIFF", "AVIF", "HEIF"):
        photo = decode(tmp_path, encoded(image, format_name, lossless=True))
        assert is_close(photo.pixels, WHITE, 1), format_name
    image.putalpha(Image.new("L", SIZE, 128))
    half = tuple(tuple((value * 128 + 255 * 127) // 255 for value in corner) for corner in CORNERS)
    assert is_close(corners(decode(tmp_path, encoded(image, "PNG")).pixels), half, 3)


def test_colours_hidden_under_full_transparency_do_not_bleed(tmp_path: Path) -> None:
    image = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 200, 400))
    pixels = decode(tmp_path, encoded(image, "PNG")).pixels
    # Along the edge blue fades into white and never into the black that lies under the transparent half.
    assert int(pixels[:, :, 2].min()) >= 250


def test_grey_with_alpha(tmp_path: Path) -> None:
    image = Image.merge("LA", (Image.new("L", SIZE, 40), Image.linear_gradient("L").resize(SIZE)))
    pixels = decode(tmp_path, encoded(image, "PNG")).pixels
    assert is_close(pixels[2, 48], WHITE, 8)
    assert is_close(pixels[93, 48], (40, 40, 40), 8)


def test_a_palette(tmp_path: Path) -> None:
    for format_name in ("PNG", "GIF", "BMP", "TIFF"):
        data = encoded(quarters().quantize(8), format_name)
        assert is_close(corners(decode(tmp_path, data).pixels), CORNERS, 4), format_name


@pytest.mark.parametrize("format_name", ["PNG", "GIF"])
def test_a_palette_with_a_transparent_colour(tmp_path: Path, format_name: str) -> None:
    image = quarters().quantize(4)
    transparent = image.getpixel((10, 10))
    pixels = decode(tmp_path, encoded(image, format_name, transparency=transparent)).pixels
    assert is_close(corners(pixels), (WHITE, *CORNERS[1:]), 4)


def test_a_palette_with_alpha_for_each_colour(tmp_path: Path) -> None:
    image = plain("P", 0)
    image.putpalette([*RED, *GREEN])
    image.paste(1, (80, 0, 160, 120))
    pixels = decode(tmp_path, encoded(image, "PNG", transparency=bytes([255, 0]))).pixels
    assert is_close(corners(pixels), (RED, WHITE, RED, WHITE), 4)


def test_a_transparent_colour_without_a_palette(tmp_path: Path) -> None:
    pixels = decode(tmp_path, encoded(quarters(), "PNG", transparency=BLUE)).pixels
    assert is_close(corners(pixels), (CORNERS[0], CORNERS[1], WHITE, CORNERS[3]), 4)
    pixels = decode(tmp_path, encoded(plain("L", 77), "PNG", transparency=77)).pixels
    assert is_close(pixels, WHITE, 1)


def test_one_bit(tmp_path: Path) -> None:
    image = plain("1", 0)
    image.paste(1, (80, 0, 160, 120))
    for format_name in ("PNG", "TIFF", "BMP"):
        pixels = decode(tmp_path, encoded(image, format_name)).pixels
        assert is_close(corners(pixels), ((0, 0, 0), WHITE) * 2, 4), format_name


@pytest.mark.parametrize("format_name", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path: Path, format_name: str) -> None:
    ramp = np.linspace(0, 65535, 160).astype(np.uint16)[None].repeat(120, 0)
    pixels = decode(tmp_path, encoded(Image.fromarray(ramp), format_name), input_px=160).pixels
    assert is_close(pixels[60, :, 0], np.linspace(0, 255, 160), 2)
    dark = np.full((120, 160), 257 * 20, np.uint16)
    assert is_close(decode(tmp_path, encoded(Image.fromarray(dark), format_name)).pixels, (20, 20, 20), 1)


def sixteen_bit_rgb_tiff(colour: tuple[int, int, int]) -> bytes:
    width, height = SIZE
    tags = [
        (256, 3, 1, width),
        (257, 3, 1, height),
        (258, 3, 3, 8 + 2 + 9 * 12 + 4),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 1, 8 + 2 + 9 * 12 + 4 + 6),
        (277, 3, 1, 3),
        (278, 4, 1, height),
        (279, 4, 1, width * height * 6),
    ]
    body = b"II*\0" + struct.pack("<IH", 8, len(tags))
    body += b"".join(struct.pack("<HHII", *tag) for tag in tags) + bytes(4) + struct.pack("<3H", 16, 16, 16)
    return body + struct.pack("<3H", *colour) * (width * height)


def test_sixteen_bit_colour_is_scaled_not_clipped(tmp_path: Path) -> None:
    photo = decode(tmp_path, sixteen_bit_rgb_tiff((65535, 257 * 100, 257 * 3)))
    assert is_close(photo.pixels, (255, 100, 3), 1)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (np.full((120, 160), 0.5, np.float32), 127),
        (np.full((120, 160), 200.0, np.float32), 200),
        (np.full((120, 160), 257.0 * 90, np.float32), 90),
        (np.full((120, 160), 90, np.int32), 90),
        (np.full((120, 160), 257 * 90, np.int32), 90),
    ],
)
def test_floats_and_wide_integers_are_scaled(
    tmp_path: Path, values: np.typing.NDArray[np.generic], wanted: int
) -> None:
    photo = decode(tmp_path, encoded(Image.fromarray(values), "TIFF"))
    assert is_close(photo.pixels, (wanted,) * 3, 1)


def test_values_of_an_unusual_range_are_stretched_over_it(tmp_path: Path) -> None:
    ramp = np.linspace(-1e6, 1e6, 160).astype(np.float32)[None].repeat(120, 0)
    pixels = decode(tmp_path, encoded(Image.fromarray(ramp), "TIFF"), input_px=160).pixels
    assert is_close(pixels[60, :, 0], np.linspace(0, 255, 160), 2)


def test_values_that_are_no_numbers_do_no_harm(tmp_path: Path) -> None:
    values = np.full((120, 160), 0.5, np.float32)
    values[0, 0], values[1, 1] = np.nan, np.inf
    assert is_close(decode(tmp_path, encoded(Image.fromarray(values), "TIFF")).pixels[48, 48], (127,) * 3, 2)


def test_lab_is_converted(tmp_path: Path) -> None:
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    lab = ImageCms.applyTransform(quarters(), to_lab)
    assert lab is not None
    assert is_close(corners(decode(tmp_path, encoded(lab, "TIFF")).pixels), CORNERS, 12)


def test_ycbcr_is_converted(tmp_path: Path) -> None:
    data = encoded(quarters().convert("YCbCr"), "TIFF")
    assert is_close(corners(decode(tmp_path, data).pixels), CORNERS, 6)


def test_grey_becomes_three_equal_channels(tmp_path: Path) -> None:
    photo = decode(tmp_path, encoded(plain("L", 90), "JPEG"))
    assert photo.pixels.shape == (96, 96, 3)
    assert is_close(photo.pixels, (90, 90, 90), 2)
