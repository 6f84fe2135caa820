"""A site is lost under load and comes back: what only it has is saved, and it takes the work back past its tail."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from confluent_kafka import Producer

from drctl.config import load
from drctl.drivers.kafka.provision import Right, allow
from drctl.lab import faults, wire_faults
from drctl.lab.lab import Lab
from drctl.lab.layout import SITES
from drctl.model.loss import AcceptedLoss
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import RunResult, RunState
from drctl.model.salvage import Content, Decision, Fate
from drctl.monitors import observe
from drctl.plans import decision, failback, failover, runner, salvage
from drctl.plans.aftermath import Aftermath, Salvaged, aftermath, last_salvage
from drctl.plans.export import saved
from drctl.plans.plan import Plan, StepContext
from drctl.plans.replaying import MARK, name_of
from drctl.ports import World
from drctl.wiring.world import open_world
from tests.applications import Application
from tests.contract.real_site import withdraw
from tests.lab.heavy_records import NEW, OLD, READINGS, arrived, require_only_new, weight, write_heavy
from tests.lab.usage import QUIET, client, run_moving, to_the_end, wait, wait_until_link_works

ORDERS = "shop.orders"

type PerPartition = dict[TopicPartition, list[bytes]]


@pytest.fixture(scope="module")
def lab(own_lab: Lab) -> Lab:
    """A lab of its own: this test takes it apart."""
    return own_lab


@contextmanager
def opened(lab: Lab, *doubted: str, step_timeout: float = 40) -> Iterator[World]:
    plan = load(lab.plan_file)
    guards = replace(plan.guards, step_timeout=timedelta(seconds=step_timeout))
    with open_world(replace(plan, guards=guards), doubted=doubted) as world:
        yield world


def walk(plan: Plan, world: World) -> RunResult:
    result = runner.run(plan, world, lambda _: None)
    assert result.state is RunState.DONE
    return result


class Load(Application):
    """Writes to all partitions of a topic at one site; what was acknowledged is known, the rest is doubtful."""

    def __init__(self, lab: Lab, site: str, prefix: str) -> None:
        super().__init__("load")
        self.producer = Producer({**client(lab, site, "turbines"), **QUIET, "message.timeout.ms": 5000, "linger.ms": 2})
        self.prefix, self.sent = prefix, 0
        self.acknowledged: PerPartition = defaultdict(list)

    def work(self) -> None:
        while not self.ended.wait(0.005):
            p, value = TopicPartition(READINGS, self.sent % 6), f"{self.prefix} {self.sent}".encode()
            self.sent += 1
            self.producer.produce(p.topic, value, partition=p.partition, on_delivery=self._noting(p, value))
            self.producer.poll(0)
        self.producer.flush(10)

    def _noting(self, p: TopicPartition, value: bytes) -> "Note":
        return Note(self.acknowledged[p], value)

    def total(self) -> int:
        return sum(map(len, self.acknowledged.values()))


class Note:
    """Notes a record once it is acknowledged."""

    def __init__(self, done: list[bytes], value: bytes) -> None:
        self.done, self.value = done, value

    def __call__(self, error: object, _: object) -> None:
        if error is None:
            self.done.append(self.value)


def some_more(world: World, load_: Load, count: int = 300) -> None:
    goal = load_.total() + count
    wait("records are written", lambda: load_.total() >= goal, 60)


def partitions(world: World, site: str) -> tuple[TopicPartition, ...]:
    topics = world.sites[site].brokers.topics(world.plan.topics)
    return tuple(p for topic in topics.values() for p in topic.spread())


def values(world: World, site: str, p: TopicPartition, start: int = 0, stop: int = 10**12) -> list[Content]:
    return [r for r in world.sites[site].contents.read(p, start, stop) if r.fate is Fate.COMMITTED]


def rescued(world: World, salvaged: Salvaged, p: TopicPartition) -> list[Content]:
    ctx = StepContext(world, salvaged.run, {}, {}, True, lambda _: None, lambda: None)
    return [r for r in saved(ctx, salvaged.run.id, salvaged.tails[p]) if r.fate is Fate.COMMITTED]


def read_all(lab: Lab, site: str, group: str) -> list[tuple[TopicPartition, bytes]]:
    """What the group had not yet read."""
    found = to_the_end(lab, site, group, READINGS, ORDERS)
    return [(TopicPartition(m.topic() or "", m.partition() or 0), m.value() or b"") for m in found]


def orders(lab: Lab, site: str, *payloads: bytes, commit: bool = True) -> None:
    producer = Producer({**client(lab, site, "shop"), **QUIET, "transactional.id": f"shop-{payloads[0].decode()}"})
    producer.init_transactions(20)
    producer.begin_transaction()
    for payload in payloads:
        producer.produce(ORDERS, payload, key=b"key", partition=0, headers=[("kind", b"order")])
    producer.flush(10)
    (producer.commit_transaction if commit else producer.abort_transaction)(20)


@pytest.mark.long
def test_a_lost_site_is_salvaged_and_takes_the_work_back_past_its_tail(lab: Lab) -> None:
    copy_old_records(lab)
    before = lost_under_load(lab)
    with opened(lab) as world:
        found = aftermath(world)
        starter = ThreadPoolExecutor(1)
        worker = starter.submit(faults.restart, lab, lab.layout["north"].worker)
        result = walk(salvage.ordered("north", "south", found.run.id), world)
        salvaged = last_salvage(world, found)
        require_exactly_what_is_missing(world, found, salvaged, before)
        assert result.evidence["prove-fence"]["fence"] == "proven"
        assert world.vault.faults(salvaged.run.id) == ()
        decide(lab, world, found, salvaged)
        with Load(lab, "south", "after") as load_:
            some_more(world, load_)
        write_heavy(lab, "south", NEW)
        worker.result()
        starter.shutdown()
        wait("north's worker answers", lambda: answers(world.links["south", "north"].replication.status), 90)
        everyone_reads_on(lab, world)
        ends = {p: b.high for p, b in world.sites["north"].records.bounds(partitions(world, "north")).items()}
        carried = {site: lab.carried(site).answers for site in SITES}
        result = run_moving(lab, world, lambda: failback.plan(world, "south", "north", observe=observe))
        assert result.state is RunState.DONE
        require_only_new_records_came_home(world, found, ends)
        require_only_new(lab, "south", carried["south"])
        assert world.client_routing.site() == "north"
        assert world.sites["north"].topics.own([READINGS])[READINGS] == {}
        with Load(lab, "north", "home") as load_:
            some_more(world, load_, 120)
        at_home = read_all(lab, "north", "dispatch")
        assert sorted(v for _, v in at_home) == sorted(v for each in load_.acknowledged.values() for v in each)
        wait_until_link_works(lab, world, "north", "south")
        assert world.links["south", "north"].replication.status().halted
        newest = write_heavy(lab, "north", NEW)
        wait("what is new at home is copied", lambda: arrived(world, "south", newest), 120)
        require_only_new(lab, "north", carried["north"])


def copy_old_records(lab: Lab) -> None:
    """Let heavy records stand at both sites; the wire that they crossed shows that a copy of them does not hide."""
    before = lab.carried("north").answers
    with opened(lab) as world:
        newest = write_heavy(lab, "north", OLD)
        wait("the old records are copied", lambda: arrived(world, "south", newest), 180)
    assert lab.carried("north").answers - before >= weight(OLD)


def lost_under_load(lab: Lab, harm: Callable[[], None] = lambda: None) -> Load:
    """North dies under load with a tail that the link has not copied; the work goes on at south; north is back.

    ``harm`` comes to its disks while it is down.
    """
    with opened(lab, "north", step_timeout=60) as world:
        for group in world.plan.groups:
            wanted = {p: Committed(0) for p in partitions(world, "north")}
            world.sites["north"].positions.commit(group, wanted)
        orders(lab, "north", b"copied")
        old = copied_records(world)
        with Load(lab, "north", "before") as load_:
            some_more(world, load_)
            copied = load_.total()
            wait("the link copies", lambda: copied_records(world) - old > copied // 2, 60)
            wire_faults.cut_link(lab, "north")
            world.clock.sleep(2)
            orders(lab, "north", b"stranded", b"stranded, too")
            orders(lab, "north", b"aborted", commit=False)
            some_more(world, load_)
            faults.lose_site(lab, "north")
            wire_faults.heal_link(lab, "north")
        walk(
            failover.plan(world, "north", "south", observe=observe, accepted=AcceptedLoss(unknown=True)),
            world,
        )
        with Load(lab, "south", "meanwhile") as more:
            some_more(world, more)
    harm()
    for broker in lab.layout["north"].brokers:
        faults.restart(lab, broker)
    with opened(lab) as world:
        wait("north's brokers answer", lambda: answers(world.sites["north"].brokers.cluster), 90)
    return load_


def answers(question: Callable[[], object]) -> bool:
    try:
        question()
    except Exception:  # noqa: BLE001 - whatever it is, it is no answer
        return False
    return True


def copied_records(world: World) -> int:
    bounds = world.sites["south"].records.bounds([p for p in partitions(world, "south") if p.topic == READINGS])
    return sum(b.stable for b in bounds.values())


def require_exactly_what_is_missing(world: World, found: Aftermath, salvaged: Salvaged, before: Load) -> None:
    for p, end in found.ends.items():
        there = {r.value for r in values(world, "south", p, 0, end)}
        kept = [r.value for r in rescued(world, salvaged, p)]
        if p.topic == READINGS:
            missing = [v for v in before.acknowledged[p] if v not in there]
            assert missing, p
            # What nobody acknowledged may have been written all the same.
            assert [v for v in kept if v in set(before.acknowledged[p])] == missing
            assert not {v for v in kept if v in there}
    first = TopicPartition(ORDERS, 0)
    stranded = rescued(world, salvaged, first)
    assert [(r.key, r.value, r.headers) for r in stranded] == [
        (b"key", b"stranded", (("kind", b"order"),)),
        (b"key", b"stranded, too", (("kind", b"order"),)),
    ]


def decide(lab: Lab, world: World, found: Aftermath, salvaged: Salvaged) -> None:
    name = name_of(found.run.id)
    admin = lab.site("south").kafka("admin")
    rights: list[Right] = [
        ("User:drctl", "WRITE", "TOPIC", READINGS),
        ("User:drctl", "WRITE", "TRANSACTIONAL_ID", f"{name}-*"),
    ]
    allow(admin, rights)
    walk(decision.made(found, salvaged, READINGS, Decision.REPLAY, by="Ada", reason="a test"), world)
    for right in rights:
        withdraw(admin, right)
    admin.close()
    count = salvaged.committed[ORDERS]
    walk(decision.made(found, salvaged, ORDERS, Decision.DISCARD, by="Ada", reason="a test", records=count), world)
    for p in (p for p in found.ends if p.topic == READINGS):
        marked = [r for r in values(world, "south", p, found.ends[p]) if MARK in dict(r.headers)]
        wanted = rescued(world, salvaged, p)
        assert [(r.key, r.value, r.milliseconds) for r in marked] == [(r.key, r.value, r.milliseconds) for r in wanted]
        assert [dict(r.headers)[f"{MARK}.offset"] for r in marked] == [str(r.offset).encode() for r in wanted]


def everyone_reads_on(lab: Lab, world: World) -> None:
    assert read_all(lab, "south", "dispatch")
    bounds = world.sites["south"].records.bounds(partitions(world, "south"))
    behind = {p: Committed(b.stable) for p, b in bounds.items()}
    for group in world.plan.groups:
        world.sites["south"].positions.commit(group, behind)


def require_only_new_records_came_home(world: World, found: Aftermath, ends: dict[TopicPartition, int]) -> None:
    for p, end in ends.items():
        new = [(r.key, r.value, r.headers, r.milliseconds) for r in values(world, "south", p, found.ends[p])]
        home = [(r.key, r.value, r.headers, r.milliseconds) for r in values(world, "north", p, end)]
        assert home == new, p
    assert any(values(world, "north", p, end) for p, end in ends.items())
