"""What the tier does as a user would: give a command, connect a client, wait for something to come true."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from confluent_kafka import Consumer, KafkaError, Message

from drctl.drivers.kafka import properties
from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.drivers.kafka.commits import commit
from drctl.drivers.kafka.provision import create_topics
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.store.client_routing import FileClientRouting
from drctl.drivers.store.clock import SystemClock
from drctl.errors import Blocked
from drctl.lab import Lab
from drctl.model.offsets import TopicPartition
from drctl.model.run import RunResult
from drctl.plans import runner
from drctl.plans.plan import Plan
from drctl.ports import World
from tests.applications import records
from tests.contract.waiting import until

CLOCK = SystemClock()
QUIET = {"log_level": "2"}
"""For clients that outlive a lost site, and would tell of nothing else."""


def drctl(lab: Lab, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A drctl command with the lab's plan, as an operator gives it. It never ends with a traceback."""
    command = [sys.executable, "-m", "drctl", "-f", str(lab.plan_file), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL)
    assert "Traceback" not in done.stderr
    assert "this is a bug" not in done.stderr
    return done


def restarted(lab: Lab, said: str) -> bool:
    """Follow what a gate says of a link that has failed; whether that was among what it said.

    A task may fail by itself after a move: under transactions v2 its EndTxn that races with an abort by the coordinator
    is answered INVALID_TXN_STATE, which ends it and loses nothing (KAFKA-20785). No test is about that, and none may
    fail by it: it does what an operator would. A link that fails for a reason that lasts is refused again.
    """
    if "drctl links restart" not in said:
        return False
    drctl(lab, "links", "restart")
    return True


def moved(lab: Lab, *words: str) -> "subprocess.CompletedProcess[str]":
    """A drctl command that moves the work, given again where it only named what :func:`restarted` sees to."""
    for _ in range(2):
        done = drctl(lab, *words)
        if not done.returncode or not restarted(lab, done.stderr):
            return done
    return drctl(lab, *words)


def run_moving(lab: Lab, world: World, plan: Callable[[], Plan]) -> RunResult:
    """Run a plan that moves the work, and once more where its gates only named what :func:`restarted` sees to."""
    try:
        return runner.run(plan(), world, lambda _: None)
    except Blocked as refused:
        if not restarted(lab, "; ".join(refused.reasons)):
            raise
    return runner.run(plan(), world, lambda _: None)


def wait_until_link_works(lab: Lab, world: World, source: str, target: str) -> None:
    """Wait until it does; what has failed of it by itself is restarted, see :func:`restarted`."""

    def works() -> bool:
        status = world.links[source, target].replication.status()
        if status.failed:
            drctl(lab, "links", "restart")
        return status.working

    wait(f"the link to {target} works", works)


def client(lab: Lab, site: str, user: str) -> dict[str, str]:
    """Settings of an application's client."""
    there = lab.site(site)
    settings = properties.load(there.client_properties(user))
    return {**settings, "bootstrap.servers": there.bootstrap_servers}


def serving(lab: Lab) -> tuple[str, str]:
    """The site to which clients are routed, and the other."""
    at = FileClientRouting(lab.folder / "client-routing.json").site()
    assert at is not None
    return at, next(name for name in ("north", "south") if name != at)


def wait(what: str, done: Callable[[], object], seconds: float = 60) -> None:
    """Until it is so. A passing error, such as of a topic that has no leader yet, is not yet so."""
    until(CLOCK, what, lambda: bool(done()), seconds)


def make_anew(site: KafkaSite, topic: str) -> None:
    """Delete it and make another one of its name."""
    brokers = KafkaBrokers(site)
    old = brokers.topics([topic])[topic].topic_id
    site.admin().delete_topics([topic])[topic].result(30)

    def another_one() -> bool:
        """Whoever makes it: at a target MirrorMaker misses it within seconds, so that it may never be seen gone."""
        create_topics(site, {topic: (1, 1, {})})
        found = brokers.topics([topic])
        return topic in found and found[topic].topic_id != old

    wait("another topic has its name", another_one)


def numbers(consumer: Consumer, count: int) -> list[int]:
    """The next records, which are numbers, committed."""
    found: list[int] = []
    deadline = CLOCK.monotonic() + 60
    while len(found) < count:
        assert CLOCK.monotonic() < deadline, found
        found += [int(m.value() or b"") for m in records(consumer.consume(count - len(found), 0.5))]
    assert commit(consumer)
    return found


def to_the_end(lab: Lab, site: str, group: str, *topics: str) -> list[Message]:
    """Read what the group has not yet read, to the end of each partition, as its only member; commit, leave."""
    settings = {"group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
    consumer = Consumer({**client(lab, site, "readers"), **QUIET, **settings, "enable.partition.eof": True})
    assigned: set[TopicPartition] = set()
    at_end: set[TopicPartition] = set()
    consumer.subscribe(
        [*topics], on_assign=lambda _, given: assigned.update(TopicPartition(p.topic, p.partition) for p in given)
    )
    found: list[Message] = []
    deadline = CLOCK.monotonic() + 90
    while not assigned or assigned - at_end:
        assert CLOCK.monotonic() < deadline, (
            f"{group} at {site} did not come to the end of {assigned - at_end or topics}"
        )
        message = consumer.poll(0.5)
        if message is None:
            continue
        error, partition = message.error(), TopicPartition(message.topic() or "", message.partition() or 0)
        if error is not None and error.code() == KafkaError._PARTITION_EOF:
            at_end.add(partition)
        elif records([message]):
            found.append(message)
            at_end.discard(partition)
    if found:
        assert commit(consumer)
    consumer.close()
    return found


@contextmanager
def watched(lab: Lab, log: Path) -> Iterator[int]:
    """The service beside it, keeping the standby in sync; gives its port."""
    command = [sys.executable, "-m", "drctl", "-v", "-f", str(lab.plan_file), "service", "run", "--sync-groups"]
    with log.open("w+") as file:
        service = subprocess.Popen([*command, "--listen", "127.0.0.1:0", "--interval", "3s"], stderr=file)
    try:
        wait("it serves", lambda: re.search(r'"port": (\d+)', log.read_text()))
        found = re.search(r'"port": (\d+)', log.read_text())
        assert found is not None
        yield int(found[1])
    finally:
        service.terminate()
        assert service.wait(30) == 0


def metric(port: int, name: str) -> float:
    """A figure of the service; -1 while it tells none."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            found = re.search(rf"^{name} (\S+)$", answer.read().decode(), re.MULTILINE)
    except OSError:
        return -1.0
    return float(found[1]) if found else -1.0
