"""The contract of what checkers share, for the fakes and the real thing."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from drctl.drivers.kafka.shared_logs import KafkaSharedLogs
from drctl.drivers.store.checker_states import FolderStates
from drctl.drivers.store.clock import SystemClock
from drctl.errors import JournalBroken
from drctl.ledger.record import HEADER
from drctl.model.checking import CheckedPartition
from drctl.model.offsets import TopicPartition
from drctl.ports import CheckerStates, Clock, SharedLogs, SharedReader
from tests.contract.harness import FakeHarness, Harness
from tests.contract.real_site import RealHarness
from tests.contract.waiting import until
from tests.fakes import FakeCheckerStates, FakeSharedLogs

PARTITIONS = 3


class Member:
    """A member of the group with the positions that it gives, and all that it was given."""

    def __init__(self, logs: SharedLogs, positions: dict[TopicPartition, int]) -> None:
        self.positions, self.values = positions, list[bytes | None]()
        self.own, self.given_up = set[TopicPartition](), list[TopicPartition]()
        self.reader: SharedReader = logs.join(self._begin, self._give_up)

    def _begin(self, place: TopicPartition) -> int:
        self.own.add(place)
        return self.positions.get(place, 0)

    def _give_up(self, place: TopicPartition) -> None:
        self.own.discard(place)
        self.given_up.append(place)

    def read(self) -> None:
        for batch in self.reader.read(0.1):
            assert batch.partition in self.own
            assert list(batch.offsets) == sorted(set(batch.offsets))
            assert all(self.positions.get(batch.partition, 0) <= offset < batch.following for offset in batch.offsets)
            assert {len(batch.offsets)} == {len(batch.numbers), len(batch.keys), len(batch.values)}
            assert batch.following >= self.positions.get(batch.partition, 0)
            self.positions[batch.partition] = batch.following
            self.values += batch.values

    def close(self) -> None:
        self.reader.close()


@pytest.fixture
def topic(harness: Harness) -> str:
    name = harness.topic(PARTITIONS)
    for number in range(PARTITIONS):
        place = TopicPartition(name, number)
        harness.write(place, b"%d of %d" % (0, number), b"%d of %d" % (1, number))
    return name


def shared(harness: Harness, topic: str) -> SharedLogs:
    if isinstance(harness, FakeHarness):
        return FakeSharedLogs(harness.site, (topic,), numbered=False)
    assert isinstance(harness, RealHarness)
    return KafkaSharedLogs(harness.site, f"checkers-{uuid4().hex}", [topic], HEADER, session=6.0)


def clock_of(harness: Harness) -> Clock:
    return harness.site.clock if isinstance(harness, FakeHarness) else SystemClock()


def reading(*members: Member, reached: Callable[[], bool]) -> Callable[[], bool]:
    """Let each read, then ask."""

    def read_and_ask() -> bool:
        for each in members:
            each.read()
        return reached()

    return read_and_ask


def all_of(*rounds: int) -> list[bytes]:
    return sorted(b"%d of %d" % (each, number) for each in rounds for number in range(PARTITIONS))


def test_one_member_is_given_everything_and_reads_on_behind_the_end(harness: Harness, topic: str) -> None:
    with closing(Member(shared(harness, topic), {})) as member:
        done = reading(member, reached=lambda: len(member.values) == 2 * PARTITIONS)
        until(clock_of(harness), "everything is read", done)
        harness.write(TopicPartition(topic, 0), b"2 of 0")
        more = reading(member, reached=lambda: b"2 of 0" in member.values)
        until(clock_of(harness), "what came after is read", more)
    assert sorted(each for each in member.values if each) == sorted([*all_of(0, 1), b"2 of 0"])


def test_it_begins_where_it_says_and_is_told_where_there_is_nothing_left(harness: Harness, topic: str) -> None:
    begins = {TopicPartition(topic, number): 1 for number in range(PARTITIONS)}
    with closing(Member(shared(harness, topic), begins)) as member:
        read = reading(member, reached=lambda: set(member.positions.values()) == {2})
        until(clock_of(harness), "all ends are reached", read)
    assert sorted(each for each in member.values if each) == all_of(1)


def test_records_of_a_transaction_are_given_once_it_is_committed_and_markers_are_passed(
    harness: Harness, topic: str
) -> None:
    place = TopicPartition(topic, 0)
    with closing(Member(shared(harness, topic), {place: 2})) as member:
        harness.begin(place, b"aborted").abort()
        harness.begin(place, b"committed").commit()
        read = reading(member, reached=lambda: member.positions.get(place, 0) >= 6)
        until(clock_of(harness), "the markers are passed", read)
    assert b"committed" in member.values
    assert b"aborted" not in member.values


def test_each_partition_is_one_members_and_of_one_that_leaves_they_are_anothers(harness: Harness, topic: str) -> None:
    logs = shared(harness, topic)
    with closing(Member(logs, {})) as first:
        until(clock_of(harness), "it has all", reading(first, reached=lambda: len(first.own) == PARTITIONS))
        second = Member(logs, {})
        with closing(second):
            apart = reading(
                first, second, reached=lambda: bool(second.own) and len(first.own) + len(second.own) == PARTITIONS
            )
            until(clock_of(harness), "they share", apart)
            assert not first.own & second.own
            assert set(first.given_up) >= second.own
        assert not second.own
        until(clock_of(harness), "it has all again", reading(first, reached=lambda: len(first.own) == PARTITIONS))


@pytest.fixture(params=["fake", "folder"])
def states(request: pytest.FixtureRequest, tmp_path: Path) -> CheckerStates:
    return FakeCheckerStates() if request.param == "fake" else FolderStates(tmp_path / "states")


PLACE = TopicPartition("shop.orders", 2)
CHECKED = CheckedPartition("run", "north", 7, 9, complete=False, state=b'{"a":\n1}')


def test_what_was_saved_last_is_loaded(states: CheckerStates) -> None:
    assert states.load(PLACE) is None
    later = CheckedPartition("run", "north", 9, 9, complete=True, state=b"later")
    for each in (CHECKED, later):
        states.save(PLACE, each)
        assert states.load(PLACE) == each
    states.save(TopicPartition("a", 0), CHECKED)
    assert dict(states.everything()) == {TopicPartition("a", 0): CHECKED, PLACE: later}


@pytest.mark.parametrize("raw", [b"", b"{}", b"{}\n", b"[]\nstate", b'{"run":1}\nstate', b"\xff\nstate"])
def test_a_file_that_is_no_state_is_named(raw: bytes, tmp_path: Path) -> None:
    states = FolderStates(tmp_path)
    states.save(PLACE, CHECKED)
    (tmp_path / f"{PLACE}.state").write_bytes(raw)
    with pytest.raises(JournalBroken, match=r"shop\.orders-2\.state"):
        states.load(PLACE)
