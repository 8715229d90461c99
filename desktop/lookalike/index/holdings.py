"""What the index holds at one moment: the segments in use, the exact tail, and which contents count.

Every method takes the one lock for a moment and never reads a file, so any thread may call it. A search works on
a :class:`Moment`, which stays as it was while rows are added, removed and sealed.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.index.policy import Extent, choose_merge, covered
from lookalike.index.segment import Segment, SegmentView
from lookalike.index.tail import Frozen, Tail, TailView


@dataclass(frozen=True, slots=True)
class Moment:
    """All rows as they were at one moment."""

    segments: list[SegmentView]
    tail: list[TailView]


@dataclass(frozen=True, slots=True)
class ToSeal:
    """What is to become a segment.

    Attributes:
        frozen: The rows of the tail.
        generation: Higher than that of any segment.
        after_change_seq: The segment will cover changes after this one ...
        change_seq: ... up to this one.
        spent: Segments that lie in that stretch and hold nothing that counts: left over from beyond a gap.
    """

    frozen: Frozen
    generation: int
    after_change_seq: int
    change_seq: int
    spent: list[Segment]


class Holdings:
    """Segments and tail; of one content only the newest row counts."""

    def __init__(self, dim: int) -> None:
        self._lock = threading.Lock()
        self._tail = Tail(dim)
        self._segments: tuple[Segment, ...] = ()
        self._change_seq = 0

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Segments in use, by generation."""
        with self._lock:
            return self._segments

    @property
    def tail_count(self) -> int:
        """Contents in the tail."""
        with self._lock:
            return len(self._tail)

    @property
    def covered_change_seq(self) -> int:
        """The change up to which everything is sealed."""
        with self._lock:
            return self._covered()

    @property
    def change_seq(self) -> int:
        """The change up to which everything can be found."""
        with self._lock:
            return self._change_seq

    def reset(self, segments: Sequence[Segment]) -> tuple[Segment, ...]:
        """Begins anew with ``segments`` and an empty tail; returns the segments held until now."""
        for place, segment in enumerate(segments):
            for newer in segments[place + 1 :]:
                segment.forget(newer.labels)
        with self._lock:
            before, self._segments = self._segments, tuple(segments)
            self._tail.clear()
            self._change_seq = self._covered()
            return before

    def moment(self) -> Moment:
        """Returns all rows as they are now."""
        with self._lock:
            return Moment([SegmentView.of(segment) for segment in self._segments], self._tail.view())

    def contents(self) -> NDArray[np.int64]:
        """Returns the contents that count, int64 (N,), ascending."""
        with self._lock:
            return self._contents()

    def add(self, ids: NDArray[np.int64], rows: NDArray[np.float32], change_seq: int) -> None:
        """Takes rows into the tail; older rows of the same contents count no more."""
        with self._lock:
            for segment in self._segments:
                segment.forget(ids)
            self._tail.add(ids, rows, change_seq)
            self._change_seq = max(self._change_seq, change_seq)

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Lets contents count no more."""
        with self._lock:
            self._remove(ids)

    def keep_only(self, ids: NDArray[np.int64]) -> int:
        """Lets all other contents count no more; returns how many those were."""
        with self._lock:
            gone = np.setdiff1d(self._contents(), ids)
            self._remove(gone)
        return len(gone)

    def freeze(self, blocks: int) -> ToSeal | None:
        """Returns what to seal now, the oldest ``blocks`` of the tail; None where the tail is empty."""
        with self._lock:
            if not len(self._tail):
                return None
            after = self._covered()
            frozen = self._tail.freeze(blocks)
            upto = max(after, self._change_seq if frozen.is_all else frozen.change_seq)
            spent = [
                each
                for each in self._segments
                if not each.live_count
                and after <= each.sidecar.after_change_seq
                and each.sidecar.change_seq <= upto
            ]
            generation = 1 + max((each.sidecar.generation for each in self._segments), default=0)
            return ToSeal(frozen, generation, after, upto, spent)

    def take_sealed(self, segment: Segment, sealed: ToSeal) -> None:
        """Puts a segment in the place of the rows it was made of."""
        with self._lock:
            segment.forget(self._tail.drop(sealed.frozen))
            self._replace(sealed.spent, segment)

    def to_merge(self) -> list[SegmentView]:
        """Returns the segments that are worth merging next."""
        with self._lock:
            choice = choose_merge([_extent(segment) for segment in self._segments])
            return [SegmentView.of(self._segments[place]) for place in choice]

    def take_merged(self, segment: Segment, sources: Sequence[SegmentView]) -> None:
        """Puts a segment in the place of those it was made of."""
        with self._lock:
            for each in sources:
                segment.forget(each.segment.labels[each.segment.dead & ~each.dead])
            self._replace([each.segment for each in sources], segment)

    def give_up(self, name: str) -> bool:
        """Leaves a segment out that turned out damaged; what it covered is to be added again."""
        with self._lock:
            kept = tuple(segment for segment in self._segments if segment.sidecar.name != name)
            is_known = len(kept) < len(self._segments)
            self._segments = kept
            if is_known:
                self._change_seq = min(self._change_seq, self._covered())
                self._tail.distrust()
            return is_known

    def _covered(self) -> int:
        return covered(map(_extent, self._segments))

    def _contents(self) -> NDArray[np.int64]:
        parts = [self._tail.contents(), *(segment.live() for segment in self._segments)]
        return np.unique(np.concatenate(parts))

    def _remove(self, ids: NDArray[np.int64]) -> None:
        for segment in self._segments:
            segment.forget(ids)
        self._tail.remove(ids.tolist())

    def _replace(self, gone: Sequence[Segment], segment: Segment) -> None:
        kept = [each for each in self._segments if each not in gone]
        self._segments = tuple(sorted([*kept, segment], key=lambda each: each.sidecar.generation))


def _extent(segment: Segment) -> Extent:
    """Returns what the rules need to know of a segment."""
    sidecar = segment.sidecar
    return Extent(sidecar.after_change_seq, sidecar.change_seq, segment.live_count, segment.dead_count)
