"""drctl service."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drctl.model.facts import Status
from drctl.monitors import SiteObservers, reading_of, status
from drctl.plans.standing import being_left
from drctl.ports import World

if TYPE_CHECKING:
    from drctl.ports import Resources
    from drctl.service.election import Election
    from drctl.service.showing import ResourceMirror

SHOWN_WITHIN = 5.0
"""Seconds in which the API server is to answer who shows something. Nothing waits for it."""

SHORTEST_LEASE = 30.0
"""Seconds. Half of it must be more than a request that changes something may take (12 s), and what clocks differ."""


@click.group("service")
def command() -> None:
    """Watch both sites and the link; serve metrics and health."""


@command.command("run")
@click.option(
    "--listen", default="127.0.0.1:8080", show_default=True, help="Address for /metrics, /healthz and /readyz."
)
@click.option("--interval", "every", default="15s", show_default=True, help="Polling interval.")
@click.option(
    "--sync-groups",
    "group_sync",
    is_flag=True,
    help="Keep the standby's positions committed, each one proven or certain.",
)
@click.option(
    "--canary", "with_canary", is_flag=True, help="Run the canary, too: see 'drctl canary'. Metrics drctl_canary_*."
)
@click.option("--place", default="here", show_default=True, help="Where it looks from: a site, or a third place.")
@click.option("--elect", metavar="NAMESPACE/NAME", help="Act only while holding this Kubernetes Lease.")
@click.option("--elect-lease", default="30s", show_default=True, help="How long others wait for who holds it.")
@click.option("--elect-kubeconfig", type=click.Path(path_type=Path), help="Instead of the pod's own service account.")
@click.option("--elect-context", metavar="CONTEXT", help="Context of that kubeconfig.")
@click.option(
    "--show-resources",
    "shown_in",
    metavar="NAMESPACE",
    help="Also show plan and runs there, as Kubernetes resources (deploy/components/resources).",
)
@click.option("--watch-only", is_flag=True, help="Only look and tell: act on nothing by itself.")
@click.pass_context
def run(
    ctx: click.Context,
    listen: str,
    every: str,
    place: str,
    *,
    group_sync: bool,
    with_canary: bool,
    watch_only: bool,
    shown_in: str | None,
    elect: str | None,
    elect_lease: str,
    elect_kubeconfig: Path | None,
    elect_context: str | None,
) -> None:
    """Look at both sites and the link in a cycle, until ended.

    With --sync-groups the positions of the plan's groups at the standby follow those at the site that serves. A group
    that has members at the standby, or that somebody else committed for there, is left alone; so is everything while a
    run is unfinished.

    It logs its address and what changes; a failure that lasts is logged once, and its end too. With -vv every look.

    With --elect several services may run with the same plan file and state: all look, and the one that holds the Lease
    acts. The Lease must exist. Who holds it stops acting at half its time without a confirmed renewal, and gives it
    back when it is ended.

    A site that a failover left behind with its fence pending is closed as soon as it answers, by the run that 'drctl
    fence' would make, unless another run is at work or unfinished. A rollback that waits for its target is run to
    its end once that answers. Connectors and tasks of the link that fail are restarted, with growing
    pauses (guards.restartFailedTasks); what Strimzi's autoRestart restarts is left to it. Ahead of a shift that demands
    more a standby is scaled up where the plan file lets it (capacity.scaleAhead). Where it lets it (automaticFailover)
    a site that is lost is failed over. --watch-only does none of it.

    With --show-resources whoever leads writes plan and runs as resources of Kubernetes, with conditions and Events, for
    kubectl get and describe, and Events on the KafkaUsers and links that runs have touched, where it has the right to.
    None of it is ever read: where the API server is down all else goes on.

    --canary writes some records a second to a topic of its own, and judges each minute of them; of several services
    only the one that leads does so.
    """
    from drctl.config import duration, load
    from drctl.service.logs import speak
    from drctl.service.watch import Watch
    from drctl.wiring.canary import open_canary
    from drctl.wiring.world import open_world

    speak(ctx.find_root().params.get("verbose", 0))
    interval = duration(every)
    if not interval:
        raise click.BadParameter("expected a duration, for example 15s", param_hint="--interval")
    plan = load(ctx.obj)
    lease = duration(elect_lease).total_seconds()
    candidate = _candidate(elect, lease, elect_kubeconfig, elect_context) if elect else nullcontext()
    showing = shown_by(shown_in, elect_kubeconfig, elect_context)
    opened = None if watch_only else lambda doubted: open_world(plan, doubted=doubted)
    # A look at a lost site must end soon, for it dates the silence: each of them is given little time.
    with (
        open_world(plan, doubted=[site.name for site in plan.sites]) as world,
        candidate as election,
        showing as resources,
    ):
        observers = SiteObservers(world, place)
        watch = Watch(
            world,
            partial(_look, observers),
            interval,
            group_sync=group_sync,
            observers=observers,
            election=election,
            opened=opened,
            canary=partial(open_canary, plan) if with_canary else None,
            mirror=mirrored(world, resources, shown_in, ctx.obj, election),
        )
        if not watch.run(listen):
            sys.stderr.flush()
            os._exit(0)  # threads that wait for a lost site, and closing its clients, would hold the process


def _look(observers: SiteObservers, world: World) -> Status:
    """Look at everything; of a journal that cannot be read the look itself tells nothing."""
    left = reading_of(world.clock, lambda: being_left(world)).value
    return status(world, observers, left=left)


@contextmanager
def shown_by(namespace: str | None, kubeconfig: Path | None, context: str | None) -> "Iterator[Resources | None]":
    """Open where plan and runs are shown, with connections of their own; None where nobody wants them to be."""
    from drctl.wiring.leases import open_leases

    if namespace is None:
        yield None
        return
    with open_leases(namespace, kubeconfig, context or "in-cluster", SHOWN_WITHIN) as (resources, _):
        yield resources


def mirrored(
    world: World, resources: "Resources | None", namespace: str | None, plan_file: Path, election: "Election | None"
) -> "ResourceMirror | None":
    """Return what shows plan and runs by these resources while this service leads; None without them."""
    from drctl.config import spec_of
    from drctl.service.showing import ResourceMirror

    if resources is None or namespace is None:
        return None
    leads = election.leads if election else lambda: True
    return ResourceMirror(world, resources, namespace, spec_of(plan_file), leads)


@contextmanager
def _candidate(where: str, lease: float, kubeconfig: Path | None, context: str | None) -> "Iterator[Election]":
    """This process as a candidate, under a name that no other process has, nor this pod's next one."""
    import socket
    from uuid import uuid4

    from drctl.decide.leadership import terms
    from drctl.service.election import Election
    from drctl.wiring.leases import open_leases

    namespace, _, name = where.partition("/")
    if not namespace or not name or "/" in name:
        raise click.BadParameter("expected NAMESPACE/NAME, for example drctl/drctl", param_hint="--elect")
    if lease < SHORTEST_LEASE:
        raise click.BadParameter(f"expected {SHORTEST_LEASE:.0f}s or more", param_hint="--elect-lease")
    if (kubeconfig is None) != (context is None):
        raise click.UsageError("--elect-kubeconfig and --elect-context belong together")
    spans = terms(lease)
    with open_leases(namespace, kubeconfig, context or "in-cluster", spans.answer) as (resources, clock):
        yield Election(resources, name, f"{socket.gethostname()}_{uuid4()}", spans, clock)
