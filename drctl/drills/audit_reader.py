"""Reading what is there when all is over: everything a site holds, and what was salvaged of a lost one."""

from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.drivers.kafka.records import KafkaRecords
from drctl.drivers.kafka.traffic import read_everything
from drctl.errors import DrctlError
from drctl.lab.lab import Lab
from drctl.lab.layout import TOPICS
from drctl.ledger.events import Event, LogStart, Seen, Stranded, Stream
from drctl.ledger.record import HEADER, Number, decode
from drctl.ledger.retention import retention_in
from drctl.model.offsets import TopicPartition
from drctl.model.salvage import Content, Fate

PARTITIONS = tuple(TopicPartition(topic, number) for topic, count in TOPICS.items() for number in range(count))


def log_ends(lab: Lab, site: str) -> Mapping[TopicPartition, int]:
    """Where each log of the workload's topics ends now."""
    kafka = lab.site(site).kafka("drctl")
    try:
        return {tp: bounds.high for tp, bounds in KafkaRecords(kafka).bounds(PARTITIONS).items()}
    finally:
        kafka.close()


def await_copied(lab: Lab, source: str, seconds: float) -> bool:
    """Wait until no data record of the workload's topics lies beyond what the link from a site has copied.

    Returns whether that came in time; who does not answer meanwhile is asked again.
    """
    deadline = lab.clock.monotonic() + seconds
    while not _is_copied(lab, source):
        if lab.clock.monotonic() > deadline:
            return False
        lab.clock.sleep(0.5)
    return True


def _is_copied(lab: Lab, source: str) -> bool:
    kafka, replication = lab.site(source).kafka("drctl"), lab.replication(source)
    try:
        frontier, records = replication.frontier(), KafkaRecords(kafka)
        starts = {tp: each.start for tp, each in records.bounds(PARTITIONS).items()}
        return not any(records.following(tp, frontier.get(tp, starts[tp]), 1) for tp in PARTITIONS)
    except DrctlError:
        return False
    finally:
        replication.close()
        kafka.close()


def fresh_reader(lab: Lab, site: str, run: UUID, since: Mapping[TopicPartition, int] | None = None) -> Iterator[Event]:
    """Every committed record of the workload's topics at a site, in log order, without those below ``since``.

    Then where each log begins, and what its topic's retention is: asked last, so that what expired while it was read is
    not taken for lost.
    """
    since = since or {}
    kafka = lab.site(site).kafka("drctl")
    try:
        for record in read_everything(kafka, PARTITIONS):
            if record.offset < since.get(record.partition, 0):
                continue
            number = decode(record.headers.get(HEADER), record.key, record.value)
            yield _event(Seen, record.partition, record.offset, number, run, site=site)
        settings, now = KafkaBrokers(kafka).topics(TOPICS), lab.clock.now().timestamp()
        kept = {name: retention_in(topic.config, now) for name, topic in settings.items()}
        for tp, bounds in KafkaRecords(kafka).bounds(PARTITIONS).items():
            yield LogStart(site, *tp, bounds.start, kept.get(tp.topic))
    finally:
        kafka.close()


def stranded(records: Iterable[Content], run: UUID) -> Iterator[Stranded]:
    """Every committed record of a salvaged tail, in log order."""
    for record in records:
        if record.fate is Fate.COMMITTED:
            number = decode(dict(record.headers).get(HEADER), record.key, record.value)
            yield _event(Stranded, record.partition, record.offset, number, run)


def _event[Found: (Seen, Stranded)](
    kind: type[Found], tp: TopicPartition, offset: int, number: Number | None, run: UUID, *, site: str = ""
) -> Found:
    if number is None:
        return kind(tp.topic, tp.partition, offset, None, site=site)
    stream = Stream(number.producer, tp.topic, number.partition)
    return kind(tp.topic, tp.partition, offset, stream, number.sequence, number.intact, number.run != run, site)
