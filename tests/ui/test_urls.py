"""Paths keep their bytes on the way through URLs."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, QUrl

from lookalike.ui.urls import path_of, paths_in, url_of

PATHS = [
    b"/photos/plain.jpg",
    b"/photos/with space & ampersand#hash?question%41.jpg",
    "/photos/café ☃.jpg".encode(),
    b"/photos/caf\xe9 \xff\xfe.jpg",
    b"/photos/line\nbreak.jpg",
    b"/",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_comes_back_as_the_same_bytes(path: bytes) -> None:
    assert path_of(QUrl.fromEncoded(url_of(path).encode())) == path


def test_what_is_dragged_comes_as_bytes_and_web_addresses_are_left_out() -> None:
    mime = QMimeData()
    mime.setData(
        "text/uri-list", b"file:///photos/caf%E9\r\nhttps://example.org/a.jpg\r\nfile:///photos/b/\r\n"
    )
    assert paths_in(mime) == [b"/photos/caf\xe9", b"/photos/b"]
