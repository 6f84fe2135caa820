"""Undo: groups get the positions back that they had at a site before drctl committed there, and sinks run again."""

from collections.abc import Collection, Mapping

from drctl.errors import NotFound
from drctl.model.offsets import Committed
from drctl.model.run import Event, Evidence, Run, RunState
from drctl.plans import evidence
from drctl.plans.plan import Plan
from drctl.plans.selection import GROUP_SYNC, HANDOVER, UNDO, chosen, handed_over
from drctl.plans.steps.hand_over_positions import HandOverPositions
from drctl.plans.steps.raise_epoch import RaiseEpoch
from drctl.plans.steps.undo_positions import CheckUndo, Kept, UndoPositions
from drctl.plans.steps.undo_sinks import ResumeSourceSinks, StopPlacedSinks
from drctl.plans.unfinished import unfinished
from drctl.ports import World


def last_handover(world: World, target: str, groups: Collection[str]) -> tuple[Run, Mapping[str, Kept]]:
    """The newest handover to that site that still stands for all of these groups, or for any if none is named.

    NotFound if there is none.
    """
    standing = handed_over(world, target)
    for run, state in reversed(world.journal.runs()):
        held = {group for group, by in standing.items() if by == run.id}
        if run.kind == HANDOVER and state is RunState.DONE and held and held >= set(groups):
            return run, {g: k for g, k in _kept_by(world, run).items() if g in (groups or held)}
    raise NotFound(
        f"no handover to {target} stands" + (f" for {', '.join(sorted(groups))}" if groups else ""),
        remedy="see 'drctl groups list': a switchover, another handover or an undo has moved the groups since",
    )


def synced(world: World, target: str, groups: Collection[str]) -> tuple[Run, Mapping[str, Kept]]:
    """Return what these groups had there before it was kept in sync in this epoch; NotFound if nothing was noted.

    An undo that was cut off may have raised the epoch: then what it undoes counts.
    """
    epoch = world.epochs.current()
    notes = [run for run, _ in reversed(world.journal.runs()) if run.kind == GROUP_SYNC and run.target == target]
    begun = {chosen(world, run.id)["undoes"] for run in unfinished(world) if run.kind == UNDO}
    of_the_undo = [run for run in notes if run.id in begun]
    for run in of_the_undo or [run for run in notes if run.epoch == epoch]:
        if found := noted_by(world, run, groups):
            return run, found
    raise _nothing_noted(target)


def kept_for(world: World, undoes: str, target: str, groups: Collection[str]) -> Mapping[str, Kept]:
    """Return what an undo of that run gives back to these groups; NotFound if the journal does not know."""
    run = next((run for run, _ in world.journal.runs() if run.id == undoes), None)
    if run is not None and run.kind == HANDOVER:
        return {group: kept for group, kept in _kept_by(world, run).items() if group in groups}
    if run is not None and (found := noted_by(world, run, groups)):
        return found
    raise _nothing_noted(target)


def ordered(source: str, target: str, kept: Mapping[str, Kept] | None = None, undone: str = "") -> Plan:
    """The undo of the run ``undone`` that led from ``source`` to ``target``; ``kept`` by group."""
    found = kept or {}
    return Plan(
        kind=UNDO,
        source=source,
        target=target,
        steps=(
            CheckUndo(found),
            RaiseEpoch(),
            StopPlacedSinks(undone),
            UndoPositions(found),
            ResumeSourceSinks(undone),
        ),
        point_of_no_return=UndoPositions.name,
        rollback=(),
        about={"groups": sorted(found), "undoes": undone},
    )


def noted_by(world: World, run: Run, groups: Collection[str]) -> Mapping[str, Kept]:
    """Return what these groups, all if none is named, had before group-offset sync committed over it in that epoch."""
    before: dict[str, Evidence] = {}
    for entry in world.journal.entries(run.id):
        for group, positions in entry.body.get("target before", {}).items():
            # Partitions may be noted one after the other; of one that was noted twice the first counts.
            # The earlier note wins: a later one may show what group-offset sync has committed itself.
            before[group] = {**positions, **before.get(group, {})}
    return {g: Kept(evidence.read_held(p), None) for g, p in before.items() if not groups or g in groups}


def _nothing_noted(target: str) -> NotFound:
    return NotFound(
        f"nothing that was at {target} before it was kept in sync was noted", remedy="see 'drctl groups list'"
    )


def _kept_by(world: World, run: Run) -> Mapping[str, Kept]:
    before: Evidence = {}
    handed: Evidence = {}
    for entry in world.journal.entries(run.id):
        if entry.step != HandOverPositions.name:
            continue
        if entry.event is Event.STEP_INTENDED:
            # The first intent's, as everywhere: a handover that was cut off takes its snapshot once.
            before = before or entry.body["target before"]
        elif entry.event in (Event.STEP_OBSERVED, Event.STEP_FOUND_DONE):
            handed = entry.body["groups"]
    kept: dict[str, Kept] = {}
    for group, told in handed.items():
        given = {
            evidence.image_of(name, line): Committed(line["there"], line["metadata"])
            for name, line in told["positions"].items()
        }
        kept[group] = Kept(evidence.read_held(before.get(group, {})), given)
    return kept
