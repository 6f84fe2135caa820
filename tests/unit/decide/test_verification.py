"""Which syncs are looked at, and how much of the logs is read for that."""

from collections.abc import Collection
from dataclasses import replace

import pytest

from drctl.decide.copied_again import LOOKED_AT, MARGIN
from drctl.decide.translate import translation
from drctl.decide.verification import WIDEST, Unverified, Verified, around, claims
from drctl.decide.windows import Asking, Logs
from drctl.model.offsets import LogBounds, OffsetSync, RecordId
from drctl.model.translation import Proof, Unproven, UnprovenReason
from tests.unit.decide.drawn import ORDERS, Site, early, look, proven

type Log = dict[int, str]
"""Offset to content."""


def logs(
    source: tuple[int, int],
    target: tuple[int, int],
    *syncs: tuple[int, int],
    compacted: bool = False,
    reverse: Collection[tuple[int, int]] = (),
) -> Logs:
    """``source`` and ``target`` are where the logs begin and end."""
    here, there = (LogBounds(start, end, end) for start, end in (source, target))
    written, other_way = (tuple(OffsetSync(*sync) for sync in each) for each in (syncs, reverse))
    return Logs(ORDERS, here, there, written, compacted, reverse_syncs=other_way)


def run[T](asking: Asking[T], source: Log, target: Log) -> tuple[T, list[tuple[tuple[int, int], tuple[int, int]]]]:
    """The result, and every window that was read."""
    read: list[tuple[tuple[int, int], tuple[int, int]]] = []
    try:
        window = next(asking)
        while True:
            read.append((window.source, window.target))
            window = asking.send((records(source, window.source), records(target, window.target)))
    except StopIteration as ended:
        result: T = ended.value
        return result, read


def records(log: Log, span: tuple[int, int]) -> list[RecordId]:
    return [RecordId(offset, log[offset].encode()) for offset in sorted(log) if span[0] <= offset < span[1]]


def numbered(*spans: tuple[int, int], shift: int = 0) -> Log:
    """A record at every offset, as it was written at the source, ``shift`` offsets further on here."""
    return {offset + shift: str(offset) for start, stop in spans for offset in range(start, stop)}


KNOWN = [OffsetSync(n, n + 7) for n in range(100, 2_000, 100)]
SOME = logs((1, 2_000), (1, 2_500))


def test_the_example_at_the_top_of_the_module_is_true() -> None:
    log = dict(enumerate("abcdefgh"))
    here = logs((0, 8), (0, 8), (0, 0), (3, 5), (6, 6))
    found, read = run(around(here, here.syncs, (4,)), log, log)
    assert isinstance(found, Verified)
    assert found.held == (OffsetSync(0, 0), OffsetSync(6, 6))
    assert read == [((3, 7), (5, 7)), ((0, 7), (0, 7))]


@pytest.mark.parametrize("compacted", [False, True])
def test_where_no_sync_holds_the_window_grows_in_doubling_steps_on_both_sides(compacted: bool) -> None:
    here = replace(SOME, compacted=compacted)
    found, read = run(around(here, KNOWN, (1_050,)), numbered((1, 2_000)), {})
    assert found == Unverified(None if compacted else KNOWN[0]), "what compaction may have taken is not false"
    assert read == [
        ((1_000, 1_101), (1_007, 1_108)),
        ((900, 1_201), (907, 1_208)),
        ((700, 1_401), (707, 1_408)),
        ((300, 1_801), (307, 1_808)),
        ((100, 2_000), (107, 2_500)),
    ]


def test_a_window_grows_only_on_the_side_where_no_sync_holds() -> None:
    above = numbered((1_100, 1_101), shift=7)
    found, read = run(around(SOME, KNOWN, (1_050,)), numbered((1, 2_000)), above)
    assert isinstance(found, Verified)
    assert (found.held, found.counted_back) == ((OffsetSync(1_100, 1_107),), True)
    assert [here for here, _ in read] == [(n, 1_101) for n in (1_000, 900, 700, 300, 100, 1_050, 1_050)]
    below = numbered((700, 701), shift=7)
    found, read = run(around(SOME, KNOWN, (1_050,)), numbered((1, 2_000)), below)
    assert isinstance(found, Verified)
    assert (found.held, found.counted_back) == ((OffsetSync(700, 707),), False)
    assert [here for here, _ in read] == [(1_000, 1_101), (900, 1_201), (700, 1_401), (700, 1_801), (600, 2_000)]


def test_a_sync_at_the_position_lies_below_it_and_the_next_one_above_it() -> None:
    found, read = run(around(SOME, KNOWN, (1_000,)), numbered((1, 2_000)), numbered((1, 2_000), shift=7))
    assert isinstance(found, Verified)
    assert found.held == (OffsetSync(1_000, 1_007), OffsetSync(1_100, 1_107))
    assert read == [((1_000, 1_101), (1_007, 1_108))]
    above_is_false = numbered((1, 1_001), (1_200, 2_000), shift=7)
    found, read = run(around(SOME, KNOWN, (1_000,)), numbered((1, 2_000)), above_is_false)
    assert isinstance(found, Verified)
    assert found.held == (OffsetSync(1_000, 1_007), OffsetSync(1_200, 1_207))
    assert read == [((1_000, 1_101), (1_007, 1_108)), ((1_000, 1_201), (1_007, 1_208))]


def test_between_the_oldest_two_syncs_nothing_is_counted_back() -> None:
    found, _ = run(around(SOME, KNOWN, (150,)), numbered((1, 2_000)), numbered((1, 2_000), shift=7))
    assert isinstance(found, Verified)
    assert (found.held, found.counted_back) == ((OffsetSync(100, 107), OffsetSync(200, 207)), False)


def test_behind_the_newest_sync_one_more_is_read() -> None:
    found, _ = run(around(SOME, KNOWN, (1_950,)), numbered((1, 2_000)), numbered((1, 2_000), shift=7))
    assert isinstance(found, Verified)
    assert found.held == (OffsetSync(1_800, 1_807), OffsetSync(1_900, 1_907))
    found, _ = run(around(SOME, KNOWN[:2], (1_950,)), numbered((1, 2_000)), numbered((1, 2_000), shift=7))
    assert isinstance(found, Verified)
    assert found.held == (OffsetSync(100, 107), OffsetSync(200, 207))
    found, read = run(around(SOME, KNOWN[:1], (1_950,)), numbered((1, 2_000)), numbered((1, 2_000), shift=7))
    assert isinstance(found, Verified)
    assert found.held == (OffsetSync(100, 107),)
    assert read == [((100, 2_000), (107, 2_500))]


@pytest.mark.parametrize(("apart", "readings"), [((WIDEST - 2) // 2, 2), ((WIDEST - 2) // 2 + 1, 1)])
def test_a_window_that_is_wide_enough_grows_no_more(apart: int, readings: int) -> None:
    known = [OffsetSync(n * apart, n * apart) for n in range(1, 5)]
    here = logs((1, 5 * apart), (1, 5 * apart))
    found, read = run(around(here, known, (2 * apart + 1,)), {2 * apart: "a", 3 * apart: "b"}, {})
    assert (found, len(read)) == (Unverified(known[0] if readings == 2 else known[1]), readings)


FIRST = [OffsetSync(10_000, 10_500)]


@pytest.mark.parametrize(
    ("target", "read_from"),
    [
        ((10_000, 10_001), [8_499, 2_493, 0]),  # four times as much, and then all of it
        ((9_500, 10_001), [8_499, 2_493, 0]),  # as many as the source holds: there may be more
        ((9_499, 10_001), [8_499]),
    ],
)
def test_below_the_first_sync_the_target_is_read_until_it_holds_more_than_the_source(
    target: tuple[int, int], read_from: list[int]
) -> None:
    here = logs((900, 20_000), (0, 20_000))
    source, there = numbered((900, 20_000)), numbered(target, shift=500)
    found, read = run(around(here, FIRST, (9_500,)), source, there)
    assert isinstance(found, Verified)
    assert found.counted_back
    assert read == [((9_500, 10_001), (begin, 10_501)) for begin in read_from]


def test_below_the_first_sync_of_a_compacted_log_all_of_it_is_read_once() -> None:
    here = logs((900, 20_000), (3, 20_000), compacted=True)
    found, read = run(around(here, FIRST, (9_500,)), numbered((900, 20_000)), numbered((10_000, 10_001), shift=500))
    assert isinstance(found, Verified)
    assert not found.counted_back
    assert read == [((900, 10_001), (3, 10_501))]


@pytest.mark.parametrize(
    ("images", "read_to"),
    [
        (50, [12_000]),  # fewer than the source holds there
        (100, [12_000, 18_000, 42_000]),  # as many: the next record may be there too
        (399, [12_000, 18_000, 42_000]),
        (400, [12_000, 18_000, 42_000, 50_000]),
    ],
)
def test_behind_the_newest_sync_the_source_is_read_until_it_holds_more_than_the_target(
    images: int, read_to: list[int]
) -> None:
    source = numbered((10_000, 10_001), (11_300, 11_400), (20_000, 20_300), (45_000, 45_100))
    there = {10_100 + n: each for n, each in enumerate([*source.values()][: images + 1])}
    here = logs((900, 50_000), (0, 10_600))
    found, read = run(around(here, [OffsetSync(10_000, 10_100)], (10_050,)), source, there)
    assert isinstance(found, Verified)
    assert read == [((10_000, stop), (10_100, 10_600)) for stop in read_to]


@pytest.mark.parametrize(("further", "awaited"), [(MARGIN, {1_500: 5}), (MARGIN + 1, {})])
def test_what_lay_in_front_of_the_oldest_sync_matters_until_the_link_is_well_past_it(
    further: int, awaited: dict[int, int]
) -> None:
    """The record at 1500 is to be copied; the target holds an older image of it, and nobody knows whose."""
    source = {100: "a", 100 + further: "b", 1_500: "c"}
    target = {5: "c", 50: "a", 50 + further: "b"}
    here = logs((0, 1_600), (0, 1_200), (100, 50), (100 + further, 50 + further))
    found, read = run(claims(here), source, target)
    assert (found.awaited, found.copying_again) == (awaited, bool(awaited))
    assert (len(read) > 1) is bool(awaited), "all that is looked at otherwise is whether the newest sync holds"


@pytest.mark.parametrize(("position", "offset"), [(1_100, 5), (1_500, 5), (1_501, 1_200)])
def test_the_older_image_of_a_record_that_is_still_to_be_read_is_not_passed_over(position: int, offset: int) -> None:
    """The copy has not come to 1500 yet: if the source died now, the image at 5 would be all there is of it."""
    source = {100: "a", 1_100: "b", 1_500: "c"}
    target = {5: "c", 50: "a", 1_050: "b"}
    answers, _ = run(translation(logs((0, 1_600), (0, 1_200), (100, 50), (1_100, 1_050)), (position,)), source, target)
    assert early(offset, answers[position]) is UnprovenReason.NOT_COPIED


@pytest.mark.parametrize(("image", "awaited"), [(199, {}), (200, {2_500: 200}), (1_199, {2_500: 1_199})])
def test_older_images_are_looked_for_right_in_front_of_the_oldest_sync(image: int, awaited: dict[int, int]) -> None:
    source, target = {1_100: "a", 2_100: "b", 2_500: "c"}, {image: "c", 1_200: "a", 2_200: "b"}
    here = logs((0, 9_000), (0, 2_300), (1_100, 1_200), (2_100, 2_200))
    found, read = run(claims(here), source, target)
    assert found.awaited == awaited
    behind_the_newest = (2_101, 3_299)
    between_the_syncs = (1_100, 3_301), (1_200, 2_300)
    looked_for = [(behind_the_newest, (2_201, 2_300)), (behind_the_newest, (200, 1_200))]
    assert read == [between_the_syncs, *looked_for]


@pytest.mark.parametrize("start", [1_200, 1_199])
def test_no_older_image_is_looked_for_in_front_of_the_log_start(start: int) -> None:
    here = logs((0, 9_000), (start, 2_300), (1_100, 1_200), (2_100, 2_200))
    _, read = run(claims(here), {1_100: "a", 2_100: "b", 2_500: "c"}, {1_200: "a", 2_200: "b"})
    behind_the_newest = (2_101, 3_299)
    looked_for = [(behind_the_newest, (2_201, 2_300)), (behind_the_newest, (1_199, 1_200))]
    between_the_syncs = (1_100, 3_301), (1_200, 2_300)
    assert read == [between_the_syncs, *(looked_for if start < 1_200 else [])]


def test_what_was_copied_since_the_newest_sync_is_not_awaited() -> None:
    source, target = {1_100: "a", 2_100: "b", 2_101: "c", 2_102: "d"}, {500: "c", 600: "d", 1_200: "a", 2_200: "b"}
    here = logs((0, 9_000), (0, 2_300), (1_100, 1_200), (2_100, 2_200))
    found, _ = run(claims(here), source, target | {2_201: "c"})
    assert found.awaited == {2_102: 600}


def test_an_equal_record_between_the_syncs_of_one_copy_is_no_older_image() -> None:
    """The record at 400 is as the one at 200, whose image is at 150: each of them is copied once."""
    source = {100: "a", 200: "c", 300: "b", 400: "c"}
    here = logs((0, 500), (0, 300), (100, 50), (300, 250))
    found, _ = run(claims(here), source, {50: "a", 150: "c", 250: "b"})
    assert (found.awaited, found.copying_again) == ({}, False)


def test_where_the_source_holds_nothing_behind_the_newest_sync_nothing_is_awaited_and_only_that_is_looked_at() -> None:
    both = {0: "a", 100: "b"}, {50: "a", 150: "b"}
    found, read = run(claims(logs((0, 101), (0, 151), (0, 50), (100, 150)), lowest=101), *both)
    assert (found.awaited, read) == ({}, [((100, 101), (150, 151))])
    found, read = run(claims(logs((0, 101), (0, 151), (0, 50), (100, 150)), lowest=100), *both)
    assert (found.omitted, read) == ({}, [((0, 101), (0, 151))]), "what is asked for may have been left out"
    found, read = run(claims(logs((0, 1), (0, 51), (0, 50))), {0: "a"}, {50: "a"})
    assert (found.awaited, read) == ({}, []), "a single one is looked at with what lies around a position"


@pytest.mark.parametrize(("stale", "left"), [(LOOKED_AT, 200), (LOOKED_AT + 1, 2)])
def test_as_many_syncs_as_can_be_looked_at_are_no_match_for_the_records(stale: int, left: int) -> None:
    """Stale ones of the reverse link, each of which contradicts every true one but the first and the last."""
    true = [(10 * n, 10 * n) for n in range(200)]
    here = logs((0, 2_000), (0, 2_000), *true, reverse=[(1 + 2 * n, 1_881 + 2 * n) for n in range(stale)])
    found, _ = run(claims(here), numbered((0, 2_000)), numbered((0, 2_000)))
    assert len(found.syncs) == left


@pytest.mark.parametrize(("stale", "left"), [(LOOKED_AT, (OffsetSync(1, 605),)), (LOOKED_AT + 1, ())])
def test_a_true_sync_stands_against_as_many_false_ones_as_can_be_looked_at(
    stale: int, left: tuple[OffsetSync, ...]
) -> None:
    here = logs((0, 2_000), (0, 2_000), *((10 * n, 10 * n) for n in range(1, stale + 1)), reverse=[(605, 1)])
    found, read = run(claims(here), numbered((0, 2_000)), {605: "1"})
    assert found.syncs == left
    assert read[0] == ((1, 2), (605, 606)), "one record at either side is enough"


def test_a_link_that_begins_again_right_at_the_targets_end_counts_as_copying_again() -> None:
    """The image at 4 is not decided there yet."""
    assert early(1, look(Site("abcd"), Site("abcd"), (0, 0), (3, 3), (0, 4), at=1)) is UnprovenReason.NOT_COPIED


def test_a_first_copy_that_is_gone_from_the_targets_log_does_not_count() -> None:
    there = Site(".....ab", start=5)
    assert proven(6, Proof.COUNTED, look(Site("abcd"), there, (0, 0), (3, 3), (0, 5), (1, 6), at=1))


def test_what_is_gone_in_front_of_where_a_link_copies_again_stays_gone() -> None:
    """It begins again with c; a and b were copied once, and retention took their images."""
    here, there = Site("abcd"), Site("..cd.c", start=2)
    answer = look(here, there, (0, 0), (3, 3), (2, 5), at=0)
    assert early(2, answer) is UnprovenReason.GONE_AT_TARGET
    assert isinstance(answer, Unproven)
    assert answer.repeats == 4
    assert early(2, look(here, there, (0, 0), (3, 3), (2, 5), at=2)) is UnprovenReason.NOT_COPIED


def test_however_far_a_link_has_copied_again_what_it_has_not_reached_is_awaited() -> None:
    """A worker that was killed had copied up to 1750 and noted 1690; it began again with 600, and is at 1700 now."""
    source = numbered((0, 2_000))
    target = numbered((0, 1_751)) | numbered((600, 1_701), shift=1_151)
    here = logs((0, 2_000), (0, 2_852), (0, 0), (1_690, 1_690), (600, 1_751), (1_700, 2_851))
    answers, _ = run(translation(here, (1_600, 1_740, 1_760)), source, target)
    assert early(1_600, answers[1_600]) is UnprovenReason.NOT_COPIED, (
        "1701 to 1750 are still to be read, at their first images"
    )
    assert early(1_740, answers[1_740]) is UnprovenReason.NOT_COPIED
    assert early(1_751, answers[1_760]) is UnprovenReason.NOT_COPIED
