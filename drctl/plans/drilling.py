"""Isolated drills in the journal: begun before they make anything, ended whatever became of them.

They raise no epoch and hold no lease: nobody waits for a drill. One that was killed is ended by the next.
"""

import secrets
from datetime import UTC, datetime

from drctl.model.canaries import LEFT_AFTER, CanaryNames
from drctl.model.run import Event, Evidence, Run, RunState
from drctl.plans.selection import DRILL
from drctl.ports import World


def begin_drill(world: World, source: str, target: str, by: str) -> Run:
    """Note that a drill begins, with the names of all that it may make at the sites; returns it.

    JournalBroken, nothing written, where a site's copy of the journal is ahead of it.
    """
    began = world.clock.now()
    number = f"{began:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    plan, names = world.plan, CanaryNames(number)
    run = Run(number, DRILL, plan.name, plan.digest, source, target, world.epochs.current())
    world.journal.begin(run, {"topics": [names.topic], "groups": [names.group, names.writer], "by": by})
    for earlier, state in world.journal.runs():
        if earlier.kind == DRILL and state is RunState.RUNNING and began - _began(earlier) >= LEFT_AFTER:
            world.journal.end(earlier.id, RunState.STOPPED)
    return run


def end_drill(world: World, run: Run, *, proved: bool, told: Evidence) -> None:
    """Note how it ended, JSON-ready."""
    world.journal.append(run.id, Event.RUN_ENDED, body=told)
    world.journal.end(run.id, RunState.DONE if proved else RunState.STOPPED)


def _began(run: Run) -> datetime:
    return datetime.strptime(run.id.split("-", maxsplit=1)[0], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
