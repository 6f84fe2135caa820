"""Records that a link copied once and then left out, since somebody set its offsets back and then forth again."""

from collections.abc import Sequence

import pytest

from drctl.decide import copied_again
from drctl.decide.copied_again import MARGIN
from drctl.decide.translate import translation
from drctl.decide.verification import claims
from drctl.model.translation import Exact, Proof, Unproven, UnprovenReason
from tests.unit.decide.drawn import Site, early, look, proven
from tests.unit.decide.test_verification import Log, logs, numbered, run

HERE, THERE = Site("abcdefghij"), Site("abcdebcdfghij")
"""It had copied e, was set back to b, and to f once it had copied d again: of e the only image is at 4."""
UNNOTED = (0, 0), (1, 5), (2, 6), (3, 7), (5, 8), (6, 9), (7, 10)
"""Offsets rise as if the link had gone on."""
NOTED = (0, 0), (1, 1), *UNNOTED[1:]


@pytest.mark.parametrize("compacted", [False, True])
@pytest.mark.parametrize("syncs", [UNNOTED, NOTED, (*UNNOTED, (9, 12)), (*NOTED, (9, 12))])
@pytest.mark.parametrize("position", [1, 2, 3, 4])
def test_no_answer_passes_over_the_only_image_of_a_record_that_the_newest_copy_left_out(
    position: int, syncs: Sequence[tuple[int, int]], compacted: bool
) -> None:
    assert early(4, look(HERE, THERE, *syncs, at=position, compacted=compacted)) is UnprovenReason.DIFFERENT_RECORDS


@pytest.mark.parametrize("compacted", [False, True])
@pytest.mark.parametrize("syncs", [UNNOTED, NOTED])
def test_behind_what_was_left_out_positions_are_proven(syncs: Sequence[tuple[int, int]], compacted: bool) -> None:
    by_records = Proof.IDENTIFIED if compacted else Proof.COUNTED
    assert proven(8, by_records, look(HERE, THERE, *syncs, at=5, compacted=compacted))


LONG_AGO = [(0, 0), (2_000, 2_000), *((500 + n, 2_001 + n) for n in range(0, 600, 100))]
FORTH = [*LONG_AGO, *((1_500 + n, 2_502 + n) for n in range(0, 1_600, 100))]
ALL, TWICE = (
    numbered((0, 3_100)),
    numbered((0, 2_001)) | numbered((500, 1_001), shift=1_501) | numbered((1_500, 3_100), shift=1_002),
)
"""Copied up to 2000, from 500 to 1000 again, and from 1500 on."""


@pytest.mark.parametrize(
    ("position", "image"), [(500, 1_001), (700, 1_001), (1_001, 1_001), (1_200, 1_200), (1_499, 1_499)]
)
def test_far_in_front_of_the_newest_sync_what_was_left_out_is_not_passed_over(position: int, image: int) -> None:
    here = logs((0, 3_100), (0, 4_102), *FORTH)
    answers, _ = run(translation(here, (position,)), ALL, TWICE)
    assert early(image, answers[position]) is UnprovenReason.DIFFERENT_RECORDS
    behind, _ = run(translation(here, (1_500, 3_100)), ALL, TWICE)
    assert [each.offset for each in behind.values() if isinstance(each, Exact)] == [2_502, 4_102]


@pytest.mark.parametrize(("lowest", "looked"), [(2_000 + MARGIN - 1, True), (2_000 + MARGIN, False)])
def test_what_was_left_out_is_looked_for_as_far_as_an_earlier_copy_can_have_come(lowest: int, looked: bool) -> None:
    here = logs((0, 3_100), (0, 4_102), *FORTH)
    _, read = run(claims(here, 3_100, lowest), ALL, TWICE)
    assert ((lowest, 2_000 + MARGIN), (3_903, 4_002)) in read or not looked
    assert looked == any(source == (lowest, 2_000 + MARGIN) for source, _ in read)


def test_it_is_looked_for_among_so_many_offsets_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copied_again, "FARTHEST", 600)
    _, read = run(claims(logs((0, 3_100), (0, 4_102), *FORTH)), ALL, TWICE)
    assert {stop for (start, stop), _ in read if start == 501} == {1_101}


def test_a_copy_that_the_newest_one_has_not_reached_is_of_another_log_and_leaves_nothing_out() -> None:
    """The source was recreated: it had 6000 records, and has ten now."""
    here = logs((0, 10), (0, 6_010), (0, 0), (6_000, 5_999), (1, 6_001), (9, 6_009))
    source: Log = {n: f"new {n}" for n in range(10)}
    found, read = run(claims(here), source, numbered((0, 6_000)) | {6_000 + n: source[n] for n in source})
    assert found.omitted == {}
    assert all(source_span != (2, 9) for source_span, _ in read)


def test_of_equal_records_that_were_left_out_or_copied_again_none_is_passed_over() -> None:
    """Of two x behind the newest sync the images are at 2 and 3; what stands at 5 is that of the one at 1."""
    answer = look(Site("axbxx"), Site("axbxxax"), (0, 0), (1, 6), at=1)
    assert isinstance(answer, Unproven)
    assert answer.conservative is not None
    assert answer.conservative <= 3
