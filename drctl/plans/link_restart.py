"""Restarting what has failed of a link, by a person's command or by the service: journaled, and in nobody's way.

It raises no epoch, starts nothing that is stopped or paused, and is refused for a link that is not meant to run:

| replication policy | link                                      | restarted                                       |
| ------------------ | ----------------------------------------- | ----------------------------------------------- |
| default            | each                                      | yes: both run all the time                      |
| identity           | to the site that serves                   | no: it would copy back                          |
| identity           | from it, and the other one is not stopped | no: both at once would copy in a circle         |
| identity           | from it, after a move there               | only if drctl has set it to that move's end     |
"""

import os
import secrets
import socket
from collections.abc import Mapping

from drctl.errors import DrctlError, Locked, Refused, Superseded
from drctl.model.run import Event, Run, RunState
from drctl.plans.authority import require_authority
from drctl.plans.linking import was_set
from drctl.plans.pausing import require_not_paused
from drctl.plans.restarting import LINK, RESTARTED, RESTARTING
from drctl.plans.selection import MOVES, RESTART
from drctl.plans.unfinished import require_none_unfinished
from drctl.ports import LinkPorts, World

STEP = "restart-failed-tasks"


def why_off(world: World, link: LinkPorts) -> str:
    """Tell why nothing of this link may be brought to run; empty if it may. Unreachable where that cannot be told."""
    # Copies have names of their own under the default policy, and it finds cycles by them, so both directions
    # may run at once.
    if link.link.prefix:
        return ""
    serving = world.client_routing.site()
    if serving != link.link.source:
        return f"clients are sent to {serving or 'no site'}, so nothing is copied from {link.link.source}"
    opposite = world.links.get((link.link.target, link.link.source))
    if opposite is not None and not opposite.replication.status().copies_nothing:
        return f"link {opposite.link.name} is not stopped: both directions at once would copy in a circle"
    done = (run for run, state in reversed(world.journal.runs()) if run.kind in MOVES and state is RunState.DONE)
    move = next(done, None)
    if move is not None and move.target == serving and not was_set(world, link, move.id):
        return f"drctl has not set it to the handover point of run {move.id}"
    return ""


def restart(world: World, link: LinkPorts, by: str) -> Mapping[str, str]:
    """Restart what has failed of this link; returns it with why it had. Nothing is journaled if nothing has.

    Refused while drctl is paused, a run is unfinished, or the link is not meant to run; Locked or Superseded where
    somebody else is, or gets, in charge.
    """
    world.lease.acquire(f"links restart by process {os.getpid()} on {socket.gethostname()}")
    try:
        require_not_paused(world)
        require_none_unfinished(world)
        if why := why_off(world, link):
            raise Refused(f"link {link.link.name} is not to run: {why}", remedy="see 'drctl status -o wide'")
        # Before a line is written: a service asks this with every look, and would fill the journal with runs
        # that did nothing.
        failed = link.replication.status().failed
        return _restarted(world, link, failed, by) if failed else {}
    finally:
        world.lease.release()


def _restarted(world: World, link: LinkPorts, failed: Mapping[str, str], by: str) -> Mapping[str, str]:
    run, name = _begin(world, link, by), link.link.name
    world.journal.append(run.id, Event.STEP_INTENDED, STEP, {LINK: name, RESTARTING: dict(failed)})
    try:
        done = link.replication.restart_failed(lambda: require_authority(world, run, "look again, then repeat it"))
    # Not even a line about it: the journal belongs to whoever is in charge by now.
    except (Locked, Superseded):
        raise
    except DrctlError as error:
        world.journal.append(run.id, Event.STEP_FAILED, STEP, {"message": str(error)})
        _end(world, run, RunState.STOPPED)
        raise
    world.journal.append(run.id, Event.STEP_OBSERVED, STEP, {LINK: name, RESTARTED: [dict(done)]})
    _end(world, run, RunState.DONE)
    return done


def _begin(world: World, link: LinkPorts, by: str) -> Run:
    for run, state in world.journal.runs():
        if run.kind == RESTART and state is RunState.RUNNING:
            world.journal.end(run.id, RunState.STOPPED)  # cut off; what it left undone is found again
    number, plan = f"{world.clock.now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}", world.plan
    run = Run(number, RESTART, plan.name, plan.digest, link.link.source, link.link.target, world.epochs.current())
    world.journal.begin(run, {"by": by})
    return run


def _end(world: World, run: Run, state: RunState) -> None:
    world.journal.append(run.id, Event.RUN_ENDED, body={"state": state.value})
    world.journal.end(run.id, state)
