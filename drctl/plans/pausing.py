"""Pauses: for a while nothing new is begun, by a person's command or by the service, and everybody is told why.

=============================  =======================================
while a pause stands           what happens
=============================  =======================================
a command that begins a run    refused (40), unless ``--override paused``
a run that is under way        goes on, is continued, is aborted
changes by doctor and adopt    refused (3)
the service                    looks and tells, and acts on nothing
=============================  =======================================

A run that was cut off is not held up: behind its fence nobody can write, and a pause must not make that last. The
newest entry counts. A pause ends by itself, so one that was forgotten ends too. It is journaled as an approval is: as a
run of its own kind, chained and copied like everything else.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from drctl.decide.rules import Blocker, Rule
from drctl.errors import ConfigInvalid, Refused
from drctl.model.run import Event, Evidence, Run, RunState
from drctl.model.terms import Terms
from drctl.plans.selection import PAUSE
from drctl.ports import World

LONGEST = timedelta(days=7)
"""A longer one is no maintenance window: positions at the standby would get a week old before anybody asks."""
END_IT = "drctl pause --end --reason …"


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause that stands: in UTC, by whom and why."""

    id: str
    since: datetime
    until: datetime
    by: str
    reason: str

    def __str__(self) -> str:
        return f"paused by {self.by} until {self.until:%Y-%m-%d %H:%M:%S} UTC: {self.reason}"


def begin_pause(world: World, terms: Terms, until: datetime, reason: str) -> Pause:
    """Write a pause, in place of one that stands. ConfigInvalid without name or reason, or for an end that is none."""
    now = world.clock.now()
    if not now < until <= now + LONGEST:
        raise ConfigInvalid(
            f"--until {until:%Y-%m-%d %H:%M:%S} UTC: is not within the next {LONGEST.days} days",
            remedy="give an end that lies ahead, such as 2h; it can be given again before it has passed",
        )
    _write(world, terms, Event.PAUSE_BEGUN, {"until": until.isoformat()}, reason)
    standing = standing_pause(world)
    if standing is None:
        raise Refused("somebody has ended the pause meanwhile", remedy="see 'drctl runs list --all'")
    return standing


def end_pause(world: World, terms: Terms, reason: str) -> Pause:
    """End the pause that stands before its time; returns it. Refused if none stands."""
    standing = standing_pause(world)
    if standing is None:
        raise Refused("drctl is not paused", remedy="see 'drctl status'")
    _write(world, terms, Event.PAUSE_ENDED, {"pause": standing.id}, reason)
    return standing


def standing_pause(world: World) -> Pause | None:
    """Return the pause that stands now, None if there is none. Asks no site."""
    for run, _ in reversed(world.journal.runs()):
        # One whose writer was killed before its entry says nothing.
        for entry in world.journal.entries(run.id) if run.kind == PAUSE else ():
            # The newest entry decides alone: a pause that was ended early does not come back because an
            # older one would last longer.
            if entry.event is Event.PAUSE_ENDED:
                return None
            until = datetime.fromisoformat(entry.body["until"])
            if world.clock.now() >= until:
                return None
            return Pause(run.id, entry.at, until, entry.body.get("by") or "somebody", entry.body["reason"])
    return None


def paused(world: World) -> Iterator[Blocker]:
    """Return what stands in the way of a new run while a pause stands."""
    if standing := standing_pause(world):
        remedy = f"ask them; then '{END_IT}', or give the command with --override paused --reason …"
        yield Blocker(Rule.PAUSED, f"drctl is {standing}", remedy)


def require_not_paused(world: World) -> None:
    """Refused while a pause stands."""
    for reason in paused(world):
        raise Refused(reason.detail, remedy=f"ask them; then '{END_IT}'")


def _write(world: World, terms: Terms, event: Event, body: Evidence, reason: str) -> None:
    if not terms.by or not reason.strip():
        raise ConfigInvalid("a pause names a person and a reason", remedy="give --by and --reason")
    identity = f"pause-{world.clock.now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    epoch = world.epochs.current()
    world.journal.begin(Run(identity, PAUSE, world.plan.name, world.plan.digest, "", "", epoch))
    world.journal.append(identity, event, body=body | {"reason": reason.strip()} | terms.told())
    world.journal.end(identity, RunState.DONE)
