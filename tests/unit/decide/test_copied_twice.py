"""Images of a first copy that no run of syncs shows, and equal records that are none."""

from dataclasses import replace

import pytest

from drctl.decide.copied_again import MARGIN
from drctl.decide.translate import translation
from drctl.decide.verification import claims
from drctl.decide.windows import Logs
from drctl.model.offsets import LogBounds, OffsetSync
from drctl.model.translation import Exact, Unproven, UnprovenReason
from tests.unit.decide.drawn import Site, early, look
from tests.unit.decide.test_verification import Log, logs, numbered, run


@pytest.mark.parametrize("compacted", [False, True])
@pytest.mark.parametrize(("apart", "awaited"), [(MARGIN - 400, {2_500: 1_850}), (MARGIN - 399, {})])
def test_a_copy_that_begins_again_behind_the_last_sync_that_was_written_leaves_its_images_between_two(
    apart: int, awaited: dict[int, int], compacted: bool
) -> None:
    """It was killed when it had copied up to 2500 and noted 2000; it began again with 2200, and is at 2400 now."""
    source = {0: "a", 2_000: "b", 2_200: "c", 2_400: "d", 2_500: "e"}
    first_copy, again = {0: "a", 1_600: "b", 1_700: "c", 1_800: "d", 1_850: "e"}, {1_900 + apart: "c"}
    newest = 2_000 + apart
    syncs = (0, 0), (2_000, 1_600), (2_200, 1_900 + apart), (2_400, newest)
    here = logs((0, 9_000), (0, newest + 100), *syncs, compacted=compacted)
    found, _ = run(claims(here), source, first_copy | again | {newest: "d"})
    assert (found.awaited, found.copying_again) == (awaited, bool(awaited))


def test_an_image_of_a_record_that_is_equal_to_that_of_the_newest_sync_is_not_passed_over() -> None:
    source, target = "abcdefghe", "abcdefghede"  # the record at 8 is as the one at 4, where the newest sync is
    here, there = (dict(enumerate(drawn)) for drawn in (source, target))
    found, _ = run(claims(logs((0, 9), (0, 11), (0, 0), (2, 2), (3, 9), (4, 10))), here, there)
    assert found.awaited == {8: 8, 5: 5, 6: 6, 7: 7}


@pytest.mark.parametrize(
    ("source", "target", "syncs", "awaited"),
    [
        ("aa", "aaa", [(0, 0), (0, 2)], {1: 1}),  # of a the first one is copied once more
        ("abb", "abbb", [(0, 0), (1, 1), (1, 3)], {2: 2}),
        ("abcc", "abccbc", [(0, 0), (1, 1), (1, 4)], {3: 3}),  # of two that wait for the second copy one has come
        ("abcc", "abccb", [(0, 0), (1, 1), (1, 4)], {2: 2, 3: 3}),  # both wait: each has its own image
        ("abcdff", "abcdffdf", [(0, 0), (2, 2), (3, 6)], {5: 5}),  # the same, where offsets rise as if it had gone on
        ("abcdefgf", "abcdefgfde", [(0, 0), (2, 2), (3, 8), (4, 9)], {5: 5, 6: 6, 7: 7}),
    ],
)
def test_of_equal_records_each_counts_as_copied_again_once_it_is(
    source: str, target: str, syncs: list[tuple[int, int]], awaited: dict[int, int]
) -> None:
    here, there = (dict(enumerate(drawn)) for drawn in (source, target))
    found, _ = run(claims(logs((0, len(source)), (0, len(target)), *syncs)), here, there)
    assert found.awaited == awaited
    for position, image in awaited.items():
        answer = look(Site(source), Site(target), *syncs, at=position)
        assert isinstance(answer, Unproven), "what comes next is that image, or nothing if the source dies now"
        assert answer.conservative is not None
        assert answer.conservative <= image


@pytest.mark.parametrize(("highest", "awaited"), [(2_000, {}), (2_001, {2_500: 1_850})])
def test_positions_in_front_of_such_images_are_not_held_back(highest: int, awaited: dict[int, int]) -> None:
    source = {0: "a", 2_000: "b", 2_200: "c", 2_400: "d", 2_500: "e"}
    target = {0: "a", 1_600: "b", 1_700: "c", 1_800: "d", 1_850: "e", 1_900: "c", 2_400: "d"}
    here = logs((0, 9_000), (0, 2_500), (0, 0), (2_000, 1_600), (2_200, 1_900), (2_400, 2_400))
    found, _ = run(claims(here, highest), source, target)
    assert found.awaited == awaited
    assert found.clear is not None
    assert found.clear >= 2_000
    assert not found.awaited or found.clear == 2_000


def test_who_is_in_front_of_such_images_is_answered_also_beside_one_behind_them() -> None:
    """Alone, 0 and 1 have always been: that another group lags less may change nothing for them."""
    here = logs((0, 4), (0, 3), (0, 0), (1, 1), (2, 2), compacted=True)
    source, target = dict(enumerate("aaaa")), dict(enumerate("aaa"))
    found, _ = run(translation(here, range(5)), source, target)
    alone = {position: run(translation(here, (position,)), source, target)[0][position] for position in range(5)}
    assert found == alone
    assert isinstance(found[0], Exact)


def test_a_sync_that_does_not_hold_hides_no_image_in_front_of_it() -> None:
    """Retention took the sync of the first copy, and one of the reverse link is false."""
    source = {3: "c", 4: "d", 6: "f"}
    here = logs((0, 8), (1, 4), (3, 0), (0, 2), (4, 3))
    found, _ = run(claims(here), source, {1: "d", 2: "f", 3: "d"})
    assert found.awaited == {6: 2}


@pytest.mark.parametrize(
    ("source", "target", "syncs"),
    [
        ("abcded", "abcd.bcde", [(0, 0), (3, 3), (1, 5), (4, 8)]),  # d is the last record of the first copy
        ("afcdef", "afcd.fc..fcde", [(0, 0), (3, 3), (1, 5), (2, 6), (1, 9), (4, 12)]),  # f the first of the second
    ],
)
def test_an_equal_record_at_the_edge_of_an_earlier_copy_is_no_reason_to_count_by_that(
    source: str, target: str, syncs: list[tuple[int, int]]
) -> None:
    """The link is past the end of its first copy, and has still to copy a record that is equal to one in there."""
    here, there = ({n: sign for n, sign in enumerate(drawn) if sign != "."} for drawn in (source, target))
    found, _ = run(claims(logs((0, 6), (0, len(target)), *syncs)), here, there)
    assert found.syncs == (OffsetSync(*syncs[-2]), OffsetSync(*syncs[-1]))
    assert set(found.awaited) == {5}


GAP = 5_200
"""Offsets: more than a copy's margin, as an aborted transaction or compaction leaves them."""


@pytest.mark.parametrize("compacted", [False, True])
@pytest.mark.parametrize(
    ("drawn", "syncs", "positions", "image"),
    [
        ("axa", [(0, 0), (0, 2)], (1, GAP), 1),  # nobody noted the first copy
        ("abcdxcd", [(0, 0), (1, 1), (2, 5), (3, 6)], (4, GAP), 4),  # it begins again behind its last sync
    ],
)
def test_however_far_behind_a_gap_a_record_lies_its_first_image_is_not_passed_over(
    drawn: str, syncs: list[tuple[int, int]], positions: tuple[int, ...], image: int, compacted: bool
) -> None:
    source: Log = {n: sign for n, sign in enumerate("abcd") if sign in drawn} | {GAP: "x"}
    here = logs((0, GAP + 1), (0, len(drawn)), *syncs, compacted=compacted)
    answers, read = run(translation(here, positions), source, dict(enumerate(drawn)))
    assert {early(image, answer) for answer in answers.values()} <= {
        UnprovenReason.NOT_COPIED,
        UnprovenReason.COMPACTED_APART,
    }
    assert max(stop for (_, stop), _ in read) == GAP + 1


def test_where_compaction_took_most_images_the_source_is_read_to_its_end() -> None:
    """Of the records at 1 to 2000 the target has kept only the last one's image; the link begins again with 0."""
    source, target = numbered((0, 2_001)), {0: "0", 2_000: "2000", 2_001: "0"}
    here = logs((0, 2_001), (0, 2_002), (0, 0), (0, 2_001), compacted=True)
    answers, _ = run(translation(here, (1, 2_000)), source, target)
    for answer in answers.values():
        assert isinstance(answer, Unproven)
        assert answer.conservative is not None
        assert answer.conservative <= 2_000


def test_no_more_of_a_link_that_is_far_behind_is_read_than_the_target_can_hold_images_of() -> None:
    """The source is a hundred thousand records further; the link begins again with 0, and had copied nine."""
    source, target = numbered((0, 100_000)), numbered((0, 10)) | {10: "0"}
    here = logs((0, 100_000), (0, 11), (0, 0), (0, 10))
    answers, read = run(translation(here, (5,)), source, target)
    assert early(5, answers[5]) is UnprovenReason.NOT_COPIED
    assert max(stop for (_, stop), _ in read) < 3 * MARGIN


@pytest.mark.parametrize(
    ("drawn", "syncs", "reverse", "positions", "image"),
    [
        (("abcdefgh", "abcdefde."), [(0, 0), (2, 2), (3, 6), (4, 7)], (8, 7), (3, 4, 5), 5),
        (("abcdefghi", "abcdefde."), [(0, 0), (2, 2), (3, 6), (4, 7)], (8, 7), (3, 4, 5), 5),
        (("abcd", "abcd.ab."), [(0, 5), (1, 6)], (7, 3), (3,), 3),  # nobody noted the first copy
        (("abcd", "abcd.ab."), [(0, 0), (3, 3), (0, 5), (1, 6), (3, 7)], None, (2, 3), 2),
    ],
)
def test_a_false_sync_in_front_of_all_hides_no_first_image(
    drawn: tuple[str, str],
    syncs: list[tuple[int, int]],
    reverse: tuple[int, int] | None,
    positions: tuple[int, ...],
    image: int,
) -> None:
    """It says that the link has come further than it has."""
    here, there = ({n: sign for n, sign in enumerate(each) if sign != "."} for each in drawn)
    found = logs((0, len(drawn[0])), (0, len(drawn[1])), *syncs, reverse=[reverse] if reverse else [])
    for position in positions:
        answers, _ = run(translation(found, (position,)), here, there)
        answer = answers[position]
        assert isinstance(answer, Unproven)
        assert answer.conservative is not None
        assert answer.conservative <= max(image, position)
        assert answer.why is UnprovenReason.NOT_COPIED


@pytest.mark.parametrize("apart", [MARGIN - 10, MARGIN + 10])
def test_whether_the_newest_sync_holds_is_looked_at_also_where_it_stands_alone(apart: int) -> None:
    source = numbered((0, 9))
    here = logs((0, 9), (0, 20 + apart), (0, 0), (2, 2), (3, 6), (4, 7), reverse=[(8 + apart, 7)])
    found, _ = run(claims(here), source, dict(enumerate("01234534")))
    assert set(found.awaited) == {5}


def test_of_equal_records_those_that_were_copied_again_have_the_newest_images() -> None:
    """Of the x at 5 and 6 the images are at 5 and 6: those at 8 and 9 are of the x at 2 and 3."""
    answer = look(Site("abxxcxx"), Site("abxxcxxbxxc"), (0, 0), (2, 8), (4, 10), at=3)
    assert early(5, answer) is UnprovenReason.NOT_COPIED


WHAT_IS_HIDDEN = 3
"""Offsets of an open transaction behind the source's records, which a link has copied: X, Y and Z."""


@pytest.mark.parametrize("compacted", [False, True])
@pytest.mark.parametrize(
    ("target", "syncs"),
    [
        ("abcXYZabc", [(0, 0), (1, 1), (0, 6), (1, 7)]),
        ("abcXYZabc", [(0, 0), (1, 1), (1, 7), (2, 8)]),
        ("abcXYZab", [(0, 0), (0, 6), (1, 7)]),
    ],
)
@pytest.mark.parametrize("position", [1, 2, 3, 4])
def test_while_a_link_may_have_to_copy_an_open_transaction_again_no_place_behind_it_is_offered(
    position: int, target: str, syncs: list[tuple[int, int]], compacted: bool
) -> None:
    """Killed when it had copied Z, it has begun again and is no further than what is committed."""
    here, there = (dict(enumerate(drawn)) for drawn in ("abc", target))
    answers, _ = run(translation(_while_open(3, len(target), syncs, compacted=compacted), (position,)), here, there)
    answer = answers[position]
    assert isinstance(answer, Unproven)
    assert answer.why is UnprovenReason.NOT_COPIED
    assert answer.conservative is None or answer.conservative <= 3


def test_where_the_target_holds_more_than_the_source_it_may_be_of_an_open_transaction() -> None:
    """The sync of the second copy of a was lost, so that offsets rise as if the link had gone on."""
    here, there = (dict(enumerate(drawn)) for drawn in ("ab", "abXYZab"))
    answers, _ = run(translation(_while_open(2, 7, [(0, 0), (1, 6)]), (2,)), here, there)
    assert early(None, answers[2]) is UnprovenReason.NOT_COPIED


@pytest.mark.parametrize(("newest", "offered"), [(MARGIN - 1, False), (MARGIN, True)])
def test_once_a_link_is_well_past_its_earlier_copy_it_has_copied_an_open_transaction_again(
    newest: int, offered: bool
) -> None:
    source, copied = numbered((0, newest + 1)), numbered((0, newest + 1), shift=1)
    here = _while_open(newest + 1, newest + 2, [(0, 0), (0, 1), (newest, newest + 1)])
    answers, _ = run(translation(here, (newest + 1,)), source, {0: "0"} | copied)
    assert isinstance(answers[newest + 1], Exact) == offered


def _while_open(end: int, there: int, syncs: list[tuple[int, int]], *, compacted: bool = False) -> Logs:
    """Both logs from 0 on; the source's is decided up to ``end``, and a transaction is open from there on."""
    known = logs((0, end), (0, there), *syncs, compacted=compacted)
    return replace(known, source=LogBounds(0, end, end + WHAT_IS_HIDDEN))
