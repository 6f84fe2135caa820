"""The contract of Tail, for the fake and the real thing."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka import TopicPartition as Place

from drctl.drivers.kafka.commits import commit
from drctl.drivers.kafka.polled_tail import FallbackTail, PolledTail
from drctl.drivers.kafka.tail import KafkaTail
from drctl.drivers.store.clock import SystemClock
from drctl.errors import Forbidden
from drctl.lab import Lab
from drctl.model.changes import Change, GroupForgotten, GroupSeen, PositionForgotten, PositionMoved
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.session import GroupProtocol
from drctl.monitors.sessions import Sessions
from drctl.ports import Tail
from tests.contract.harness import Harness
from tests.contract.real_site import RealHarness, client

CLOCK = SystemClock()
PROTOCOLS = pytest.mark.parametrize("protocol", [GroupProtocol.CLASSIC, GroupProtocol.CONSUMER])


@pytest.fixture
def group() -> str:
    return f"group-{uuid4().hex}"


@pytest.fixture(params=["written", "polled"])
def tail(request: pytest.FixtureRequest, harness: Harness) -> Iterator[Tail]:
    # The first commit makes the topic that is tailed.
    harness.positions.commit("the-first", {TopicPartition(harness.topic(), 0): Committed(0)})
    tail: Tail = harness.tail() if request.param == "written" else PolledTail(harness.positions, CLOCK)
    yield tail
    tail.close()


def until(tail: Tail, done: Callable[[Change], bool]) -> list[Change]:
    """What the tail brings up to the first change that is ``done``."""
    found: list[Change] = []
    deadline = CLOCK.monotonic() + 60
    while not (found and any(map(done, found))):
        assert CLOCK.monotonic() < deadline, f"not among {found[-10:]}"
        found.extend(tail.poll(0.5).changes)
    return found


def commits(group: str, offset: int) -> Callable[[Change], bool]:
    return lambda c: isinstance(c, PositionMoved) and c.group == group and c.committed.offset == offset


def sees(group: str, members: int) -> Callable[[Change], bool]:
    return lambda c: isinstance(c, GroupSeen) and c.group == group and len(c.members) == members


def test_a_commit_is_told_with_all_that_belongs_to_it(harness: Harness, tail: Tail, group: str) -> None:
    topic = harness.topic()
    partition = TopicPartition(topic, 0)
    harness.positions.commit(group, {partition: Committed(7, "by drctl")})
    (told,) = (c for c in until(tail, commits(group, 7)) if isinstance(c, PositionMoved) and c.group == group)
    assert (told.partition, told.committed) == (partition, Committed(7, "by drctl"))
    assert told.milliseconds > 0
    known = () if isinstance(tail, PolledTail) else (harness.brokers.topics([topic])[topic].topic_id,)
    assert told.topic_id in (known or (None,))


def test_positions_that_go_back_are_told_in_their_order(harness: Harness, tail: Tail, group: str) -> None:
    partition = TopicPartition(harness.topic(), 0)
    for offset in (5, 9, 2):
        harness.positions.commit(group, {partition: Committed(offset)})
        until(tail, commits(group, offset))


@PROTOCOLS
def test_members_come_and_go(harness: Harness, tail: Tail, group: str, protocol: GroupProtocol) -> None:
    topic = harness.topic()
    with harness.member(group, topic, protocol):
        until(tail, sees(group, 1))
    told = until(tail, sees(group, 0))
    assert {c.protocol for c in told if isinstance(c, GroupSeen) and c.group == group} == {protocol}


def test_a_new_tail_comes_to_know_what_the_old_one_knew(harness: Harness, tail: Tail, group: str) -> None:
    topic = harness.topic(partitions=3)
    wanted = {TopicPartition(topic, n): Committed(n, f"m{n}") for n in range(3)}
    harness.positions.commit(group, wanted)
    for each in (tail, harness.tail()):
        sessions = Sessions()
        deadline = CLOCK.monotonic() + 60
        while {p: h.committed for p, h in sessions.positions(group).items()} != wanted:
            assert CLOCK.monotonic() < deadline
            sessions.apply(each.poll(0.5).changes)
        while (told := each.poll(0.2)).behind != 0:
            assert CLOCK.monotonic() < deadline
        assert not told.unknown
        each.close()


def test_catching_up_tells_all_that_was_written_before(harness: Harness, tail: Tail, group: str) -> None:
    partition = TopicPartition(harness.topic(), 0)
    for offset in (5, 9):
        harness.positions.commit(group, {partition: Committed(offset)})
        told = tail.catch_up(60)
        assert told.behind == 0
        positions = [c for c in told.changes if isinstance(c, PositionMoved) and c.group == group]
        assert positions[-1].committed == Committed(offset)
    harness.positions.forget(group)
    assert PositionForgotten(group, partition) in tail.catch_up(60).changes


def test_a_tail_from_now_tells_only_what_comes(harness: Harness, group: str) -> None:
    partition = TopicPartition(harness.topic(), 0)
    harness.positions.commit(group, {partition: Committed(5)})
    first = harness.tail()
    tail = first.from_now()
    assert not [c for c in tail.catch_up(60).changes if isinstance(c, PositionMoved) and c.group == group]
    harness.positions.commit(group, {partition: Committed(9)})
    (moved,) = (c for c in tail.catch_up(60).changes if isinstance(c, PositionMoved) and c.group == group)
    assert moved.committed == Committed(9)
    tail.close()
    first.close()


@pytest.fixture(params=["north", "south"])
def site(request: pytest.FixtureRequest, real_sites: dict[str, RealHarness]) -> RealHarness:
    """A real site, for what only real coordinators do."""
    return real_sites[request.param]


@pytest.mark.parametrize("decision", ["commit", "abort"])
def test_positions_in_a_transaction_are_told_once_it_is_decided(site: RealHarness, group: str, decision: str) -> None:
    partition = TopicPartition(site.topic(), 0)
    site.positions.commit(group, {partition: Committed(1)})
    consumer = Consumer({**client(site.admin), "group.id": group})
    producer = Producer({**client(site.admin), "transactional.id": uuid4().hex})
    producer.init_transactions(30)
    producer.begin_transaction()
    place = Place(partition.topic, partition.partition, 5)
    producer.send_offsets_to_transaction([place], consumer.consumer_group_metadata(), 30)
    tail = site.tail()
    found = until(tail, commits(group, 1))
    for _ in range(10):
        found.extend(tail.poll(0.1).changes)
    undecided = tail.catch_up(0.5)
    assert undecided.behind
    found.extend(undecided.changes)
    assert not any(map(commits(group, 5), found))
    producer.commit_transaction(30) if decision == "commit" else producer.abort_transaction(30)
    other = f"{group}-after"
    site.positions.commit(other, {partition: Committed(3)})
    if decision == "commit":
        until(tail, commits(group, 5))
    else:
        until(tail, commits(other, 3))
        again = [c for _ in range(10) for c in tail.poll(0.1).changes]
        assert not any(map(commits(group, 5), again))
    consumer.close()
    tail.close()


@PROTOCOLS
def test_static_members_and_what_they_are_assigned(site: RealHarness, group: str, protocol: GroupProtocol) -> None:
    topic = site.topic(partitions=2)
    consumer = Consumer(
        {
            **client(site.admin),
            "group.id": group,
            "group.protocol": protocol.value,
            "group.instance.id": "pump-7",
            "client.id": "pumps",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([topic])
    tail, sessions = site.tail(), Sessions()
    deadline = CLOCK.monotonic() + 60
    wanted = frozenset({TopicPartition(topic, 0), TopicPartition(topic, 1)})
    while not (found := sessions.members(group)) or found[0].assignment != wanted:
        assert CLOCK.monotonic() < deadline, found
        consumer.poll(0.2)
        if consumer.assignment():
            assert commit(consumer, [Place(topic, 0, 0)])  # tells the topic's id
        sessions.apply(tail.poll(0.1).changes)
    (member,) = sessions.members(group)
    assert (member.instance_id, member.client_id) == ("pump-7", "pumps")
    assert sessions.protocol(group) is protocol
    consumer.close()
    tail.close()


def test_a_group_that_is_deleted_is_forgotten(site: RealHarness, group: str) -> None:
    partition = TopicPartition(site.topic(), 0)
    site.positions.commit(group, {partition: Committed(4)})
    tail = site.tail()
    until(tail, commits(group, 4))
    site.admin.admin().delete_consumer_groups([group])[group].result(30)
    told = until(tail, lambda c: isinstance(c, GroupForgotten) and c.group == group)
    assert PositionForgotten(group, partition) in told
    tail.close()


def test_whoever_may_not_read_the_commits_is_told_the_right_that_is_missing(site: RealHarness, lab: Lab) -> None:
    canary = lab.site(site.site.name).kafka("canary")
    tail = KafkaTail(canary)

    def read_on() -> None:
        for _ in range(20):
            tail.poll(0.5)

    with pytest.raises(Forbidden, match="__consumer_offsets"):
        read_on()
    tail.close()
    allowed = FallbackTail(KafkaTail(canary), PolledTail(site.positions, CLOCK))
    sessions, group = Sessions(), f"group-{uuid4().hex}"
    partition = TopicPartition(site.topic(), 0)
    site.positions.commit(group, {partition: Committed(4)})
    deadline = CLOCK.monotonic() + 60
    while partition not in sessions.positions(group):
        assert CLOCK.monotonic() < deadline
        told = allowed.poll(0.5)
        sessions.apply(told.changes)
    assert told.polled is not None
    allowed.close()
    canary.close()
