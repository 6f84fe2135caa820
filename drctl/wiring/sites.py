"""Bind a site's ports."""

from collections.abc import Mapping
from contextlib import ExitStack

from drctl.drivers.connect.connectors import ConnectConnectors
from drctl.drivers.connect.timekeeper import ConnectTimekeeper
from drctl.drivers.kafka.access import KafkaAccess
from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.drivers.kafka.contents import KafkaContents
from drctl.drivers.kafka.fence import AclFence
from drctl.drivers.kafka.log_dirs import KafkaLogDirs
from drctl.drivers.kafka.polled_tail import FallbackTail, PolledTail
from drctl.drivers.kafka.positions import KafkaPositions
from drctl.drivers.kafka.quorum import KafkaQuorum
from drctl.drivers.kafka.quotas import KafkaQuotas
from drctl.drivers.kafka.records import KafkaRecords
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.kafka.site_certificates import KafkaCertificates
from drctl.drivers.kafka.static_members import KafkaStaticMembers
from drctl.drivers.kafka.tail import KafkaTail
from drctl.drivers.kafka.topics import KafkaTopics
from drctl.drivers.kube.kubelets import ProxiedKubelets
from drctl.drivers.kube.resources import KubeResources
from drctl.drivers.kube.scaling import KubeScaling
from drctl.drivers.kube.timekeeper import KubeTimekeeper
from drctl.drivers.metrics.connections import ScrapedConnections
from drctl.drivers.registry.schemas import HttpSchemaRegistry
from drctl.drivers.strimzi.fence import StrimziFence
from drctl.model.site import Site
from drctl.ports import Clock, Fence, KubePorts, SitePorts, Timekeeper
from drctl.wiring.logins import canary_settings, login_of


def site_ports(
    site: Site, there: KafkaSite, pods: KubeResources | None, clock: Clock, stack: ExitStack, *, doubted: bool
) -> SitePorts:
    """Bind a site's ports to its drivers; what they open is closed with the stack."""
    fence: Fence = AclFence(there, site.canary, login_of(site, pods, canary=True))
    if site.strimzi is not None and pods is not None:
        fence = StrimziFence(fence, pods, site.strimzi)
    positions = KafkaPositions(there)
    tail = FallbackTail(KafkaTail(there), PolledTail(positions, clock))
    stack.callback(tail.close)
    connectors = ConnectConnectors(site.connect_url, clock, doubted=doubted)
    stack.callback(connectors.close)
    worker = ConnectTimekeeper(site.connect_url, doubted=doubted)
    stack.callback(worker.close)
    return SitePorts(
        site.name,
        KafkaBrokers(there),
        KafkaRecords(there),
        positions,
        fence,
        tail,
        connectors,
        KafkaAccess(there),
        KafkaTopics(there),
        KafkaContents(there),
        KafkaCertificates(site.name, there.settings, {"the canary": canary_settings(site, pods)}),
        _timekeepers(worker, pods),
        KafkaLogDirs(site.name, there.settings, there.renewed),
        KafkaQuotas(site.name, there.settings, there.renewed),
        KafkaStaticMembers(there),
        None if pods is None else KubePorts(pods, ProxiedKubelets(pods.client, pods.namespace)),
        None if pods is None else KubeScaling(pods),
        HttpSchemaRegistry(site.name, site.schema_registry) if site.schema_registry else None,
        ScrapedConnections(site.name, site.broker_metrics) if site.broker_metrics else None,
        KafkaQuorum(site.name, there.settings, there.renewed),
    )


def _timekeepers(worker: ConnectTimekeeper, kube: KubeResources | None) -> Mapping[str, Timekeeper]:
    servers: dict[str, Timekeeper] = {} if kube is None else {"the Kubernetes API server": KubeTimekeeper(kube.client)}
    return {"the Connect worker": worker, **servers}
