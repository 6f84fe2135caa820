"""Spans of two logs side by side. Logs are drawn: one sign per offset, ``.`` for a marker or a vanished record."""

import pytest

from drctl.decide.alignment import AlignedSpan, after, before, behind, between
from drctl.model.offsets import OffsetSync, RecordId
from drctl.model.translation import Proof, UnprovenReason
from tests.unit.decide.drawn import Site, early, look, proven, refused


def records(drawn: str, start: int = 1) -> list[RecordId]:
    """From that offset on; the sync is in front of it."""
    return [RecordId(n, c.encode()) for n, c in enumerate(drawn, start) if c != "."]


def span(source: str, target: str, *, compacted: bool = False) -> AlignedSpan:
    """Between the syncs (0, 0) and (9, 9)."""
    return between(OffsetSync(0, 0), OffsetSync(9, 9), records(source), records(target), compacted)


@pytest.mark.parametrize(
    ("source", "target", "at"),
    [
        ("abcd", "abXd", "3"),
        ("a..bcd", "ab.cX", "6"),  # its offset, not its number
        ("abcd", "ab", "3"),  # the first that the target does not hold
        ("ab", "abcd", "the end"),
        ("ab", "Xbcd", "1"),
    ],
)
def test_a_contradiction_names_the_record_with_which_it_begins(source: str, target: str, at: str) -> None:
    assert span(source, target).contradiction == f"they differ from the record at {at} of the source on"


def test_behind_the_newest_anchor_a_contradiction_names_its_record_too() -> None:
    sync = OffsetSync(0, 0)
    found = after(sync, records("abcd"), records("abX"), compacted=False)
    assert found.contradiction == "they differ from the record at 3 of the source on"
    longer = after(sync, records("ab"), records("abc"), compacted=False)
    assert longer.contradiction == "they differ from the record at the end of the source on"
    assert not after(sync, records("abcd"), records("ab"), compacted=False).contradiction, "the others come later"


def test_equal_logs_are_paired_one_by_one_whatever_markers_are_in_between() -> None:
    found = span("ab..c", "a.bc")
    assert [(pair.upstream, pair.downstream) for pair in found.pairs] == [(0, 0), (1, 1), (2, 3), (5, 4), (9, 9)]
    assert (found.compared, found.contradiction) == (3, "")


def test_below_the_first_anchor_either_log_may_begin_before_the_other() -> None:
    sync = OffsetSync(9, 9)
    for source, target in (("abcd", "cd"), ("cd", "abcd")):
        found = before(sync, records(source), records(target))
        assert (found.compared, found.contradiction) == (2, "")
    assert before(sync, records("abcd"), records("xd")).contradiction


def test_equal_records_in_another_order_contradict_copying_in_order() -> None:
    assert span("ab.", "b.a", compacted=True).contradiction == "equal records stand in another order"
    assert not span("ab.", "a.b", compacted=True).contradiction


@pytest.mark.parametrize(
    ("start", "stop", "there"),
    [
        (0, 1, True),  # the sync's own image
        (1, 3, False),
        (3, 4, True),  # one that nothing at the source is equal to
        (3, 3, False),
        (4, 3, False),
        (2, 3, False),
        (4, 9, False),
        (4, 10, True),  # the other sync's
    ],
)
def test_an_image_lies_at_or_behind_the_start_and_in_front_of_the_stop(start: int, stop: int, there: bool) -> None:
    assert span("....", "..x.", compacted=True).image_between(start, stop) is there


def test_nothing_vanished_where_the_source_holds_a_record_at_every_offset() -> None:
    found = span("ab.d", "abcd", compacted=True)
    assert found.nothing_vanished(1, 3)
    assert not found.nothing_vanished(1, 4)
    assert found.nothing_vanished(3, 3)
    assert not after(OffsetSync(0, 0), records("ab"), records("ab"), compacted=True).nothing_vanished(1, 3), (
        "behind the newest sync more may come"
    )


def test_what_nobody_can_read_may_have_an_image_though_it_is_in_no_pair() -> None:
    """C is such a record on both sides: a group at it has still to read it, one behind it has not."""
    here, there = Site("abcd"), Site("abcd")
    for number, site in enumerate((here, there)):
        site.records[2] = RecordId(2, bytes([number]), fault="a header is not UTF-8")
    for position in range(4):
        answer = look(here, there, (0, 0), (3, 3), at=position, compacted=True)
        assert proven(position, Proof.IDENTIFIED, answer)
    here.records.pop(1)
    assert early(1, look(here, there, (0, 0), (3, 3), at=2, compacted=True)) is UnprovenReason.UNREADABLE_RECORD


@pytest.mark.parametrize(("source", "target", "certain"), [("abc", "abc", True), ("abc", "aXbc", False)])
def test_behind_the_newest_sync_as_many_unreadable_records_as_the_source_holds_are_its_own(
    source: str, target: str, certain: bool
) -> None:
    """The second record on each side is one; b, which only the target holds in front of c then, belongs to nobody."""
    here, there = records(source), records(target)
    for number, drawn in enumerate((here, there)):
        drawn[1] = RecordId(drawn[1].offset, bytes([number]), fault="a header is not UTF-8")
    found = after(OffsetSync(0, 0), here, there, compacted=True)
    last = OffsetSync(here[-1].offset, there[-1].offset)
    assert (last in found.pairs) is certain


def test_what_only_the_target_holds_is_still_to_be_read_if_everything_before_the_position_is_at_the_source() -> None:
    """B and c vanished there, d vanished here: a group at d has read b and c, so d at 3 is ahead of it."""
    here, there = Site("abc.ef"), Site("a..def")
    assert proven(1, Proof.IDENTIFIED, look(here, there, (0, 0), (5, 5), at=3, compacted=True))
    assert refused(UnprovenReason.COMPACTED_APART, look(Site("ab..ef"), there, (0, 0), (5, 5), at=3, compacted=True))


def test_without_a_sync_below_the_same_is_so_from_the_beginning_of_both_logs() -> None:
    """A vanished there, b vanished here; nothing was ever deleted, and offset 0 is the first."""
    here, there = Site("a.c"), Site(".bc")
    assert proven(0, Proof.IDENTIFIED, look(here, there, (2, 2), at=1, compacted=True))
    assert behind(None) == (here.bounds.start, there.bounds.start)
    assert behind(OffsetSync(2, 3)) == (3, 4)


@pytest.mark.parametrize("compacted", [False, True])
def test_a_span_from_both_beginnings_on_holds_no_pair_that_is_none(compacted: bool) -> None:
    """So that a position in front of the first record has no pair below it, whatever its offset."""
    here, there = records("abc", 0), records("abc", 0)
    for found in (after(None, here, there, compacted), between(None, OffsetSync(3, 3), here, there, compacted)):
        assert found.pairs[0] == OffsetSync(0, 0)
        assert found.around(0) == (None, OffsetSync(0, 0))
    empty = after(None, [], [], compacted)
    assert (empty.pairs, empty.around(0)) == ((), (None, None))
