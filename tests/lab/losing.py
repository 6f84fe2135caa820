"""Clients at work that follow client routing while their site is lost, and what came of it."""

import re
from collections import defaultdict
from collections.abc import Iterator, Set
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer

from drctl.config import load
from drctl.drivers.kafka.commits import commit
from drctl.drivers.kafka.records import read
from drctl.drivers.store.client_routing import FileClientRouting
from drctl.drivers.store.clock import SystemClock
from drctl.lab import Lab
from drctl.lab.faults import FAULTS
from drctl.model.offsets import TopicPartition
from tests.applications import Application, records
from tests.lab import usage
from tests.lab.usage import QUIET, client, metric, watched

CLOCK = SystemClock()
wait = partial(usage.wait, seconds=180)
READINGS = "turbines.readings"
PARTITIONS = [TopicPartition(READINGS, number) for number in range(6)]
GROUPS = ("dispatch", "reporting")
NORTH = frozenset({"north"})


class Client(Application):
    """Works until it is ended, and waits for nothing at sites that are ``lost``, or may be at any moment."""

    def __init__(self, lab: Lab, name: str, lost: Set[str]) -> None:
        super().__init__(name)
        self.lab, self.routing, self.lost = lab, FileClientRouting(lab.folder / "client-routing.json"), lost

    def led_to(self) -> str | None:
        """Return where to work, once there is such a place; None at the end."""
        while not self.ended.is_set():
            if site := self.routing.site():
                return site
            self.ended.wait(0.05)
        return None


class Writer(Client):
    """Writes numbered records and follows client routing. ``acknowledged``: by site and partition, in order."""

    def __init__(self, lab: Lab, lost: Set[str] = NORTH) -> None:
        super().__init__(lab, "writer", lost)
        self.abandoned: list[Producer] = []  # what is left of one is done in its threads
        self.acknowledged: dict[str, dict[int, list[bytes]]] = defaultdict(lambda: defaultdict(list))

    def work(self) -> None:
        number = 0
        while (site := self.led_to()) is not None:
            producer = Producer(
                {**client(self.lab, site, "turbines"), **QUIET, "message.timeout.ms": 20000, "linger.ms": 0}
            )
            while not self.ended.wait(0.02) and self.routing.site() == site:
                number += 1
                self._write(producer, site, number)
            producer.flush(0 if site in self.lost else 10)
            self.abandoned.append(producer)

    def _write(self, producer: Producer, site: str, number: int) -> None:
        value, partition = b"%d" % number, number % 6

        def told(error: KafkaError | None, _: object) -> None:
            if error is None:
                self.acknowledged[site][partition].append(value)

        try:
            producer.produce(READINGS, value, partition=partition, on_delivery=told)
        except (BufferError, KafkaException):
            CLOCK.sleep(0.1)
        producer.poll(0)


class Reader(Client):
    """A group's only member; reads, commits, and follows client routing. ``processed``: by partition, in order."""

    def __init__(self, lab: Lab, group: str, lost: Set[str] = NORTH) -> None:
        super().__init__(lab, group, lost)
        self.abandoned: list[Consumer] = []  # closing one of a dead site would wait for that
        self.group = group
        self.processed: dict[int, list[bytes]] = defaultdict(list)
        self.first_at_south: float | None = None
        self.uncommitted = 0
        """Records whose commit a site that was just lost did not answer: no standby can know of it."""

    def work(self) -> None:
        while (site := self.led_to()) is not None:
            settings = {"group.id": self.group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
            settings["session.timeout.ms"] = 6000  # whoever died stays a member for so long
            consumer = Consumer({**client(self.lab, site, "readers"), **QUIET, **settings})
            consumer.subscribe([READINGS])
            while not self.ended.is_set() and self.routing.site() == site:
                self._read(consumer, site)
            if site in self.lost:
                self.abandoned.append(consumer)
            else:
                consumer.close()

    def close_abandoned(self) -> None:
        """Close the clients of a site that is back, where they would be members of their group again."""
        while self.abandoned:
            self.abandoned.pop().close()

    def _read(self, consumer: Consumer, site: str) -> None:
        batch = records(consumer.consume(50, 0.05))
        for message in batch:
            self.processed[message.partition() or 0].append(bytes(message.value() or b""))
        if batch and site == "south" and self.first_at_south is None:
            self.first_at_south = CLOCK.monotonic()
        if batch and site not in self.lost:
            if not commit(consumer, seconds=5):
                assert site in self.lost
                self.uncommitted += len(batch)
        elif batch and self.routing.site() == site:
            consumer.commit()


def short_waits(lab: Lab) -> None:
    """Groups that never come are not waited for as long as by default."""
    text = lab.plan_file.read_text()
    lab.plan_file.write_text(re.sub(r"stepTimeout: [^\s,]+", "stepTimeout: 20s", text))
    assert load(lab.plan_file).guards.step_timeout.total_seconds() == 20


@contextmanager
def at_work(lab: Lab, log: Path, lost: Set[str] = NORTH) -> Iterator[tuple[Writer, list[Reader], int]]:
    """Everybody works at north, and the service has kept the standby's positions and seen the logs' ends."""
    short_waits(lab)
    writer, readers = Writer(lab, lost), [Reader(lab, group, lost) for group in GROUPS]
    clients: list[Client] = [writer, *readers]
    with ExitStack() as working:
        for each in clients:
            working.enter_context(each)
        port = working.enter_context(watched(lab, log))
        wait("commits at the standby", lambda: metric(port, "drctl_group_sync_commits_total") >= 30)
        wait("the loss is forecast", lambda: metric(port, 'drctl_forecast_loss_records{source="north"}') >= 0)
        for _ in range(2):
            before = metric(port, "drctl_last_cycle_timestamp_seconds")
            wait("another look", lambda last=before: metric(port, "drctl_last_cycle_timestamp_seconds") > last)  # type: ignore[misc]
        yield writer, readers, port


@contextmanager
def lost_under_load(lab: Lab, log: Path) -> Iterator[tuple[Writer, list[Reader], int]]:
    """Everybody works, the standby is kept in sync, then north is killed; the service sees that it is silent."""
    with at_work(lab, log) as (writer, readers, port):
        FAULTS["lose-site"](lab, "north")
        wait("the service sees it", lambda: metric(port, 'drctl_site_up{site="north"}') == 0)
        yield writer, readers, port


def at(lab: Lab, site: str) -> dict[int, list[bytes]]:
    kafka = lab.site(site).kafka("drctl")
    found = {p.partition: [bytes(m.value() or b"") for m in read(kafka, p, 0)] for p in PARTITIONS}
    kafka.close()
    return found


def require_nothing_skipped(lab: Lab, readers: list[Reader]) -> int:
    """Every group has processed every record that is at south; returns how many were read twice."""
    there, twice = at(lab, "south"), 0
    for reader in readers:
        wait(
            f"{reader.group} has read everything",
            lambda r=reader: all(set(there[n]) <= set(r.processed[n]) for n in there),  # type: ignore[misc]
        )
        twice += sum(len(values) - len(set(values)) for values in reader.processed.values())
    return twice


def lost(lab: Lab, writer: Writer) -> dict[int, list[bytes]]:
    """What north acknowledged and south does not have."""
    there = {n: set(values) for n, values in at(lab, "south").items()}
    gone = {n: [v for v in values if v not in there[n]] for n, values in writer.acknowledged["north"].items()}
    return {n: values for n, values in gone.items() if values}
