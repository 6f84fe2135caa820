"""What two logs can be compared by, where a record has no timestamp or cannot be read whole."""

from dataclasses import replace

import pytest

from drctl.decide.offset_syncs import merged
from drctl.decide.overlap import copied_beyond
from drctl.decide.translate import translate_all
from drctl.decide.windows import Logs
from drctl.model.offsets import LogBounds, OffsetSync, RecordId, TopicPartition
from drctl.model.translation import Exact, Translation, Unproven, UnprovenReason

ORDERS = TopicPartition("orders", 0)


def untimed(offset: int, letter: str) -> RecordId:
    return RecordId(offset, f"{letter} at -1".encode(), None, letter.encode())


def stamped(offset: int, letter: str, at: int = 1000) -> RecordId:
    return RecordId(offset, f"{letter} at {at}".encode(), at, letter.encode())


def answers(
    source: list[RecordId], target: list[RecordId], *positions: int, syncs: tuple[tuple[int, int], ...] = ()
) -> dict[int, Translation]:
    here, there = (LogBounds(0, records[-1].offset + 1, records[-1].offset + 1) for records in (source, target))
    logs = Logs(ORDERS, here, there, merged(OffsetSync(*sync) for sync in syncs), compacted=False)
    return dict(
        translate_all(
            logs,
            positions,
            lambda window: (
                [r for r in source if r.offset in range(*window.source)],
                [r for r in target if r.offset in range(*window.target)],
            ),
        )
    )


@pytest.mark.parametrize("syncs", [(), ((0, 0), (3, 4))])
def test_records_without_a_timestamp_are_proven_without_it(syncs: tuple[tuple[int, int], ...]) -> None:
    source = [untimed(n, letter) for n, letter in enumerate("abcd")]
    target = [stamped(n, letter) for n, letter in ((0, "a"), (1, "b"), (3, "c"), (4, "d"))]
    for here, there, position, offset in ((source, target, 2, 3), (target, source, 3, 2)):
        pairs = syncs if here is source else tuple((b, a) for a, b in syncs)
        answer = answers(here, there, position, syncs=pairs)[position]
        assert isinstance(answer, Exact), answer
        assert answer.offset == offset


def test_a_record_with_a_timestamp_is_still_held_to_it() -> None:
    source = [untimed(0, "a"), stamped(1, "b", 7), stamped(2, "c", 8)]
    target = [stamped(0, "a"), stamped(1, "b", 9), stamped(2, "c", 8)]
    answer = answers(source, target, 2)[2]
    assert isinstance(answer, Unproven)
    assert answer.why is UnprovenReason.DIFFERENT_RECORDS


def test_other_content_without_a_timestamp_is_another_record() -> None:
    answer = answers([untimed(0, "a"), untimed(1, "b")], [stamped(0, "a"), stamped(1, "x")], 1)[1]
    assert isinstance(answer, Unproven)
    assert answer.why is UnprovenReason.DIFFERENT_RECORDS


def test_what_arrived_without_its_missing_timestamp_is_not_salvaged_once_more() -> None:
    before, beyond = [untimed(0, "a")], [untimed(1, "b"), untimed(2, "c")]
    assert copied_beyond(before, beyond, [stamped(0, "a"), stamped(1, "b")]) == 1


def test_a_record_that_cannot_be_read_is_named_and_positions_beyond_the_next_sync_are_proven() -> None:
    source = [stamped(n, letter) for n, letter in enumerate("abcdef")]
    source[1] = replace(source[1], digest=b"nothing else", fault="a header name is not UTF-8")
    target = [stamped(n, letter) for n, letter in enumerate("abcdef")]
    found = answers(source, target, 2, syncs=((0, 0), (3, 3)))
    found |= answers(source, target, 5, syncs=((3, 3),))
    assert isinstance(found[2], Unproven)
    assert (found[2].why, found[2].detail) == (UnprovenReason.UNREADABLE_RECORD, "offset 1 at the source")
    assert isinstance(found[5], Exact)


def test_of_several_records_that_cannot_be_read_the_one_nearest_to_the_position_is_named() -> None:
    source = [stamped(n, letter) for n, letter in enumerate("abcdefgh")]
    for n in (1, 5):
        source[n] = replace(source[n], digest=b"nothing else", fault="a header name is not UTF-8")
    found = answers(source, [stamped(n, letter) for n, letter in enumerate("abcdefgh")], 2, 4, syncs=((0, 0), (7, 7)))
    assert {p: a.detail for p, a in found.items() if isinstance(a, Unproven)} == {
        2: "offset 1 at the source",
        4: "offset 5 at the source",
    }
