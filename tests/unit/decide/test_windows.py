"""What is known before records are read. Logs are drawn as in ``drawn.py``."""

import pytest

from drctl.decide.translate import translate_all
from drctl.decide.windows import Logs, Window
from drctl.model.offsets import LogBounds, OffsetSync, RecordId
from drctl.model.translation import Proof, Refusal
from tests.unit.decide.drawn import ORDERS, Site, look, proven, refused


@pytest.mark.parametrize("compacted", [False, True])
def test_without_a_sync_one_log_that_retention_emptied_tells_nothing_of_the_other(compacted: bool) -> None:
    here, there = Site("abcde", start=5), Site("..ab.", start=2)
    assert refused(Refusal.NO_SYNC, look(here, there, at=5, compacted=compacted)), "these may be of another log"
    here, there = Site("abcde", start=3), Site("ab", start=2)
    assert refused(Refusal.NO_SYNC, look(here, there, at=3, compacted=compacted)), "d and e may be gone there"


def test_a_target_to_which_nothing_was_ever_written_waits_for_the_copy_wherever_the_source_begins() -> None:
    here, there = Site("abcde", start=3), Site("")
    assert refused(Refusal.COPY_UNCERTAIN, look(here, there, at=3))
    assert refused(Refusal.NOT_COPIED, look(here, there, at=4))


def test_a_target_whose_only_offset_was_written_may_have_lost_it() -> None:
    assert refused(Refusal.NO_SYNC, look(Site("abcde", start=3), Site("a", start=1), at=3))


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
