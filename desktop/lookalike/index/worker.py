"""The index process: the one place that runs hnswlib; one thread works, one reads what is asked.

It imports no Qt, no ONNX and no SQLite. It holds loaded segments for searching, or builds one segment; which of
the two is the asking side's choice. When the asking side is gone it ends at once, whatever it is doing.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from lookalike.core.errors import IndexDamagedError
from lookalike.index import graph
from lookalike.index.frames import Head, read_frame, write_frame
from lookalike.index.sidecar import Sidecar

NICENESS = 10
"""Building must not be felt in the window."""

Arrays = list[NDArray[Any]]
Answer = tuple[Head, Arrays]


class Worker:
    """Answers one request after another; a request that fails is answered with its reason."""

    def __init__(self) -> None:
        self._loaded: dict[str, graph.Graph] = {}
        self._builder: graph.Builder | None = None
        self._actions: dict[str, Callable[[Head, Arrays], Answer]] = {
            "load": self._load,
            "drop": self._drop,
            "search": self._search,
            "begin": self._begin,
            "rows": self._rows,
            "source": self._source,
            "finish": self._finish,
        }

    def answer(self, head: Head, arrays: Arrays) -> Answer:
        """Does what ``head`` asks."""
        try:
            answer, results = self._actions[head["do"]](head, arrays)
        except IndexDamagedError as error:
            answer, results = {"error": "damaged", "text": str(error)}, []
        except ImportError as error:
            answer, results = {"error": "import", "text": str(error)}, []
        except FileNotFoundError:
            answer, results = {"error": "missing", "text": "a file of the index is gone"}, []
        except OSError as error:
            answer, results = {"error": "os", "text": str(error), "errno": error.errno}, []
        except Exception as error:  # noqa: BLE001 - the top of the process: the asking side logs it
            answer, results = {"error": "other", "text": f"{type(error).__name__}: {error}"}, []
        return answer | {"id": head["id"]}, results

    def _load(self, head: Head, arrays: Arrays) -> Answer:
        """Makes a segment ready for searching, once its bytes are checked."""
        sidecar = Sidecar.from_bytes(head["sidecar"].encode(), head["name"])
        self._loaded[sidecar.name] = graph.load(Path(head["file"]), sidecar)
        return {}, []

    def _drop(self, head: Head, arrays: Arrays) -> Answer:
        """Forgets a segment."""
        self._loaded.pop(head["name"], None)
        return {}, []

    def _search(self, head: Head, arrays: Arrays) -> Answer:
        """Searches the named segments, each for as many as it is asked for; a failing one is left out."""
        found: list[str] = []
        results: Arrays = []
        for name, k in zip(head["names"], head["wanted"], strict=True):
            with contextlib.suppress(KeyError, RuntimeError):
                # RuntimeError: the graph did not reach k live rows; the asking side then compares exactly.
                ids, scores = graph.search(self._loaded[name], arrays[0], k)
                found.append(name)
                results += [ids, scores]
        return {"names": found}, results

    def _begin(self, head: Head, arrays: Arrays) -> Answer:
        """Starts building a segment."""
        with contextlib.suppress(AttributeError, OSError):
            os.nice(NICENESS)
        self._builder = graph.Builder(
            dim=head["dim"], space=head["space"], rows=head["rows"], threads=head["threads"]
        )
        return {}, []

    def _rows(self, head: Head, arrays: Arrays) -> Answer:
        """Adds embeddings to the segment being built."""
        self._building().add(arrays[0], arrays[1])
        return {}, []

    def _source(self, head: Head, arrays: Arrays) -> Answer:
        """Adds the rows of an older segment that count."""
        sidecar = Sidecar.from_bytes(head["sidecar"].encode(), head["name"])
        self._building().add_segment(Path(head["file"]), sidecar, arrays[0])
        return {}, []

    def _finish(self, head: Head, arrays: Arrays) -> Answer:
        """Saves the segment, reads it back and flushes it to disk."""
        built, self._builder = self._building(), None
        return built.save(Path(head["file"])), []

    def _building(self) -> graph.Builder:
        """Returns the segment being built."""
        if self._builder is None:
            raise RuntimeError("no segment is being built")
        return self._builder


def main() -> None:
    """Serves the process that started this one, over standard input and output, until that one is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "umask"):
        os.umask(0o077)
    source = os.fdopen(os.dup(0), "rb")
    out = os.fdopen(os.dup(1), "wb")
    # What a C library prints must neither get among the answers nor stop on a pipe nobody reads.
    silence = os.open(os.devnull, os.O_RDWR)
    os.dup2(silence, 0)
    os.dup2(silence, 1)
    requests: queue.SimpleQueue[tuple[Head, Arrays]] = queue.SimpleQueue()

    def read() -> None:
        try:
            while True:
                requests.put(read_frame(source))
        except (EOFError, OSError, ValueError, MemoryError):
            os._exit(0)

    threading.Thread(target=read, name="requests", daemon=True).start()
    worker = Worker()
    while True:
        head, arrays = requests.get()
        try:
            write_frame(out, *worker.answer(head, arrays))
        except OSError:
            os._exit(0)


if __name__ == "__main__":
    main()
