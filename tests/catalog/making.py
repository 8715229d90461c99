"""Makes what the catalog's tests store: contents, stats and embeddings told apart by a number."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike.catalog.catalog import Catalog
from lookalike.core.records import ContentState, Facts, FileStat

MODEL = "resnet-test"
DIM = 8
PICTURES = b"/home/user/Pictures"


def fingerprint(number: int) -> bytes:
    """Returns the 32 bytes that stand for content ``number``."""
    return hashlib.blake2b(b"content %d" % number, digest_size=32).digest()


def stat(number: int = 0, *, mtime_ns: int = 1_600_000_000 * 10**9) -> FileStat:
    """Returns a stat that no other number shares."""
    return FileStat(1000 + number, mtime_ns, 10_000 + number, 42)


def facts(number: int = 0, *, taken_at: str | None = None) -> Facts:
    """Returns facts that no other number shares."""
    return Facts(1000 + number, 640, 480, "JPEG", taken_at, "Canon EOS", 48.5, 11.25, 6)


def vector(number: int, dim: int = DIM) -> NDArray[np.float32]:
    """Returns a unit vector drawn from ``number``."""
    drawn = np.random.default_rng(number).standard_normal(dim).astype(np.float32)
    return drawn / np.float32(np.linalg.norm(drawn))


def store(
    catalog: Catalog,
    folder_id: int,
    path: bytes,
    number: int,
    *,
    taken_at: str | None = None,
    state: ContentState = ContentState.OK,
) -> tuple[int, int]:
    """Stores a photo with content ``number`` and its embedding; returns its file_id and content_id."""
    with catalog.transaction():
        content_id = catalog.store_content(
            fingerprint(number), fingerprint(number)[:16], facts(number, taken_at=taken_at), state
        )
        file_id = catalog.store_file(folder_id, path, stat(number), content_id)
        if not catalog.has_embedding(content_id, MODEL):
            catalog.store_embedding(content_id, MODEL, vector(number))
    return file_id, content_id


def bytes_of_all(folder: Path) -> bytes:
    """Returns the bytes of every file in ``folder`` itself."""
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir()) if file.is_file())
