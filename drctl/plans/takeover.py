"""Read what a failover goes on from: a move that was cut off because its source died."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from drctl.model.run import Event, Evidence, JournalEntry, Run, RunState
from drctl.plans.selection import FAILBACK, GROUP_SYNC, SWITCHOVER
from drctl.plans.standing_proof import trace
from drctl.plans.steps.drain_consumers import DrainConsumers
from drctl.plans.steps.drain_link import DrainLink
from drctl.plans.steps.hand_over_positions import HandOverPositions
from drctl.plans.steps.prove_fence import ProveFence
from drctl.plans.steps.record_handover_point import RecordHandoverPoint
from drctl.plans.steps.unfence_target import UnfenceTarget
from drctl.ports import World

KEPT = (ProveFence.name, DrainLink.name, HandOverPositions.name, DrainConsumers.name)


@dataclass(slots=True)
class Legacy:
    """Hold what the moves before have seen and remembered, and whether one of them may have opened the target."""

    evidence: dict[str, Evidence] = field(default_factory=dict)
    snapshots: dict[str, Evidence] = field(default_factory=dict)
    past_point_of_no_return: bool = False


def others(world: World, run: Run) -> tuple[Run, ...]:
    """Other runs that are at work or were cut off, oldest first."""
    return tuple(
        other
        for other, state in world.journal.runs()
        if state is RunState.RUNNING and other.kind != GROUP_SYNC and other.id != run.id
    )


def taken_over(entries: Iterable[JournalEntry]) -> tuple[str, ...]:
    """Return the runs that the one with these entries has taken over, oldest first, each once."""
    return tuple(dict.fromkeys(each for entry in entries for each in entry.body.get("takes over", ())))


def legacy(world: World, runs: tuple[str, ...], source: str, target: str) -> Legacy:
    """Return what these runs leave to a failover in the same direction; a run in another direction leaves nothing.

    A fence that was begun to be lifted is none, and where the target was not opened its ends are measured again. Of a
    run that was rolled back the fence counts for as long as it still stands (:mod:`drctl.plans.standing_proof`).
    """
    left = Legacy()
    known = {run.id: run for run, _ in world.journal.runs()}
    for run in (known[each] for each in runs):
        # What a move in the other direction has proven, it has proven of the other site.
        if run.kind not in (SWITCHOVER, FAILBACK) or (run.source, run.target) != (source, target):
            continue
        seen, rolled_back = dict[str, Evidence](), False
        for entry in world.journal.entries(run.id):
            if entry.event is Event.STEP_INTENDED:
                left.snapshots.setdefault(entry.step, entry.body)
            elif entry.event in (Event.STEP_OBSERVED, Event.STEP_FOUND_DONE):
                seen[entry.step] = entry.body
            rolled_back |= entry.event is Event.ROLLBACK_STARTED
            left.past_point_of_no_return |= entry.step == UnfenceTarget.name and entry.event is not Event.STEP_FAILED
        # The target's ends of an unopened target are measured again: the link may have gone on to write
        # there after the first measurement.
        kept = (*KEPT, RecordHandoverPoint.name) if left.past_point_of_no_return else KEPT
        if rolled_back:
            left.evidence |= trace(run, world.journal.entries(run.id), source).evidence
        else:
            left.evidence |= {step: body for step, body in seen.items() if step in kept}
    return left
