"""The index the library uses: sealed segments in a process of their own and an exact tail, searched as one.

Safe for searching, adding and sealing on different threads. No call but :meth:`VectorIndex.seal`,
:meth:`VectorIndex.merge` and :meth:`VectorIndex.clear` waits for the index process; hnswlib never runs in this one.

Exact search needs no second copy of the vectors: whatever the index process cannot answer is compared straight
from the checked segment files, and the tail is in memory anyway.

Coverage. Segments cover stretches of ``change_seq``. :attr:`VectorIndex.covered_change_seq` is the end of the
stretch from 0 on without a gap. Where a segment is lost the library adds all embeddings after it again; later
segments go on answering meanwhile, and whatever is added hides what they hold of the same contents. So ``add``
must be called in the order of the catalog: with ``change_seq`` it says that every embedding up to there was added.
"""

from __future__ import annotations

import importlib.util
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lookalike.core.errors import IndexDamagedError, LookalikeError, ProfileError
from lookalike.index import store
from lookalike.index.blend import search_all
from lookalike.index.holdings import Holdings, ToSeal
from lookalike.index.neighbours import Neighbours, prepare_queries, prepare_rows
from lookalike.index.process import default_command
from lookalike.index.sealing import Plan, Sealer, leftovers
from lookalike.index.searcher import Searcher
from lookalike.index.segment import Segment
from lookalike.index.sidecar import SPACES

log = logging.getLogger(__name__)

SEAL_ROWS = 4096
"""A tail of so many rows is worth a segment: 1 ms per search, and about a second of building in the background."""
SLICE_BLOCKS = 8
"""At most 32,768 rows become a segment at once: half a minute of building on one core."""
EXACT_BELOW = 16_384
"""Segments that hold fewer rows in all are compared exactly: 1 to 3 ms, and no process that takes 0.3 s of CPU to
start and 50 MB to keep."""
QUERIES_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class OpenReport:
    """What opening found.

    Attributes:
        covered_change_seq: Embeddings after this change must be added again.
        problems: One sentence for each segment that cannot be used, naming the file.
    """

    covered_change_seq: int
    problems: tuple[str, ...]


class VectorIndex:
    """Finds the nearest contents among all embeddings of one model."""

    def __init__(
        self,
        folder: Path,
        model_id: str,
        dim: int,
        metric: str = "cosine",
        *,
        is_writable: bool = True,
        exact_below: int = EXACT_BELOW,
        threads: int = 1,
        command: Sequence[str] | None = None,
        on_damage: Callable[[str], None] | None = None,
    ) -> None:
        """Reads and starts nothing yet.

        Args:
            folder: Where the segments lie; only one process at a time may open it writable.
            model_id: Segments of another model are refused.
            dim: Values per embedding.
            metric: ``cosine`` or ``euclidean``; scores are cosines with both.
            is_writable: False for a process beside the writer: it changes no file.
            exact_below: Segments with fewer rows in all are searched exactly, without an index process.
            threads: How many threads build a segment.
            command: Starts an index process; by default this interpreter.
            on_damage: Told in one sentence when a segment turns out damaged after it was opened, on any thread;
                embeddings after :attr:`change_seq` must then be added again.
        """
        self._folder = folder
        self._wanted = store.Wanted(model_id, dim, SPACES[metric])
        self._is_writable, self._exact_below, self._on_damage = is_writable, exact_below, on_damage
        self._holdings = Holdings(dim)
        self._building = threading.Lock()
        self._seal_at = SEAL_ROWS
        self._is_closed = False
        command = default_command() if command is None else command
        self._searcher = Searcher(folder, command, self._drop_damaged)
        self._sealer = Sealer(folder, command, threads)

    def open(self) -> OpenReport:
        """Checks and opens all segments; those that cannot be used are named and deleted.

        The catalog holds everything that is in a segment, so a damaged one is of no use to anybody. A process
        that only reads leaves all files alone.

        Raises:
            ProfileError: The folder cannot be read.
        """
        try:
            if self._is_writable:
                self._folder.mkdir(mode=store.PRIVATE_FOLDER, parents=True, exist_ok=True)
            contents = store.read_folder(self._folder, self._wanted)
            if self._is_writable:
                store.sweep(self._folder, contents)
        except OSError as error:
            raise ProfileError(f"The index folder “{self._folder}” cannot be read.") from error
        for segment in self._holdings.reset(contents.segments):
            segment.close()
        return OpenReport(self._holdings.covered_change_seq, contents.problems)

    @property
    def segments(self) -> int:
        """Sealed segments in use."""
        return len(self._holdings.segments)

    @property
    def tail(self) -> int:
        """Contents in the exact tail."""
        return self._holdings.tail_count

    @property
    def covered_change_seq(self) -> int:
        """The change up to which everything is sealed."""
        return self._holdings.covered_change_seq

    @property
    def change_seq(self) -> int:
        """The change up to which everything can be found; what comes after it is to be added."""
        return self._holdings.change_seq

    @property
    def process_id(self) -> int | None:
        """The searching index process while one runs."""
        return self._searcher.pid

    @property
    def loaded(self) -> int:
        """Segments that the index process answers for; the others are compared exactly."""
        return self._searcher.loaded

    def contents(self) -> NDArray[np.int64]:
        """Returns the contents that can be found, int64 (N,), ascending."""
        return self._holdings.contents()

    def add(self, content_ids: ArrayLike, vectors: ArrayLike, change_seq: int) -> None:
        """Takes in embeddings; a content that is there already gets the new one.

        Args:
            content_ids: int64 (N,), not negative.
            vectors: float32 (N, dim); rows are brought to unit length.
            change_seq: With these rows, every embedding up to this change was added.
        """
        self._holdings.add(*prepare_rows(content_ids, vectors, self._wanted.dim), change_seq)

    def remove(self, content_ids: Iterable[int]) -> None:
        """Forgets contents; they are not returned again unless added again.

        Segments keep them on disk until the next merge: after a start :meth:`keep_only` says what still counts.
        """
        self._holdings.remove(np.fromiter((int(each) for each in content_ids), np.int64))

    def keep_only(self, content_ids: ArrayLike) -> int:
        """Forgets every content that is not named; returns how many went."""
        return self._holdings.keep_only(np.asarray(content_ids, np.int64))

    def search(self, queries: ArrayLike, k: int) -> Neighbours:
        """Returns the ``k`` nearest contents of every row of ``queries``, float32 (Q, dim).

        Never waits for the index process beyond a moment: what it does not answer is compared exactly.

        Raises:
            InputError: A query is not finite, has no length or the wrong dimension, or ``k`` is negative.
        """
        rows = prepare_queries(queries, self._wanted.dim, k)
        answers = [
            self._search(rows[start : start + QUERIES_AT_ONCE], k)
            for start in range(0, max(len(rows), 1), QUERIES_AT_ONCE)
        ]
        return Neighbours(
            np.concatenate([each.content_ids for each in answers]),
            np.concatenate([each.scores for each in answers]),
        )

    def needs_seal(self) -> bool:
        """Says whether the tail is long enough to be sealed, and can be."""
        return self._can_build() and self.tail >= self._seal_at

    def seal(self) -> None:
        """Turns the tail into segments; adding and searching go on meanwhile. Waits for a process: seconds.

        A very long tail, as after damage, goes in slices, so that a program closed meanwhile keeps what is done.
        Does nothing where the tail is empty or hnswlib cannot be used here.

        Raises:
            Cancelled: The index was closed meanwhile.
            LookalikeError: It could not be built; the tail is as it was.
            OSError: The disk is full or the folder cannot be written; the tail is as it was.
        """
        with self._building:
            left = self.tail
            while left > 0 and self._can_build():
                rows = self._holdings.freeze(SLICE_BLOCKS)
                if rows is None:
                    return
                self._seal(rows)
                left -= sum(len(view.ids) for view in rows.frozen.views)

    def merge(self) -> bool:
        """Merges small segments into one, without what no longer counts; returns whether there was any to merge.

        Waits for a process: seconds to minutes. Call it again until it returns False.

        Raises:
            Cancelled, LookalikeError, OSError: As :meth:`seal`; the segments are as they were.
        """
        with self._building:
            if not self._can_build():
                return False
            sources = self._holdings.to_merge()
            if not sources:
                return False
            sidecars = [each.segment.sidecar for each in sources]
            plan = Plan(
                self._wanted,
                max(each.generation for each in sidecars),
                min(each.after_change_seq for each in sidecars),
                max(each.change_seq for each in sidecars),
                leftovers(self._folder, [each.segment for each in sources]),
            )
            try:
                segment = self._sealer.build(plan, (), sources)
            except IndexDamagedError:
                for each in sources:
                    self._recheck(each.segment)
                raise
            self._holdings.take_merged(segment, sources)
            self._delete(plan.replaces)
            return True

    def check(self) -> list[str]:
        """Compares every segment on disk with its sidecar, changing nothing; one sentence per problem.

        Needs no :meth:`open`, and hnswlib sees none of it.
        """
        try:
            contents = store.read_folder(self._folder, self._wanted)
        except OSError:
            return [f"The index folder “{self._folder}” cannot be read."]
        contents.close()
        return list(contents.problems)

    def clear(self) -> None:
        """Deletes all segments and forgets the tail: everything is to be added again."""
        with self._building:
            gone = self._holdings.reset(())
            self._seal_at = SEAL_ROWS
            self._delete([segment.sidecar.name for segment in gone])

    def close(self) -> None:
        """Ends the index process and whatever is being built; nothing is left running."""
        self._is_closed = True
        self._sealer.close()
        self._searcher.close()
        with self._building:
            for segment in self._holdings.reset(()):
                segment.close()

    def _seal(self, rows: ToSeal) -> None:
        """Turns rows of the tail into a segment; the caller holds the lock for building."""
        replaces = leftovers(self._folder, rows.spent)
        plan = Plan(self._wanted, rows.generation, rows.after_change_seq, rows.change_seq, replaces)
        try:
            segment = self._sealer.build(plan, rows.frozen.views, ())
        except (LookalikeError, OSError):
            self._seal_at = self.tail + SEAL_ROWS
            raise
        self._seal_at = SEAL_ROWS
        self._holdings.take_sealed(segment, rows)
        self._delete(replaces)

    def _search(self, queries: NDArray[np.float32], k: int) -> Neighbours:
        """Searches with at most a few hundred queries."""
        moment = self._holdings.moment()
        is_small = sum(len(view.dead) for view in moment.segments) < self._exact_below
        searcher = None if is_small else self._searcher
        answer, damaged = search_all(searcher, moment.segments, moment.tail, queries, k)
        for view, text in damaged:
            self._drop_damaged(view.name, text)
        return answer

    def _delete(self, names: Iterable[str]) -> None:
        """Deletes segments that are in use no more."""
        for name in names:
            store.remove(self._folder, name)
        store.sync_folder(self._folder)

    def _can_build(self) -> bool:
        """Says whether segments can be made here."""
        return (
            self._is_writable
            and not self._searcher.is_unusable
            and importlib.util.find_spec("hnswlib") is not None
        )

    def _recheck(self, segment: Segment) -> None:
        """Reads a segment again and gives it up if it is damaged."""
        try:
            Segment.open(store.segment_file(self._folder, segment.sidecar.name), segment.sidecar).close()
        except IndexDamagedError as error:
            self._drop_damaged(segment.sidecar.name, str(error))
        except OSError as error:
            log.warning("A segment cannot be read: %s", error)

    def _drop_damaged(self, name: str, text: str) -> None:
        """Gives up a segment that turned out damaged; the library hears of it and adds its contents again."""
        if self._is_closed or not self._holdings.give_up(name):
            return
        log.warning("%s", text)
        if self._is_writable:
            self._delete([name])
        if self._on_damage is not None:
            self._on_damage(text)
