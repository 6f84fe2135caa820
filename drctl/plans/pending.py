"""Tell what a run left to be made up for: replication home, which the old site kept from being reversed."""

from dataclasses import dataclass

from drctl.model.run import Event, Evidence, Run, RunState
from drctl.plans.selection import MOVES, REVERSAL
from drctl.ports import World

PENDING = "pending"
"""Key in what a run says at its end: step by step why it was left."""


@dataclass(frozen=True, slots=True)
class PendingReversal:
    """A move that ended with clients at its target and replication home still to be reversed, and why it was left."""

    run: Run
    why: str


def pending_reversal(world: World) -> PendingReversal | None:
    """Return the newest move's debt, unless a reversal has made up for it since.

    Any later move settles it too: whatever replication needs, it then needs between other sites.
    """
    for run, state in reversed(world.journal.runs()):
        if state is not RunState.DONE or run.kind not in (*MOVES, REVERSAL):
            continue
        if run.kind == REVERSAL:
            return None
        left = _said_at_end(world, run).get(PENDING, {})
        return PendingReversal(run, "; ".join(map(str, left.values()))) if left else None
    return None


def evidence_of(world: World, run: str) -> dict[str, Evidence]:
    """Return each step's latest evidence in that run's journal."""
    done = (Event.STEP_OBSERVED, Event.STEP_FOUND_DONE)
    return {entry.step: entry.body for entry in world.journal.entries(run) if entry.event in done}


def _said_at_end(world: World, run: Run) -> Evidence:
    ended = (entry.body for entry in reversed(world.journal.entries(run.id)) if entry.event is Event.RUN_ENDED)
    return next(ended, {})
