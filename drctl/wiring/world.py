"""Open everything a plan acts on."""

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from drctl.drivers.command.processes import CommandRunner
from drctl.drivers.kafka.entry_point import KafkaEntryPoint
from drctl.drivers.kafka.journal_copy import KafkaJournalCopy
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.kube.resources import KubeResources
from drctl.drivers.store import database
from drctl.drivers.store.clock import SystemClock
from drctl.drivers.store.disk import FileSystemDisk
from drctl.drivers.store.epochs import SqliteEpochs
from drctl.drivers.store.journal import SqliteJournal
from drctl.drivers.store.lease import FileLease
from drctl.drivers.store.memory import SqliteMemory
from drctl.drivers.store.sightings import SqliteSightings
from drctl.drivers.store.sync_reports import SqliteSyncReports
from drctl.drivers.store.vault import FileVault
from drctl.drivers.witness.service import ServiceWitness
from drctl.model.plan_file import PlanFile
from drctl.model.site import Site
from drctl.monitors.readings import beside
from drctl.plans.copying import CopiedJournal, InBackground
from drctl.plans.sink_groups import with_sink_groups
from drctl.ports import World
from drctl.wiring.arbiter import arbiter_of
from drctl.wiring.client_routing import client_routing_of, rollouts_of
from drctl.wiring.links import link_ports
from drctl.wiring.logins import kubernetes_of, login_of
from drctl.wiring.sites import site_ports


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
        kube = {site.name: kubernetes_of(site, clock) for site in plan.sites}
        kafka = {
            site.name: KafkaSite.open(
                site, login_of(site, kube[site.name]), doubted=site.name in doubted, looking=looking
            )
            for site in plan.sites
        }
        for name in doubted:
            kafka[name].seek()
        for each in (*kafka.values(), *kube.values()):
            if each is not None:
                stack.callback(each.close)
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
            sites={
                site.name: site_ports(
                    site, kafka[site.name], kube[site.name], clock, stack, doubted=site.name in doubted
                )
                for site in plan.sites
            },
            links={
                (link.source, link.target): link_ports(
                    link,
                    plan.site(link.target),
                    kafka=kafka,
                    kube=kube[link.target],
                    journal=file,
                    clock=clock,
                    stack=stack,
                    doubted=link.target in doubted,
                )
                for link in plan.links
            },
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
            rollouts=rollouts_of(plan, stack),
            entry_point=KafkaEntryPoint(plan.entry_point, kafka) if plan.entry_point else None,
            arbiter=arbiter_of(plan, stack),
        )
        yield with_sink_groups(world, beside, doubted=bool(doubted))


def _copy_of_its_own(site: Site, plan: str, kube: KubeResources | None, *, doubted: bool) -> KafkaJournalCopy:
    """For a courier: with connections that nobody else waits for."""
    return KafkaJournalCopy(KafkaSite.open(site, login_of(site, kube), doubted=doubted), plan)
