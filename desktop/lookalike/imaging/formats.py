"""Which files are photos, told by their content, and the decoders that read them; no thread of its own."""

from __future__ import annotations

import struct
from functools import cache
from importlib.util import find_spec
from types import MappingProxyType

import pillow_heif
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

HEAD_BYTES = 64 * 1024
"""So much of a file tells a camera's RAW from a plain TIFF; every other format needs 64 bytes."""

HAS_RAW = find_spec("rawpy") is not None
HAS_JXL = find_spec("pillow_jxl") is not None

_SUFFIXES = b".jpg .jpeg .jpe .jfif .mpo .png .apng .webp .gif .tif .tiff .bmp .dib .avif .heic .heif .hif"
_RAW_SUFFIXES = b".dng .nef .nrw .cr2 .cr3 .arw .sr2 .orf .rw2 .raf .pef .srw"
PHOTO_SUFFIXES: frozenset[bytes] = frozenset(
    _SUFFIXES.split() + (_RAW_SUFFIXES.split() if HAS_RAW else []) + ([b".jxl"] if HAS_JXL else [])
)
"""Lower-case endings of names worth opening; what a file really is, :func:`sniff` says."""

PILLOW_NAMES = MappingProxyType(
    {
        "JPEG": JpegImagePlugin.JpegImageFile.format,
        "PNG": PngImagePlugin.PngImageFile.format,
        "WEBP": WebPImagePlugin.WebPImageFile.format,
        "GIF": GifImagePlugin.GifImageFile.format,
        "TIFF": TiffImagePlugin.TiffImageFile.format,
        "BMP": BmpImagePlugin.BmpImageFile.format,
        "AVIF": AvifImagePlugin.AvifImageFile.format,
        "HEIC": pillow_heif.HeifImageFile.format,
        "JXL": "JXL",
    }
)
"""Our name of a format to Pillow's; a file is only ever offered to the one decoder its content names."""

_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_BMP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_RAW_HEADS = (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0")
_TIFF_HEADS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_JXL_HEADS = (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")


def sniff(head: bytes) -> str | None:
    """Names the format of a file by its first bytes.

    Args:
        head: The first 64 bytes or more; :data:`HEAD_BYTES` of them also tell a RAW that is built as a TIFF.

    Returns:
        The name as in ``Facts.format``, also for a format whose optional decoder is not installed; None when
        this is no photo.
    """
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith(_RAW_HEADS):
        return "RAW"
    if head.startswith(_TIFF_HEADS):
        return "RAW" if _is_raw_tiff(head) else "TIFF"
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    if head.startswith(_JXL_HEADS):
        return "JXL"
    return _sniff_iso_media(head) if head[4:8] == b"ftyp" else None


def _sniff_iso_media(head: bytes) -> str | None:
    """Tells AVIF, HEIC and Canon's CR3 from films, which share their container, by the brands."""
    major = head[8:12]
    if major == b"crx ":
        return "RAW"
    end = min(int.from_bytes(head[:4], "big"), len(head))
    compatible = {head[at : at + 4] for at in range(16, end - 3, 4)}
    for brands in ({major}, compatible if major in (b"mif1", b"msf1", b"miaf") else set()):
        if brands & _AVIF_BRANDS:
            return "AVIF"
        if brands & _HEIC_BRANDS:
            return "HEIC"
    return None


def _is_raw_tiff(head: bytes) -> bool:
    """Whether the first directory of a TIFF is that of a camera's RAW (DNG, NEF, ARW, CR2, PEF)."""
    if head[8:10] == b"CR":
        return True
    order = "<" if head.startswith(b"II") else ">"
    tags: dict[int, int] = {}
    try:
        (at,) = struct.unpack_from(order + "I", head, 4)
        (count,) = struct.unpack_from(order + "H", head, at)
        for entry in range(at + 2, at + 2 + 12 * count, 12):
            tag, kind = struct.unpack_from(order + "HH", head, entry)
            (tags[tag],) = struct.unpack_from(order + ("H" if kind == 3 else "I"), head, entry + 8)
    except struct.error:
        pass  # The directory lies further on: what was seen of it decides.
    new_subfile_type, compression, photometric, maker, sub_ifds, dng_version = 254, 259, 262, 271, 330, 50706
    is_preview = tags.get(new_subfile_type) == 1 and sub_ifds in tags
    is_mosaic = tags.get(photometric) in (32803, 34892) or tags.get(compression) in (34713, 65535)
    return dng_version in tags or (maker in tags and (is_preview or is_mosaic))


@cache
def register_decoders() -> None:
    """Makes the plugins known to Pillow; one thread each, because decoder processes already fill the cores."""
    pillow_heif.register_heif_opener(thumbnails=False, decode_threads=1)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    if HAS_JXL:
        import pillow_jxl  # noqa: F401  # registers itself
