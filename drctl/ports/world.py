"""Every port that a plan needs, bundled by site and link, as wiring hands them out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from drctl.model.links import Link
from drctl.model.plan_file import PlanFile
from drctl.ports.access import Access
from drctl.ports.arbiter import Arbiter
from drctl.ports.brokers import Brokers
from drctl.ports.certificates import Certificates
from drctl.ports.client_metrics import ClientMetrics
from drctl.ports.client_routing import ClientRouting
from drctl.ports.clock import Clock
from drctl.ports.commands import Commands
from drctl.ports.connectors import Connectors
from drctl.ports.contents import Contents
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


@dataclass(frozen=True, slots=True)
class KubePorts:
    """A site's Kubernetes."""

    resources: Resources
    kubelets: Kubelets


@dataclass(frozen=True, slots=True)
class SitePorts:
    """One site's ports; ``kubernetes`` and ``scaling`` are None where the plan file names no Kubernetes.

    ``schemas`` is None where it names no schema registry, ``client_metrics`` where it names no metrics of the brokers,
    ``quorum`` where nobody asks for the controllers.

    ``timekeepers`` are by what they are for people: the Connect worker, the API server.
    """

    name: str
    brokers: Brokers
    records: Records
    positions: ConsumerGroups
    fence: Fence
    tail: Tail
    connectors: Connectors
    access: Access
    topics: Topics
    contents: Contents
    certificates: Certificates
    timekeepers: Mapping[str, Timekeeper]
    log_dirs: LogDirs
    quotas: Quotas
    static_members: StaticMembers
    kubernetes: KubePorts | None = None
    scaling: Scaling | None = None
    schemas: SchemaRegistry | None = None
    client_metrics: ClientMetrics | None = None
    quorum: Quorum | None = None


@dataclass(frozen=True, slots=True)
class SurveyPorts:
    """Bundle the ports for a site that no plan file names yet."""

    name: str
    brokers: Brokers
    positions: ConsumerGroups
    access: Access
    connectors: Connectors


@dataclass(frozen=True, slots=True)
class LinkPorts:
    """One link's ports."""

    link: Link
    replication: Replication
    mappings: MirrorOffsets
    tasks: LinkTasks


@dataclass(frozen=True, slots=True)
class World:
    """All that a plan acts on. ``links`` is keyed by (source, target), ``witnesses`` by the place where each runs.

    ``entry_point`` is None where the plan file does not name what clients bootstrap through, ``arbiter`` where it lets
    nobody fail over by itself. ``journal`` is ``journal_file`` with what brings its ``copies``, by site, up to date.
    ``rollouts`` are those of the Kubernetes in which clients are routed, None where the plan file routes them in none.
    """

    plan: PlanFile
    sites: Mapping[str, SitePorts]
    links: Mapping[tuple[str, str], LinkPorts]
    client_routing: ClientRouting
    journal: Journal
    epochs: Epochs
    lease: Lease
    clock: Clock
    memory: Memory
    sightings: Sightings
    sync_reports: SyncReports
    vault: Vault
    journal_file: JournalFile
    commands: Commands
    disk: Disk
    copies: Mapping[str, JournalCopy] = field(default_factory=dict)
    witnesses: Mapping[str, Witness] = field(default_factory=dict)
    entry_point: EntryPoint | None = None
    rollouts: Rollouts | None = None
    arbiter: Arbiter | None = None
