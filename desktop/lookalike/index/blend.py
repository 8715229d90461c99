"""One search over tail and segments: the index process answers what it can, the rest is compared exactly.

Runs on the searching thread and waits for the process no longer than an exact search would take.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import Future

import numpy as np
from numpy.typing import NDArray

from lookalike.core.errors import IndexDamagedError
from lookalike.index.neighbours import Neighbours, rank
from lookalike.index.process import Answer, ProcessGone
from lookalike.index.searcher import PATIENCE_S, Searcher
from lookalike.index.segment import SegmentView
from lookalike.index.tail import Candidates, TailView, scan

log = logging.getLogger(__name__)

PATIENCE_PER_QUERY_S = 0.01
EXACT_SHARE = 32
"""Fetching more than one record in so many from a graph takes longer than comparing all of them: at 256 values a
wanted record costs about 20 µs in a graph, a record read and compared 0.07 µs; doubtful cases go to the graph,
which leaves the window's process its core."""
GROWTH = 4
"""How many times more are fetched where too many did not count."""

Damaged = list[tuple[SegmentView, str]]


def search_all(
    searcher: Searcher | None,
    segments: Sequence[SegmentView],
    tail: Sequence[TailView],
    queries: NDArray[np.float32],
    k: int,
) -> tuple[Neighbours, Damaged]:
    """Returns the ``k`` nearest live contents over all, and segments that could not be read.

    Args:
        searcher: The client of the index process; None for exact search alone.
        segments: As they were when the search began.
        tail: As it was at the same moment.
        queries: float32 (Q, dim), unit rows.
        k: How many.
    """
    count = len(queries)
    if k == 0 or count == 0:
        return rank([], count, k), []
    fetch = {view.name: _first_fetch(view, k) for view in segments}
    loaded: frozenset[str] = frozenset()
    if searcher is not None:
        loaded = searcher.want([view.segment.sidecar for view in segments])
    asked = [view for view in segments if view.name in loaded and _is_worth_a_graph(view, fetch[view.name])]
    answer = _ask(searcher, asked, fetch, queries)
    names = {view.name for view in asked} if answer is not None else set()
    damaged: Damaged = []
    found: list[Candidates] = scan(tail, queries, k)
    for view in segments:
        if view.name not in names:
            found += _scan(view, queries, k, damaged)
    while answer is not None and searcher is not None:
        results = _results(answer, count)
        if results:
            searcher.note_answer()
        short: list[SegmentView] = []
        for view in asked:
            candidates = _live(view, results.get(view.name), k, fetch[view.name])
            if candidates is not None:
                found.append(candidates)
                continue
            fetch[view.name] *= GROWTH
            if view.name in results and _is_worth_a_graph(view, fetch[view.name]):
                short.append(view)
            else:
                found += _scan(view, queries, k, damaged)
        asked = short
        answer = _ask(searcher, asked, fetch, queries)
        if answer is None:
            for view in asked:
                found += _scan(view, queries, k, damaged)
    return rank(found, count, k), damaged


def _first_fetch(view: SegmentView, k: int) -> int:
    """Returns how many to fetch at first: some more than wanted where some do not count."""
    return min(len(view.dead), k + min(view.dead_count, k // 2 + 8))


def _is_worth_a_graph(view: SegmentView, fetch: int) -> bool:
    """Says whether a graph finds so many sooner than comparing everything."""
    return fetch * EXACT_SHARE <= len(view.dead)


def _ask(
    searcher: Searcher | None,
    asked: Sequence[SegmentView],
    fetch: dict[str, int],
    queries: NDArray[np.float32],
) -> Future[Answer] | None:
    """Asks the index process; None where there is nothing to ask or nobody."""
    if searcher is None or not asked:
        return None
    return searcher.ask([view.name for view in asked], [fetch[view.name] for view in asked], queries)


def _results(answer: Future[Answer], queries: int) -> dict[str, Candidates]:
    """Returns what the process found, by segment; nothing where it ended, erred, or takes too long."""
    try:
        head, arrays = answer.result(timeout=PATIENCE_S + PATIENCE_PER_QUERY_S * queries)
    except (ProcessGone, TimeoutError):
        return {}
    if "error" in head:
        log.warning("The index process could not search: %s", head["text"])
        return {}
    return {name: (arrays[2 * place], arrays[2 * place + 1]) for place, name in enumerate(head["names"])}


def _live(view: SegmentView, candidates: Candidates | None, k: int, fetched: int) -> Candidates | None:
    """Returns candidates that count; None where there are fewer than there should be for any query."""
    if candidates is None:
        return None
    ids = view.keep_live(candidates[0])
    enough = min(k, len(view.dead) - view.dead_count)
    if fetched < len(view.dead) and ((ids >= 0).sum(axis=1) < enough).any():
        return None
    return ids, candidates[1]


def _scan(view: SegmentView, queries: NDArray[np.float32], k: int, damaged: Damaged) -> list[Candidates]:
    """Compares exactly; a segment that cannot be read gives nothing and is noted."""
    try:
        return view.scan(queries, k)
    except IndexDamagedError as error:
        damaged.append((view, str(error)))
        return []
