"""What is known before records are read. Logs are drawn as in ``drawn.py``."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from drctl.decide.translate import translate_all
from drctl.decide.verification import WIDEST
from drctl.decide.windows import Logs, Window
from drctl.model.offsets import LogBounds, OffsetSync, RecordId
from drctl.model.translation import Proof, Translation, Unproven, UnprovenReason
from tests.unit.decide.drawn import ORDERS, Site, early, look, proven, refused


@pytest.mark.parametrize("compacted", [False, True])
def test_without_a_sync_one_log_that_retention_emptied_tells_nothing_of_the_other(compacted: bool) -> None:
    here, there = Site("abcde", start=5), Site("..ab.", start=2)
    assert refused(UnprovenReason.NO_SYNC, look(here, there, at=5, compacted=compacted)), "these may be of another log"
    here, there = Site("abcde", start=3), Site("ab", start=2)
    assert refused(UnprovenReason.NO_SYNC, look(here, there, at=3, compacted=compacted)), "d and e may be gone there"


def test_a_target_to_which_nothing_was_ever_written_waits_for_the_copy_wherever_the_source_begins() -> None:
    here, there = Site("abcde", start=3), Site("")
    assert refused(UnprovenReason.COPY_UNCERTAIN, look(here, there, at=3))
    assert refused(UnprovenReason.NOT_COPIED, look(here, there, at=4))


def test_a_target_whose_only_offset_was_written_may_have_lost_it() -> None:
    assert refused(UnprovenReason.NO_SYNC, look(Site("abcde", start=3), Site("a", start=1), at=3))


def test_the_size_of_a_window_does_not_depend_on_where_the_logs_are() -> None:
    assert Window((5_000_000, 5_000_008), (7_000_000, 7_000_003)).size == 11
    assert Window((0, 0), (4, 4)).size == 0


@pytest.mark.parametrize(
    ("syncs", "positions", "readings"),
    [
        # In front of the newest sync a link may have begun again unseen: that is read first.
        ((100, 200, 1_200, 1_300), (150, 1_200), [(1_200, 3_000), (100, 1_301)]),  # worth reading through
        ((100, 200, 1_200, 1_300), (150, 1_250), [(1_200, 3_000), (100, 1_301)]),
        ((100, 200, 1_201, 1_300), (150, 1_250), [(1_201, 3_000), (100, 201), (1_201, 1_301)]),
        ((100, 200, 300, 2_000), (150, 250), [(2_000, 2_001), (100, 301)]),  # is the newest one true?
        ((100, 200, 300, 2_000), (2_100, 2_900), [(2_000, 2_001), (300, 3_000)]),  # behind the newest sync
        ((100, 200, 1_500, 2_000), (1_600, 2_100), [(1_500, 3_000), (200, 3_000)]),
        # Below the first is counted backward, by itself.
        ((100, 200, 300, 2_000), (50, 150), [(2_000, 2_001), (50, 101), (100, 201)]),
    ],
)
def test_positions_are_read_together_where_their_windows_are_close(
    syncs: tuple[int, ...], positions: tuple[int, ...], readings: list[tuple[int, int]]
) -> None:
    records = [RecordId(n, b"%d" % n) for n in range(3_000)]
    read: list[tuple[int, int]] = []

    def look_at(window: Window) -> tuple[list[RecordId], list[RecordId]]:
        read.append(window.source)
        return records[slice(*window.source)], records[slice(*window.target)]

    written = tuple(OffsetSync(n, n) for n in syncs)
    bounds = LogBounds(0, 3_000, 3_000)
    translate_all(Logs(ORDERS, bounds, bounds, written, compacted=False), positions, look_at)
    assert read == readings


def test_of_positions_that_are_read_together_each_is_counted_from_where_it_lies() -> None:
    """The sync of b does not hold, so what lies before that of d is counted back from there."""
    source, target = Site("abcdefg"), Site("abcdefg", start=1)
    syncs = tuple(OffsetSync(*sync) for sync in ((1, 2), (3, 3), (5, 5)))
    logs = Logs(ORDERS, source.bounds, target.bounds, syncs, compacted=False)
    answers = translate_all(
        logs,
        (2, 4),
        lambda window: (
            [r for r in source.records if r.offset in range(*window.source)],
            [r for r in target.records if r.offset in range(*window.target)],
        ),
    )
    assert proven(2, Proof.COUNTED_BACK, answers[2])
    assert proven(4, Proof.COUNTED, answers[4])


@pytest.mark.parametrize("compacted", [False, True])
def test_of_a_target_that_holds_nothing_yet_next_to_no_source_record_has_to_be_read(compacted: bool) -> None:
    answers = read_sparingly(Logs(ORDERS, LogBounds(0, 50_000_000, 50_000_000), NOTHING, (), compacted), (0, 2, 10**7))
    assert early(0, answers[0]) is UnprovenReason.COPY_UNCERTAIN
    assert early(0, answers[2]) is UnprovenReason.NOT_COPIED
    assert early(0, answers[10**7]) is UnprovenReason.NOT_COPIED
    far = answers[10**7]
    assert isinstance(far, Unproven)
    assert far.repeats == 10**7


def test_logs_of_any_length_are_not_laid_side_by_side_for_want_of_a_sync() -> None:
    asked = list[Window]()
    longest = Logs(ORDERS, LogBounds(0, WIDEST - 3, WIDEST - 3), LogBounds(0, 3, 3), (), compacted=False)

    def read(window: Window) -> tuple[list[RecordId], list[RecordId]]:
        asked.append(window)
        return [], []

    translate_all(longest, (2,), read)
    assert asked == [Window((0, WIDEST - 3), (0, 3))]
    longer = replace(longest, source=LogBounds(0, WIDEST - 2, WIDEST - 2))
    assert early(0, read_sparingly(longer, (2,), at_most=0)[2]) is UnprovenReason.NO_SYNC


NOTHING = LogBounds(0, 0, 0)


def read_sparingly(logs: Logs, positions: tuple[int, ...], *, at_most: int = 10_000) -> Mapping[int, Translation]:
    """The answers, where the log holds a record at every offset; no window may be wider than that."""

    def read(window: Window) -> tuple[list[RecordId], list[RecordId]]:
        assert window.size <= at_most
        here, there = ([RecordId(n, b"%d" % n) for n in range(*span)] for span in (window.source, window.target))
        return here, there

    return translate_all(logs, positions, read)
