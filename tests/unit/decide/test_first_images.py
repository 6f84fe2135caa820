"""What the target may hold of records behind the newest sync: images of a copy that the link makes once more."""

import pytest

from drctl.decide.translate import translation
from drctl.decide.verification import WIDEST, Verified, first_images
from drctl.decide.windows import Window
from drctl.model.offsets import OffsetSync
from drctl.model.translation import Unproven, UnprovenReason
from tests.unit.decide.drawn import Site, early, look
from tests.unit.decide.test_verification import Log, logs, numbered, records, run

KNOWN = OLDER, NEWEST = OffsetSync(10, 10), OffsetSync(20, 20)


def images(
    source: Log, target: Log, *, compacted: bool = False, read_from: int = 10
) -> tuple[list[int], list[tuple[tuple[int, int], tuple[int, int]]]]:
    """Where they are at the target, and what was read for that; around the position was read from ``read_from`` on."""
    window = Window((read_from, 40), (read_from, 40))
    around = records(source, window.source), records(target, window.target)
    read = Verified(window, (NEWEST,), *around, counted_back=False)
    (_, found), asked = run(first_images(logs((0, 40), (0, 40), compacted=compacted), KNOWN, read), source, target)
    return [record.offset for record in found], asked


@pytest.mark.parametrize(
    ("between", "there", "found"),
    [
        ({}, {15: "e"}, [15]),  # more than the source holds there
        ({12: "b"}, {12: "b"}, []),
        ({12: "b"}, {12: "b", 15: "e"}, [12, 15]),
        ({12: "b", 13: "c"}, {15: "e"}, []),
    ],
)
def test_between_two_syncs_that_hold_a_target_that_holds_more_may_hold_first_images(
    between: Log, there: Log, found: list[int]
) -> None:
    assert images({10: "a", 20: "d", 30: "e"} | between, {10: "a", 20: "d"} | there) == (found, [])


def test_where_numbers_tell_nothing_whatever_lies_there_may_be_a_first_image() -> None:
    source = {10: "a", 12: "b", 13: "c", 20: "d", 30: "e"}
    assert images(source, {10: "a", 15: "e", 20: "d"}, compacted=True) == ([15], []), "b and c may have vanished"
    assert images(source, {10: "X", 15: "e", 20: "d"}) == ([15], []), "the older sync does not hold"


def test_the_older_sync_is_read_if_it_was_not_yet() -> None:
    source, target = {10: "a", 20: "d", 30: "e"}, {10: "a", 15: "e", 20: "d"}
    assert images(source, target, read_from=11) == ([15], [((10, 40), (10, 20))])


@pytest.mark.parametrize(("apart", "readings"), [(WIDEST, 1), (WIDEST + 1, 0)])
def test_an_older_sync_that_is_too_far_away_is_not_read(apart: int, readings: int) -> None:
    known = OffsetSync(10, 10), OffsetSync(20, 10 + apart)
    read = Verified(Window((20, 40), (10 + apart, 30 + apart)), known[1:], (), (), counted_back=False)
    here = logs((0, 40), (0, 30 + apart))
    (_, found), asked = run(first_images(here, known, read), {10: "a"}, {10: "a", 15: "e"})
    assert (len(found), len(asked)) == (readings, readings)


def test_in_front_of_the_only_sync_nothing_is_looked_for() -> None:
    read = Verified(Window((20, 40), (20, 40)), (NEWEST,), (), (), counted_back=False)
    (_, found), asked = run(first_images(logs((0, 40), (0, 40)), [NEWEST], read), {}, {15: "e"})
    assert (found, asked) == ((), [])


@pytest.mark.parametrize(
    ("position", "offset"),
    [
        (1_200, 1_211),  # its own image is right, but 1211 comes in front of that
        (1_211, 1_211),
        (1_300, 1_300),
        (1_499, 1_499),
        (1_500, 1_511),  # of this one there is no image yet
    ],
)
def test_behind_a_sync_that_is_far_from_the_one_before_no_answer_passes_over_a_first_image(
    position: int, offset: int
) -> None:
    """It had copied up to 1499 and noted 0 only; it began again with 1200, and is at 1210 now."""
    source, target = numbered((0, 1_600)), numbered((0, 1_500)) | numbered((1_200, 1_211), shift=300)
    here = logs((0, 1_600), (0, 1_511), (0, 0), (1_200, 1_500))
    answers, _ = run(translation(here, (position,)), source, target)
    assert early(offset, answers[position]) is UnprovenReason.NOT_COPIED


@pytest.mark.parametrize(
    "target",
    [
        "abcdefghijklka",
        "abcdefghijklk",  # the image of the newest sync's record is not decided yet
    ],
)
@pytest.mark.parametrize("position", [10, 11])
def test_a_copy_that_begins_with_what_is_gone_at_the_source_awaits_all_that_is_left(position: int, target: str) -> None:
    """It had copied a to l, then k again, and begins once more with a; l has only the image at 11."""
    syncs = (0, 0), (3, 3), (6, 6), (9, 9), (10, 12), (0, 13)
    here = Site("abcdefghijkl", start=10)
    assert early(11, look(here, Site(target), *syncs, at=position)) is UnprovenReason.NOT_COPIED


@pytest.mark.parametrize(("position", "offset"), [(1_202, 1_202), (1_300, 1_300), (1_499, 1_499), (1_550, 1_501)])
def test_where_a_foreign_record_follows_the_second_copy_no_early_position_passes_over_a_first_image(
    position: int, offset: int
) -> None:
    """It had copied up to 1499 and noted 0 only; it began again with 1200, and somebody wrote behind 1204."""
    source, target = numbered((0, 1_600)), numbered((0, 1_500)) | numbered((1_200, 1_205), shift=300) | {1_505: "X"}
    here = logs((0, 1_600), (0, 1_506), (0, 0), (1_200, 1_500))
    answers, _ = run(translation(here, (position,)), source, target)
    assert early(offset, answers[position]) is UnprovenReason.DIFFERENT_RECORDS
    answer = answers[position]
    assert isinstance(answer, Unproven)
    assert answer.repeats == 1_506 - offset


def test_where_compaction_leaves_the_place_open_no_early_position_passes_over_a_first_image() -> None:
    """The same in a compacted topic, where 1203 has vanished at the source."""
    source = numbered((0, 1_203), (1_204, 1_600))
    target = numbered((0, 1_500)) | numbered((1_200, 1_206), shift=300)
    here = logs((0, 1_600), (0, 1_506), (0, 0), (1_200, 1_500), compacted=True)
    answers, _ = run(translation(here, (1_204,)), source, target)
    answer = answers[1_204]
    offset = answer.conservative if isinstance(answer, Unproven) else answer.offset
    assert offset is not None
    assert offset <= 1_206, "1206 is still to be read, and there is one image of it"


def test_a_false_sync_in_between_hides_no_first_image_in_front_of_it() -> None:
    """It had copied up to 2999 and noted 0 only; it began again with 1200. One sync of the reverse link is false."""
    source, target = numbered((0, 4_000)), numbered((0, 3_000)) | numbered((1_200, 1_211), shift=1_800)
    here = logs((0, 4_000), (0, 3_011), (0, 0), (1_200, 3_000), reverse=[(2_950, 1_100)])
    answers, _ = run(translation(here, (1_300,)), source, target)
    assert early(1_300, answers[1_300]) is UnprovenReason.NOT_COPIED
