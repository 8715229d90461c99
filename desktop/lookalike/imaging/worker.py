"""What a decoder process does: one call after the other, within its memory limit; owns the process it runs in."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from multiprocessing.connection import Connection

from lookalike.core.errors import LookalikeError

SINGLE_THREADED = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Decoder processes fill the cores by their number; each thread of a linear algebra library takes memory too."""


def serve(connection: Connection, memory_limit_bytes: int) -> None:
    """Answers calls ``(function, arguments)`` with ``(True, result)`` or ``(False, error)`` until nobody asks.

    Args:
        connection: The other end is held by one thread of the pool; its end is the end of this process.
        memory_limit_bytes: How far the process may grow beyond what it is when ready.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the program that owns this process.
    os.environ.update(SINGLE_THREADED)
    from lookalike.imaging.formats import register_decoders  # After the setting above, which numpy reads.

    register_decoders()
    _limit_memory(memory_limit_bytes)
    while True:
        try:
            function, arguments = connection.recv()
        except (EOFError, OSError):
            return
        answer: tuple[bool, object]
        try:
            answer = (True, function(*arguments))
        except LookalikeError as error:
            answer = (False, error)
        except Exception as error:  # noqa: BLE001  # The asking thread gets it, whatever it is.
            error.add_note(traceback.format_exc())
            answer = (False, error)
        try:
            connection.send(answer)
        except OSError:
            return
        except Exception as error:  # noqa: BLE001  # Whatever pickling an answer may raise.
            connection.send((False, RuntimeError(f"The answer of a decoder could not be sent: {error!r}")))
        del answer, function, arguments  # Not kept while waiting for the next.


def _limit_memory(limit_bytes: int) -> None:
    """Sets the address space this process may take; a system without such limits goes without.

    Address space and not resident memory, which Linux does not limit; so the limit counts from what the loaded
    libraries have already mapped.
    """
    if sys.platform != "linux":
        return  # macOS takes the setting and ignores it; Windows has none.
    import resource

    with open("/proc/self/statm", encoding="ascii") as status:
        mapped = int(status.read().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = mapped + limit_bytes
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
