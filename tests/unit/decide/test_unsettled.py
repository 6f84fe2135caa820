"""Which refusals time may end. Logs are drawn: one sign per offset, ``.`` for a marker or what compaction took."""

from drctl.decide.offset_syncs import merged
from drctl.decide.translate import translate
from drctl.decide.windows import Logs
from drctl.model.offsets import LogBounds, OffsetSync, RecordId, TopicPartition
from drctl.model.translation import Exact, Translation, Unproven, UnprovenReason
from tests.unit.decide.drawn import Site
from tests.unit.decide.drawn import look as look_at

ORDERS = TopicPartition("orders", 0)


def look(
    source: str, target: str, *syncs: tuple[int, int], at: int, compacted: bool = False, open_from: int | None = None
) -> Translation:
    """``open_from``: where an open transaction begins at the source."""
    here, there = ([RecordId(n, c.encode()) for n, c in enumerate(drawn) if c != "."] for drawn in (source, target))
    stable = len(source) if open_from is None else open_from
    bounds = LogBounds(0, stable, len(source)), LogBounds(0, len(target), len(target))
    logs = Logs(ORDERS, *bounds, merged(OffsetSync(*sync) for sync in syncs), compacted=compacted)
    return translate(
        logs,
        at,
        lambda window: (
            [r for r in here if r.offset in range(*window.source)],
            [r for r in there if r.offset in range(*window.target)],
        ),
    )


def passes(why: UnprovenReason, answer: Translation) -> bool:
    assert isinstance(answer, Unproven), answer
    assert answer.why is why
    return answer.unsettled


def test_between_markers_behind_the_newest_sync_of_a_compacted_topic_the_next_sync_proves_it() -> None:
    """Healthy, and under load never otherwise: a transaction's marker follows every record."""
    source, target = "a.b.c.", "a.b.c."
    assert passes(UnprovenReason.COMPACTED_APART, look(source, target, (0, 0), at=4, compacted=True))
    assert passes(UnprovenReason.COMPACTED_APART, look(source, target, (0, 0), at=6, compacted=True))
    assert isinstance(look(source, target, (0, 0), (4, 4), at=4, compacted=True), Exact)
    assert isinstance(look(source, target, (0, 0), (4, 4), at=6, compacted=True), Exact)


def test_between_two_syncs_compaction_has_the_last_word() -> None:
    answer = look("ab..ef", "abcdef", (0, 0), (5, 5), at=3, compacted=True)
    assert not passes(UnprovenReason.COMPACTED_APART, answer)


def test_without_any_sync_yet_a_young_log_of_equal_records_leaves_the_place_open() -> None:
    assert passes(UnprovenReason.DIFFERENT_RECORDS, look("aaa", "aa", at=1))
    assert isinstance(look("aaa", "aaa", (1, 1), at=1), Exact)


def test_in_front_of_the_first_sync_an_equal_record_may_be_the_first_copy_of_one_that_is_still_to_come() -> None:
    """Where the link began is not known: at 0 there may be the image of the last one, and nothing behind its place."""
    answer = look("aaa", "aa", (1, 1), at=1)
    assert isinstance(answer, Unproven)
    assert (answer.why, answer.conservative) == (UnprovenReason.NOT_COPIED, 0)


def test_copies_of_a_transaction_that_is_still_open_are_more_than_the_source_tells() -> None:
    """A link that does not read committed records only is that far ahead, until the transaction ends."""
    assert passes(UnprovenReason.DIFFERENT_RECORDS, look("abcd", "abcd", (0, 0), at=2, open_from=2))
    assert isinstance(look("abcd", "abcd", (0, 0), at=2), Exact)
    assert not passes(UnprovenReason.DIFFERENT_RECORDS, look("abcd", "abxd", (0, 0), at=2))


def test_behind_the_newest_sync_that_holds_the_next_one_may_prove_it_though_others_are_further() -> None:
    """Compaction took the record of the one at 5, if there ever was one."""
    answer = look("a.b.c.", "a.b.c.", (0, 0), (5, 5), at=4, compacted=True)
    assert passes(UnprovenReason.COMPACTED_APART, answer)


def test_at_the_record_of_the_newest_sync_what_lies_behind_it_is_judged_too_and_may_pass() -> None:
    assert passes(UnprovenReason.DIFFERENT_RECORDS, look("abcd", "abcd", (1, 1), at=1, open_from=2))
    assert isinstance(look("abcd", "abcd", (1, 1), at=0, open_from=2), Exact)


def test_where_compaction_took_the_record_of_the_newest_sync_the_next_one_may_hold() -> None:
    source, target = Site("..c.e", start=1), Site("..c.e", start=1)
    ended = look_at(source, target, (3, 3), at=3, compacted=True)
    assert passes(UnprovenReason.NO_SYNC, ended)
    assert isinstance(look_at(source, target, (3, 3), (4, 4), at=3, compacted=True), Exact)
    assert not passes(UnprovenReason.NO_SYNC, look_at(source, target, (3, 3), at=1, compacted=True))


def test_a_difference_between_two_syncs_stays_whatever_is_open_behind_them() -> None:
    answer = look("abcdef", "aXcdef", (0, 0), (3, 3), at=1, open_from=5)
    assert not passes(UnprovenReason.DIFFERENT_RECORDS, answer)


def test_a_position_in_an_open_transaction_and_one_behind_the_copy_only_wait() -> None:
    for answer in (look("abcd", "ab", (0, 0), at=3, open_from=2), look("abcd", "ab", (0, 0), at=3)):
        assert isinstance(answer, Unproven)
        assert answer.waits_for_copy
