"""Records so heavy that the bytes on a link's wire tell whether it read the old ones, the new ones, or both.

Before a site is lost, ``OLD`` records of 64 KiB stand in each of six partitions, 9 MiB that do not compress; ``NEW`` in
each, 1.5 MiB, are written before the link must copy again. A link's worker reads them from the source's brokers through
the wire, as answers: at least the new ones in any case, and all 10.5 MiB if it starts at the beginning.
"""

import os
from collections.abc import Mapping

from confluent_kafka import KafkaError, Message, Producer

from drctl.lab import Lab
from drctl.lab.layout import TOPICS
from drctl.model.offsets import TopicPartition
from drctl.ports import World
from tests.lab.usage import QUIET, client

READINGS = "turbines.readings"
OLD, NEW = 24, 4
EACH = 64 * 1024

BESIDES = TOPICS[READINGS] * OLD * EACH // 3
"""Bytes that a link may read besides new records: a third of the old ones, so much as lies in two partitions.

Room is needed for light records, some thousand of 100 to 300 bytes with their batches and marks, and for what a link
asks: 40 fetches and every group's positions each second, all topics each five seconds, at most 10 kB a second with TLS.
So a link may take minutes, and one that starts from the beginning is over the bound three times. A record that was
copied twice is found by comparing the logs; this finds what was read again, whatever became of it.
"""


def weight(count: int) -> int:
    """Return the bytes of so many heavy records in each partition, without anything around them."""
    return TOPICS[READINGS] * count * EACH


def write_heavy(lab: Lab, site: str, count: int) -> Mapping[TopicPartition, bytes]:
    """Write so many to each partition, all acknowledged; return the newest of each."""
    # One request at a time: of several, the last record might be written before others, and tell nothing of them.
    producer = Producer({**client(lab, site, "turbines"), **QUIET, "max.in.flight": 1})
    told: list[KafkaError | None] = []
    newest: dict[TopicPartition, bytes] = {}

    def note(error: KafkaError | None, _: Message) -> None:
        told.append(error)

    for number in range(TOPICS[READINGS] * count):
        p, value = TopicPartition(READINGS, number % TOPICS[READINGS]), os.urandom(EACH)
        producer.produce(p.topic, value, partition=p.partition, on_delivery=note)
        newest[p] = value
    assert producer.flush(120) == 0
    assert told == [None] * TOPICS[READINGS] * count
    return newest


def arrived(world: World, site: str, newest: Mapping[TopicPartition, bytes]) -> bool:
    """Whether the last records of every partition there include the newest, so that all before it are there, too."""
    bounds = world.sites[site].records.bounds(tuple(newest))
    return all(value in _last(world, site, p, bounds[p].stable) for p, value in newest.items())


def _last(world: World, site: str, p: TopicPartition, stop: int) -> set[bytes | None]:
    # Behind the record may be the marks of the link's transactions.
    return {record.value for record in world.sites[site].contents.read(p, stop - 10, stop)}


def require_only_new(lab: Lab, source: str, since: int) -> None:
    """AssertionError if the link from there read less than the new records since then, or much besides them.

    ``since``: the bytes of answers that its wire had carried before.
    """
    read = lab.carried(source).answers - since
    assert weight(NEW) <= read < weight(NEW) + BESIDES, f"{read} bytes from {source}"
