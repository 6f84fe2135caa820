"""A frontier counts only where the logs bear it out. Logs are drawn: one sign per offset, ``.`` for a marker."""

import pytest

from drctl.decide import frontier as frontier_module
from drctl.decide.frontier import FARTHEST, Doubt, Doubted, FrontierClaim, Spans, doubts
from drctl.decide.offset_syncs import merged
from drctl.model.offsets import LogBounds, OffsetSync, RecordId, Span, TopicPartition

ORDERS = TopicPartition("orders", 0)


class Site:
    """A log as drawn; ``start`` is how many of the first offsets retention took."""

    def __init__(self, drawn: str, start: int = 0) -> None:
        self.records = [RecordId(n, c.encode()) for n, c in enumerate(drawn) if c != "." and n >= start]
        self.bounds = LogBounds(start, len(drawn), len(drawn))

    def read(self, spans: Spans) -> dict[TopicPartition, list[RecordId]]:
        return {p: [r for r in self.records if r.offset in range(*span)] for p, span in spans.items()}

    def following(self, _partition: TopicPartition, start: int, count: int) -> list[RecordId]:
        return [r for r in self.records if r.offset >= start][: max(0, count)]


def judged(
    source: Site,
    target: Site,
    frontier: int | None,
    *syncs: tuple[int, int],
    compacted: bool = False,
    stranded_here: tuple[Span, ...] = (),
) -> Doubted | None:
    written = merged(OffsetSync(*s) for s in syncs)
    claim = FrontierClaim(ORDERS, frontier, source.bounds, target.bounds, written, compacted, stranded_here)
    return next(doubts([claim], source.following, lambda here, there: (source.read(here), target.read(there))), None)


def refused(why: Doubt, words: str, found: Doubted | None) -> bool:
    assert found is not None
    assert words in found.detail
    return found.why is why


def test_a_frontier_whose_records_are_all_at_the_target_is_believed() -> None:
    assert judged(Site("abcdef"), Site("ab.cd.ef."), 6, (0, 0), (4, 6)) is None
    assert judged(Site("abcdef"), Site("ab.cd."), 4, (0, 0)) is None, "what lies beyond is waiting, not claimed"
    assert judged(Site("ab..."), Site("ab."), 5, (1, 1)) is None, "markers are not copied"


def test_a_target_that_was_made_anew_does_not_hold_what_was_copied() -> None:
    found = judged(Site("abcdef"), Site(""), 6, (0, 0), (5, 5))
    assert refused(Doubt.UNPROVEN, "said to be copied up to 6, and the target's log is empty", found)


def test_a_target_that_was_made_anew_and_has_grown_again_is_seen_by_its_records() -> None:
    found = judged(Site("abcdefgh"), Site("gh...."), 8, (0, 0), (5, 5))
    assert refused(Doubt.UNPROVEN, "5 to 5, does not hold", found), "the old sync has an image again, another one"


@pytest.mark.parametrize("compacted", [False, True])
def test_a_target_that_was_made_anew_and_has_new_syncs_has_no_room_for_what_came_before(compacted: bool) -> None:
    found = judged(Site("abcdefgh"), Site("gh."), 8, (6, 0), compacted=compacted)
    assert refused(Doubt.UNPROVEN, "the record at 6 is at 0 of the target", found)
    assert judged(Site("......gh"), Site("gh."), 8, (6, 0), compacted=compacted) is None, "markers are not copied"
    assert judged(Site("abcdefgh", start=6), Site("gh."), 8, (6, 0), compacted=compacted) is None
    assert judged(Site("abcdefgh"), Site("...gh.", start=3), 8, (6, 3), compacted=compacted) is None, "it had room once"


def test_a_target_that_lost_its_last_records_is_shorter_than_what_must_be_there() -> None:
    found = judged(Site("abcdef"), Site("abcd"), 6, (0, 0), (2, 2))
    assert refused(Doubt.UNPROVEN, "from offset 2 on that are 4 records, and the target holds 2", found)


def test_without_a_usable_sync_only_logs_that_are_equal_from_their_beginning_are_believed() -> None:
    words = "no offset sync of it is in both logs"
    assert judged(Site("ab.c"), Site("abc."), 4) is None
    assert refused(Doubt.UNPROVEN, words, judged(Site("abc"), Site("ab"), 3))
    assert refused(Doubt.UNPROVEN, words, judged(Site("abc"), Site("xbc"), 3))
    assert refused(Doubt.UNPROVEN, words, judged(Site("abc", start=1), Site("abc"), 3))
    assert refused(Doubt.UNPROVEN, words, judged(Site("abc"), Site("abc", start=1), 3))
    assert refused(Doubt.UNPROVEN, words, judged(Site("abc"), Site("abc"), 3, compacted=True))


def test_where_the_source_holds_nothing_below_the_frontier_nothing_is_claimed() -> None:
    assert judged(Site(""), Site(""), None) is None
    assert judged(Site("abc", start=3), Site(""), 3) is None
    assert judged(Site("..."), Site(""), 3) is None
    assert judged(Site("abcde", start=3), Site(""), 2) is None, "lost before it was copied: the losses' matter"


def test_a_frontier_beyond_the_sources_end_is_impossible() -> None:
    assert refused(
        Doubt.BEYOND_SOURCE, "copied up to 9, and the source's log ends at 3", judged(Site("abc"), Site(""), 9)
    )


def test_a_partition_with_records_and_no_stored_offset_is_not_copied() -> None:
    assert refused(Doubt.NOT_COPIED, "none was ever copied", judged(Site("abc"), Site(""), None))


@pytest.mark.parametrize(("here", "there"), [("a.c", "a.c"), ("a.c", "..c"), ("..c", "a.c")])
def test_compaction_takes_records_from_either_side_in_its_own_time(here: str, there: str) -> None:
    assert judged(Site(here), Site(there), 3, (0, 0), compacted=True) is None


def test_compaction_does_not_excuse_a_record_that_differs() -> None:
    assert refused(Doubt.UNPROVEN, "does not hold", judged(Site("ab"), Site("xb"), 2, (0, 0), compacted=True))


def test_a_stranded_tail_was_never_to_be_copied() -> None:
    assert judged(Site("abXY"), Site("ab"), 4, (1, 1), stranded_here=(Span(2, 4),)) is None
    assert judged(Site("abXY"), Site("ab"), 4, (1, 1)) is not None


def test_a_link_that_writes_no_offset_syncs_is_not_read_through_for_hours() -> None:
    far = FARTHEST + 2
    claim = FrontierClaim(ORDERS, far, LogBounds(0, far, far), LogBounds(0, far, far), (OffsetSync(0, 0),))
    site = Site("a")
    found = next(doubts([claim], site.following, lambda here, there: (site.read(here), site.read(there))))
    assert refused(Doubt.UNPROVEN, "offsets older", found)


def far(frontier: int, sync: OffsetSync) -> Doubted | None:
    logs = LogBounds(0, frontier, frontier)
    claim, site = FrontierClaim(ORDERS, frontier, logs, logs, (sync,)), Site("aaaa")
    return next(doubts([claim], site.following, lambda here, there: (site.read(here), site.read(there))), None)


def test_how_far_it_is_read_is_counted_from_the_newest_sync_on() -> None:
    assert far(FARTHEST + 3, OffsetSync(3, 3)) is None
    words = f"its newest offset sync is {FARTHEST + 1} offsets older"
    assert refused(Doubt.UNPROVEN, words, far(FARTHEST + 4, OffsetSync(3, 3)))


def test_no_more_records_than_a_limit_are_counted_before_the_oldest_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontier_module, "COUNTED_UP_TO", 2)
    assert judged(Site("abcdefgh"), Site("xxgh"), 8, (6, 2)) is None
    assert refused(Doubt.UNPROVEN, "is at 1 of the target", judged(Site("abcdefgh"), Site("xgh"), 8, (6, 1)))


def test_logs_up_to_a_limit_are_compared_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontier_module, "COUNTED_UP_TO", 3)
    assert judged(Site("abc"), Site("abc"), 3) is None
    assert judged(Site("a"), Site("a"), 1) is None
    assert judged(Site("abcd"), Site("abcd"), 4) is not None


def test_a_topic_counts_as_uncompacted_unless_it_is_said_to_be() -> None:
    source, target = Site("abcdef"), Site("abcd")
    claim = FrontierClaim(ORDERS, 6, source.bounds, target.bounds, (OffsetSync(2, 2),))
    found = next(doubts([claim], source.following, lambda here, there: (source.read(here), target.read(there))), None)
    assert refused(Doubt.UNPROVEN, "the target holds 2", found)


def test_a_record_at_the_frontier_is_not_claimed() -> None:
    assert judged(Site("..a", start=1), Site(""), 2) is None
    assert judged(Site("abc"), Site("ab"), 2, (1, 1)) is None, "nor counted"


def test_syncs_at_the_frontier_and_beyond_claim_nothing_but_the_next_one_where_there_is_none_below() -> None:
    assert judged(Site("abcdef"), Site("abcxef"), 3, (1, 1), (3, 3)) is None
    assert judged(Site("abcdef"), Site("abcdxf"), 1, (1, 1), (4, 4)) is None
    assert judged(Site("abcdef"), Site("axcdef"), 1, (1, 1), (4, 4)) is not None


def test_a_target_that_holds_nothing_is_told_as_empty() -> None:
    found = judged(Site("abc", start=1), Site(""), 3)
    assert refused(Doubt.UNPROVEN, "copied up to 3, and the target's log is empty; no offset sync", found)


@pytest.mark.parametrize("here", [True, False])
def test_of_a_record_that_one_site_cannot_read_whole_only_the_place_is_compared(here: bool) -> None:
    source, target = Site("ab"), Site("xb")
    spoiled = source if here else target
    spoiled.records[0] = RecordId(0, b"?", fault="its headers")
    assert judged(source, target, 2, (0, 0)) is None


@pytest.mark.parametrize(
    ("frontier", "syncs", "start", "behind"),
    [
        (6, ((0, 0), (5, 7)), 0, (6, 6)),
        (6, ((0, 0), (4, 6)), 0, (5, 6)),
        (6, (), 0, (0, 6)),
        (6, (), 3, (3, 6)),
        (4, ((0, 0), (3, 4), (5, 7)), 0, (4, 4)),
        (9, ((0, 0), (5, 7)), 0, (6, 6)),
        (None, (), 0, (0, 0)),
        (0, ((0, 0),), 0, (0, 0)),
    ],
    ids=[
        "every record has its sync, or lies before one",
        "the last record's sync is still to come",
        "no sync at all",
        "what retention took needs none",
        "a sync of what was copied before, and is copied again",
        "markers at the end are in no frontier of records",
        "nothing was copied",
        "a sync of what was copied before, and begins again",
    ],
)
def test_copied_records_behind_the_newest_sync_are_those_of_which_one_may_come(
    frontier: int | None, syncs: tuple[tuple[int, int], ...], start: int, behind: tuple[int, int]
) -> None:
    source, target = Site("abcdef", start), Site("ab.cd.ef.")
    claim = FrontierClaim(ORDERS, frontier, source.bounds, target.bounds, merged(OffsetSync(*s) for s in syncs))
    assert claim.unpaired() == behind


def test_a_sync_of_records_that_are_a_stranded_tail_pairs_nothing() -> None:
    source, target = Site("abcdef"), Site("ab.cd.ef.")
    written = merged([OffsetSync(1, 1), OffsetSync(5, 7)])
    claim = FrontierClaim(ORDERS, 6, source.bounds, target.bounds, written, stranded_here=(Span(4, 6),))
    assert claim.unpaired() == (2, 6)
