"""Scaling a standby up ahead of a shift, by the service: journaled, bounded, and in nobody's way.

It raises no epoch, and no run waits for it. Nothing is ever scaled down but a link's tasks that drctl has raised, and
no number is set that no shift names, or that was not there before.

| the service dies                       | what the next one finds and does                                     |
| -------------------------------------- | -------------------------------------------------------------------- |
| before the journal has the intent      | nothing has happened: what is due is due with the next look           |
| behind the intent, before the effect   | the object as it was: the run ends as stopped, and another one scales |
| behind the effect, before the journal  | the object as it is to be: the run ends as done, nothing is scaled    |

What somebody sets back is scaled up again, :data:`TIMES` times in :data:`WITHIN`; then it is left, and told. The
journal counts, so a service that starts anew does not begin to count anew.
"""

import os
import secrets
import socket
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from drctl.decide.scale_ahead import DueScaling, RaisedTasks, due_scalings, due_setting_back, tasks_found
from drctl.errors import DrctlError, Locked, Refused, Superseded, Unreachable
from drctl.model.capacity import Capacity
from drctl.model.facts import LinkFacts, SiteFacts
from drctl.model.run import Event, Evidence, JournalEntry, Run, RunState
from drctl.model.scaling import Scalable, Scaled
from drctl.plans.authority import require_authority
from drctl.plans.pausing import require_not_paused
from drctl.plans.scaling import HAD, PREPARE, number_of, scaled_ahead, set_number
from drctl.plans.selection import CAPACITY, MOVES
from drctl.plans.unfinished import unfinished
from drctl.ports import World

STEP = "scale-ahead"
TIMES, WITHIN = 3, timedelta(hours=12)
"""How often one object is scaled to one number: who undoes it three times within a shift means it, and pods would come
and go with every look."""
ENDS = (Event.STEP_OBSERVED, Event.STEP_FOUND_DONE, Event.STEP_FAILED)
AGAIN = "look again: it is done with the next look"


@dataclass(frozen=True, slots=True)
class AheadScaling:
    """One scaling as the journal tells it. ``at`` is when it was intended, ``end`` what is known to have come of it."""

    run: str
    site: str
    what: str
    had: int
    replicas: int
    shift: str
    at: datetime
    end: Event | None

    @property
    def is_done(self) -> bool:
        """Whether the object was seen with that number."""
        return self.end in (Event.STEP_OBSERVED, Event.STEP_FOUND_DONE)


@dataclass(frozen=True, slots=True)
class AheadResult:
    """Hold what was scaled, and by label what failed, with why."""

    scaled: tuple[DueScaling, ...]
    failed: dict[str, str]


def scale_ahead(world: World, source: str, site: str, due: Sequence[DueScaling], by: str) -> AheadResult:
    """Scale these at the standby of ``source``, each asked again right before; runs that were cut off are ended first.

    It returns when the API server has taken the numbers, and does not wait for pods: their coming is shown with every
    look. Refused while drctl is paused or a run is unfinished; Locked or Superseded where somebody else is, or gets, in
    charge.
    """
    world.lease.acquire(f"capacity ahead of a shift by process {os.getpid()} on {socket.gethostname()}")
    try:
        require_not_paused(world)
        if left := unfinished(world):
            raise Refused(
                f"run {left[-1].id}, a {left[-1].kind} to {left[-1].target}, is unfinished",
                remedy=f"finish it first: 'drctl runs resume {left[-1].id}'",
            )
        for run in cut_off(world):
            _end_cut_off(world, run)
        return _scaled(world, source, site, due, by) if due else AheadResult((), {})
    finally:
        world.lease.release()


def cut_off(world: World) -> tuple[Run, ...]:
    """Return the runs of this kind that have not ended; while nobody holds the lease their drctl has died."""
    return tuple(run for run, state in world.journal.runs() if run.kind == CAPACITY and state is RunState.RUNNING)


def ahead_scalings(world: World, since: datetime | None = None) -> Iterator[AheadScaling]:
    """Every scaling that was intended, newest first; those before ``since`` are not looked for."""
    for run, _ in reversed(world.journal.runs()):
        if run.kind != CAPACITY:
            continue
        entries = world.journal.entries(run.id)
        if since is not None and entries and entries[-1].at < since:
            return
        yield from (each for each in _told(run, entries) if since is None or each.at >= since)


def times_scaled(world: World, site: str, due: DueScaling) -> int:
    """How often that object was scaled to that number lately; what was refused changed nothing, and counts as none."""
    lately = ahead_scalings(world, world.clock.now() - WITHIN)
    wanted = (site, str(due.what), due.replicas)
    return sum((each.site, each.what, each.replicas) == wanted and each.end is not Event.STEP_FAILED for each in lately)


def due_ahead(
    world: World, source: str, site: SiteFacts, link: LinkFacts | None, at: datetime
) -> tuple[DueScaling, ...]:
    """Return what is due at a standby of ``source`` at that moment, by one look at it and the link that ends there."""
    capacity = world.plan.capacity
    if capacity is None or capacity.scale_ahead is None or site.scaled.value is None:
        return ()
    may_scale, tasks = scaled_ahead(world.plan, source, site.name), tasks_found(link)
    due = due_scalings(capacity, at, may_scale, {**site.scaled.value, **tasks})
    return (*due, *_set_back(world, site.name, capacity, at, [(what, tasks.get(str(what))) for what in may_scale]))


def _set_back(
    world: World, site: str, capacity: Capacity, at: datetime, seen: Iterable[tuple[Scalable, Scaled | None]]
) -> Iterator[DueScaling]:
    for what, found in seen:
        # The journal is only read where something could be due by it.
        if found is None or found.scale.wanted <= capacity.on(at).demand.replicas(what):
            continue
        raised = raised_tasks(world, site, str(what), found.scale.wanted)
        if raised is not None and (due := due_setting_back(capacity, at, what, found, raised)):
            yield due


def raised_tasks(world: World, site: str, what: str, now: int) -> RaisedTasks | None:
    """Return what drctl has made of the tasks of the link that ends there, by its journal; None if it has raised none.

    What somebody else has set in between is what there was before. Where drctl died and nobody knows what came of an
    intent, the number that there is ``now`` tells.
    """
    raised: RaisedTasks | None = None
    for run, _ in world.journal.runs():
        for had, number in _set_in(world, run, what, now) if run.target == site else ():
            before = raised.before if raised is not None and raised.set == had else had
            raised = RaisedTasks(before, number) if number > before else None
    return raised


def _set_in(world: World, run: Run, what: str, now: int) -> Iterator[tuple[int, int]]:
    """Numbers that one run has set, in order, each with what there was before."""
    if run.kind == CAPACITY:
        for each in reversed(tuple(_told(run, world.journal.entries(run.id)))):
            # A setting back that never came about, taken for done, would leave the tasks raised for good.
            if each.what == what and (each.is_done or (each.end is None and each.replicas == now)):
                yield each.had, each.replicas
    elif run.kind in MOVES:
        for entry in world.journal.entries(run.id):
            had = entry.body.get(HAD, {}) if (entry.event, entry.step) == (Event.STEP_INTENDED, PREPARE) else {}
            if what in had and had[what] < entry.body["replicas"][what]:
                yield had[what], entry.body["replicas"][what]
                return  # begun again, it was there already


def _told(run: Run, entries: Sequence[JournalEntry]) -> Iterator[AheadScaling]:
    """Tell what one run intended, newest first."""
    ends: dict[str, Event] = {}
    for entry in reversed(entries):
        told = entry.body
        if entry.event in ENDS:
            ends[told["what"]] = entry.event
        elif entry.event is Event.STEP_INTENDED:
            what, had, replicas, shift = (told[key] for key in ("what", "had", "replicas", "shift"))
            yield AheadScaling(run.id, run.target, what, had, replicas, shift, entry.at, ends.get(what))


def _scaled(world: World, source: str, site: str, due: Sequence[DueScaling], by: str) -> AheadResult:
    run = _begin(world, source, site, by)
    done: list[DueScaling] = []
    failed: dict[str, str] = {}
    for each in due:
        try:
            if _scale(world, run, each):
                done.append(each)
        except (Locked, Superseded):
            raise
        except DrctlError as error:
            world.journal.append(run.id, Event.STEP_FAILED, STEP, _body(each) | {"message": str(error)})
            failed[str(each.what)] = str(error)
            if isinstance(error, Unreachable):
                break  # each of the others would be waited for as long, and a failover waits for the lease
    _end(world, run, RunState.STOPPED if failed else RunState.DONE)
    return AheadResult(tuple(done), failed)


def _scale(world: World, run: Run, due: DueScaling) -> bool:
    """Whether it had to be done: a look is some seconds old, and a person may have scaled it since."""
    seen = number_of(world, run.source, run.target, due.what)
    had = due.replicas if seen is None else seen.wanted
    if seen is None or _is_so(due.had, due.replicas, had):
        world.journal.append(run.id, Event.STEP_FOUND_DONE, STEP, _body(due) | {"had": had})
        return False
    world.journal.append(run.id, Event.STEP_INTENDED, STEP, _body(due) | {"had": had})
    permit = partial(require_authority, world, run, AGAIN)
    set_number(world, run.source, run.target, due.what, due.replicas, permit=permit)
    after = number_of(world, run.source, run.target, due.what)
    told = {"wanted": after.wanted, "available": after.available} if after is not None else {}
    world.journal.append(run.id, Event.STEP_OBSERVED, STEP, _body(due) | {"had": had} | told)
    return True


def _is_so(was: int, wanted: int, now: int) -> bool:
    """Whether nothing is left to do: it is there, or somebody has set what was to be set back."""
    return now != was if wanted < was else now >= wanted


def _body(due: DueScaling) -> Evidence:
    begins = None if due.begins is None else due.begins.isoformat()
    return {"what": str(due.what), "replicas": due.replicas, "had": due.had, "shift": due.shift, "begins": begins}


def _begin(world: World, source: str, site: str, by: str) -> Run:
    number, plan = f"{world.clock.now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}", world.plan
    run = Run(number, CAPACITY, plan.name, plan.digest, source, site, world.epochs.current())
    world.journal.begin(run, {"by": by})
    return run


def _end(world: World, run: Run, state: RunState) -> None:
    world.journal.append(run.id, Event.RUN_ENDED, body={"state": state.value})
    world.journal.end(run.id, state)


def _end_cut_off(world: World, run: Run) -> None:
    """End what another process has left, by what the site shows now: the journal may lack the effect's last line."""
    last = next(reversed(world.journal.entries(run.id)), None)
    event = None if last is None else last.event
    if last is not None and event is Event.RUN_ENDED:
        world.journal.end(run.id, RunState(last.body["state"]))
    elif last is not None and event is Event.STEP_INTENDED and _is_there(world, run, last.body):
        world.journal.append(run.id, Event.STEP_FOUND_DONE, STEP, last.body)
        _end(world, run, RunState.DONE)
    else:
        done = event in (Event.STEP_OBSERVED, Event.STEP_FOUND_DONE)
        _end(world, run, RunState.DONE if done else RunState.STOPPED)


def _is_there(world: World, run: Run, intended: Evidence) -> bool:
    """Whether the effect is there; one that cannot be seen is not, and is looked for anew when it is due."""
    may_scale = scaled_ahead(world.plan, run.source, run.target)
    what = next((each for each in may_scale if str(each) == intended["what"]), None)
    try:
        seen = None if what is None else number_of(world, run.source, run.target, what)
    except DrctlError:
        return False
    return seen is not None and _is_so(int(intended["had"]), int(intended["replicas"]), seen.wanted)
