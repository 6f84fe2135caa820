"""Topics that the link copies and no application uses: what is done to them harms no ledger.

One is made for each fault, so that none of an earlier fault is in its way; all of them are forgotten by their prefix.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.drivers.kafka.records import KafkaRecords
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.kafka.topics import KafkaTopics
from drctl.drivers.kafka.traffic import Outcome, Outgoing, Writer
from drctl.errors import DrctlError, LabError
from drctl.lab.injecting import FaultEvidence, evidence_of
from drctl.lab.lab import Lab
from drctl.lab.layout import SITES, other
from drctl.lab.wire_faults import cut_link
from drctl.model.offsets import TopicPartition

PREFIX = "dr.side-"
"""Topics that begin with ``dr.`` are among those that the lab's links copy."""
COPIED, UNCOPIED = 20, 40
"""Records that are written before a fault, and are copied; and those that are written where nothing copies them."""
COPIED_WITHIN = 120.0
"""Seconds in which a new topic must be copied: the link looks for new ones every five, and then starts its tasks."""
EXPIRED = {"retention.ms": "1000"}


@dataclass(frozen=True, slots=True)
class SideTopic:
    """One of them, at the site where it is written to, through its administrator's connection."""

    lab: Lab
    source: str
    kafka: KafkaSite
    name: str

    @property
    def partition(self) -> TopicPartition:
        """Return its only partition."""
        return TopicPartition(self.name, 0)

    def make(self) -> None:
        """Create it, with a replica on every broker of three."""
        KafkaTopics(self.kafka).create(self.name, 1, self.lab.layout[self.source].replicas, {})

    def expire(self) -> None:
        """Let retention delete what is in it, which brokers of the lab do within seconds."""
        KafkaTopics(self.kafka).change({self.name: EXPIRED})

    def delete(self) -> None:
        """Delete it."""
        KafkaTopics(self.kafka).delete(self.name)

    def write(self, count: int) -> None:
        """Write so many records. LabError if not all of them are acknowledged."""
        outcomes = Writer(self.kafka).write([Outgoing(self.partition, b"k", b"v")] * count)
        if lacking := sum(each is not Outcome.WRITTEN for each in outcomes):
            raise LabError(f"{lacking} of {count} records of {self.name} were not written", remedy="see the brokers")

    def copied(self) -> int:
        """Return the offset up to which the link says that it has copied; 0 while it does not say."""
        replication = self.lab.replication(self.source)
        try:
            return replication.frontier().get(self.partition, 0)
        except DrctlError:
            return 0
        finally:
            replication.close()

    def start(self) -> int:
        """Return the offset at which its log starts."""
        return KafkaRecords(self.kafka).bounds([self.partition])[self.partition].start

    def id(self) -> str:
        """Return its id by the brokers; empty while there is no such topic."""
        found = KafkaBrokers(self.kafka).topics([self.name]).get(self.name)
        return found.topic_id if found else ""

    def close(self) -> None:
        """Close its connection."""
        self.kafka.close()

    def await_(self, what: str, done: Callable[[], bool]) -> None:
        """Wait until it is so; an error that passes, as of a topic without a leader yet, is not yet so."""
        deadline = self.lab.clock.monotonic() + COPIED_WITHIN
        while not _true(done):
            if self.lab.clock.monotonic() > deadline:
                raise LabError(f"timed out waiting until {self.name} {what}", remedy="see the worker's log")
            self.lab.clock.sleep(0.5)


def side_topic(lab: Lab, source: str, name: str = "") -> SideTopic:
    """Return a side topic of a site, a new one unless it is named; close its connection."""
    if source not in SITES:
        raise LabError(f"the lab has no site {source}", remedy=f"use one of {', '.join(SITES)}")
    return SideTopic(lab, source, lab.site(source).kafka("admin"), name or f"{PREFIX}{secrets.token_hex(4)}")


def copied_topic(topic: SideTopic) -> None:
    """Make it and write to it, until the link has copied that."""
    topic.make()
    topic.await_("exists", lambda: bool(topic.id()))
    topic.write(COPIED)
    topic.await_("is copied", lambda: topic.copied() >= COPIED)


def overtake_link(topic: SideTopic) -> FaultEvidence:
    """Cut the link, write more, and let retention take all of it. Seen by the source's log and the link's offsets."""
    at = topic.lab.clock.now()
    cut_link(topic.lab, topic.source)
    topic.write(UNCOPIED)
    topic.expire()

    def look() -> str:
        return overtaken(topic.name, topic.start(), topic.copied())

    by = "the source's log and the link's own offsets"
    return evidence_of(topic.lab, "overtake-link", topic.name, at, by=by, look=look)


def overtaken(name: str, start: int, copied: int) -> str:
    """Tell that the log starts beyond what is copied; empty while it does not, or while nobody says what is."""
    lost = start - copied
    if not copied or lost <= 0:
        return ""
    return f"the log of {name} starts at {start}, and the link has copied up to {copied}: {lost} offsets are gone"


def recreate_topic(topic: SideTopic) -> FaultEvidence:
    """Delete it and make another one of its name. Seen by the brokers, which give that another id."""
    at, before = topic.lab.clock.now(), topic.id()
    topic.delete()
    topic.await_("is gone", lambda: not topic.id())
    topic.make()

    def look() -> str:
        now = topic.id()
        return f"the id of {topic.name} is {now}, and was {before}" if now not in ("", before) else ""

    return evidence_of(topic.lab, "recreate-topic", topic.name, at, by="the brokers", look=look)


def overtake(lab: Lab, source: str) -> FaultEvidence:
    """Let retention overtake the link from a site, on a new side topic."""
    return _done_to_a_new_one(lab, source, overtake_link)


def recreate(lab: Lab, source: str) -> FaultEvidence:
    """Recreate a side topic that the link from a site has copied."""
    return _done_to_a_new_one(lab, source, recreate_topic)


def _done_to_a_new_one(lab: Lab, source: str, fault: Callable[[SideTopic], FaultEvidence]) -> FaultEvidence:
    topic = side_topic(lab, source)
    try:
        copied_topic(topic)
        return fault(topic)
    finally:
        topic.close()


def forget_side_topics(lab: Lab, source: str) -> list[str]:
    """Delete all side topics, at the source first, lest the link make its copy again; return those that there were."""
    names: set[str] = set()
    for site in (source, other(source)):
        kafka = lab.site(site).kafka("admin")
        try:
            found = sorted(each for each in KafkaBrokers(kafka).names() if each.startswith(PREFIX))
            for name in found:
                KafkaTopics(kafka).delete(name)
            names |= set(found)
        finally:
            kafka.close()
    return sorted(names)


def _true(done: Callable[[], bool]) -> bool:
    try:
        return done()
    except DrctlError:
        return False
