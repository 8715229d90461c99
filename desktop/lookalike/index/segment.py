"""A sealed segment as the window's process sees it: a checked file, its contents, and which of them still count.

hnswlib is not needed here. The vectors are read straight from the file, so that exact search goes on while the
index process is away. Reading is by ``read``, not by ``mmap``: a file that shrinks under a mapping ends the
process. Contents that no longer count are changed by the owner under its lock; a view taken there stays as it was.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from lookalike.core.errors import IndexDamagedError
from lookalike.index.neighbours import NO_CONTENT, compare, shortlist
from lookalike.index.sidecar import HEADER_BYTES, SEGMENT_SUFFIX, Sidecar

ROWS_AT_ONCE = 4096
"""Read in one go: 5 MB at 256 values."""


def open_plain(file: Path) -> BinaryIO:
    """Opens a plain file for unbuffered reading; a pipe or a device in its place is refused, not waited for.

    Raises:
        OSError: It cannot be opened or is no plain file.
    """
    handle = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError("not a plain file")
    return cast(BinaryIO, open(handle, "rb", buffering=0))


def read_verified(
    file: BinaryIO, sidecar: Sidecar, sink: Callable[[memoryview], object] | None = None
) -> NDArray[np.int64]:
    """Reads a whole segment, comparing size and SHA-256 with the sidecar.

    Args:
        file: Open at any position.
        sidecar: What the file must be.
        sink: Gets every byte in order; what it got is worthless if this raises.

    Returns:
        int64 (count,), the content of each record in the order of the file.

    Raises:
        IndexDamagedError: The file is not what the sidecar says, or cannot be read.
    """
    name = f"{sidecar.name}{SEGMENT_SUFFIX}"
    digest = hashlib.sha256()
    labels = np.empty(sidecar.count, np.int64)
    try:
        if os.fstat(file.fileno()).st_size != sidecar.size_bytes:
            raise IndexDamagedError(f"The index file “{name}” has not the size it was written with.")
        file.seek(0)
        row = 0
        for want in _pieces(sidecar):
            data = np.empty(want, np.uint8)
            read_into(file, data.data)
            digest.update(data.data)
            if sink is not None:
                sink(data.data)
            if want % sidecar.record_bytes == 0 and row < sidecar.count and file.tell() > HEADER_BYTES:
                rows = want // sidecar.record_bytes
                labels[row : row + rows] = _labels(data, rows, sidecar)
                row += rows
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise IndexDamagedError(f"The index file “{name}” cannot be read: {reason.lower()}.") from error
    if digest.hexdigest() != sidecar.sha256:
        raise IndexDamagedError(f"The index file “{name}” is damaged: its checksum is wrong.")
    return labels


def read_into(file: BinaryIO, room: memoryview) -> None:
    """Fills ``room`` from the file's position on.

    Raises:
        EOFError: The file ends before.
        OSError: It cannot be read.
    """
    done = 0
    while done < len(room):
        got = file.readinto(room[done:])  # type: ignore[attr-defined]
        if not got:
            raise EOFError("it ends too early")
        done += got


class Segment:
    """One sealed segment; its file stays open, so a search goes on even where the file is replaced meanwhile.

    Attributes:
        sidecar: What it is.
        labels: int64 (count,), the content of each record in the order of the file.
        dead: bool (count,), records that no longer count; replaced, never changed, so views stay as they were.
        dead_count: How many those are.
    """

    def __init__(self, sidecar: Sidecar, file: BinaryIO, labels: NDArray[np.int64]) -> None:
        self.sidecar = sidecar
        self.labels = labels
        self.dead: NDArray[np.bool_] = np.zeros(len(labels), dtype=bool)
        self.dead_count = 0
        self._order = np.argsort(labels)
        self._file = file
        self._lock = threading.Lock()

    @classmethod
    def open(cls, file: Path, sidecar: Sidecar) -> Segment:
        """Opens a segment once all of it has been checked.

        Raises:
            IndexDamagedError: The file is not what the sidecar says.
            FileNotFoundError: It is not there.
        """
        try:
            handle = open_plain(file)
        except FileNotFoundError:
            raise
        except OSError as error:
            name = f"{sidecar.name}{SEGMENT_SUFFIX}"
            raise IndexDamagedError(f"The index file “{name}” cannot be opened.") from error
        try:
            return cls(sidecar, handle, read_verified(handle, sidecar))
        except BaseException:
            handle.close()
            raise

    def close(self) -> None:
        """Closes the file; a search that still reads it finds the segment gone."""
        with self._lock:
            self._file.close()

    def __del__(self) -> None:
        self._file.close()

    @property
    def live_count(self) -> int:
        """Records that count."""
        return len(self.labels) - self.dead_count

    def find(self, ids: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Returns the record of each content, and whether there is one at all."""
        if not len(self.labels):
            return np.zeros(ids.shape, np.intp), np.zeros(ids.shape, dtype=bool)
        place = np.searchsorted(self.labels, ids, sorter=self._order)
        record = self._order[np.minimum(place, len(self.labels) - 1)]
        return record, self.labels[record] == ids

    def forget(self, ids: NDArray[np.int64]) -> None:
        """Lets contents count no more; unknown ones are passed over. The owner holds its lock."""
        record, is_here = self.find(ids)
        if is_here.any():
            dead = self.dead.copy()
            dead[record[is_here]] = True
            self.dead, self.dead_count = dead, int(dead.sum())

    def live(self) -> NDArray[np.int64]:
        """Returns the contents that count, in the order of the file."""
        return self.labels[~self.dead]

    def blocks(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Reads the vectors; yields the first row of a block and float32 (N, dim), valid until the next block.

        Raises:
            IndexDamagedError: The file can no longer be read.
        """
        sidecar = self.sidecar
        data = np.empty(min(ROWS_AT_ONCE, max(sidecar.count, 1)) * sidecar.record_bytes, np.uint8)
        for start in range(0, sidecar.count, ROWS_AT_ONCE):
            rows = min(ROWS_AT_ONCE, sidecar.count - start)
            try:
                with self._lock:
                    self._file.seek(HEADER_BYTES + start * sidecar.record_bytes)
                    read_into(self._file, data.data[: rows * sidecar.record_bytes])
            except (OSError, EOFError, ValueError) as error:
                name = f"{sidecar.name}{SEGMENT_SUFFIX}"
                raise IndexDamagedError(f"The index file “{name}” can no longer be read.") from error
            yield start, vectors_in(data, rows, sidecar)


@dataclass(frozen=True, slots=True)
class SegmentView:
    """A segment and which of its records counted at one moment."""

    segment: Segment
    dead: NDArray[np.bool_]
    dead_count: int

    @classmethod
    def of(cls, segment: Segment) -> SegmentView:
        """Returns the segment as it is now; the owner holds its lock."""
        return cls(segment, segment.dead, segment.dead_count)

    @property
    def name(self) -> str:
        """The segment's."""
        return self.segment.sidecar.name

    def keep_live(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Returns ``ids`` with -1 for each that does not count."""
        if not self.dead_count:
            return ids
        record, is_here = self.segment.find(ids)
        return np.where(is_here & ~self.dead[record], ids, NO_CONTENT)

    def scan(
        self, queries: NDArray[np.float32], k: int
    ) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Compares every record with every query; at most ``k`` candidates per query and block.

        Raises:
            IndexDamagedError: The file can no longer be read.
        """
        labels = (
            np.where(self.dead, NO_CONTENT, self.segment.labels) if self.dead_count else self.segment.labels
        )
        return [
            shortlist(labels[start : start + len(vectors)], compare(queries, vectors), k)
            for start, vectors in self.segment.blocks()
        ]


def vectors_in(data: NDArray[np.uint8], rows: int, sidecar: Sidecar) -> NDArray[np.float32]:
    """Returns the vectors of whole records as they lie in ``data``, float32 (rows, dim), not copied."""
    return np.ndarray(
        (rows, sidecar.dim), np.float32, data.data, sidecar.vector_offset, (sidecar.record_bytes, 4)
    )


def _labels(data: NDArray[np.uint8], rows: int, sidecar: Sidecar) -> NDArray[np.int64]:
    """Returns the contents of whole records, int64 (rows,)."""
    table = data[: rows * sidecar.record_bytes].reshape(rows, sidecar.record_bytes)
    return np.ascontiguousarray(table[:, sidecar.label_offset :]).view(np.int64).reshape(rows)


def _pieces(sidecar: Sidecar) -> Iterator[int]:
    """Yields the sizes to read a segment in: the head, whole records, and what comes after them."""
    yield HEADER_BYTES
    for start in range(0, sidecar.count, ROWS_AT_ONCE):
        yield min(ROWS_AT_ONCE, sidecar.count - start) * sidecar.record_bytes
    rest = sidecar.size_bytes - HEADER_BYTES - sidecar.count * sidecar.record_bytes
    while rest > 0:
        yield min(rest, 1 << 22)
        rest -= 1 << 22
