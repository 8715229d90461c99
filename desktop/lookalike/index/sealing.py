"""Builds one segment in a process of its own and lets it count; runs on the thread that asks, which may wait long.

Vectors travel as plain bytes, block by block from where they lie; older segments are read by the building process
itself. Whatever fails, the folder and the caller's rows are as they were.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.core.errors import Cancelled, IndexDamagedError, LookalikeError
from lookalike.index.frames import Head
from lookalike.index.process import Answer, IndexProcess, ProcessGone
from lookalike.index.segment import Segment, SegmentView
from lookalike.index.sidecar import Sidecar
from lookalike.index.store import (
    Wanted,
    commit,
    new_name,
    part_of,
    remove,
    segment_file,
    sidecar_file,
    sweep_part,
)
from lookalike.index.tail import TailView

log = logging.getLogger(__name__)

START_LIMIT_S = 60.0
ROW_LIMIT_S = 0.05
"""A row takes about 0.25 ms; a busy, slow machine may take very much longer before it counts as hanging."""
LOOK_EVERY_S = 1.0


class IndexBuildError(LookalikeError):
    """A segment could not be built; nothing is lost, and search goes on as before."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the new segment is to be.

    Attributes:
        wanted: What it is made for.
        generation: Of two segments that hold the same content the higher one is right.
        after_change_seq: It covers changes after this one ...
        change_seq: ... up to this one.
        replaces: Names of the segments it makes superfluous.
    """

    wanted: Wanted
    generation: int
    after_change_seq: int
    change_seq: int
    replaces: tuple[str, ...]


class Sealer:
    """Builds segments, one at a time; :meth:`close` from another thread ends what is under way."""

    def __init__(self, folder: Path, command: Sequence[str], threads: int) -> None:
        self._folder, self._command, self._threads = folder, command, threads
        self._lock = threading.Lock()
        self._process: IndexProcess | None = None
        self._is_closed = False

    def build(self, plan: Plan, blocks: Sequence[TailView], sources: Sequence[SegmentView]) -> Segment:
        """Builds a segment of the live rows of blocks and older segments, which share no content.

        Returns:
            The segment, committed and open. The files it replaces still lie there.

        Raises:
            Cancelled: The index was closed meanwhile.
            IndexDamagedError: A source is damaged.
            IndexBuildError: The building process ended or gave up.
            OSError: The disk is full or the folder cannot be written.
        """
        name = new_name(plan.generation)
        part = part_of(segment_file(self._folder, name))
        try:
            facts = self._run(plan, blocks, sources, part)
            sidecar = Sidecar(
                name=name,
                model_id=plan.wanted.model_id,
                dim=plan.wanted.dim,
                space=plan.wanted.space,
                generation=plan.generation,
                after_change_seq=plan.after_change_seq,
                change_seq=plan.change_seq,
                replaces=plan.replaces,
                **facts,
            )
            commit(self._folder, sidecar)
        except BaseException:
            sweep_part(part)
            raise
        try:
            return Segment.open(segment_file(self._folder, name), sidecar)
        except (IndexDamagedError, OSError):
            remove(self._folder, name)
            raise

    def close(self) -> None:
        """Ends what is being built; the builder gets :class:`Cancelled`."""
        with self._lock:
            self._is_closed = True
            process = self._process
        if process is not None:
            process.kill()

    def _run(
        self, plan: Plan, blocks: Sequence[TailView], sources: Sequence[SegmentView], part: Path
    ) -> dict[str, Any]:
        """Has the file written; returns the facts that only the file can tell."""
        rows = sum(int((block.ids >= 0).sum()) for block in blocks)
        rows += sum(len(source.dead) - source.dead_count for source in sources)
        limit_s = START_LIMIT_S + ROW_LIMIT_S * rows
        process = self._start()
        try:
            answers: list[Future[Answer]] = []

            def ask(head: Head, *arrays: NDArray[Any]) -> None:
                answers.append(process.ask(head, arrays, limit_s=limit_s))

            wanted = plan.wanted
            ask(
                {
                    "do": "begin",
                    "dim": wanted.dim,
                    "space": wanted.space,
                    "rows": rows,
                    "threads": self._threads,
                }
            )
            for source in sources:
                sidecar = source.segment.sidecar
                file = segment_file(self._folder, source.name)
                head = {
                    "do": "source",
                    "name": source.name,
                    "file": str(file),
                    "sidecar": sidecar.to_bytes().decode(),
                }
                ask(head, source.dead)
            for block in blocks:
                ids, vectors = block.live()
                ask({"do": "rows"}, ids, np.ascontiguousarray(vectors))
            ask({"do": "finish", "file": str(part)})
            facts: dict[str, Any] = {}
            for answer in answers:
                facts = self._wait(process, answer)
            if facts["count"] != rows:
                raise IndexBuildError(
                    "A part of the index was not built as a whole; search goes on without it."
                )
            return {key: facts[key] for key in facts.keys() - {"id"}}
        except ProcessGone as error:
            if self._is_closed:
                raise Cancelled from error
            raise IndexBuildError(
                "The process that builds the index ended unexpectedly; search goes on, only slower."
            ) from error
        finally:
            with self._lock:
                self._process = None
            process.close()

    def _start(self) -> IndexProcess:
        """Starts the building process."""
        with self._lock:
            if self._is_closed:
                raise Cancelled
            self._process = IndexProcess(self._command)
            return self._process

    def _wait(self, process: IndexProcess, answer: Future[Answer]) -> Head:
        """Waits for one answer; the process has as long as the request allows.

        Raises:
            ProcessGone, IndexDamagedError, IndexBuildError, OSError: What went wrong over there.
        """
        while True:
            try:
                head, _ = answer.result(timeout=LOOK_EVERY_S)
                break
            except TimeoutError:
                process.end_if_overdue()
        kind = head.get("error")
        if kind is None:
            return head
        if kind == "os":
            raise OSError(head["errno"], head["text"])
        if kind == "damaged":
            raise IndexDamagedError(head["text"])
        log.warning("Building a segment failed: %s", head["text"])
        if kind == "missing":
            raise IndexBuildError("A file of the index is gone; search goes on, and the next start mends it.")
        raise IndexBuildError("The index could not be built; search goes on, only slower.")


def leftovers(folder: Path, sources: Sequence[Segment]) -> tuple[str, ...]:
    """Returns what a segment made of ``sources`` replaces: them, and what they replaced that still lies there."""
    older = {name for source in sources for name in source.sidecar.replaces}
    return tuple(
        sorted(
            {source.sidecar.name for source in sources}
            | {
                name
                for name in older
                if segment_file(folder, name).exists() or sidecar_file(folder, name).exists()
            }
        )
    )
