"""The checker against planted faults and against a naive oracle."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drctl.ledger.checker import check
from drctl.ledger.control import COPIED, FROM_TAIL, PLANTED, caught, caught_in_copy, plant
from drctl.ledger.events import Aborted, Acknowledged, Doubtful, Event, Processed, Seen, Stranded, Stream
from drctl.ledger.findings import Examples
from drctl.ledger.kept import kept_at
from drctl.ledger.record import Number, Sending, decode, encode, is_readable

READS = {"billing": ("readings",)}
A, B = Stream(1, "readings", 0), Stream(2, "readings", 1)
PRICES = Stream(3, "prices", 0)


def acknowledged(stream: Stream, *sequences: int, key: str | None = None) -> Iterator[Event]:
    return (Acknowledged(stream, s, 0.0, "north", key) for s in sequences)


def seen(stream: Stream, *sequences: int) -> Iterator[Event]:
    return (Seen(stream.topic, stream.partition, n, stream, s) for n, s in enumerate(sequences))


def processed(stream: Stream, *sequences: int) -> Iterator[Event]:
    return (Processed("billing", stream, s, 0.0, "north") for s in sequences)


def test_a_clean_history_has_no_fault() -> None:
    found = check([*acknowledged(A, 1, 2, 3), *seen(A, 1, 2, 3), *processed(A, 1, 2)])
    assert found.clean
    assert found.records.acknowledged == 3


def test_the_example_at_the_top_of_the_checker() -> None:
    producer = [*acknowledged(A, 1, 2, 3, 5), Doubtful(A, 4), Aborted(A, 6)]
    found = check([*producer, *seen(A, 1, 2, 4, 2, 6), *processed(A, 1, 4, 4)], groups=READS)
    records, [group] = found.records, found.groups
    classes = (records.lost, records.duplicated, records.recovered, records.aborted_read)
    assert [_sequences(each) for each in classes] == [[3, 5], [2], [4], [6]]
    assert [_sequences(each) for each in (group.skipped, group.repeated, group.unread)] == [[2, 3], [4], [5]]


def _sequences(found: Examples) -> list[int]:
    return [int(name.partition(" sequence ")[2].split()[0]) for name in found.examples]


def test_an_acknowledged_record_that_nobody_finds_is_lost() -> None:
    found = check([*acknowledged(A, 1, 2, 3), *seen(A, 1, 3)])
    assert found.records.lost.examples == ("readings-0 producer 1 sequence 2",)


def test_a_record_found_twice_is_duplicated_and_not_reordered() -> None:
    found = check([*acknowledged(A, 1, 2), *seen(A, 1, 2, 1)])
    assert (found.records.duplicated.count, found.records.reordered.count) == (1, 0)


def test_a_record_behind_a_later_one_is_reordered() -> None:
    found = check([*acknowledged(A, 1, 2), *seen(A, 2, 1)])
    assert (found.records.reordered.count, found.records.lost.count) == (1, 0)


def test_a_record_of_an_aborted_transaction_may_not_be_there() -> None:
    found = check([*acknowledged(A, 1), Aborted(A, 2), *seen(A, 1, 2)])
    assert found.records.aborted_read.count == 1


def test_a_doubtful_record_is_no_fault_whether_there_or_not() -> None:
    there, gone = check([Doubtful(A, 1), *seen(A, 1)]), check([Doubtful(A, 1)])
    assert there.clean
    assert there.records.recovered.count == 1
    assert gone.clean


def test_a_record_that_nobody_sent_is_a_phantom() -> None:
    stranger = Seen("readings", 0, 9, A, 7, foreign=True)
    assert check([*seen(A, 5), stranger]).records.phantom.count == 2


def test_a_record_in_another_partition_than_sent_to_is_misrouted() -> None:
    assert check([*acknowledged(A, 1), Seen("readings", 1, 0, A, 1)]).records.misrouted.count == 1


def test_a_record_without_a_number_or_with_another_value_is_corrupt() -> None:
    events = [*acknowledged(A, 1), Seen("readings", 0, 0, None), Seen("readings", 0, 1, A, 1, intact=False)]
    found = check(events)
    assert (found.records.corrupt.count, found.records.lost.count) == (2, 1)


def test_compaction_excuses_only_records_with_a_newer_one_of_their_key() -> None:
    events = [*acknowledged(PRICES, 1, 3, key="a"), *acknowledged(PRICES, 2, key="b"), *seen(PRICES, 3)]
    found = check(events, compacted=["prices"])
    assert found.records.lost.examples == ("prices-0 producer 3 sequence 2",)
    assert found.records.superseded == 1
    assert check(events).records.lost.count == 2


def test_a_group_skips_what_it_passed_by_and_not_what_it_has_yet_to_read() -> None:
    found = check([*acknowledged(A, 1, 2, 3, 4), *seen(A, 1, 2, 3, 4), *processed(A, 1, 3)])
    assert found.groups[0].skipped.examples == ("readings-0 producer 1 sequence 2",)


def test_a_group_that_stopped_short_has_unread_records_and_has_skipped_none() -> None:
    (group,) = check([*acknowledged(A, 1, 2, 3), *seen(A, 1, 2, 3), *processed(A, 1)], groups=READS).groups
    assert (group.skipped.count, group.unread.count) == (0, 2)
    assert group.unread.examples[0] == "readings-0 producer 1 sequence 2"


def test_a_partition_of_its_topic_that_a_group_never_read_is_unread_as_a_whole() -> None:
    events = [*acknowledged(A, 1), *seen(A, 1), *processed(A, 1), *acknowledged(B, 1, 2), *seen(B, 1, 2)]
    assert check(events, groups=READS).groups[0].unread.count == 2


def test_a_group_that_processed_nothing_is_found_all_the_same() -> None:
    (group,) = check([*acknowledged(A, 1), *seen(A, 1)], groups=READS).groups
    assert (group.name, group.processed, group.unread.count) == ("billing", 0, 1)


def test_what_a_group_read_beside_its_topics_it_must_read_to_the_end_too() -> None:
    events = [*acknowledged(A, 1), *acknowledged(PRICES, 1, 2), *processed(A, 1), *processed(PRICES, 1)]
    assert check(events, groups=READS).groups[0].unread.count == 1


def test_a_doubtful_record_that_is_there_must_be_read_and_one_that_is_not_need_not() -> None:
    events = [*acknowledged(A, 1, 3), Doubtful(A, 2), *processed(A, 1, 3)]
    there, gone = check([*events, *seen(A, 1, 2, 3)], groups=READS), check([*events, *seen(A, 1, 3)], groups=READS)
    assert (there.groups[0].skipped.count, gone.groups[0].skipped.count) == (1, 0)


def test_a_group_that_processed_what_was_aborted_or_never_sent_is_told() -> None:
    events = [*acknowledged(A, 1), Aborted(A, 2), *seen(A, 1), *processed(A, 1, 2, 7)]
    (group,) = check(events, groups=READS).groups
    assert group.phantom.examples == ("readings-0 producer 1 sequence 2", "readings-0 producer 1 sequence 7")
    assert not check(events).clean


def test_a_topic_that_no_group_reads_is_told() -> None:
    assert check([*acknowledged(A, 1), *acknowledged(PRICES, 1)], groups=READS).unattended == ("prices",)


def test_what_is_compacted_away_behind_the_end_of_a_group_need_not_be_read() -> None:
    reads = {"billing": ("prices",)}
    events = [*acknowledged(PRICES, 1, 2, 3, key="a"), *seen(PRICES, 3)]
    behind = check([*events, *processed(PRICES, 1)], compacted=["prices"], groups=reads).groups[0]
    at_the_end = check([*events, *processed(PRICES, 3)], compacted=["prices"], groups=reads).groups[0]
    assert (behind.unread.count, at_the_end.unread.count, at_the_end.skipped.count) == (1, 0, 0)


def test_a_superseded_record_that_was_there_for_every_group_must_be_read_like_any_other() -> None:
    reads = {"billing": ("prices",)}
    events = [*acknowledged(PRICES, 1, 2, 3, 4, key="a"), *seen(PRICES, 2, 3, 4)]
    for read, count in (
        ((1, 2, 3, 4), (0, 0)),
        ((2, 3, 4), (0, 0)),
        ((3, 4), (1, 0)),
        ((1, 2), (0, 2)),
        ((2, 4), (1, 0)),
    ):
        told = check([*events, *processed(PRICES, *read)], compacted=["prices"], groups=reads, kept=kept_at(events))
        assert (told.groups[0].skipped.count, told.groups[0].unread.count) == count, read


def test_what_is_missing_at_one_of_the_sites_may_have_been_passed_over_there() -> None:
    """It was compacted away before the group came, unless it is at every site at which the group was at work."""
    events = [*acknowledged(PRICES, 1, 2, 3, key="a"), *seen(PRICES, 1, 2, 3), *processed(PRICES, 3)]
    kept = kept_at(seen(PRICES, 1, 2, 3), seen(PRICES, 2, 3))
    assert {stream: list(sequences) for stream, sequences in kept.items()} == {PRICES: [2, 3]}
    found = check(events, compacted=["prices"], kept=kept)
    assert found.groups[0].skipped.examples == ("prices-0 producer 3 sequence 2",)


def test_a_group_repeats_what_it_processed_before() -> None:
    found = check([*acknowledged(A, 1, 2), *seen(A, 1, 2), *processed(A, 1, 2, 2)])
    assert found.groups[0].repeated.count == 1


@pytest.mark.parametrize("kind", PLANTED)
def test_every_planted_fault_is_named(kind: str) -> None:
    clean = [*acknowledged(A, *range(1, 50)), *seen(A, *range(1, 50)), *processed(A, *range(1, 50))]
    assert check(clean).clean
    planted = check(plant(kind, clean, ()), groups=READS)
    assert not planted.clean or planted.groups[0].unread
    assert caught(clean, groups=READS) == dict.fromkeys(PLANTED, True)


@pytest.mark.parametrize("kind", COPIED)
def test_every_fault_planted_into_a_mirrored_partition_is_named(kind: str) -> None:
    mirrored = [*acknowledged(A, *range(1, 50)), *seen(A, *range(1, 50))]
    found = {name: each.count for name, each in check(plant(kind, mirrored, ())).records.faults.items() if each}
    assert found[kind] == 1
    assert caught_in_copy(mirrored) == {f"{kind} at the standby": True for kind in COPIED}


def test_where_nothing_was_mirrored_no_fault_is_caught_there() -> None:
    assert not any(caught_in_copy([*acknowledged(A, 1, 2, 3)]).values())


def test_two_records_of_a_stream_change_places_and_keep_the_offsets_of_the_log() -> None:
    """Streams are interleaved, so the neighbour of a record is not the next line of the log."""
    both = [Seen("readings", 0, n, Stream(1 + n % 2, "readings", 0), 1 + n // 2) for n in range(8)]
    acked: list[Event] = [Acknowledged(each.stream, each.sequence, 0.0, "north") for each in both if each.stream]
    found = [each for each in plant("reordered", [*acked, *both], ()) if isinstance(each, Seen)]
    assert [each.offset for each in found] == list(range(8))
    assert sum(one != other for one, other in zip(both, found, strict=True)) == 2
    assert check([*acked, *found]).records.reordered.count == 1


def test_a_fault_is_planted_where_it_shows_and_not_in_what_is_repeated_or_doubtful() -> None:
    """Else a good run would now and then be called inconclusive."""
    middle = [*acknowledged(A, 1, 3, 4), Doubtful(A, 2), *seen(A, 1, 2, 3, 4), *processed(A, 1, 2, 3, 3, 4)]
    assert all(caught(middle, groups=READS).values())


@pytest.mark.parametrize("kind", ["skipped", "repeated", "unread"])
def test_where_groups_did_nothing_no_fault_of_theirs_is_caught(kind: str) -> None:
    assert not caught([*acknowledged(A, 1, 2), *seen(A, 1, 2)], groups=READS)[kind]


def test_a_history_without_records_catches_nothing() -> None:
    assert not any(caught([]).values())


sequences = st.lists(st.integers(1, 40), max_size=60)


@given(st.sets(st.integers(1, 40)), sequences, sequences)
def test_it_agrees_with_sets(acked: set[int], read: list[int], done: list[int]) -> None:
    found = check([*acknowledged(A, *sorted(acked)), *seen(A, *read), *processed(A, *done)], groups=READS)
    assert found.records.lost.count == len(acked - set(read))
    assert found.records.duplicated.count == len(read) - len(set(read))
    assert found.records.phantom.count == len(set(read) - acked)
    assert found.groups[0].unread.count == len({s for s in acked if s > max(done, default=0)})
    assert found.groups[0].phantom.count == len(set(done) - acked)
    if done:
        assert found.groups[0].skipped.count == len({s for s in acked if s < max(done)} - set(done))
        assert found.groups[0].repeated.count == len(done) - len(set(done))


@given(st.binary() | st.none(), st.binary() | st.none())
def test_a_number_survives_and_notices_any_change(key: bytes | None, value: bytes | None) -> None:
    number = Number(UUID(int=7), 1, 2, 3)
    header = encode(number, key, value)
    assert decode(header, key, value) == number
    changed = decode(header, key, (value or b"") + b"!")
    assert changed is not None
    assert not changed.intact


SENT = Sending(3, 1_790_000_000_123, "süd")


def test_a_number_tells_of_its_sending_if_its_sender_did_and_begins_alike() -> None:
    plain, told = Number(UUID(int=7), 1, 2, 3), Number(UUID(int=7), 1, 2, 3, sent=SENT)
    first, second = encode(plain, b"k", b"v"), encode(told, b"k", b"v")
    assert second.startswith(first)
    assert (decode(first, b"k", b"v"), decode(second, b"k", b"v")) == (plain, told)
    assert decode(second, b"k", b"w") == replace(told, intact=False)
    assert is_readable(first)
    assert is_readable(second)


def test_a_header_is_laid_out_as_its_page_says() -> None:
    header = encode(Number(UUID(int=7), 258, 3, 4, sent=Sending(5, 6, "north")), None, b"v")
    told = (7).to_bytes(16), (258).to_bytes(2), (3).to_bytes(4), (4).to_bytes(8)
    assert header[:30] == b"".join(told)
    assert header[38:] == b"\x02" + (5).to_bytes(4) + (6).to_bytes(8) + b"north"


NUMBER = encode(Number(UUID(int=7), 1, 2, 3), b"k", b"v")


@pytest.mark.parametrize(
    "header",
    [
        None,
        b"",
        b"short",
        b"x" * 39,
        NUMBER[:-1],
        NUMBER + b"\x02",
        NUMBER + b"\x02" + b"\0" * 12,
        NUMBER + b"\x03" + b"\0" * 12 + b"north",
        NUMBER + b"\x02" + b"\0" * 12 + b"\xff",
    ],
    ids=["none", "empty", "short", "odd", "torn", "cut off", "without a site", "a later version", "no text"],
)
def test_a_header_of_another_form_is_no_number(header: bytes | None) -> None:
    assert decode(header, b"k", b"v") is None
    assert header is None or not is_readable(header)


def stranded(stream: Stream, *sequences: int) -> Iterator[Event]:
    return (Stranded(stream.topic, stream.partition, n, stream, s) for n, s in enumerate(sequences))


def test_what_is_saved_from_a_lost_sites_tail_is_not_lost_and_no_group_owes_it() -> None:
    events = [*acknowledged(A, 1, 2, 3, 4), *seen(A, 1, 2, 4), *stranded(A, 3), *processed(A, 1, 2, 4)]
    found = check(events, groups=READS)
    assert found.clean
    assert found.records.stranded.examples == ("readings-0 producer 1 sequence 3",)
    assert found.groups[0].unread.count == 0


def test_a_group_may_have_read_into_the_tail_and_has_to_read_what_came_after_it() -> None:
    events = [*acknowledged(A, 1, 2, 3), *seen(A, 1, 3), *stranded(A, 2)]
    (group,) = check([*events, *processed(A, 1, 2)], groups=READS).groups
    assert (group.skipped.count, group.unread.count, group.phantom.count) == (0, 1, 0)


def test_a_record_that_is_saved_and_at_the_survivor_is_duplicated_and_still_owed() -> None:
    found = check([*acknowledged(A, 1, 2), *seen(A, 1, 2), *stranded(A, 1), *processed(A, 2)], groups=READS)
    assert (found.records.duplicated.count, found.records.stranded.count) == (1, 0)
    assert found.groups[0].skipped.count == 1


def test_a_doubtful_record_in_the_tail_is_recovered_and_no_group_owes_it() -> None:
    found = check([*acknowledged(A, 1), Doubtful(A, 2), *seen(A, 1), *stranded(A, 2), *processed(A, 1)], groups=READS)
    assert found.clean
    assert (found.records.recovered.count, found.records.stranded.count) == (1, 0)


def test_the_order_of_the_tail_is_its_own() -> None:
    """It lies at another site: what the survivor got later has later numbers."""
    assert check([*acknowledged(A, 1, 2, 3), *seen(A, 1, 3), *stranded(A, 2)]).clean
    assert check([*acknowledged(A, 1, 2, 3), *seen(A, 1), *stranded(A, 3, 2)]).records.reordered.count == 1


def test_where_there_is_a_tail_a_record_missing_in_it_is_planted_too() -> None:
    whole = [*acknowledged(A, *range(1, 9)), *seen(A, *range(1, 7)), *stranded(A, 7, 8), *processed(A, *range(1, 7))]
    assert caught(whole, groups=READS) == dict.fromkeys((*PLANTED, FROM_TAIL), True)
    assert FROM_TAIL not in caught([event for event in whole if not isinstance(event, Stranded)], groups=READS)


def test_no_fault_of_a_group_is_planted_in_what_is_stranded() -> None:
    events = [*acknowledged(A, 1, 2), *seen(A, 1), *stranded(A, 2), *processed(A, 1, 2)]
    assert not caught(events, groups=READS)["unread"]
