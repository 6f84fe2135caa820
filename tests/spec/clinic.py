"""What the sentences about doctor and losses share: a world without anything to find, and a look at it."""

from drctl.cli.doctor import examine
from drctl.decide.diagnosis import Diagnosis
from drctl.decide.rules import Rule
from drctl.model.offsets import TopicPartition
from tests.fakes import FakeWorld, fake_world

BYTES = "org.apache.kafka.connect.converters.ByteArrayConverter"
ORDERS = TopicPartition("shop.orders", 0)
FRESH = {
    "key.converter": BYTES,
    "value.converter": BYTES,
    "consumer.poll.timeout.ms": "100",
    "source.consumer.fetch.max.wait.ms": "50",
    "refresh.topics.interval.seconds": "5",
    "refresh.groups.interval.seconds": "5",
    "emit.checkpoints.interval.seconds": "1",
}


def well(*, prefixed: bool = False) -> FakeWorld:
    """A world without anything to find, at rest."""
    earth = fake_world(prefixed=prefixed)
    earth.mirrors["north", "south"].config |= FRESH
    earth.come_to_rest()
    return earth


def look(earth: FakeWorld) -> Diagnosis:
    return examine(earth.ports(), "north", "south", 15, 5)


def rules(found: Diagnosis) -> set[Rule]:
    return {each.reason.rule for each in found.findings}
