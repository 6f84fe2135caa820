"""The composition root: the one place where ports meet drivers."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from drctl.drivers.connect.connectors import ConnectConnectors
from drctl.drivers.connect.replication import ConnectReplication
from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.drivers.kafka.fence import AclFence
from drctl.drivers.kafka.mappings import KafkaMappings
from drctl.drivers.kafka.polled_tail import AllowedTail, PolledTail
from drctl.drivers.kafka.positions import KafkaPositions
from drctl.drivers.kafka.records import KafkaRecords
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.kafka.tail import KafkaTail
from drctl.drivers.store.clock import SystemClock
from drctl.drivers.store.epochs import SqliteEpochs
from drctl.drivers.store.front_door import FileFrontDoor
from drctl.drivers.store.journal import SqliteJournal
from drctl.drivers.store.lease import FileLease
from drctl.model.site import Link, PlanFile, Site
from drctl.ports import LinkPorts, SitePorts, World


@contextmanager
def open_world(plan: PlanFile) -> Iterator[World]:
    """Everything a plan acts on, closed at the end.

    Nothing connects before it is used, so a site that is down hinders only what needs it. ConfigInvalid or
    Unauthenticated where a properties or connectors file is unusable.
    """
    clock = SystemClock()
    with ExitStack() as stack:
        kafka = {site.name: KafkaSite.open(site) for site in plan.sites}
        for each in kafka.values():
            stack.callback(each.close)

        def site_ports(site: Site) -> SitePorts:
            there = kafka[site.name]
            fence = AclFence(there, site.canary)
            positions = KafkaPositions(there)
            tail = AllowedTail(KafkaTail(there), PolledTail(positions, clock))
            stack.callback(tail.close)
            connectors = ConnectConnectors(site.connect_url, clock)
            stack.callback(connectors.close)
            return SitePorts(site.name, KafkaBrokers(there), KafkaRecords(there), positions, fence, tail, connectors)

        def link_ports(link: Link) -> LinkPorts:
            replication = ConnectReplication(link, plan.site(link.target).connect_url, clock)
            stack.callback(replication.close)
            return LinkPorts(link, replication, KafkaMappings(kafka[link.source], kafka[link.target]))

        yield World(
            plan=plan,
            sites={site.name: site_ports(site) for site in plan.sites},
            links={(link.source, link.target): link_ports(link) for link in plan.links},
            front_door=FileFrontDoor(plan.front_door),
            journal=SqliteJournal(plan.state, clock),
            epochs=SqliteEpochs(plan.state, plan.name),
            lease=FileLease(plan.state.with_suffix(".lock")),
            clock=clock,
        )
