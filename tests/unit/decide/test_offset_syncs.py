"""What syncs claim together: which of them are the newest, and which contradict each other."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drctl.decide.offset_syncs import consistent, contradict, floor, inverted, latest, runs, undisputed, usable
from drctl.model.offsets import LogBounds, OffsetSync


def syncs(*pairs: tuple[int, int]) -> tuple[OffsetSync, ...]:
    return tuple(OffsetSync(*pair) for pair in pairs)


def test_of_a_record_that_was_copied_twice_the_newest_image_counts_and_what_lay_behind_the_older_one_does_not() -> None:
    """Copied up to 10, which is at 12; then again from 5 on, which is at 40."""
    assert latest(syncs((0, 0), (10, 12), (5, 40))) == [*syncs((0, 0), (5, 40))]
    assert latest(syncs((0, 0), (10, 12), (10, 40))) == [*syncs((0, 0), (10, 40))], "the same record once more"


def test_a_target_that_was_made_anew_leaves_no_sync_that_lies_beyond_it() -> None:
    assert latest(syncs((0, 0), (10, 12), (11, 3))) == [*syncs((0, 0), (11, 3))]
    assert latest(syncs((0, 0), (10, 12), (11, 12))) == [*syncs((0, 0), (11, 12))], "two records at one offset"


def test_the_reverse_link_tells_where_the_newest_image_of_its_record_comes_from() -> None:
    assert inverted(syncs((0, 0), (10, 12), (5, 40))) == [*syncs((0, 0), (40, 5))]


def test_a_link_that_begins_again_with_its_newest_record_begins_a_run() -> None:
    assert runs(syncs((0, 0), (10, 12), (10, 40), (20, 50))) == [syncs((0, 0), (10, 12)), syncs((10, 40), (20, 50))]


@pytest.mark.parametrize(
    ("claims", "left"),
    [
        ((), ()),
        (((3, 5),), ((3, 5),)),
        (((0, 0), (10, 12), (20, 25)), ((0, 0), (10, 12), (20, 25))),
        (((0, 0), (10, 12), (10, 13), (20, 25)), ((0, 0), (20, 25))),  # one record at two places
        (((0, 0), (10, 12), (11, 12), (20, 25)), ((0, 0), (20, 25))),  # two records at one
        (((0, 0), (10, 40), (20, 25), (30, 50)), ((0, 0), (30, 50))),
        (((0, 60), (10, 12), (20, 25), (30, 70)), ((30, 70),)),  # the first is beyond two others
        (((0, 0), (10, 12), (20, 25), (30, 11)), ((0, 0),)),  # the last is before two others
    ],
)
def test_of_claims_that_contradict_each_other_none_is_left(
    claims: tuple[tuple[int, int], ...], left: tuple[tuple[int, int], ...]
) -> None:
    assert undisputed(syncs(*claims)) == syncs(*left)
    assert undisputed(syncs(*reversed(claims))) == syncs(*left), "in whatever order they are told"


@pytest.mark.parametrize(
    ("other", "contradicts"),
    [((11, 13), False), ((9, 11), False), ((11, 11), True), ((9, 13), True), ((10, 13), True), ((11, 12), True)],
)
def test_two_claims_contradict_each_other_unless_both_offsets_rise(other: tuple[int, int], contradicts: bool) -> None:
    one = OffsetSync(10, 12)
    assert contradict(one, OffsetSync(*other)) is contradict(OffsetSync(*other), one) is contradicts


def test_claims_of_one_record_at_two_places_cannot_both_stand() -> None:
    assert consistent(syncs((0, 0), (10, 12), (10, 13)))[0] in (syncs((0, 0), (10, 12)), syncs((0, 0), (10, 13)))
    assert consistent(syncs((0, 0), (10, 12), (11, 12)))[0] in (syncs((0, 0), (10, 12)), syncs((0, 0), (11, 12)))


def test_a_sync_can_be_looked_at_while_both_of_its_records_are_in_the_logs() -> None:
    source, target = LogBounds(10, 20, 25), LogBounds(12, 25, 25)
    inside, outside = ((10, 12), (19, 24)), ((9, 13), (11, 11), (20, 24), (19, 25))
    assert usable(syncs(*inside, *outside), source, target) == syncs(*inside)


@pytest.mark.parametrize(
    ("position", "offset"),
    [
        (9, 2),  # no sync at or below it: the log start
        (10, 12),  # its own image
        (11, 13),  # whatever comes next is behind the image of 10
        (19, 13),
        (25, 25),  # of a record that the target does not hold any more: not beyond its end
    ],
)
def test_nothing_at_or_after_a_position_was_written_before_its_floor(position: int, offset: int) -> None:
    assert floor(syncs((10, 12), (20, 30)), position, LogBounds(2, 25, 25)) == offset


def test_a_floor_is_not_below_the_log_start() -> None:
    assert floor(syncs((10, 12)), 10, LogBounds(20, 25, 25)) == 20


CLAIMS = st.sets(st.builds(OffsetSync, st.integers(0, 7), st.integers(0, 7)), max_size=9)


@given(CLAIMS)
def test_undisputed_are_those_that_contradict_no_other(claims: set[OffsetSync]) -> None:
    alone = {one for one in claims if not any(contradict(one, other) for other in claims - {one})}
    assert undisputed(claims) == tuple(sorted(alone, key=lambda claim: claim.upstream))


@given(CLAIMS)
def test_no_more_claims_are_consistent_than_those_that_are_found(claims: set[OffsetSync]) -> None:
    kept, others = consistent(claims)
    assert {*kept, *others} == claims
    assert not any(contradict(one, other) for one, other in combinations(kept, 2))
    longer = combinations(claims, len(kept) + 1)
    assert all(any(contradict(one, other) for one, other in combinations(some, 2)) for some in longer)
