"""HNSW graphs: checked before they are loaded, read back after they are saved; only in the index process.

hnswlib 0.8 loads whatever it is given, up to a crash, and reports no failed write. So it gets only bytes whose
checksum was just compared, and what it saved is read back before anyone may rely on it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.core.errors import IndexDamagedError
from lookalike.index.segment import Segment, open_plain, read_verified
from lookalike.index.sidecar import HEADER_BYTES, SEGMENT_SUFFIX, Sidecar

LINKS = 16
"""hnswlib's M: links per record and layer."""
BUILD_WIDTH = 200
"""hnswlib's efConstruction."""
LEAST_WIDTH = 200
WIDTH_PER_WANTED = 4
"""The search's ef: at least 200, and four times what is wanted. In 40,000 clustered embeddings of 256 values recall@10
is 1.00 in 1 ms, recall@200 0.99 in 4 ms; twice as much (hnswlib's usual advice) finds 0.96 of 200."""
ROWS_AT_ONCE = 4096
_HEADER = struct.Struct("<6QiIQQQdQ")
"""offsetLevel0, max elements, elements, record bytes, label offset, vector offset, top layer, entry point, ..."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A loaded segment."""

    sidecar: Sidecar
    index: Any


def load(file: Path, sidecar: Sidecar) -> Graph:
    """Loads a segment from exactly the bytes whose checksum was compared.

    On Linux they are copied into memory while being hashed and loaded from there, so nothing that happens to the
    file in between can reach hnswlib. Elsewhere hnswlib opens the file itself, and file and path must be the same
    and untouched before and after.

    Raises:
        IndexDamagedError: The file is not what the sidecar says.
        FileNotFoundError: It is not there any more, as after a merge by another process.
        ImportError: hnswlib cannot be used here.
    """
    import hnswlib

    try:
        source = open_plain(file)
    except OSError as error:
        raise IndexDamagedError(
            f"The index file “{sidecar.name}{SEGMENT_SUFFIX}” cannot be opened."
        ) from error
    index = hnswlib.Index(space=sidecar.space, dim=sidecar.dim)
    with source:
        if sidecar.count == 0:
            read_verified(source, sidecar)
        elif hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd"):
            with open(os.memfd_create("segment"), "wb") as copy:
                read_verified(source, sidecar, copy.write)
                copy.flush()
                index.load_index(f"/proc/self/fd/{copy.fileno()}")
        else:
            before = _identity(os.fstat(source.fileno()))
            read_verified(source, sidecar)
            with contextlib.chdir(file.parent):
                index.load_index(file.name)
            if not before == _identity(os.fstat(source.fileno())) == _identity(os.stat(file)):
                raise IndexDamagedError(f"The index file “{file.name}” changed while it was loaded.")
    if sidecar.count and (index.get_current_count() != sidecar.count or index.dim != sidecar.dim):
        raise IndexDamagedError(
            f"The index file “{file.name}” holds something else than its description says."
        )
    index.set_num_threads(1)
    return Graph(sidecar, index)


def search(
    graph: Graph, queries: NDArray[np.float32], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Returns the nearest records, int64 (Q, k) and cosine scores float32 (Q, k), ``k`` at most the count.

    Raises:
        RuntimeError: The graph did not reach as many.
    """
    k = min(k, graph.sidecar.count)
    if k == 0 or not len(queries):
        return np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
    graph.index.set_ef(max(LEAST_WIDTH, WIDTH_PER_WANTED * k))
    labels, distances = graph.index.knn_query(queries, k=k, num_threads=1)
    scores = 1.0 - distances * (0.5 if graph.sidecar.space == "l2" else 1.0)
    return labels.astype(np.int64), scores.astype(np.float32)


class Builder:
    """One segment in the making."""

    def __init__(self, *, dim: int, space: str, rows: int, threads: int) -> None:
        import hnswlib

        self._dim, self._space, self._threads = dim, space, threads
        self._index = hnswlib.Index(space=space, dim=dim)
        self._index.init_index(max_elements=max(rows, 1), M=LINKS, ef_construction=BUILD_WIDTH)

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Adds rows whose contents are not in it yet."""
        if len(ids):
            self._index.add_items(vectors, ids, num_threads=self._threads)

    def add_segment(self, file: Path, sidecar: Sidecar, dead: NDArray[np.bool_]) -> None:
        """Adds the rows of an older segment that count.

        Raises:
            IndexDamagedError: It is not what its sidecar says.
            FileNotFoundError: It is gone.
        """
        segment = Segment.open(file, sidecar)
        for start, vectors in segment.blocks():
            keep = ~dead[start : start + len(vectors)]
            self.add(segment.labels[start : start + len(vectors)][keep], vectors[keep])
        segment.close()

    def save(self, file: Path) -> dict[str, Any]:
        """Writes the segment, flushed to disk, and reads all of it back.

        Returns:
            The facts of the sidecar that only the file can tell.

        Raises:
            OSError: The disk is full or the file cannot be written.
        """
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        try:
            with contextlib.chdir(file.parent):  # hnswlib takes no path that is not text; the name alone is
                self._index.save_index(file.name)
            os.fsync(handle)
            with open(os.dup(handle), "rb") as written:
                written.seek(0)
                data = written.read()
        finally:
            os.close(handle)
        if not self._is_all_of_it(data):
            raise OSError(errno.ENOSPC, "the index file was not written as a whole")
        facts = _HEADER.unpack_from(data)
        return {
            "count": facts[2],
            "size_bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
            "record_bytes": facts[3],
            "label_offset": facts[4],
            "vector_offset": facts[5],
        }

    def _is_all_of_it(self, data: bytes) -> bool:
        """Compares what was saved with what is in memory: head, every vector, and links up to the last byte."""
        if len(data) < HEADER_BYTES:
            return False
        _, _, count, record, label_at, vector_at, *_ = _HEADER.unpack_from(data)
        place = HEADER_BYTES + count * record
        if (
            count != self._index.get_current_count()
            or len(data) < place
            or label_at != vector_at + 4 * self._dim
        ):
            return False
        table = np.frombuffer(data, np.uint8, count * record, HEADER_BYTES).reshape(count, record)
        for start in range(0, count, ROWS_AT_ONCE):
            rows = np.ascontiguousarray(table[start : start + ROWS_AT_ONCE, vector_at:])
            labels = rows[:, 4 * self._dim :].copy().view(np.uint64).reshape(-1)
            vectors = rows[:, : 4 * self._dim].copy().view(np.float32)
            if not np.array_equal(self._index.get_items(labels, return_type="numpy"), vectors):
                return False
        for _ in range(count):
            if place + 4 > len(data):
                return False
            place += 4 + int.from_bytes(data[place : place + 4], "little")
        return bool(place == len(data))


def _identity(facts: os.stat_result) -> tuple[int, ...]:
    """Returns what changes when a file is replaced or written."""
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns
