"""Taking deny rules that stand without a mark for drctl's own: a fence by hand, or by a drctl that left no marks.

It changes nobody's rights, raises no epoch and stands in nobody's way: one that was cut off is begun again. It may be
needed while another run is unfinished, and is refused only while a drctl is at work.
"""

import os
import secrets
import socket
from collections.abc import Collection

from drctl.errors import NotFound, Superseded
from drctl.model.fence import DenyRule
from drctl.model.run import Event, Run, RunState
from drctl.plans.pausing import require_not_paused
from drctl.plans.selection import ADOPTION
from drctl.ports import SitePorts, World

STEP = "adopt-deny-rules"


def unmarked(site: SitePorts, principals: Collection[str]) -> frozenset[DenyRule]:
    """The rules of these principals that are not drctl's own. NotFound for one who has none at all there."""
    standing = site.fence.standing()
    unknown = sorted(set(principals).difference(each.principal for each in standing))
    if unknown:
        raise NotFound(
            f"{site.name}: no deny rule of a fence's shape stands for {', '.join(unknown)}",
            remedy="'drctl status -o wide' names those that stand",
        )
    return frozenset(each for each in standing if not each.own and each.principal in principals)


def adopt(world: World, site: SitePorts, principals: Collection[str], by: str) -> frozenset[DenyRule]:
    """Mark these principals' rules as drctl's own, with the journal around it; returns which were not before."""
    world.lease.acquire(f"fence --adopt by process {os.getpid()} on {socket.gethostname()}")
    try:
        found = unmarked(site, principals)
        if not found:
            return found
        require_not_paused(world)
        told = {"site": site.name, "rules": sorted(f"{each.principal} {each.scope}" for each in found)}
        run = _begin(world, site.name, by)
        world.journal.append(run.id, Event.STEP_INTENDED, STEP, told)
        if world.epochs.current() > run.epoch:
            raise Superseded("the epoch was raised: someone newer has decided", remedy="look again, then repeat it")
        site.fence.deny(found, adopt=True)
        world.journal.append(run.id, Event.STEP_OBSERVED, STEP, told)
        world.journal.append(run.id, Event.RUN_ENDED, body={"state": RunState.DONE.value})
        world.journal.end(run.id, RunState.DONE)
        return found
    finally:
        world.lease.release()


def _begin(world: World, site: str, by: str) -> Run:
    for run, state in world.journal.runs():
        if run.kind == ADOPTION and state is RunState.RUNNING:
            world.journal.end(run.id, RunState.STOPPED)  # cut off; what it left undone is found again
    number = f"{world.clock.now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    run = Run(number, ADOPTION, world.plan.name, world.plan.digest, site, site, world.epochs.current())
    world.journal.begin(run, {"by": by})
    return run
