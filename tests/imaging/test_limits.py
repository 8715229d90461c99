"""Photos outside the limits and files that are no photos are refused in words, without being decoded."""

from __future__ import annotations

import os
import resource
import socket
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageFile

from lookalike.core.errors import PhotoUnreadableError
from lookalike.imaging import files
from lookalike.imaging.decode import DecodeRequest, decode_large, decode_photo, fingerprint_file
from tests.imaging.pictures import CORNERS, corners, decode, encoded, is_close, quarters, thumbnail_pixels


def png_that_declares(width: int, height: int) -> bytes:
    """A small PNG with a head of any size and the beginning of black pixels behind it."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def webp_that_declares(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunks = b"VP8X" + struct.pack("<I", 10) + bytes(4) + size
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def bmp_that_declares(width: int, height: int) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 2835, 2835, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 100, 0, 0, 54) + head + bytes(100)


def gif_that_declares(width: int, height: int) -> bytes:
    frame = b"," + struct.pack("<HHHH", 0, 0, width, height) + b"\0\x02\x02L\x01\0;"
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0" + bytes(6) + frame


def refusal(path: Path, **options: int) -> str:
    with pytest.raises(PhotoUnreadableError) as caught:
        decode_photo(DecodeRequest(os.fsencode(path), 96, **options))
    sentence = str(caught.value)
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def refusal_of(folder: Path, data: bytes, **options: int) -> str:
    file = folder / "photo"
    file.write_bytes(data)
    return refusal(file, **options)


@pytest.mark.parametrize(
    "data",
    [
        png_that_declares(20_000, 20_000),
        webp_that_declares(16_383, 16_383),
        bmp_that_declares(20_000, 20_000),
        gif_that_declares(20_000, 20_000),
    ],
    ids=["png", "webp", "bmp", "gif"],
)
def test_a_bomb_is_refused_before_it_takes_memory(tmp_path: Path, data: bytes) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "more than 200 megapixels" in refusal_of(tmp_path, data)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_a_very_long_picture_is_refused(tmp_path: Path) -> None:
    assert "31,000 pixels" in refusal_of(tmp_path, png_that_declares(31_000, 100))


def test_up_to_the_limits_a_picture_decodes(tmp_path: Path) -> None:
    image = quarters(30_000, 100)
    photo = decode(tmp_path, encoded(image, "PNG", compress_level=1))
    assert (photo.facts.width, photo.facts.height) == (30_000, 100)
    assert thumbnail_pixels(photo).shape == (1, 256, 3)


def test_pillow_keeps_its_own_settings(tmp_path: Path) -> None:
    before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    refusal_of(tmp_path, png_that_declares(20_000, 20_000))
    refusal_of(tmp_path, encoded(quarters(), "JPEG")[:300])
    decode(tmp_path, encoded(quarters(), "JPEG"))
    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)


def test_a_small_picture_is_refused_with_its_size(tmp_path: Path) -> None:
    small = encoded(quarters(300, 50), "JPEG")
    assert refusal_of(tmp_path, small) == "Its shorter side is 50 pixels, below the 64 set."
    assert refusal_of(tmp_path, small, least_side_px=51) == "Its shorter side is 50 pixels, below the 51 set."
    assert decode(tmp_path, small, least_side_px=50).facts.height == 50


def test_the_large_view_shows_small_pictures_too_and_never_enlarges(tmp_path: Path) -> None:
    file = tmp_path / "photo"
    file.write_bytes(encoded(quarters(30, 20), "PNG"))
    pixels = decode_large(os.fsencode(file), 1000)
    assert pixels.shape == (20, 30, 3)
    assert is_close(corners(pixels), CORNERS, 0)


def test_the_large_view_has_the_size_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "photo"
    file.write_bytes(encoded(quarters(2000, 1500), "JPEG"))
    for longest_px in (100, 900, 1999, 2000, 5000):
        assert max(decode_large(os.fsencode(file), longest_px).shape) == min(longest_px, 2000)


def test_a_missing_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone.jpg") == "The file is not there any more."
    with pytest.raises(PhotoUnreadableError, match="not there any more"):
        fingerprint_file(os.fsencode(tmp_path / "gone.jpg"))


def test_a_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path) == "This is a folder, not a photo."


def test_a_pipe_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert refusal(tmp_path / "pipe.jpg") == "This is a pipe, not a photo."
    with pytest.raises(PhotoUnreadableError, match="This is a pipe"):
        fingerprint_file(os.fsencode(tmp_path / "pipe.jpg"))


def test_a_device() -> None:
    assert refusal(Path("/dev/zero")) == "This is a device, not a photo."


def test_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # Names of sockets are short.
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.jpg")
        assert refusal(tmp_path / "socket.jpg") == "This is a socket, not a photo."


def test_an_empty_file(tmp_path: Path) -> None:
    assert refusal_of(tmp_path, b"") == "The file is empty."


def test_a_text_file(tmp_path: Path) -> None:
    assert "not a photo in a format" in refusal_of(tmp_path, b"Dear diary, " * 20)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(encoded(quarters(), "JPEG"))
    file.chmod(0)
    assert refusal(file) == "The file may not be read by this user."


def test_a_circle_of_links(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").symlink_to("b.jpg")
    (tmp_path / "b.jpg").symlink_to("a.jpg")
    assert refusal(tmp_path / "a.jpg") == "The link leads in a circle."


def test_a_name_that_cannot_be_opened() -> None:
    assert refusal(Path("/tmp/x\0y.jpg")) == "The name of the file cannot be opened."


def test_a_link_to_a_photo_is_a_photo_and_a_link_to_a_folder_is_not(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(encoded(quarters(), "JPEG"))
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "folder").symlink_to(tmp_path)
    assert decode_photo(DecodeRequest(os.fsencode(tmp_path / "link"), 96)).facts.format == "JPEG"
    assert refusal(tmp_path / "folder") == "This is a folder, not a photo."


def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9\n-'\".jpg"
    Path(os.fsdecode(path)).write_bytes(encoded(quarters(), "JPEG"))
    assert decode_photo(DecodeRequest(path, 96)).facts.format == "JPEG"


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(encoded(quarters(), "JPEG"))
    os.truncate(file, files.MAX_FILE_BYTES + 1)  # A hole: it takes no room on the disk.
    assert "512 MB" in refusal(file)


@pytest.mark.parametrize("change", [b"longer", None])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, change: bytes | None) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(bytes(1000))

    def read_while_it_changes() -> None:
        with files.open_regular(os.fsencode(file)) as (source, stat):
            assert files.read_whole(source, stat.size_bytes) == bytes(1000)
            if change is None:
                os.utime(file, ns=(0, stat.mtime_ns + 1))
            else:
                with open(file, "ab") as writer:
                    writer.write(change)

    with pytest.raises(PhotoUnreadableError, match="changed while it was being read"):
        read_while_it_changes()


def test_a_file_that_shrinks_while_it_is_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(bytes(1000))
    with files.open_regular(os.fsencode(file)) as (source, stat):
        os.truncate(file, 10)
        with pytest.raises(PhotoUnreadableError, match="changed while it was being read"):
            files.read_whole(source, stat.size_bytes)
        os.truncate(file, 1000)
        os.utime(file, ns=(0, stat.mtime_ns))


def test_decoding_leaves_the_photo_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "photo.jpg"
    data = encoded(quarters(), "JPEG")
    file.write_bytes(data)
    file.chmod(0o400)
    before = file.stat()
    decode_photo(DecodeRequest(os.fsencode(file), 96))
    after = file.stat()
    assert file.read_bytes() == data
    assert (after.st_mtime_ns, after.st_ctime_ns, after.st_mode) == (
        before.st_mtime_ns,
        before.st_ctime_ns,
        before.st_mode,
    )
