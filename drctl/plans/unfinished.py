"""Runs at work or cut off, and whom they hold up."""

from drctl.errors import Refused
from drctl.model.run import Run, RunState
from drctl.plans.selection import (
    ADOPTION,
    APPROVAL,
    CAPACITY,
    DOCTOR,
    DRILL,
    DRILL_WORD,
    GROUP_SYNC,
    LIVE_DRILL,
    PAUSE,
    RESTART,
)
from drctl.ports import World

FORMERLY = "warm"
"""Kind that 0.1.0 gave to the notes of group-offset sync, which never end."""

APART = frozenset(
    (GROUP_SYNC, FORMERLY, DOCTOR, DRILL, LIVE_DRILL, DRILL_WORD, ADOPTION, RESTART, CAPACITY, APPROVAL, PAUSE)
)
"""Runs that hold nothing up while they have not ended: see :func:`unfinished`."""


def unfinished(world: World) -> tuple[Run, ...]:
    """Runs at work or cut off, oldest first.

    Group-offset sync only notes what was there, and never ends; what mends or scales a standby, adopts rules, restarts
    tasks or drills with names of its own is begun again. A live drill waits for its moves, which are runs of their own.
    An approval, a pause or a word about a drill is said by its first entry, also where its writer was killed behind it.
    """
    return tuple(run for run, state in world.journal.runs() if state is RunState.RUNNING and run.kind not in APART)


def require_none_unfinished(world: World) -> None:
    """Refused while a run is at work or cut off: for what neither continues a run nor takes one over."""
    if left := unfinished(world):
        run = left[-1]
        raise Refused(
            f"run {run.id}, a {run.kind} to {run.target}, is unfinished",
            remedy=f"finish it first: 'drctl runs resume {run.id}'",
        )
