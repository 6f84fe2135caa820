"""How far groups are from the end, told while they run."""

from hypothesis import given
from hypothesis import strategies as st

from drctl.ledger.checker import check
from drctl.ledger.events import Acknowledged, Event, Processed, Seen, Stream
from drctl.ledger.history import HistoryLine
from drctl.ledger.reach import Reach

READS = {"billing": ("orders",), "pricing": ("orders", "prices")}


def acknowledged(topic: str, partition: int, *sequences: int) -> HistoryLine:
    return HistoryLine("acknowledged", 1.0, "north", [[1, topic, partition, n] for n in sequences], {})


def processed(group: str, topic: str, partition: int, *sequences: int) -> HistoryLine:
    return HistoryLine("processed", 1.0, "north", [[1, topic, partition, n] for n in sequences], {"group": group})


def short(*lines: HistoryLine) -> dict[str, int]:
    reach = Reach(READS)
    for line in lines:
        reach.take(line)
    return reach.short()


def test_whoever_has_read_nothing_has_everything_of_its_topics_to_go() -> None:
    assert short(acknowledged("orders", 0, 1, 2), acknowledged("prices", 0, 1)) == {"billing": 2, "pricing": 3}


def test_one_partition_that_is_not_read_keeps_a_group_from_the_end() -> None:
    lines = [acknowledged("orders", 0, 1, 2), acknowledged("orders", 1, 1), processed("billing", "orders", 0, 1, 2)]
    assert short(*lines)["billing"] == 1


def test_whoever_has_read_the_last_of_every_stream_is_there() -> None:
    lines = [processed(group, "orders", 0, 3) for group in READS]
    assert short(acknowledged("orders", 0, 1, 3), *lines) == {}


def test_what_is_denied_aborted_or_doubtful_is_not_waited_for() -> None:
    lines = [HistoryLine(kind, 1.0, "north", [[1, "orders", 0, 9]], {}) for kind in ("aborted", "doubtful")]
    assert short(*lines, HistoryLine("denied", 1.0, "north", [], {})) == {}


ends = st.lists(st.tuples(st.sampled_from(["orders", "prices"]), st.integers(0, 2), st.integers(1, 9)), max_size=12)


@given(ends, ends)
def test_it_is_at_the_end_exactly_when_the_checker_finds_nothing_unread(
    written: list[tuple[str, int, int]], read: list[tuple[str, int, int]]
) -> None:
    reach = Reach(READS)
    events: list[Event] = []
    for topic, partition, sequence in written:
        reach.take(acknowledged(topic, partition, sequence))
        stream = Stream(1, topic, partition)
        events += [Acknowledged(stream, sequence, 1.0, "north"), Seen(topic, partition, 0, stream, sequence)]
    for topic, partition, sequence in read:
        reach.take(processed("pricing", topic, partition, sequence))
        events.append(Processed("pricing", Stream(1, topic, partition), sequence, 1.0, "north"))
    found = {group.name for group in check(events, groups=READS).groups if group.unread}
    assert set(reach.short()) == found
