"""The exact tail: embeddings newer than the last segment, compared one by one; its owner holds a lock.

Rows lie in blocks that never move, so adding copies only what is new, and a search works on views taken under
the owner's lock while rows are added behind them. A row that is replaced or removed stays where it is and loses
its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.index.neighbours import NO_CONTENT, compare, shortlist

BLOCK_ROWS = 4096
"""As many rows as are sealed at once: a usual tail is one block and one multiplication."""

Candidates = tuple[NDArray[np.int64], NDArray[np.float32]]


class _Block:
    """A fixed room for rows.

    Attributes:
        ids: int64 (R,), -1 where a row no longer counts.
        vectors: float32 (R, dim).
        used: Rows taken.
        change_seq: With this block and those before it, everything up to this change is there.
    """

    def __init__(self, rows: int, dim: int) -> None:
        self.ids = np.full(rows, NO_CONTENT, np.int64)
        self.vectors = np.empty((rows, dim), np.float32)
        self.used = 0
        self.change_seq = 0


@dataclass(frozen=True, slots=True)
class TailView:
    """The rows of one block as they were at one moment.

    Attributes:
        ids: int64 (N,), a copy, -1 where a row no longer counts.
        vectors: float32 (N, dim), a view of rows that never change again.
    """

    ids: NDArray[np.int64]
    vectors: NDArray[np.float32]

    def live(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Returns the rows that count."""
        keep = self.ids >= 0
        return (self.ids, self.vectors) if keep.all() else (self.ids[keep], self.vectors[keep])


class Tail:
    """Embeddings in memory, one per content."""

    def __init__(self, dim: int) -> None:
        self._dim = dim
        self._blocks: list[_Block] = []
        self._place: dict[int, tuple[_Block, int]] = {}
        self._is_frozen = False

    def __len__(self) -> int:
        return len(self._place)

    def __contains__(self, content_id: int) -> bool:
        return content_id in self._place

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32], change_seq: int = 0) -> None:
        """Appends rows; ``ids`` are distinct, and a content that was there loses its old row.

        Args:
            ids: int64 (N,).
            vectors: float32 (N, dim), unit rows.
            change_seq: With these rows, everything up to this change is there.
        """
        self.remove(ids.tolist())
        start = 0
        while start < len(ids):
            block = self._open_block()
            count = min(len(ids) - start, len(block.ids) - block.used)
            stop = block.used + count
            block.vectors[block.used : stop] = vectors[start : start + count]
            block.ids[block.used : stop] = ids[start : start + count]
            for row, content_id in enumerate(ids[start : start + count].tolist(), block.used):
                self._place[content_id] = (block, row)
            block.used = stop
            start += count
        if self._blocks:
            self._blocks[-1].change_seq = max(self._blocks[-1].change_seq, change_seq)

    def remove(self, ids: Iterable[int]) -> None:
        """Forgets contents; unknown ones are passed over."""
        for content_id in ids:
            place = self._place.pop(content_id, None)
            if place is not None:
                place[0].ids[place[1]] = NO_CONTENT

    def contents(self) -> NDArray[np.int64]:
        """Returns the contents that count, int64 (N,), ascending."""
        return np.array(sorted(self._place), dtype=np.int64)

    def view(self) -> list[TailView]:
        """Returns all rows as they are now; later changes do not show in it."""
        return [_view(block) for block in self._blocks]

    def freeze(self, blocks: int) -> Frozen:
        """Marks the oldest rows, to be dropped once they are sealed; what comes later goes elsewhere."""
        self._drop_dead()
        taken = self._blocks[:blocks]
        self._is_frozen = self._is_frozen or len(taken) == len(self._blocks)
        return Frozen(
            [_view(block) for block in taken],
            tuple(taken),
            len(taken) == len(self._blocks),
            max((block.change_seq for block in taken), default=0),
        )

    def distrust(self) -> None:
        """Forgets which changes the rows complete: earlier ones were lost and are to come again after them."""
        for block in self._blocks:
            block.change_seq = 0

    def drop(self, frozen: Frozen) -> NDArray[np.int64]:
        """Drops frozen rows that are sealed; returns which of them no longer count, int64 (N,), ascending."""
        gone: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
        for before, block in zip(frozen.views, frozen.blocks, strict=True):
            now = block.ids[: len(before.ids)]
            gone.append(before.ids[(now < 0) & (before.ids >= 0)])
            for content_id in now[now >= 0].tolist():
                del self._place[content_id]
        dropped = {id(block) for block in frozen.blocks}
        self._blocks = [block for block in self._blocks if id(block) not in dropped]
        return np.sort(np.concatenate(gone))

    def clear(self) -> None:
        """Forgets everything."""
        self._blocks, self._place = [], {}

    def _open_block(self) -> _Block:
        """Returns a block with room, a new one where the last is full or frozen."""
        if self._is_frozen or not self._blocks or self._blocks[-1].used == len(self._blocks[-1].ids):
            self._drop_dead()
            self._blocks.append(_Block(BLOCK_ROWS, self._dim))
            self._is_frozen = False
        return self._blocks[-1]

    def _drop_dead(self) -> None:
        """Lets go of blocks in which nothing counts any more; what they complete, later ones complete, too."""
        self._blocks = [each for each in self._blocks if (each.ids[: each.used] >= 0).any()]


@dataclass(frozen=True, slots=True)
class Frozen:
    """Rows that are being sealed.

    Attributes:
        views: Them as they were.
        blocks: Where they lie.
        is_all: Nothing else is in the tail.
        change_seq: With them, everything up to this change is sealed; 0 where that cannot be said.
    """

    views: list[TailView]
    blocks: tuple[_Block, ...]
    is_all: bool
    change_seq: int


def _view(block: _Block) -> TailView:
    """Returns the rows of a block as they are now."""
    return TailView(block.ids[: block.used].copy(), block.vectors[: block.used])


def scan(views: Sequence[TailView], queries: NDArray[np.float32], k: int) -> list[Candidates]:
    """Compares every row with every query: a multiplication per block.

    Returns:
        For each block at most ``k`` candidates per query.
    """
    return [shortlist(view.ids, compare(queries, view.vectors), k) for view in views]
