"""The switchover on two real sites with MirrorMaker 2 between them. A test begins where the one before has ended."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Event
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer

from drctl.config import load
from drctl.drivers.kafka.commits import commit
from drctl.errors import RolledBack
from drctl.lab.lab import Lab
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import RunResult, RunState
from drctl.monitors import observe
from drctl.plans import switchover
from drctl.ports import World
from drctl.wiring.world import open_world
from tests.applications import Application, records
from tests.lab.usage import client, run_moving, to_the_end, wait, wait_until_link_works

pytestmark = pytest.mark.early

READINGS, ORDERS = "turbines.readings", "shop.orders"
DENIED = (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)

type PerPartition = dict[tuple[str, int], list[bytes]]


@pytest.fixture(scope="module")
def lab(own_lab: Lab) -> Lab:
    """A lab of their own: these tests leave it turned around."""
    return own_lab


@contextmanager
def opened(lab: Lab, *, step_timeout: float = 60) -> Iterator[World]:
    plan = load(lab.plan_file)
    guards = replace(plan.guards, step_timeout=timedelta(seconds=step_timeout))
    with open_world(replace(plan, guards=guards)) as world:
        positions = world.sites[sites(world)[0]].positions
        for group in world.plan.groups - positions.groups().keys():
            positions.commit(group, {TopicPartition(READINGS, 0): Committed(0)})
        yield world


def move(lab: Lab, world: World) -> RunResult:
    """A switchover; what a gate says of a link home that has failed since the move before is done first."""
    source, target = sites(world)
    return run_moving(lab, world, lambda: switchover.plan(world, source, target, observe=observe))


def sites(world: World) -> tuple[str, str]:
    """The site that serves, and the other."""
    serving = world.client_routing.site()
    assert serving is not None
    return serving, next(name for name in world.sites if name != serving)


class Writer(Application):
    """Writes records one by one where it is until it is denied, then where client routing points."""

    def __init__(self, lab: Lab, world: World, prefix: str) -> None:
        super().__init__("writer")
        self.lab, self.routing, self.prefix = lab, world.client_routing, prefix
        self.acknowledged: PerPartition = defaultdict(list)
        self.moves = 0

    def work(self) -> None:
        at, number = self.routing.site(), 0
        producer = Producer(client(self.lab, at or "", "turbines"))
        while not self.ended.wait(0.01):
            payload = f"{self.prefix} {number}".encode()
            if self._write(producer, number % 6, payload):
                number += 1
            elif (now := self.routing.site()) not in (None, at):
                at, producer = now, Producer(client(self.lab, now or "", "turbines"))
                self.moves += 1

    def _write(self, producer: Producer, partition: int, payload: bytes) -> bool:
        answers: list[KafkaError | None] = []
        try:
            producer.produce(READINGS, payload, partition=partition, on_delivery=lambda e, _: answers.append(e))
        except KafkaException as refused:  # the client knows by now that it is denied
            answers.append(refused.args[0])
        while not answers:
            producer.poll(0.05)
        if answers[0] is None:
            self.acknowledged[READINGS, partition].append(payload)
            return True
        assert answers[0].code() in DENIED, answers[0]
        return False


class Reader(Application):
    """A group's member: reads, commits, and goes where client routing points; ``stubborn`` it stays."""

    def __init__(self, lab: Lab, world: World, group: str, prefix: str, *, stubborn: bool = False) -> None:
        super().__init__(group)
        self.lab, self.routing, self.group = lab, world.client_routing, group
        self.prefix, self.stubborn = prefix, stubborn
        self.processed: PerPartition = defaultdict(list)
        self.joined = Event()

    def work(self) -> None:
        while not self.ended.wait(0.05):
            site = self.routing.site()
            if site is not None:
                self._read_at(site)

    def _read_at(self, site: str) -> None:
        settings = {"group.id": self.group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
        consumer = Consumer({**client(self.lab, site, "readers"), **settings})
        consumer.subscribe([READINGS, ORDERS], on_assign=lambda *_: self.joined.set())
        while not self.ended.is_set() and (self.stubborn or self.routing.site() == site):
            batch = records(consumer.consume(100, 0.1))
            for message in batch:
                if (value := message.value() or b"").startswith(self.prefix.encode()):
                    self.processed[message.topic() or "", message.partition() or 0].append(value)
            if batch:
                assert commit(consumer)
        consumer.close()


def some_writes(world: World, writer: Writer, count: int = 60) -> None:
    before = sum(map(len, writer.acknowledged.values()))
    wait("records are written", lambda: sum(map(len, writer.acknowledged.values())) >= before + count, 30)


def test_a_switchover_and_the_way_home_under_load_lose_and_repeat_nothing(lab: Lab) -> None:
    prefix = uuid4().hex
    with opened(lab) as world, Writer(lab, world, prefix) as writer, Reader(lab, world, "dispatch", prefix) as reader:
        wait("the reader has joined", reader.joined.is_set, 30)
        for moves in (1, 2):
            some_writes(world, writer)
            result = move(lab, world)
            assert result.state is RunState.DONE
            assert result.evidence["watch-first-commits"]["not arrived"] == []
            some_writes(world, writer)
            assert writer.moves == moves
        writer.end()
        wait("everything is read", lambda: total(reader.processed) >= total(writer.acknowledged), 30)
        reader.end()
    assert reader.processed == writer.acknowledged


def test_a_group_that_is_not_running_finds_its_exact_position_at_the_other_site(lab: Lab) -> None:
    prefix = uuid4().hex
    with opened(lab) as world:
        source, target = sites(world)
        to_the_end(lab, source, "billing", READINGS)  # what earlier tests have left
        with Writer(lab, world, prefix) as writer:
            some_writes(world, writer, 200)
        first = take(lab, source, "billing", 70)
        move(lab, world)
        rest = take(lab, target, "billing", total(writer.acknowledged) - 70)
        assert to_the_end(lab, target, "billing", READINGS) == []
    assert sorted(first + rest) == sorted(v for values in writer.acknowledged.values() for v in values)


def test_the_link_home_writes_through_the_fence_of_the_old_source(lab: Lab) -> None:
    prefix = uuid4().hex
    with opened(lab) as world:
        source, target = sites(world)
        move(lab, world)
        assert world.sites[source].fence.canary().refused
        ends = {p: b.high for p, b in world.sites[source].records.bounds(partitions(world, source)).items()}
        with Writer(lab, world, prefix) as writer:
            some_writes(world, writer)

        def copied() -> bool:
            found = sum(len(world.sites[source].records.identities(p, end, 10**9)) for p, end in ends.items())
            return found == total(writer.acknowledged)

        wait("the records come home", copied, 60)
        assert world.sites[source].fence.standing()
        assert not world.sites[target].fence.standing()


def test_a_transaction_left_open_through_the_fence_is_not_committed(lab: Lab) -> None:
    with opened(lab, step_timeout=90) as world:
        source, target = sites(world)
        settings = {"transactional.id": f"shop-{uuid4().hex}", "transaction.timeout.ms": "10000"}
        producer = Producer({**client(lab, source, "shop"), **settings})
        producer.init_transactions(20)
        producer.begin_transaction()
        payload = f"open {uuid4().hex}".encode()
        producer.produce(ORDERS, payload, partition=0)
        producer.flush(10)
        before = {p: b.stable for p, b in world.sites[target].records.bounds(partitions(world, target)).items()}
        move(lab, world)
        with pytest.raises(KafkaException):
            producer.commit_transaction(20)
        grown = [
            p for p, end in before.items() if p.topic == ORDERS and world.sites[target].records.following(p, end, 1)
        ]
    assert grown == []


def test_a_consumer_that_never_leaves_is_named_and_the_source_is_open_again(lab: Lab) -> None:
    prefix = uuid4().hex
    with opened(lab, step_timeout=8) as world, Reader(lab, world, "reporting", prefix, stubborn=True) as reader:
        source, _ = sites(world)
        wait("the reader has joined", reader.joined.is_set, 30)
        with pytest.raises(RolledBack, match=r"group reporting is Stable with .* at /127\.0\.0\.1"):
            move(lab, world)
        with Writer(lab, world, prefix) as writer:
            some_writes(world, writer)
        assert writer.moves == 0
        assert world.client_routing.site() == source
        wait_until_link_works(lab, world, *sites(world))


def partitions(world: World, site: str) -> tuple[TopicPartition, ...]:
    topics = world.sites[site].brokers.topics(world.plan.topics)
    return tuple(p for topic in topics.values() for p in topic.spread())


def total(found: PerPartition) -> int:
    return sum(map(len, found.values()))


def take(lab: Lab, site: str, group: str, count: int) -> list[bytes]:
    """Read that many records as the group's only member, commit, leave."""
    settings = {"group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
    consumer = Consumer({**client(lab, site, "readers"), **settings})
    consumer.subscribe([READINGS])
    found: list[bytes] = []
    while len(found) < count and (message := consumer.poll(20)) is not None:
        found += [each.value() or b"" for each in records([message])]
    assert commit(consumer)
    consumer.close()
    return found
