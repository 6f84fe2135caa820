"""Exact translation on real MirrorMaker 2, compared with the truth found by reading everything.

Every record carries its number in a header, so the truth does not come from the code under test: where a record was
written at the source its delivery report says, where it went at the target a reader of the whole log.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from confluent_kafka import Consumer, KafkaError, Message, Producer
from confluent_kafka import TopicPartition as KafkaPartition

from drctl.config import load
from drctl.drivers.kafka.commits import commit
from drctl.drivers.kafka.provision import create_topics
from drctl.drivers.kafka.records import read
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.store.clock import SystemClock
from drctl.lab import Lab
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.session import GroupProtocol
from drctl.model.translation import Exact, Translation, Unproven, UnprovenReason
from drctl.model.workloads import Workload
from drctl.monitors.links import lag
from drctl.plans.positions import mirrormaker_repeats, translate_groups
from drctl.ports import World
from drctl.wiring.world import open_world
from tests.applications import records

PLAIN, MIXED, PRICES, TRIMMED, IDLE = (
    TopicPartition(f"dr.{name}", 0) for name in ("plain", "transactions", "prices", "trimmed", "idle")
)
TOPICS = (PLAIN, MIXED, PRICES, TRIMMED, IDLE)
COMPACTING = {"cleanup.policy": "compact", "segment.ms": "200", "min.cleanable.dirty.ratio": "0.01"}
TRIMMED_TO = 400

type Choose = Callable[["Situation", TopicPartition], int]


@dataclass
class Situation:
    world: World
    written: dict[TopicPartition, list[tuple[int, bytes]]]
    """Committed records as delivered: offset at the source and number."""
    aborted: list[int]
    kept: dict[TopicPartition, list[int]]
    """Offsets of the data records still at the source."""
    copied: dict[TopicPartition, list[tuple[int, bytes]]]
    """Offset at the target and number."""
    ends: dict[TopicPartition, int]

    def commit(self, group: str, positions: dict[TopicPartition, int]) -> None:
        handed = {p: Committed(offset) for p, offset in positions.items()}
        self.world.sites["north"].positions.commit(group, handed)

    def translated(self, *groups: str) -> dict[str, dict[TopicPartition, Translation]]:
        found = translate_groups(self.world, "north", "south", groups)
        return {group: dict(answers) for group, answers in found.items()}

    def is_exact(self, partition: TopicPartition, position: int, answer: Translation) -> bool:
        """Whether the answer parts what had been read from what had not, for every record at the target."""
        assert isinstance(answer, Exact), answer
        origin = {number: offset for offset, number in self.written[partition]}
        return all((origin[number] < position) == (there < answer.offset) for there, number in self.copied[partition])


@pytest.fixture(scope="module")
def situation(lab: Lab) -> Iterator[Situation]:
    plan = load(lab.plan_file)
    workload = Workload("translation", tuple(p.topic for p in TOPICS), ())
    north, south = lab.site("north").kafka("admin"), lab.site("south").kafka("admin")
    create_topics(north, {p.topic: (1, 1, COMPACTING if p is PRICES else {}) for p in TOPICS})
    written, aborted = _write(north)
    with open_world(replace(plan, workloads=(workload,))) as world:
        _wait_until_copied(world)
        _close_segments(north, written)
        _wait_until_copied(world)
        _wait_until_cleaned(world, written)
        _trim(north)
        records = world.sites["north"].records
        yield Situation(
            world,
            written,
            aborted,
            kept={p: [r.offset for r in records.identities(p, 0, 1 << 60)] for p in TOPICS},
            copied={p: [(m.offset() or 0, _number(m)) for m in read(south, p, 0)] for p in TOPICS},
            ends={p: b.stable for p, b in records.bounds(TOPICS).items()},
        )
    north.close()
    south.close()


CASES: dict[str, tuple[TopicPartition, Choose]] = {
    "plain, first record": (PLAIN, lambda s, p: 0),
    "plain, missing early syncs": (PLAIN, lambda s, p: 3),
    "plain, deep in the lag": (PLAIN, lambda s, p: s.ends[p] // 10),
    "plain, half-way": (PLAIN, lambda s, p: s.ends[p] // 2 + 7),
    "plain, last record": (PLAIN, lambda s, p: s.ends[p] - 1),
    "plain, log's end": (PLAIN, lambda s, p: s.ends[p]),
    "transactions, first record": (MIXED, lambda s, p: 0),
    "transactions, deep in the lag": (MIXED, lambda s, p: s.kept[p][len(s.kept[p]) // 10]),
    "transactions, on a marker": (MIXED, lambda s, p: _gaps(s, p)[len(_gaps(s, p)) // 2]),
    "transactions, on an aborted record": (MIXED, lambda s, p: s.aborted[len(s.aborted) // 2]),
    "transactions, last marker": (MIXED, lambda s, p: s.ends[p] - 1),
    "transactions, log's end": (MIXED, lambda s, p: s.ends[p]),
    "compacted, first offset": (PRICES, lambda s, p: 0),
    "compacted, on a record compacted away": (PRICES, lambda s, p: _gaps(s, p)[len(_gaps(s, p)) // 2]),
    "compacted, on a surviving record": (PRICES, lambda s, p: s.kept[p][len(s.kept[p]) // 2]),
    "compacted, after a surviving record": (PRICES, lambda s, p: s.kept[p][len(s.kept[p]) // 3] + 1),
    "compacted, log's end": (PRICES, lambda s, p: s.ends[p]),
    "trimmed, at the new log start": (TRIMMED, lambda s, p: TRIMMED_TO),
    "trimmed, behind the log start": (TRIMMED, lambda s, p: TRIMMED_TO + 11),
    "never written to": (IDLE, lambda s, p: 0),
}


@pytest.mark.parametrize("case", CASES)
def test_a_position_is_translated_exactly(situation: Situation, case: str) -> None:
    partition, choose = CASES[case]
    position = choose(situation, partition)
    situation.commit("dr-case", {partition: position})
    answer = situation.translated("dr-case")["dr-case"][partition]
    assert situation.is_exact(partition, position, answer)


@pytest.mark.parametrize("partition", TOPICS, ids=str)
def test_every_position_of_a_partition_is_exact_or_early_and_says_so(
    situation: Situation, partition: TopicPartition
) -> None:
    step = max(1, situation.ends[partition] // 150)
    positions = range(0, situation.ends[partition] + 1, step)
    groups = {f"dr-sweep-{n}": position for n, position in enumerate(positions)}
    for group, position in groups.items():
        situation.commit(group, {partition: position})
    answers = situation.translated(*groups)
    origin = {number: offset for offset, number in situation.written[partition]}
    proven = 0
    for group, position in groups.items():
        answer = answers[group][partition]
        if isinstance(answer, Exact):
            assert situation.is_exact(partition, position, answer)
            proven += 1
        elif answer.conservative is not None:
            assert all(origin[n] < position for there, n in situation.copied[partition] if there < answer.conservative)
    assert proven >= 0.7 * len([p for p in positions if partition is not TRIMMED or p >= TRIMMED_TO])


def test_a_position_before_the_log_start_is_refused(situation: Situation) -> None:
    situation.commit("dr-early", {TRIMMED: 20})
    answer = situation.translated("dr-early")["dr-early"][TRIMMED]
    assert isinstance(answer, Unproven)
    assert answer.why is UnprovenReason.BEFORE_LOG_START


def test_a_position_beyond_the_log_end_is_refused(situation: Situation) -> None:
    situation.commit("dr-beyond", {PLAIN: situation.ends[PLAIN] + 5})
    answer = situation.translated("dr-beyond")["dr-beyond"][PLAIN]
    assert isinstance(answer, Unproven)
    assert answer.why is UnprovenReason.BEYOND_LOG_END


def test_a_partition_never_read_is_not_translated(situation: Situation) -> None:
    situation.commit("dr-partial", {PLAIN: 100})
    assert set(situation.translated("dr-partial")["dr-partial"]) == {PLAIN}


def test_a_position_left_over_at_the_target_is_refused(situation: Situation) -> None:
    situation.commit("dr-leftover", {PLAIN: 100})
    situation.world.sites["south"].positions.commit("dr-leftover", {MIXED: Committed(5)})
    answer = situation.translated("dr-leftover")["dr-leftover"][MIXED]
    assert isinstance(answer, Unproven)
    assert answer.why is UnprovenReason.STALE_AT_TARGET


@pytest.mark.parametrize("protocol", [GroupProtocol.CLASSIC, GroupProtocol.CONSUMER])
def test_positions_of_real_members_are_translated_exactly(
    lab: Lab, situation: Situation, protocol: GroupProtocol
) -> None:
    group = f"dr-member-{protocol}"
    _consume(lab.site("north").kafka("readers"), group, protocol, PLAIN.topic, 250)
    told = situation.world.sites["north"].positions
    assert told.describe([group])[group].protocol is protocol
    position = told.committed([group])[group][PLAIN].offset
    assert situation.is_exact(PLAIN, position, situation.translated(group)[group][PLAIN])


def test_mirrormaker_alone_would_have_a_lagging_group_read_again(situation: Situation) -> None:
    situation.commit("dr-lagging", {PLAIN: 1_000})
    handed = situation.translated("dr-lagging")["dr-lagging"][PLAIN]
    assert isinstance(handed, Exact)
    repeats = mirrormaker_repeats(situation.world, "north", "south", {"dr-lagging": {PLAIN: handed}})
    assert 0 <= repeats["dr-lagging"] <= 1_000


def _gaps(situation: Situation, partition: TopicPartition) -> list[int]:
    kept = set(situation.kept[partition])
    return [n for n in range(situation.kept[partition][0], situation.kept[partition][-1]) if n not in kept]


def _write(north: KafkaSite) -> tuple[dict[TopicPartition, list[tuple[int, bytes]]], list[int]]:
    written: dict[TopicPartition, list[tuple[int, bytes]]] = {p: [] for p in TOPICS}
    aborted: list[int] = []
    plain = Producer({**north.config, "linger.ms": 5, "enable.idempotence": True})
    for n in range(3_000):
        _produce(plain, PLAIN, n, written[PLAIN])
    for n in range(1_000):
        _produce(plain, TRIMMED, n, written[TRIMMED])
    plain.flush(30)
    for round_ in range(4):
        for key in range(60):
            tombstone = round_ == 2 and key % 7 == 0
            number = round_ * 60 + key
            _produce(plain, PRICES, number, written[PRICES], key=_price_key(number), empty=tombstone)
        plain.flush(30)
        SystemClock().sleep(0.4)  # the next append rolls the segment: only closed ones are compacted
    transactional = Producer({**north.config, "transactional.id": "shop-translation"})
    transactional.init_transactions(30)
    for n in range(40):
        transactional.begin_transaction()
        delivered: list[tuple[int, bytes]] = []
        for m in range(15):
            _produce(transactional, MIXED, n * 15 + m, delivered)
        transactional.flush(30)
        if n % 3 == 1:
            transactional.abort_transaction(30)
            aborted += [offset for offset, _ in delivered]
        else:
            transactional.commit_transaction(30)
            written[MIXED] += delivered
    return written, aborted


def _price_key(number: int) -> int:
    """Later rounds write fewer keys, so that some of every round survive compaction."""
    round_, place = divmod(number, 60)
    return place % (60 - 10 * round_) if round_ < 4 else 60 + round_


def _produce(
    producer: Producer,
    to: TopicPartition,
    number: int,
    delivered: list[tuple[int, bytes]],
    *,
    key: int = 0,
    empty: bool = False,
) -> None:
    def noted(error: KafkaError | None, message: Message) -> None:
        assert error is None, error
        delivered.append((message.offset() or 0, str(number).encode()))

    producer.produce(
        to.topic,
        key=f"key-{key}",
        value=None if empty else f"record {number}",
        headers={"number": str(number)},
        partition=0,
        on_delivery=noted,
    )
    producer.poll(0)


def _number(message: Message) -> bytes:
    value = dict(message.headers() or ())["number"]
    return value if isinstance(value, bytes) else str(value).encode()


def _trim(north: KafkaSite) -> None:
    for future in north.admin().delete_records([KafkaPartition(*TRIMMED, TRIMMED_TO)]).values():
        future.result(15)


def _wait_until_copied(world: World) -> None:
    deadline = world.clock.monotonic() + 60
    names = {p.topic for p in TOPICS}
    while set(world.sites["south"].brokers.topics(names)) != names or lag(world, "north", "south").total:
        assert world.clock.monotonic() < deadline, "the link did not copy everything"
        world.clock.sleep(0.5)


def _close_segments(north: KafkaSite, written: dict[TopicPartition, list[tuple[int, bytes]]]) -> None:
    """One more record, of a key of its own, so that on both sites all before it lies in closed segments.

    A copy in one go stays in one open segment otherwise, and then the sites are compacted apart for as long as it is.
    """
    SystemClock().sleep(0.4)
    producer = Producer({**north.config})
    _produce(producer, PRICES, 4 * 60, written[PRICES], key=_price_key(4 * 60))
    producer.flush(30)


def _wait_until_cleaned(world: World, written: dict[TopicPartition, list[tuple[int, bytes]]]) -> None:
    """Until either site holds the last record of every key and no other."""
    last = {_price_key(int(number)): offset for offset, number in sorted(written[PRICES])}
    deadline = world.clock.monotonic() + 60
    while any(len(site.records.identities(PRICES, 0, 1 << 60)) != len(last) for site in world.sites.values()):
        assert world.clock.monotonic() < deadline, "the log cleaner did not run"
        world.clock.sleep(0.5)


def _consume(site: KafkaSite, group: str, protocol: GroupProtocol, topic: str, count: int) -> None:
    """Read and commit as an ordinary member would, then leave."""
    config = {**site.config, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
    consumer = Consumer({**config, "group.protocol": protocol.value})
    consumer.subscribe([topic])
    read_so_far: list[Message] = []
    while len(read_so_far) < count:
        read_so_far += records(consumer.consume(count - len(read_so_far), 1.0))
    assert commit(consumer)
    consumer.close()
    site.close()
