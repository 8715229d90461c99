"""Paths as bytes to and from file URLs, exact for every name a file system allows; pure functions.

A URL carries bytes percent-encoded, so even a name that is not UTF-8 passes through Qt unharmed, which text
would not.
"""

from __future__ import annotations

import os
from urllib.parse import quote, unquote_to_bytes

from PySide6.QtCore import QMimeData, QUrl


def url_of(path: bytes) -> str:
    """Returns the ``file:`` URL of an absolute path."""
    if os.name == "nt":
        return QUrl.fromLocalFile(os.fsdecode(path)).toString(QUrl.ComponentFormattingOption.FullyEncoded)
    return "file://" + quote(path, safe="/")


def path_of(url: QUrl) -> bytes | None:
    """Returns the path a ``file:`` URL means, or None where it means something else."""
    if not url.isLocalFile():
        return None
    if os.name == "nt":
        return os.fsencode(url.toLocalFile())
    encoded = url.path(QUrl.ComponentFormattingOption.FullyEncoded)
    path = unquote_to_bytes(encoded)
    return path.rstrip(b"/") or b"/" if path else None


def paths_in(mime: QMimeData) -> list[bytes]:
    """Returns the local paths of something dragged or copied, in order."""
    return [path for path in map(path_of, mime.urls()) if path is not None]
