"""Coverage and merging, as rules without files."""

from __future__ import annotations

from lookalike.index.policy import Extent, choose_merge, covered


def extents(*sizes: int, dead: int = 0) -> list[Extent]:
    """Segments of these sizes, each beginning where the one before ends."""
    return [Extent(place * 10, place * 10 + 10, size, dead) for place, size in enumerate(sizes)]


def test_coverage_ends_where_a_segment_is_lost() -> None:
    whole = [Extent(0, 10, 1, 0), Extent(10, 20, 1, 0), Extent(20, 30, 1, 0)]
    assert covered(whole) == 30
    assert covered([whole[0], whole[2]]) == 10
    assert covered(whole[1:]) == 0
    assert covered([]) == 0


def test_coverage_counts_stretches_that_overlap_in_any_order() -> None:
    assert covered([Extent(4, 9, 1, 0), Extent(0, 5, 1, 0), Extent(9, 9, 1, 0)]) == 9


def test_few_segments_stay_as_they_are() -> None:
    assert choose_merge(extents(4000, 4000, 4000)) == range(0)
    assert choose_merge([]) == range(0)


def test_four_of_like_size_become_one() -> None:
    assert choose_merge(extents(60_000, 4000, 4000, 4000, 4000)) == range(1, 5)


def test_an_older_segment_joins_once_the_newer_ones_weigh_as_much() -> None:
    assert choose_merge(extents(16_000, 4000, 4000, 4000, 4000)) == range(5)


def test_segments_with_a_gap_between_them_are_not_merged() -> None:
    apart = extents(10, 10, 10, 10, 10)
    assert choose_merge([*apart[:2], *apart[3:]]) == range(0)


def test_a_segment_of_which_much_is_gone_is_written_anew() -> None:
    assert choose_merge([*extents(9000), Extent(10, 20, 60, 40)]) == range(1, 2)
    assert choose_merge([*extents(9000), Extent(10, 20, 90, 10)]) == range(0)


def test_an_empty_segment_is_not_written_again_and_again() -> None:
    assert choose_merge([Extent(0, 10, 0, 0)]) == range(0)


def test_writing_again_stays_in_proportion_to_what_is_new() -> None:
    segments: list[Extent] = []
    written = 0
    for step in range(256):
        segments.append(Extent(step, step + 1, 4096, 0))
        while choice := choose_merge(segments):
            sources = segments[choice.start : choice.stop]
            live = sum(each.live for each in sources)
            written += live
            segments[choice.start : choice.stop] = [Extent(sources[0].after, sources[-1].upto, live, 0)]
    assert written <= 8 * 256 * 4096
    assert len(segments) <= 12
