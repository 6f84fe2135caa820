"""Bind a link's ports: through Connect or Strimzi, and with the offsets that MirrorMaker 2 wrote down."""

from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial

from drctl.drivers.connect.definitions import read as read_definitions
from drctl.drivers.connect.link_tasks import ConnectLinkTasks
from drctl.drivers.connect.replication import ConnectReplication
from drctl.drivers.kafka.mappings import KafkaMappings
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.kube.resources import MANAGER, KubeResources
from drctl.drivers.strimzi.connector_replication import KafkaConnectorReplication
from drctl.drivers.strimzi.connectors import ConnectorResources
from drctl.drivers.strimzi.link_tasks import DEFINER, ConnectorLinkTasks, MirrorLinkTasks
from drctl.drivers.strimzi.replication import StrimziReplication
from drctl.errors import DrctlError
from drctl.model.links import Link
from drctl.model.site import Site
from drctl.plans.recreations import CurrentMappings
from drctl.ports import Clock, Journal, LinkPorts, LinkTasks, Replication

type _Driver = ConnectReplication | StrimziReplication | KafkaConnectorReplication


def link_ports(
    link: Link,
    target: Site,
    *,
    kafka: Mapping[str, KafkaSite],
    kube: KubeResources | None,
    journal: Journal,
    clock: Clock,
    stack: ExitStack,
    doubted: bool,
) -> LinkPorts:
    """Bind a link's ports to its drivers, ``kube`` is its target's; what they open is closed with the stack."""
    replication = _replication(target, link, kube, clock, doubted)
    if isinstance(replication, ConnectReplication):
        stack.callback(replication.close)
    settings = partial(_settings, replication)
    mappings = KafkaMappings(kafka[link.source], kafka[link.target], settings)
    tasks = _tasks(replication, kube, clock)
    return LinkPorts(link, replication, CurrentMappings(link.name, mappings, journal), tasks)


def _tasks(replication: _Driver, kube: KubeResources | None, clock: Clock) -> LinkTasks:
    match replication:
        case StrimziReplication():
            return MirrorLinkTasks(replication, clock)
        case KafkaConnectorReplication() if kube is not None:
            # A field manager of its own: as drctl the state is applied, which would go with it.
            return ConnectorLinkTasks(replication, kube.as_manager(f"{MANAGER}-tasks"), clock)
        case ConnectReplication():
            return ConnectLinkTasks(replication)
    raise ValueError("no driver")  # KafkaConnectors need the Kubernetes that made this driver


def _replication(target: Site, link: Link, kube: KubeResources | None, clock: Clock, doubted: bool) -> _Driver:
    """Through Strimzi's resource where the plan file names one, else through the Connect worker itself."""
    if kube is not None and target.strimzi is not None and link.has_operator:
        take = target.strimzi.take_ownership
        if link.mirror_maker:
            return StrimziReplication(link, kube, clock, take=take)
        definer = kube.as_manager(DEFINER)
        connectors = ConnectorResources(kube, definer, link.kafka_connect, target.strimzi.cluster, take=take)
        return KafkaConnectorReplication(link, read_definitions(link), connectors, clock)
    return ConnectReplication(link, target.connect_url, clock, doubted=doubted)


def _settings(replication: Replication) -> Mapping[str, str]:
    """The source connector's settings as it runs; while nobody tells, as the plan file's definitions have them."""
    try:
        if config := replication.status().source.config:
            return config
    except DrctlError:
        pass
    if isinstance(replication, ConnectReplication | KafkaConnectorReplication):
        return replication.definitions.source.config
    return {}
