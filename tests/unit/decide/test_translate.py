"""Translation, corner by corner. Logs are drawn: one sign per offset, ``.`` for a marker or a vanished record."""

import pytest

from drctl.decide.offset_syncs import consistent, merged, undisputed
from drctl.decide.translate import translate, translate_all
from drctl.decide.windows import Logs, Window
from drctl.model.offsets import LogBounds, OffsetSync, RecordId
from drctl.model.translation import Exact, Proof, Unproven, UnprovenReason
from tests.unit.decide.drawn import ORDERS, Site, early, look, proven, refused

HERE, THERE = Site("abcdefgh"), Site("ab.cd.efgh.")


@pytest.mark.parametrize(("position", "offset"), [(0, 0), (1, 1), (2, 3), (3, 4), (5, 7), (7, 9)])
def test_a_position_in_the_middle_is_counted_from_the_sync_below(position: int, offset: int) -> None:
    assert proven(offset, Proof.COUNTED, look(HERE, THERE, (0, 0), (4, 6), (7, 9), at=position))


def test_a_position_without_a_sync_below_is_counted_back_from_the_first_above() -> None:
    assert proven(3, Proof.COUNTED_BACK, look(HERE, THERE, (5, 7), at=2))


def test_counting_back_reads_on_until_enough_of_the_target_is_seen() -> None:
    here, there = Site("." * 9 + "ab" + "c"), Site("ab" + "." * 5_000 + "c")
    reads: list[Window] = []
    assert proven(0, Proof.COUNTED_BACK, look(here, there, (11, 5_002), at=9, reads=reads))
    assert len(reads) > 1


def test_at_the_logs_end_everything_is_at_the_other_site() -> None:
    assert proven(11, Proof.AT_END, look(HERE, THERE, (4, 6), at=8))


def test_a_marker_or_aborted_record_is_the_next_record() -> None:
    assert proven(2, Proof.COUNTED, look(Site("ab...cd"), Site("abcd"), (0, 0), (6, 3), at=3))


def test_what_is_not_copied_yet_comes_later() -> None:
    here, there = Site("abcdef"), Site("abc.")
    assert proven(4, Proof.AT_END, look(here, there, (0, 0), at=3))
    late = look(here, there, (0, 0), at=5)
    assert refused(UnprovenReason.NOT_COPIED, late)
    assert isinstance(late, Unproven)
    assert (late.conservative, late.repeats) == (4, 2)


def test_without_a_sync_nothing_is_at_the_end_while_the_source_holds_records_that_the_target_does_not() -> None:
    at_the_beginning = look(Site("abcdef"), Site(""), (0, 0), (5, 5), at=0)
    assert refused(UnprovenReason.COPY_UNCERTAIN, at_the_beginning), "the syncs are of a log that is no more"
    assert refused(UnprovenReason.COPY_UNCERTAIN, look(Site("abc"), Site("ab"), at=2))
    assert refused(UnprovenReason.COPY_UNCERTAIN, look(Site("abcdef"), Site(""), at=0, compacted=True))
    assert refused(UnprovenReason.NOT_COPIED, look(Site("abcdef"), Site(""), (0, 0), at=3))
    assert proven(3, Proof.AT_END, look(Site("abc"), Site("abc"), at=3)), "every record of the source is there"
    assert proven(0, Proof.EMPTY, look(Site("abc", start=3), Site(""), at=3)), "the source holds none"


def test_a_compacted_log_that_was_made_anew_had_no_room_for_the_records_before_its_first_sync() -> None:
    here, there = Site("abcdefgh"), Site("gh")
    assert refused(UnprovenReason.GONE_AT_TARGET, look(here, there, (6, 0), at=0, compacted=True))
    assert refused(UnprovenReason.GONE_AT_TARGET, look(here, there, (6, 0), at=5, compacted=True))
    assert proven(0, Proof.IDENTIFIED, look(here, there, (6, 0), at=6, compacted=True))


def test_before_the_log_start_is_refused_with_the_targets_log_start() -> None:
    """The record of the sync below is gone, so nobody can look whether the sync holds."""
    assert early(0, look(Site("abcdefgh", start=4), THERE, (1, 1), (5, 7), at=2)) is UnprovenReason.BEFORE_LOG_START
    assert early(1, look(Site("..ab", start=2), Site(".ab", start=1), (0, 2), at=1)) is UnprovenReason.BEFORE_LOG_START


def test_beyond_the_log_end_is_refused() -> None:
    assert refused(UnprovenReason.BEYOND_LOG_END, look(HERE, THERE, (0, 0), at=9))


def test_empty_partitions_hold_the_beginning_and_the_end_at_once() -> None:
    assert proven(0, Proof.EMPTY, look(Site(""), Site(""), at=0))
    assert proven(7, Proof.EMPTY, look(Site("abc", start=3), Site("abc....", start=7), at=3))


def test_whole_logs_prove_themselves_without_any_sync() -> None:
    assert proven(3, Proof.COUNTED, look(HERE, THERE, at=2))


def test_without_a_sync_repeated_records_leave_the_place_open() -> None:
    assert refused(UnprovenReason.DIFFERENT_RECORDS, look(Site("aab"), Site("a"), at=1))


def test_without_a_sync_nothing_is_proven_once_records_were_deleted() -> None:
    assert refused(UnprovenReason.NO_SYNC, look(Site("abcdefgh", start=2), THERE, at=4))
    assert refused(UnprovenReason.NO_SYNC, look(HERE, Site("ab.cd.efgh.", start=2), at=4))


def test_a_sync_whose_record_is_gone_counts_for_nothing() -> None:
    here = Site("abcdefgh", start=3)
    assert proven(7, Proof.COUNTED_BACK, look(here, THERE, (1, 1), (6, 8), at=5))
    assert refused(UnprovenReason.NO_SYNC, look(here, THERE, (1, 1), at=5))


def test_records_that_only_retention_at_the_target_took_are_not_passed_over() -> None:
    assert refused(UnprovenReason.GONE_AT_TARGET, look(HERE, Site("ab.cd.efgh.", start=4), (5, 7), at=1))


def test_no_position_is_below_the_targets_log_start() -> None:
    """The image of a is gone with the log's beginning: out of range there, a group may be reset to the end."""
    here, there = Site("a.bcd"), Site("Xx.bcd", start=1)
    assert proven(1, Proof.IDENTIFIED, look(here, there, (4, 5), at=1, compacted=True))


def test_a_false_sync_proves_nothing() -> None:
    there = Site("ab.cd.efgh.", start=1)
    assert early(None, look(HERE, there, (1, 3), at=4)) is UnprovenReason.DIFFERENT_RECORDS
    assert proven(6, Proof.COUNTED, look(HERE, there, (1, 3), (1, 1), at=4)), "another one does"
    assert proven(6, Proof.COUNTED, look(HERE, THERE, (1, 3), at=4)), "whole logs prove themselves"


def test_false_syncs_around_a_position_stop_nothing_but_themselves() -> None:
    false = [(n, n + 1) for n in (3, 4, 5, 7, 8, 9)]
    letters = "abcdefghijklmno"
    answer = look(Site(letters), Site(letters + "."), (1, 1), *false, (13, 13), at=6)
    assert proven(6, Proof.COUNTED, answer)
    assert proven(14, Proof.COUNTED, look(Site(letters), Site(letters), (1, 1), *false, at=14))


def test_one_stale_sync_of_the_reverse_link_leaves_all_true_ones_standing() -> None:
    records = [RecordId(n, str(n).encode()) for n in range(3_000)]

    def read(window: Window) -> tuple[list[RecordId], list[RecordId]]:
        return records[slice(*window.source)], records[slice(*window.target)]

    bounds = LogBounds(0, 3_000, 3_000)
    syncs = tuple(OffsetSync(n, n) for n in range(0, 3_000, 30))
    for stale in (OffsetSync(2_010, 2_000), OffsetSync(10, 2_900)):
        logs = Logs(ORDERS, bounds, bounds, syncs, compacted=False, reverse_syncs=(stale,))
        answers = translate_all(logs, (5, 1_995, 2_005, 2_950), read)
        assert {p: a.offset for p, a in answers.items() if isinstance(a, Exact)} == {p: p for p in answers}


def test_a_true_sync_stands_against_a_false_one_of_the_same_record() -> None:
    here, there = Site("abc"), Site("abXc")
    syncs, stale = (OffsetSync(0, 0), OffsetSync(2, 3)), (OffsetSync(2, 2),)
    logs = Logs(ORDERS, here.bounds, there.bounds, syncs, compacted=False, reverse_syncs=stale)

    def read(window: Window) -> tuple[list[RecordId], list[RecordId]]:
        return (
            [r for r in here.records if r.offset in range(*window.source)],
            [r for r in there.records if r.offset in range(*window.target)],
        )

    assert proven(3, Proof.COUNTED, translate(logs, 2, read))


def test_of_syncs_that_contradict_each_other_and_both_hold_neither_is_believed() -> None:
    """A was stranded here, came home behind b, and was copied as if it were new."""
    assert early(1, look(Site("xab"), Site("xba"), (0, 0), (1, 2), (2, 1), at=2)) is UnprovenReason.DIFFERENT_RECORDS


@pytest.mark.parametrize(
    ("source", "target", "sync", "at"),
    [
        (Site("..x."), Site("x."), (1, 1), 2),  # the target was recreated, and the first sync since was lost
        (Site("abc.efghijkl"), Site("ijkl"), (3, 3), 8),
    ],
)
def test_a_sync_of_which_compaction_took_a_record_may_be_stale(
    source: Site, target: Site, sync: tuple[int, int], at: int
) -> None:
    early(0, look(source, target, sync, at=at, compacted=True))


def test_a_sync_that_nobody_can_look_at_carries_no_early_position() -> None:
    assert early(0, look(Site(".x", start=1), Site("x."), (0, 0), at=1)) is UnprovenReason.NO_SYNC


def test_while_the_link_copies_again_nothing_beyond_the_first_images_is_offered() -> None:
    here, there = Site("abcd"), Site("abcd.ab")
    for position, offset in enumerate((0, 1, 2, 3, 5)):
        answer = look(here, there, (0, 0), (3, 3), (0, 5), (1, 6), at=position)
        assert early(offset, answer) is UnprovenReason.NOT_COPIED, "a and b would be read again"
    assert early(3, look(here, there, (0, 5), (1, 6), at=3)) is UnprovenReason.NOT_COPIED, "nobody noted the first copy"
    assert early(3, look(here, there, (0, 0), (0, 5), (1, 6), at=3)) is UnprovenReason.NOT_COPIED


def test_what_a_killed_worker_copied_behind_its_last_sync_and_copies_again_is_not_passed_over() -> None:
    """It had copied a to h, noted down b and only stored the offset of d: it begins again with e."""
    here = Site("abcdefghij")
    for copied, position, offset in (("e", 6, 6), ("ef", 7, 7), ("ef", 8, 10), ("efgh", 8, 12)):
        there = Site("abcdefgh" + copied)
        answer = look(here, there, (1, 1), (4, 8), at=position)
        found = answer.offset if isinstance(answer, Exact) else answer.conservative
        assert found == offset, (copied, position, answer)


def test_where_the_syncs_of_a_first_copy_are_gone_with_their_records_its_images_count() -> None:
    """It had copied a to d; the target's log begins behind the only sync of that, and the link begins a third time."""
    here, there = Site("abcd"), Site("..dabca", start=2)
    assert early(2, look(here, there, (2, 1), (0, 3), (0, 6), at=0)) is UnprovenReason.NOT_COPIED


def test_a_link_that_has_copied_everything_again_is_believed_again() -> None:
    here, there = Site("abcd"), Site("abcd.abcd")
    assert proven(8, Proof.COUNTED, look(here, there, (0, 0), (3, 3), (0, 5), (3, 8), at=3))
    assert proven(9, Proof.AT_END, look(here, there, (0, 0), (3, 3), (0, 5), (3, 8), at=4))


def test_syncs_of_a_source_that_was_made_anew_do_not_count_though_they_are_further() -> None:
    here, there = Site("xyz"), Site("abcdefghxyz")
    assert proven(9, Proof.COUNTED, look(here, there, (0, 0), (7, 7), (0, 8), at=1))
    assert proven(9, Proof.COUNTED, look(here, there, (0, 0), (2, 2), (0, 8), at=1))


def test_a_position_in_an_open_transaction_waits_at_the_last_decided_one() -> None:
    records = [RecordId(n, c.encode()) for n, c in enumerate("abcdef")]

    def read(window: Window) -> tuple[list[RecordId], list[RecordId]]:
        return records[slice(*window.source)], records[slice(*window.target)]

    logs = Logs(ORDERS, LogBounds(0, 4, 6), LogBounds(0, 4, 4), (OffsetSync(1, 1),), compacted=False)
    assert early(4, translate(logs, 6, read)) is UnprovenReason.NOT_COPIED
    behind = Logs(ORDERS, LogBounds(0, 4, 6), LogBounds(0, 3, 3), (OffsetSync(1, 1),), compacted=False)
    assert early(3, translate(behind, 5, read)) is UnprovenReason.NOT_COPIED


def test_only_as_many_source_records_are_read_as_the_target_can_hold() -> None:
    """The link was stopped long ago, and the source went on."""
    reads: list[Window] = []

    def read(window: Window) -> tuple[list[RecordId], list[RecordId]]:
        reads.append(window)
        here, there = ([RecordId(n, b"%d" % n) for n in range(*span)] for span in (window.source, window.target))
        return here, there

    logs = Logs(ORDERS, LogBounds(0, 50_000_000, 50_000_000), LogBounds(0, 3, 3), (OffsetSync(0, 0),), compacted=False)
    answers = translate_all(logs, (2, 5, 40_000_000), read)
    assert proven(2, Proof.COUNTED, answers[2])
    assert early(3, answers[5]) is UnprovenReason.NOT_COPIED
    far = answers[40_000_000]
    assert early(3, far) is UnprovenReason.NOT_COPIED
    assert isinstance(far, Unproven)
    assert far.repeats == 40_000_000 - 3
    assert sum(window.size for window in reads) < 10_000


def test_one_different_record_anywhere_in_between_is_enough_to_refuse() -> None:
    assert refused(UnprovenReason.DIFFERENT_RECORDS, look(HERE, Site("abXdefgh"), (0, 0), (7, 7), at=5))


def test_a_record_doubled_at_the_target_is_noticed() -> None:
    assert refused(UnprovenReason.DIFFERENT_RECORDS, look(Site("abcd"), Site("abbcd"), (0, 0), (3, 4), at=2))


def test_a_record_that_only_the_target_holds_at_its_end_is_noticed() -> None:
    assert refused(UnprovenReason.DIFFERENT_RECORDS, look(Site("abc"), Site("abcX"), (0, 0), at=3))


def test_a_chain_of_equal_records_is_counted_not_guessed() -> None:
    assert proven(3, Proof.COUNTED, look(Site("aaaaaab"), Site("aa.aaaab"), (0, 0), (6, 7), at=2))


@pytest.mark.parametrize(
    ("position", "offset"),
    [
        (2, 2),  # right behind b: what is only at the target was written later
        (4, 4),  # at e: what is only at the target was written before
    ],
)
def test_records_compacted_away_at_the_source_fall_on_the_right_side(position: int, offset: int) -> None:
    here, there = Site("ab..ef"), Site("abcdef")
    assert proven(offset, Proof.IDENTIFIED, look(here, there, (0, 0), (5, 5), at=position, compacted=True))


def test_between_records_compacted_away_at_the_source_the_place_is_open_and_the_early_one_is_offered() -> None:
    answer = look(Site("ab..ef"), Site("abcdef"), (0, 0), (5, 5), at=3, compacted=True)
    assert refused(UnprovenReason.COMPACTED_APART, answer)
    assert isinstance(answer, Unproven)
    assert (answer.conservative, answer.repeats) == (2, 2)


def test_a_sync_that_compaction_took_a_record_of_does_not_close_the_open_place() -> None:
    here, there = Site("ab..ef"), Site("abcdef")
    assert early(2, look(here, there, (0, 0), (2, 2), (5, 5), at=3, compacted=True)) is UnprovenReason.COMPACTED_APART


def test_neighbours_compacted_away_at_the_target_do_not_matter() -> None:
    here, there = Site("abcdef"), Site("a..f")
    assert proven(3, Proof.IDENTIFIED, look(here, there, (0, 0), (5, 3), at=3, compacted=True))


def test_of_equal_records_the_newest_are_paired_when_older_copies_were_compacted_away() -> None:
    """One copy is left here, two there: the second one there is it."""
    here, there = Site("a..xf"), Site("a.x.xf")
    assert proven(4, Proof.IDENTIFIED, look(here, there, (0, 0), (4, 5), at=3, compacted=True))


def test_behind_the_newest_sync_of_a_compacted_topic_a_copy_is_not_taken_for_another() -> None:
    """The x there may be the one that vanished here, and the x here may not be copied yet."""
    assert refused(UnprovenReason.COMPACTED_APART, look(Site("a.x"), Site("ax"), (0, 0), at=2, compacted=True))


def test_behind_the_newest_sync_of_a_compacted_topic_a_repeated_record_is_not_passed_over() -> None:
    """Of two equal records one is left there: it is the second, which is still to be read."""
    answer = look(Site("axxf"), Site("axf"), (0, 0), at=2, compacted=True)
    assert refused(UnprovenReason.COMPACTED_APART, answer)
    assert isinstance(answer, Unproven)
    assert (answer.conservative, answer.repeats) == (1, 1)


def test_an_open_transaction_leaves_what_is_behind_it_undecided() -> None:
    logs = Logs(ORDERS, LogBounds(0, 4, 8), THERE.bounds, (), compacted=False)
    assert refused(UnprovenReason.NOT_COPIED, translate(logs, 6, lambda _: ((), ())))


def test_syncs_of_the_reverse_link_are_as_good() -> None:
    syncs = merged([OffsetSync(0, 0)], [OffsetSync(6, 4)])
    assert syncs == (OffsetSync(0, 0), OffsetSync(4, 6))


def test_syncs_that_contradict_each_other_are_both_dropped() -> None:
    assert undisputed([OffsetSync(1, 1), OffsetSync(4, 9), OffsetSync(5, 7)]) == (OffsetSync(1, 1),)
    assert undisputed([OffsetSync(1, 1), OffsetSync(4, 5), OffsetSync(4, 7)]) == (OffsetSync(1, 1),)


def test_the_most_syncs_that_do_not_contradict_each_other_are_found() -> None:
    true = [OffsetSync(n, n) for n in (1, 4, 6, 9)]
    for stale in (OffsetSync(2, 8), OffsetSync(4, 5), OffsetSync(9, 0), OffsetSync(0, 9)):
        assert consistent([*true, stale]) == (tuple(true), (stale,))
    assert consistent([]) == ((), ())


def test_many_positions_cost_one_reading_of_neighbouring_windows() -> None:
    reads: list[Window] = []

    def read(window: Window) -> tuple[list[RecordId], list[RecordId]]:
        reads.append(window)
        return HERE.records, THERE.records

    syncs = tuple(OffsetSync(*s) for s in ((0, 0), (2, 3), (4, 6), (7, 9)))
    answers = translate_all(Logs(ORDERS, HERE.bounds, THERE.bounds, syncs, compacted=False), range(9), read)
    assert len(reads) == 2, "the newest sync is looked at once more, by itself"
    assert [a.offset for a in answers.values() if isinstance(a, Exact)] == [0, 1, 3, 4, 6, 7, 8, 9, 11]


def test_far_apart_positions_are_read_apart() -> None:
    size = 10_000
    bounds = LogBounds(0, size, size)
    records = [RecordId(n, str(n).encode()) for n in range(size)]
    reads: list[Window] = []

    def read(window: Window) -> tuple[list[RecordId], list[RecordId]]:
        reads.append(window)
        return records[slice(*window.source)], records[slice(*window.target)]

    syncs = tuple(OffsetSync(n, n) for n in range(0, size, 100))
    answers = translate_all(Logs(ORDERS, bounds, bounds, syncs, compacted=False), (150, 9_050), read)
    assert {p: a.offset for p, a in answers.items() if isinstance(a, Exact)} == {150: 150, 9_050: 9_050}
    assert sum(w.source[1] - w.source[0] for w in reads) < 1_500, (
        "what surrounds them, and what may be hidden at the end"
    )
