"""Read the failover that stands from the journal: the site it left behind, and how surely that one is closed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from drctl.model.fence import FenceState
from drctl.model.run import Event, Evidence, JournalEntry, Run, RunState
from drctl.plans.selection import FAILOVER, FENCE, MOVES, SALVAGE
from drctl.plans.steps.close_if_back import CloseIfBack
from drctl.plans.steps.fence_what_answers import FenceWhatAnswers
from drctl.plans.steps.unfence_target import UnfenceTarget
from drctl.ports import World


@dataclass(frozen=True, slots=True)
class StandingFailover:
    """A failover that no move has followed yet.

    ``evidence`` is each step's latest. ``fence`` is what was shown last of the site that was left: by the failover, or
    by a later run that fenced it on its return; ``fence_by``, ``fence_why``, ``fence_at`` go with it. ``silent_at`` is
    when the failover found the site silent, None if it answered; ``opened`` for how long the site may have taken
    writes since, as :mod:`drctl.plans.openness` tells it, empty until that is known.
    """

    run: Run
    evidence: Mapping[str, Evidence] = field(repr=False)
    fence: FenceState
    fence_by: str
    fence_why: str
    fence_at: datetime | None
    finished: bool
    silent_at: datetime | None = None
    opened: Evidence = field(default_factory=dict)

    @property
    def left(self) -> str:
        """The site that was left behind."""
        return self.run.source


def standing(world: World) -> StandingFailover | None:
    """The last failover, unless another move came after it; one that was cut off counts once it opened the target."""
    runs = world.journal.runs()
    for number in reversed(range(len(runs))):
        run, state = runs[number]
        if run.kind not in MOVES or state not in (RunState.DONE, RunState.RUNNING):
            continue
        # Cut off behind the intent of opening the target counts as well: clients may be there, and the site
        # that was left may come back at any moment.
        if run.kind == FAILOVER and (state is RunState.DONE or _opened(world, run)):
            return _standing(
                world, run, tuple(later for later, _ in runs[number + 1 :]), finished=state is RunState.DONE
            )
        if state is RunState.DONE:
            return None
    return None


def _opened(world: World, run: Run) -> bool:
    return any(
        entry.step == UnfenceTarget.name and entry.event is not Event.STEP_FAILED
        for entry in world.journal.entries(run.id)
    )


def _standing(world: World, run: Run, later: tuple[Run, ...], *, finished: bool) -> StandingFailover:
    evidence: dict[str, Evidence] = {}
    fence: Evidence = {"fence": FenceState.PENDING.value, "by": "", "why": "the failover has not come to it"}
    at: datetime | None = None
    for entry in _observed(world, run):
        evidence[entry.step] = entry.body
        if entry.step == FenceWhatAnswers.name:
            # The time of the first answer: a fence that was taken over as proven was not proven again each
            # time the run went on.
            fence, at = entry.body, at or entry.at
    silent, opened = (None if fence.get("answered", True) else at), dict[str, Any]()
    for entry in _late(world, run, later):
        fence, at, opened = entry.body, entry.at, entry.body.get("open", opened)
    state, by, why = FenceState(fence["fence"]), fence.get("by", ""), fence.get("why", "")
    return StandingFailover(run, evidence, state, by, why, at, finished, silent, opened)


def _late(world: World, run: Run, later: tuple[Run, ...]) -> Iterator[JournalEntry]:
    """Yield what was shown of the fence after the failover's own first attempt, oldest first."""
    entries = [entry for entry in _observed(world, run) if entry.step == CloseIfBack.name]
    entries += [entry for each in later if each.kind in (FENCE, SALVAGE) for entry in _observed(world, each)]
    return (entry for entry in entries if entry.body.get("fence") in list(FenceState))


def _observed(world: World, run: Run) -> Iterator[JournalEntry]:
    done = (Event.STEP_OBSERVED, Event.STEP_FOUND_DONE)
    return (entry for entry in world.journal.entries(run.id) if entry.event in done)
