"""Which changes the segments cover, and which of them are worth merging; pure, any thread."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MERGE_WIDTH = 4
"""So many segments of like size become one: a photo is sealed again about log₂ of (library / 4,096) times."""
DEAD_SHARE = 0.25
"""A segment of which so much no longer counts is written anew without it."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What the rules need to know of a segment.

    Attributes:
        after: It covers changes after this one ...
        upto: ... up to this one.
        live: Records that count.
        dead: Records that do not.
    """

    after: int
    upto: int
    live: int
    dead: int


def covered(extents: Iterable[Extent]) -> int:
    """Returns the change up to which nothing is missing.

    Segments cover stretches (after, upto] of changes. Where one is lost, coverage ends at the gap, although later
    segments go on answering: the library adds everything from there on again, and what it adds hides what the
    later segments hold of the same contents.
    """
    return _reach(0, extents)


def choose_merge(extents: Sequence[Extent]) -> range:
    """Returns which neighbouring segments to merge next, as positions; an empty range where all is well.

    Beginning at the newest, each run grows towards older segments as long as the next one is no larger than the
    run so far (size-tiered, as in RocksDB's universal compaction): what is written again stays in proportion to
    what is new.

    Args:
        extents: By generation, oldest first.
    """
    for stop in range(len(extents), 0, -1):
        start = stop - 1
        size = extents[start].live
        while start > 0 and extents[start - 1].live <= max(size, 1) and _is_joined(extents[start - 1 : stop]):
            start -= 1
            size += extents[start].live
        if stop - start >= MERGE_WIDTH:
            return range(start, stop)
    for place, extent in enumerate(extents):
        if extent.dead > DEAD_SHARE * (extent.live + extent.dead):
            return range(place, place + 1)
    return range(0)


def _is_joined(extents: Sequence[Extent]) -> bool:
    """Says whether the stretches of all form one without a gap: only then can one segment cover them."""
    return _reach(min(each.after for each in extents), extents) == max(each.upto for each in extents)


def _reach(start: int, extents: Iterable[Extent]) -> int:
    """Returns how far the stretches lead from ``start`` without a gap."""
    reached = start
    for extent in sorted(extents, key=lambda each: each.after):
        if extent.after > reached:
            break
        reached = max(reached, extent.upto)
    return reached
