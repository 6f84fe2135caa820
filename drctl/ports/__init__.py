"""Needs: what the rest of drctl asks of the world, at most five methods each.

Every port has a fake in ``tests/fakes`` and one contract suite in ``tests/contract`` that fake and driver both pass.
Unless a docstring says otherwise, methods raise :class:`~drctl.errors.Unreachable` when the other end does not answer
(its subclass ``Unauthenticated`` when it rejects us) and :class:`~drctl.errors.Forbidden` when it denies the operation.
"""

from drctl.ports.access import Access
from drctl.ports.arbiter import Arbiter
from drctl.ports.brokers import Brokers
from drctl.ports.canary import CanaryMember, CanaryPorts, CanaryProducer, CanaryReader, CanarySite
from drctl.ports.certificates import Certificates
from drctl.ports.checking import CheckerPorts, CheckerStates, SharedLogs, SharedReader
from drctl.ports.client_metrics import ClientMetrics
from drctl.ports.client_routing import ClientRouting
from drctl.ports.clock import Clock
from drctl.ports.commands import Commands
from drctl.ports.connectors import Connectors
from drctl.ports.contents import Contents, Replay
from drctl.ports.copy import JournalCopy
from drctl.ports.disk import Disk
from drctl.ports.entry_point import EntryPoint
from drctl.ports.epochs import Epochs
from drctl.ports.fence import Fence
from drctl.ports.journal import Journal, JournalFile
from drctl.ports.kubelets import Kubelets
from drctl.ports.lease import Lease
from drctl.ports.link_tasks import LinkTasks
from drctl.ports.log_dirs import LogDirs
from drctl.ports.mappings import MirrorOffsets
from drctl.ports.memory import Memory
from drctl.ports.positions import ConsumerGroups
from drctl.ports.quorum import Quorum
from drctl.ports.quotas import Quotas
from drctl.ports.records import Records
from drctl.ports.replication import Replication
from drctl.ports.resources import Resources
from drctl.ports.rollouts import Rollouts
from drctl.ports.scaling import Scaling
from drctl.ports.schemas import SchemaRegistry
from drctl.ports.sightings import Sightings
from drctl.ports.static_members import StaticMembers
from drctl.ports.sync_reports import SyncReports
from drctl.ports.tail import Tail
from drctl.ports.timekeeper import Timekeeper
from drctl.ports.topics import Topics
from drctl.ports.vault import Vault
from drctl.ports.witness import Witness
from drctl.ports.world import KubePorts, LinkPorts, SitePorts, SurveyPorts, World

__all__ = [
    "Access",
    "Arbiter",
    "Brokers",
    "CanaryMember",
    "CanaryPorts",
    "CanaryProducer",
    "CanaryReader",
    "CanarySite",
    "Certificates",
    "CheckerPorts",
    "CheckerStates",
    "ClientMetrics",
    "ClientRouting",
    "Clock",
    "Commands",
    "Connectors",
    "ConsumerGroups",
    "Contents",
    "Disk",
    "EntryPoint",
    "Epochs",
    "Fence",
    "Journal",
    "JournalCopy",
    "JournalFile",
    "KubePorts",
    "Kubelets",
    "Lease",
    "LinkPorts",
    "LinkTasks",
    "LogDirs",
    "Memory",
    "MirrorOffsets",
    "Quorum",
    "Quotas",
    "Records",
    "Replay",
    "Replication",
    "Resources",
    "Rollouts",
    "Scaling",
    "SchemaRegistry",
    "SharedLogs",
    "SharedReader",
    "Sightings",
    "SitePorts",
    "StaticMembers",
    "SurveyPorts",
    "SyncReports",
    "Tail",
    "Timekeeper",
    "Topics",
    "Vault",
    "Witness",
    "World",
]
