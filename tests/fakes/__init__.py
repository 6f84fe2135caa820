"""In-memory fakes of every port, over one shared world in which time passes only when someone sleeps."""

from tests.fakes.arbiter import FakeArbiter, ThirdPlace
from tests.fakes.brokers import FakeBrokers
from tests.fakes.canary import FakeCanarySite
from tests.fakes.checking import FakeCheckerStates, FakeSharedLogs
from tests.fakes.clients import FakeConsumer, FakeProducer
from tests.fakes.clock import FakeClock
from tests.fakes.commands import FakeCommands
from tests.fakes.connectors import FakeConnectors
from tests.fakes.effects import Effects, Killed
from tests.fakes.entry_point import FakeEntryPoint
from tests.fakes.kubernetes import FakeApi, FakeKubelets, FakeResources
from tests.fakes.link_tasks import FakeLinkTasks
from tests.fakes.mirror import FakeMappings, FakeMirror, FakeReplication
from tests.fakes.positions import FakePositions, FakeTail
from tests.fakes.records import FakeRecords
from tests.fakes.rights import FakeAccess, FakeFence
from tests.fakes.rollouts import FakeRollouts
from tests.fakes.salvage import FakeContents, FakeVault
from tests.fakes.site import FakeGroup, FakeSite, FakeTransaction
from tests.fakes.static_members import FakeStaticMembers
from tests.fakes.store import (
    FakeClientRouting,
    FakeCouriers,
    FakeEpochs,
    FakeJournal,
    FakeJournalCopy,
    FakeLease,
    FakeMemory,
    FakeSightings,
    FakeSyncReports,
    Seat,
)
from tests.fakes.topics import FakeTopics
from tests.fakes.upkeep import FakeCertificates, FakeDisk, FakeLogDirs, FakeQuorum, FakeQuotas, FakeTimekeeper
from tests.fakes.witness import FakeWitness
from tests.fakes.world import FakeWorld, fake_world, plan_file

__all__ = [
    "Effects",
    "FakeAccess",
    "FakeApi",
    "FakeArbiter",
    "FakeBrokers",
    "FakeCanarySite",
    "FakeCertificates",
    "FakeCheckerStates",
    "FakeClientRouting",
    "FakeClock",
    "FakeCommands",
    "FakeConnectors",
    "FakeConsumer",
    "FakeContents",
    "FakeCouriers",
    "FakeDisk",
    "FakeEntryPoint",
    "FakeEpochs",
    "FakeFence",
    "FakeGroup",
    "FakeJournal",
    "FakeJournalCopy",
    "FakeKubelets",
    "FakeLease",
    "FakeLinkTasks",
    "FakeLogDirs",
    "FakeMappings",
    "FakeMemory",
    "FakeMirror",
    "FakePositions",
    "FakeProducer",
    "FakeQuorum",
    "FakeQuotas",
    "FakeRecords",
    "FakeReplication",
    "FakeResources",
    "FakeRollouts",
    "FakeSharedLogs",
    "FakeSightings",
    "FakeSite",
    "FakeStaticMembers",
    "FakeSyncReports",
    "FakeTail",
    "FakeTimekeeper",
    "FakeTopics",
    "FakeTransaction",
    "FakeVault",
    "FakeWitness",
    "FakeWorld",
    "Killed",
    "Seat",
    "ThirdPlace",
    "fake_world",
    "plan_file",
]
