"""In-memory fakes of every port, over one shared world in which time passes only when someone sleeps."""

from tests.fakes.clients import FakeConsumer, FakeProducer
from tests.fakes.clock import FakeClock
from tests.fakes.connectors import FakeConnectors
from tests.fakes.effects import Effects, Killed
from tests.fakes.kafka import FakeBrokers, FakeFence, FakePositions, FakeRecords, FakeTail
from tests.fakes.mirror import FakeMappings, FakeMirror, FakeReplication
from tests.fakes.site import FakeGroup, FakeSite, FakeTransaction
from tests.fakes.store import FakeEpochs, FakeFrontDoor, FakeJournal, FakeLease, Seat
from tests.fakes.world import FakeWorld, fake_world, plan_file

__all__ = [
    "Effects",
    "FakeBrokers",
    "FakeClock",
    "FakeConnectors",
    "FakeConsumer",
    "FakeEpochs",
    "FakeFence",
    "FakeFrontDoor",
    "FakeGroup",
    "FakeJournal",
    "FakeLease",
    "FakeMappings",
    "FakeMirror",
    "FakePositions",
    "FakeProducer",
    "FakeRecords",
    "FakeReplication",
    "FakeSite",
    "FakeTail",
    "FakeTransaction",
    "FakeWorld",
    "Killed",
    "Seat",
    "fake_world",
    "plan_file",
]
