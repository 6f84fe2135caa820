"""Every port that a plan needs, bundled by site and link, as wiring hands them out."""

from collections.abc import Mapping
from dataclasses import dataclass

from drctl.model.site import Link, PlanFile
from drctl.ports.brokers import Brokers
from drctl.ports.clock import Clock
from drctl.ports.connectors import Connectors
from drctl.ports.epochs import Epochs
from drctl.ports.fence import Fence
from drctl.ports.front_door import FrontDoor
from drctl.ports.journal import Journal
from drctl.ports.lease import Lease
from drctl.ports.mappings import Mappings
from drctl.ports.positions import Positions
from drctl.ports.records import Records
from drctl.ports.replication import Replication
from drctl.ports.tail import Tail


@dataclass(frozen=True, slots=True)
class SitePorts:
    """One site's ports."""

    name: str
    brokers: Brokers
    records: Records
    positions: Positions
    fence: Fence
    tail: Tail
    connectors: Connectors


@dataclass(frozen=True, slots=True)
class LinkPorts:
    """One link's ports."""

    link: Link
    replication: Replication
    mappings: Mappings


@dataclass(frozen=True, slots=True)
class World:
    """All that a plan acts on. ``links`` is keyed by (source, target)."""

    plan: PlanFile
    sites: Mapping[str, SitePorts]
    links: Mapping[tuple[str, str], LinkPorts]
    front_door: FrontDoor
    journal: Journal
    epochs: Epochs
    lease: Lease
    clock: Clock
