"""Observe clients: who is in which group at which site, and when it last committed there.

Kafka's protocol tells group members only: client id, host, static id. The names and versions of clients' software
(KIP-511) reach the brokers' metrics and request log, and what clients measure (KIP-714) reaches a broker's plugin; no
request lists either, nor producers and readers without a group. Where the plan file says where the brokers' metrics
are, connections are counted by software; whose they are is not told there.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

from drctl.model.clients import Census, SiteClients
from drctl.model.run import Event, RunState
from drctl.model.session import Group
from drctl.monitors.readings import WITHIN, Pace, in_turn
from drctl.monitors.sessions import read_sessions
from drctl.ports import World

OPENED = "unfence-target"
"""The step after which a site serves."""
SYNC = "group-sync"
"""The kind of the run in which group-offset sync notes that it keeps the positions of a site in an epoch."""


def take_census(world: World, patience: float, pace: Pace | None = None) -> Census:
    """Look at every group of every site; reading a site's commits may take ``patience`` seconds.

    ``pace`` may look at the sites side by side under a deadline: one that is silent then delays no other.
    """
    begin = pace or in_turn(world.clock)
    looks, reading = begin(WITHIN), begin(max(WITHIN, patience))
    begun = looks.begin(world.client_routing.site)
    groups = {name: looks.begin(partial(_groups, world, name)) for name in world.sites}
    commits = {name: reading.begin(partial(_commits, world, name, patience)) for name in world.sites}
    counting = {name: site.client_metrics for name, site in world.sites.items() if site.client_metrics is not None}
    metrics = {name: looks.begin(each.connected) for name, each in counting.items()}
    synced = synced_sites(world)
    sites = tuple(
        SiteClients(name, groups[name](), commits[name](), name in synced, metrics[name]() if name in metrics else None)
        for name in world.sites
    )
    routing = begun()
    return Census(sites, routing, served_since(world, routing.value), world.plan.clients)


def synced_sites(world: World) -> frozenset[str]:
    """Sites at which group-offset sync has begun to commit in this epoch; asks the journal alone."""
    epoch = world.epochs.current()
    return frozenset(run.target for run, _ in world.journal.runs() if (run.kind, run.epoch) == (SYNC, epoch))


def _groups(world: World, site: str) -> Mapping[str, Group]:
    positions = world.sites[site].positions
    return positions.describe(sorted(positions.groups()))


def _commits(world: World, site: str, patience: float) -> Mapping[str, datetime]:
    sessions = read_sessions(world.sites[site].tail, world.clock, site, patience)
    newest: dict[str, datetime] = {}
    for group in sessions.groups():
        if held := sessions.positions(group).values():
            newest[group] = datetime.fromtimestamp(max(each.milliseconds for each in held) / 1000, UTC)
    return newest


def served_since(world: World, site: str | None) -> datetime | None:
    """When the newest run that led there opened it; None if no run did."""
    for run, state in reversed(world.journal.runs()):
        if run.target == site and state in (RunState.DONE, RunState.RUNNING):
            opened = [e.at for e in world.journal.entries(run.id) if (e.step, e.event) == (OPENED, Event.STEP_OBSERVED)]
            if opened:
                return opened[-1]
    return None
