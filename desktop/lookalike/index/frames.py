"""What travels between the window's process and the index process: a JSON head and plain bytes, never a pickle."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

_LENGTHS = struct.Struct("<IQ")
HEAD_LIMIT_BYTES = 64 * 1024 * 1024
"""No head comes near it: a longer one means that the two ends have lost each other."""

Head = dict[str, Any]


def write_frame(out: BinaryIO, head: Head, arrays: Sequence[NDArray[Any]] = ()) -> None:
    """Writes one frame; the arrays go out as they lie in memory, without a copy.

    Raises:
        OSError: The other end is gone.
    """
    shapes = [(array.dtype.str, array.shape) for array in arrays]
    text = json.dumps(head | {"arrays": shapes}).encode()
    out.write(_LENGTHS.pack(len(text), sum(array.nbytes for array in arrays)) + text)
    for array in arrays:
        if array.nbytes:
            out.write(np.ascontiguousarray(array).data.cast("B"))
    out.flush()


def read_frame(source: BinaryIO) -> tuple[Head, list[NDArray[Any]]]:
    """Reads one frame.

    Raises:
        EOFError: The other end is gone, perhaps in the middle of a frame, or speaks something else.
    """
    head_bytes, array_bytes = _LENGTHS.unpack(_read_exactly(source, _LENGTHS.size))
    if head_bytes > HEAD_LIMIT_BYTES:
        raise EOFError("not a frame")
    head = json.loads(_read_exactly(source, head_bytes))
    data = _read_exactly(source, array_bytes)
    arrays: list[NDArray[Any]] = []
    start = 0
    for kind, shape in head.pop("arrays"):
        count = int(np.prod(shape, dtype=np.int64))
        array = np.frombuffer(data, np.dtype(kind), count, start).reshape(shape)
        arrays.append(array)
        start += array.nbytes
    return head, arrays


def _read_exactly(source: BinaryIO, count: int) -> bytearray:
    """Returns ``count`` bytes.

    Raises:
        EOFError: The other end is gone.
    """
    data = bytearray(count)
    view = memoryview(data)
    done = 0
    while done < count:
        got = source.readinto(view[done:])  # type: ignore[attr-defined]
        if not got:
            raise EOFError("the other end is gone")
        done += got
    return data
