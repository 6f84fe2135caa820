"""Notes of group-offset sync in the journal: what was at the standby before it, and what moves and undos left there."""

from collections.abc import Mapping
from contextlib import suppress

from drctl.errors import Conflict
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import Event, Evidence, Run, RunState
from drctl.plans import evidence
from drctl.plans.selection import (
    FAILBACK,
    GROUP_SYNC,
    MOVES,
    SINK_GROUPS,
    SWITCHOVER,
    UNDO,
    chosen,
    sink_groups_to_note,
    undone,
)
from drctl.plans.steps.hand_over_positions import HandOverPositions
from drctl.plans.undo import noted_by
from drctl.ports import World


def begin(world: World, source: str, target: str, epoch: int) -> str:
    """Write down that the groups' positions are kept there in this epoch, before the first commit; returns the run.

    A run that raises the epoch waits for what may still be under way only where this was written. Nothing needs that
    run's end: one that was cut off holds nobody up.
    """
    run = Run(f"group-sync-{epoch}-{target}", GROUP_SYNC, world.plan.name, world.plan.digest, source, target, epoch)
    if any(known.id == run.id for known, _ in world.journal.runs()):
        return run.id
    # Two services of one plan file begin the same run of an epoch; the one that comes second finds it
    # there, which is all that was wanted.
    with suppress(Conflict):
        world.journal.begin(run)
        world.journal.end(run.id, RunState.DONE)
    return run.id


def note_sinks(world: World, source: str, target: str, epoch: int, noted: Evidence) -> Evidence:
    """Write down as which groups the sinks read, where that was not ``noted`` already; returns what is noted then.

    A failover needs it, whose source has no worker any more that would tell.
    """
    told = sink_groups_to_note(world)
    if told != noted and any(told.get(SINK_GROUPS, {}).values()):
        world.journal.append(begin(world, source, target, epoch), Event.STEP_INTENDED, "sync-groups", told)
    return told


def note_before(world: World, source: str, target: str, epoch: int, before: Evidence) -> None:
    """Write down what groups had at the target before their first commit there, in one run per epoch."""
    run = begin(world, source, target, epoch)
    world.journal.append(run, Event.STEP_INTENDED, "sync-groups", {"target before": before})


def left_by_last_move(world: World, source: str, target: str) -> Mapping[tuple[str, TopicPartition], int]:
    """Positions that the groups had at ``target`` when the work moved from there to ``source``: nobody's any more."""
    for run, state in reversed(world.journal.runs()):
        moved = run.kind in (SWITCHOVER, FAILBACK) and state is RunState.DONE
        if moved and (run.source, run.target) == (target, source):
            handed: Evidence = {}
            for entry in world.journal.entries(run.id):
                if entry.step == HandOverPositions.name and entry.event in (Event.STEP_OBSERVED, Event.STEP_FOUND_DONE):
                    handed = entry.body["groups"]
            return {
                (group, evidence.partition_of(name)): line["here"]
                for group, told in handed.items()
                for name, line in told["positions"].items()
            }
    return {}


def last_move(world: World) -> str:
    """Return the newest run that moved the work or tried to, empty if there is none."""
    return next((run.id for run, _ in reversed(world.journal.runs()) if run.kind in MOVES), "")


def given_back(world: World, target: str) -> Mapping[tuple[str, TopicPartition], Committed]:
    """Return positions that an undo of group-offset sync restored at that site, by group, since the work last moved."""
    found: dict[tuple[str, TopicPartition], Committed] = {}
    notes = {run.id: run for run, _ in world.journal.runs() if run.kind == GROUP_SYNC}
    for run, state in world.journal.runs():
        if run.kind in MOVES and state is RunState.DONE:
            # A move hands every position over afresh, so what was given back before it binds nobody any
            # more.
            found.clear()
        elif run.kind == UNDO and run.target == target and (noted := notes.get(chosen(world, run.id)["undoes"])):
            groups = undone(world, run, state)
            for group, kept in noted_by(world, noted, groups).items() if groups else ():
                found |= {(group, partition): committed for partition, committed in kept.before.items()}
    return found
