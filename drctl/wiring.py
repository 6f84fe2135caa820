"""The composition root: the one place where ports meet drivers."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from drctl.drivers.command.client_routing import CommandClientRouting
from drctl.drivers.command.processes import CommandRunner
from drctl.drivers.connect.connectors import ConnectConnectors
from drctl.drivers.connect.definitions import read as read_definitions
from drctl.drivers.connect.replication import ConnectReplication
from drctl.drivers.connect.timekeeper import ConnectTimekeeper
from drctl.drivers.kafka.access import KafkaAccess
from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.drivers.kafka.canary_topic import KafkaCanarySite
from drctl.drivers.kafka.contents import KafkaContents
from drctl.drivers.kafka.entry_point import KafkaEntryPoint
from drctl.drivers.kafka.fence import AclFence
from drctl.drivers.kafka.journal_copy import KafkaJournalCopy
from drctl.drivers.kafka.log_dirs import KafkaLogDirs
from drctl.drivers.kafka.mappings import KafkaMappings
from drctl.drivers.kafka.polled_tail import FallbackTail, PolledTail
from drctl.drivers.kafka.positions import KafkaPositions
from drctl.drivers.kafka.properties import load as load_properties
from drctl.drivers.kafka.quorum import KafkaQuorum
from drctl.drivers.kafka.quotas import KafkaQuotas
from drctl.drivers.kafka.records import KafkaRecords
from drctl.drivers.kafka.shared_logs import KafkaSharedLogs
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.kafka.site_certificates import KafkaCertificates
from drctl.drivers.kafka.static_members import KafkaStaticMembers
from drctl.drivers.kafka.tail import KafkaTail
from drctl.drivers.kafka.topics import KafkaTopics
from drctl.drivers.kube.client_routing import KubeClientRouting
from drctl.drivers.kube.kubelets import ProxiedKubelets
from drctl.drivers.kube.resources import MANAGER, KubeResources
from drctl.drivers.kube.scaling import KubeScaling
from drctl.drivers.kube.timekeeper import KubeTimekeeper
from drctl.drivers.metrics.connections import ScrapedConnections
from drctl.drivers.registry.schemas import HttpSchemaRegistry, login_in, trust_in
from drctl.drivers.store import database
from drctl.drivers.store.client_routing import FileClientRouting
from drctl.drivers.store.clock import SystemClock, UnsleepingClock
from drctl.drivers.store.disk import FileSystemDisk
from drctl.drivers.store.epochs import SqliteEpochs
from drctl.drivers.store.journal import SqliteJournal
from drctl.drivers.store.lease import FileLease
from drctl.drivers.store.memory import SqliteMemory
from drctl.drivers.store.sightings import SqliteSightings
from drctl.drivers.store.sync_reports import SqliteSyncReports
from drctl.drivers.store.vault import FileVault
from drctl.drivers.strimzi.access import StrimziAccess
from drctl.drivers.strimzi.connector_replication import KafkaConnectorReplication
from drctl.drivers.strimzi.connectors import ConnectorResources
from drctl.drivers.strimzi.fence import StrimziFence
from drctl.drivers.strimzi.replication import StrimziReplication
from drctl.drivers.witness.service import ServiceWitness
from drctl.errors import DrctlError
from drctl.ledger.record import HEADER
from drctl.model.links import Link
from drctl.model.plan_file import PlanFile
from drctl.model.routing import RoutingCommands, RoutingField
from drctl.model.site import Site
from drctl.monitors.readings import beside
from drctl.plans.copying import CopiedJournal, InBackground
from drctl.plans.recreations import CurrentMappings
from drctl.plans.sink_groups import with_sink_groups
from drctl.ports import (
    CanaryPorts,
    CanarySite,
    CheckerPorts,
    ClientRouting,
    Clock,
    Commands,
    Fence,
    KubePorts,
    LinkPorts,
    Replication,
    Resources,
    SitePorts,
    SurveyPorts,
    Timekeeper,
    World,
)


@contextmanager
def open_world(plan: PlanFile, *, doubted: Collection[str] = (), looking: bool = False) -> Iterator[World]:
    """Everything a plan acts on, closed at the end.

    Nothing connects before it is used, so a site that is down hinders only what needs it; nor are Connect workers asked
    before the sinks' groups are needed. ConfigInvalid or Unauthenticated where a properties or connectors file is
    unusable. Sites that are ``doubted`` are sought from the start, and not waited for long; for who is only
    ``looking`` not at all where every address refuses connections.
    """
    clock = SystemClock()
    with ExitStack() as stack:
        kube = {site.name: _kubernetes(site, clock) for site in plan.sites}
        kafka = {
            site.name: KafkaSite.open(
                site, _login(site, kube[site.name]), doubted=site.name in doubted, looking=looking
            )
            for site in plan.sites
        }
        for name in doubted:
            kafka[name].seek()
        for each in (*kafka.values(), *kube.values()):
            if each is not None:
                stack.callback(each.close)

        def site_ports(site: Site) -> SitePorts:
            there, pods = kafka[site.name], kube[site.name]
            fence: Fence = AclFence(there, site.canary, _login(site, pods, canary=True))
            if site.strimzi is not None and pods is not None:
                fence = StrimziFence(fence, pods, site.strimzi)
            positions = KafkaPositions(there)
            tail = FallbackTail(KafkaTail(there), PolledTail(positions, clock))
            stack.callback(tail.close)
            connectors = ConnectConnectors(site.connect_url, clock, doubted=site.name in doubted)
            stack.callback(connectors.close)
            worker = ConnectTimekeeper(site.connect_url, doubted=site.name in doubted)
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
                KafkaCertificates(site.name, lambda: there.config, {"the canary": _canary_settings(site, pods)}),
                _timekeepers(worker, pods),
                KafkaLogDirs(site.name, lambda: there.config),
                KafkaQuotas(site.name, lambda: there.config),
                KafkaStaticMembers(there),
                None if pods is None else KubePorts(pods, ProxiedKubelets(pods.client, pods.namespace)),
                None if pods is None else KubeScaling(pods),
                HttpSchemaRegistry(site.name, site.schema_registry) if site.schema_registry else None,
                ScrapedConnections(site.name, site.broker_metrics) if site.broker_metrics else None,
                KafkaQuorum(site.name, lambda: there.config),
            )

        def link_ports(link: Link) -> LinkPorts:
            replication = _replication(plan.site(link.target), link, kube[link.target], clock, link.target in doubted)
            if isinstance(replication, ConnectReplication):
                stack.callback(replication.close)
            settings = partial(_settings, replication)
            mappings = KafkaMappings(kafka[link.source], kafka[link.target], settings)
            return LinkPorts(link, replication, CurrentMappings(link.name, mappings, file))

        witnesses = {each.name: ServiceWitness(each.name, each.url) for each in plan.witnesses}
        for witness in witnesses.values():
            stack.callback(witness.close)
        if plan.state_shared:
            database.share(plan.state)
        commands = CommandRunner(plan.path.parent)
        file = SqliteJournal(plan.state, clock)
        couriers = InBackground(
            SqliteJournal(plan.state, clock),
            {
                site.name: partial(_copy_of_its_own, site, plan.name, kube[site.name], doubted=site.name in doubted)
                for site in plan.sites
            },
        )
        stack.callback(couriers.close)
        world = World(
            plan=plan,
            sites={site.name: site_ports(site) for site in plan.sites},
            links={(link.source, link.target): link_ports(link) for link in plan.links},
            client_routing=client_routing_of(plan, commands, stack),
            journal=CopiedJournal(file, couriers),
            epochs=SqliteEpochs(plan.state, plan.name),
            lease=FileLease(plan.state.with_suffix(".lock")),
            clock=clock,
            memory=SqliteMemory(plan.state, plan.name),
            sightings=SqliteSightings(plan.state),
            sync_reports=SqliteSyncReports(plan.state),
            vault=FileVault(plan.state.parent / "salvage"),
            journal_file=file,
            commands=commands,
            disk=FileSystemDisk(plan.state),
            copies={name: KafkaJournalCopy(there, plan.name) for name, there in kafka.items()},
            witnesses=witnesses,
            entry_point=KafkaEntryPoint(plan.entry_point, kafka) if plan.entry_point else None,
        )
        yield with_sink_groups(world, beside, doubted=bool(doubted))


@contextmanager
def open_survey(site: Site) -> Iterator[SurveyPorts]:
    """Return what can be asked of a site before there is a plan file; it needs servers, properties, a worker."""
    clock = SystemClock()
    with ExitStack() as stack:
        there = KafkaSite.open(site)
        stack.callback(there.close)
        connectors = ConnectConnectors(site.connect_url, clock)
        stack.callback(connectors.close)
        yield SurveyPorts(site.name, KafkaBrokers(there), KafkaPositions(there), KafkaAccess(there), connectors)


@contextmanager
def open_canary(plan: PlanFile) -> Iterator[CanaryPorts]:
    """Return what the canary works with, with connections of its own as each site's canary logs in.

    Nothing waits long for a site: each is sought in the background until it answers.
    """
    clock = SystemClock()
    with ExitStack() as stack:
        found: dict[str, CanarySite] = {}
        for site in plan.sites:
            kube = _kubernetes(site, clock)
            if kube is not None:
                stack.callback(kube.close)
            there = KafkaSite(site.name, partial(_ordinary, site, kube), doubted=True)
            stack.callback(there.close)
            there.seek()
            copies = [link.prefix for link in plan.links if link.target == site.name and link.prefix]
            found[site.name] = KafkaCanarySite(there, HEADER, copies)
        routing = client_routing_of(plan, CommandRunner(plan.path.parent), stack)
        yield CanaryPorts(found, routing, clock)


@contextmanager
def open_checker(plan: PlanFile, name: str, group: str, topics: Sequence[str]) -> Iterator[CheckerPorts]:
    """Return what one of a group of checkers needs of a site, with connections of its own."""
    site, clock = plan.site(name), SystemClock()
    with ExitStack() as stack:
        kube = _kubernetes(site, clock)
        if kube is not None:
            stack.callback(kube.close)
        there = KafkaSite.open(site, _login(site, kube))
        stack.callback(there.close)
        logs = KafkaSharedLogs(there, group, topics, HEADER)
        yield CheckerPorts(logs, KafkaRecords(there), KafkaBrokers(there), clock)


def file_errors(plan: PlanFile) -> list[DrctlError]:
    """Return what is wrong in the files that a plan file names, each once; nothing is connected to."""
    files = {site.client_properties for site in plan.sites} | {site.canary.client_properties for site in plan.sites}
    checks: list[Callable[[], object]] = [partial(load_properties, file) for file in sorted(filter(None, files))]
    checks += [partial(read_definitions, link) for link in plan.links if not link.mirror_maker]
    for place in filter(None, (site.schema_registry for site in plan.sites)):
        checks += [partial(login_in, place.credentials), partial(trust_in, place.authorities)]
    found: list[DrctlError] = []
    for check in checks:
        try:
            check()
        except DrctlError as error:
            found.append(error)
    return found


def client_routing_of(plan: PlanFile, commands: Commands, stack: ExitStack) -> ClientRouting:
    """Return what the plan file's clients follow; its connections are closed with the stack."""
    match plan.client_routing:
        case RoutingCommands() as routing:
            return CommandClientRouting(routing, commands)
        case RoutingField(place=place) as routing:
            kube = KubeResources("of client routing", place.kubeconfig, place.context, place.namespace, SystemClock())
            stack.callback(kube.close)
            return KubeClientRouting(routing, kube)
        case file:
            return FileClientRouting(file)


@contextmanager
def open_leases(
    namespace: str, kubeconfig: Path | None, context: str, patience: float
) -> Iterator[tuple[Resources, Clock]]:
    """Where a service's lease is kept, and the clock for it; without ``kubeconfig`` as the pod's own account.

    Connections of their own, which nobody else waits for and which wait no longer than ``patience`` seconds.
    """
    clock = UnsleepingClock()
    resources = KubeResources("of the lease", kubeconfig, context, namespace, clock, patience=patience)
    try:
        yield resources, clock
    finally:
        resources.close()


def _copy_of_its_own(site: Site, plan: str, kube: KubeResources | None, *, doubted: bool) -> KafkaJournalCopy:
    """For a courier: with connections that nobody else waits for."""
    return KafkaJournalCopy(KafkaSite.open(site, _login(site, kube), doubted=doubted), plan)


def _kubernetes(site: Site, clock: Clock) -> KubeResources | None:
    place = site.kubernetes
    if place is None:
        return None
    return KubeResources(site.name, place.kubeconfig, place.context, place.namespace, clock)


def _replication(target: Site, link: Link, kube: KubeResources | None, clock: Clock, doubted: bool) -> Replication:
    """Through Strimzi's resource where the plan file names one, else through the Connect worker itself."""
    if kube is not None and target.strimzi is not None and link.has_operator:
        take = target.strimzi.take_ownership
        if link.mirror_maker:
            return StrimziReplication(link, kube, clock, take=take)
        definer = kube.as_manager(f"{MANAGER}-definitions")
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


def _timekeepers(worker: ConnectTimekeeper, kube: KubeResources | None) -> Mapping[str, Timekeeper]:
    servers: dict[str, Timekeeper] = {} if kube is None else {"the Kubernetes API server": KubeTimekeeper(kube.client)}
    return {"the Connect worker": worker, **servers}


def _ordinary(site: Site, kube: KubeResources | None) -> dict[str, str]:
    """How a site's canary reaches it and logs in."""
    file = site.canary.client_properties
    login = load_properties(file) if file is not None else (_login(site, kube, canary=True) or dict)()
    if site.client_properties is not None:
        return {**login, "bootstrap.servers": site.bootstrap_servers}
    return {**login, "bootstrap.servers": (_login(site, kube) or dict)()["bootstrap.servers"]}


def _canary_settings(site: Site, kube: KubeResources | None) -> Callable[[], dict[str, str]]:
    """How the canary logs in, also with a certificate that is out of date."""
    file = site.canary.client_properties
    if file is not None:
        return lambda: load_properties(file, outdated=True)
    return _login(site, kube, canary=True) or dict


def _login(site: Site, kube: KubeResources | None, *, canary: bool = False) -> Callable[[], dict[str, str]] | None:
    """How drctl or its canary logs in where Strimzi's resources tell it."""
    if site.strimzi is None or kube is None:
        return None
    access = StrimziAccess(site, site.strimzi, kube)
    user = site.strimzi.canary_user if canary else site.strimzi.user
    return lambda: access.client(user)
