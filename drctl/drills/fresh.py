"""The fresh reader: everything a site holds, read from the beginning by somebody who was not there."""

from collections.abc import Iterator, Mapping
from uuid import UUID

from drctl.drivers.kafka.records import KafkaRecords
from drctl.drivers.kafka.traffic import read_everything
from drctl.lab.lab import Lab
from drctl.lab.layout import TOPICS
from drctl.ledger.events import Event, Seen, Stream
from drctl.ledger.record import HEADER, decode
from drctl.model.offsets import TopicPartition

PARTITIONS = tuple(TopicPartition(topic, number) for topic, count in TOPICS.items() for number in range(count))


def log_ends(lab: Lab, site: str) -> Mapping[TopicPartition, int]:
    """Where each log of the workload's topics ends now."""
    kafka = lab.site(site).kafka("drctl")
    try:
        return {tp: bounds.high for tp, bounds in KafkaRecords(kafka).bounds(PARTITIONS).items()}
    finally:
        kafka.close()


def fresh_reader(lab: Lab, site: str, run: UUID, since: Mapping[TopicPartition, int] | None = None) -> Iterator[Event]:
    """Every committed record of the workload's topics at a site, in log order, without those below ``since``."""
    since = since or {}
    kafka = lab.site(site).kafka("drctl")
    try:
        for record in read_everything(kafka, PARTITIONS):
            if record.offset < since.get(record.partition, 0):
                continue
            tp, number = record.partition, decode(record.headers.get(HEADER), record.key, record.value)
            if number is None:
                yield Seen(tp.topic, tp.partition, record.offset, None)
                continue
            stream = Stream(number.producer, tp.topic, number.partition)
            foreign = number.run != run
            yield Seen(tp.topic, tp.partition, record.offset, stream, number.sequence, number.intact, foreign)
    finally:
        kafka.close()
