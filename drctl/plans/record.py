"""A run in the journal: begun or found unfinished, and what it wrote down so far."""

import secrets
from dataclasses import dataclass, field, replace

from drctl.errors import Refused, Unsupported
from drctl.model.fence import Attestation
from drctl.model.run import Event, Evidence, JournalEntry, Run, RunState
from drctl.model.terms import ATTESTED, Belief, Terms
from drctl.plans.admission import require_admitted, require_belief
from drctl.plans.authority import require_nobody_at_work
from drctl.plans.closed import way_out
from drctl.plans.plan import Plan
from drctl.plans.selection import (
    ADOPTION,
    APPROVAL,
    CAPACITY,
    DOCTOR,
    DRILL,
    DRILL_WORD,
    FAILOVER,
    GROUP_SYNC,
    HANDOVER,
    LIVE_DRILL,
    MOVE_GROUPS,
    MOVES,
    PAUSE,
    RESTART,
    UNFENCE,
    chosen,
    contents,
    moves_digest,
    sink_groups_to_note,
)
from drctl.plans.standing_proof import proof_left
from drctl.plans.steps.fence_what_answers import FenceWhatAnswers
from drctl.plans.steps.fence_writes import FenceWrites
from drctl.plans.takeover import legacy, others, taken_over
from drctl.ports import World

STILL_PROVEN = "still proven"
"""Names, at the start of a failover that takes nothing over, the evidence of a fence that an earlier run had proven."""
FORMERLY = "warm"
"""Kind that 0.1.0 gave to the notes of group-offset sync, which never end."""
FORMER_STEPS = frozenset(
    (
        "settle-transactions", "close-consumers", "open-target", "reopen-source", "point-clients-over",
        "point-clients-back", "turn-link-around", "confirm-source",
    )
)  # fmt: skip
"""Names that 0.1.0 gave to steps. A step's name is never given to another one."""
APART = frozenset(
    (GROUP_SYNC, FORMERLY, DOCTOR, DRILL, LIVE_DRILL, DRILL_WORD, ADOPTION, RESTART, CAPACITY, APPROVAL, PAUSE)
)
"""Runs that hold nothing up while they have not ended: see :func:`unfinished`."""
NOBODY = Terms()
"""Nothing was said."""


@dataclass(slots=True)
class Record:
    """A run with what its journal holds.

    ``evidence``: each step's latest evidence; ``snapshots``: what each step wrote down with its first intent;
    ``past_point_of_no_return``: the point of no return was at least intended; ``rolled_back``: why the rollback was
    begun, or empty. ``terms`` are those of the start, with what was added when it was continued; ``entries`` is all of
    it.
    """

    run: Run
    resumed: bool = False
    terms: Terms = field(default_factory=Terms)
    entries: tuple[JournalEntry, ...] = ()
    evidence: dict[str, Evidence] = field(default_factory=dict)
    snapshots: dict[str, Evidence] = field(default_factory=dict)
    past_point_of_no_return: bool = False
    rolled_back: str = ""


def begin_or_resume(plan: Plan, world: World, terms: Terms = NOBODY) -> Record:
    """Continue the unfinished run of this plan, or begin a new one; Refused if another one is unfinished.

    A new one is admitted on the person's terms or refused; one that is continued keeps those it began on, and takes
    overrides that are new. A failover takes over whatever is unfinished: an emergency waits for no move that can no
    longer end.
    """
    left, run = unfinished(world), under_way(plan, world)
    if not left and terms.abort:
        raise Refused("no run is unfinished, so none can be aborted", remedy="see 'drctl runs list'")
    if run is None:
        return _begin(plan, world, terms, left)
    # Before the journal gets a line: a run that is refused here must look as if nobody had tried.
    require_continuable(world, run)
    _require_same_command(world, run, terms)
    said = {"plan_digest": world.plan.digest, "takes over": [each.id for each in others(world, run)]} | terms.told()
    world.journal.append(run.id, Event.RUN_RESUMED, body=said)
    return resumed(plan, world, run, terms)


def resumed(plan: Plan, world: World, run: Run, terms: Terms = NOBODY) -> Record:
    """Return an unfinished run as who goes on with it on these terms finds it. Writes nothing."""
    record = _read(plan, world, run)
    record.terms = replace(terms, overrides=_overrides(record), attested=_attested(plan, record, terms))
    return record


def under_way(plan: Plan, world: World) -> Run | None:
    """Return the unfinished run that this plan goes on with; None if it would begin a new one.

    Refused if another run is unfinished, except for a failover, which takes over what it finds; to a site that is open
    since an unfinished move has not closed it yet there is none. Locked if another process is at work.
    """
    left = unfinished(world)
    _require_own(world, left)
    if not left:
        return None
    require_nobody_at_work(world)
    run = left[-1]
    same = (run.kind, run.source, run.target) == (plan.kind, plan.source, plan.target)
    if not same and plan.kind == FAILOVER:
        _require_left(plan, world, run)
        return None
    if not same or (plan.kind not in MOVES and _another_choice(plan, world, run)):
        raise Refused(
            f"run {run.id}, a {run.kind} from {run.source} to {run.target}, is unfinished",
            remedy=f"finish it first: 'drctl runs resume {run.id}'{_way_out(plan, run)}",
        )
    return run


def _way_out(plan: Plan, run: Run) -> str:
    """How a site is opened that an unfinished move has closed, also where that move's target is lost."""
    if plan.kind != UNFENCE or run.kind not in MOVES or plan.source != run.source:
        return ""
    return (
        f"; or give it up, which opens {run.source}: 'drctl runs abort {run.id} --reason …'; where {run.target} does"
        f" not answer and is down for certain: {way_out(run)}"
    )


def _require_left(plan: Plan, world: World, run: Run) -> None:
    """A failover to where clients are at work would only hide the run that was to take them away from there."""
    back = run.kind in (*MOVES, HANDOVER) and (run.source, run.target) == (plan.target, plan.source)
    if not back or world.client_routing.site() != plan.target:
        return
    begun = {entry.step for entry in world.journal.entries(run.id) if entry.event is Event.STEP_INTENDED}
    if begun.isdisjoint((FenceWrites.name, FenceWhatAnswers.name)):
        raise Refused(
            f"clients are at work at {plan.target}: run {run.id}, a {run.kind} from {run.source} to {run.target}, is"
            " unfinished and has closed nothing",
            remedy=f"'drctl runs abort {run.id} --reason …' leaves them there, 'drctl runs resume {run.id}' goes on",
        )


def _overrides(record: Record) -> dict[str, str]:
    """Return what was overridden so far, at the start and whenever it was continued."""
    return {rule: why for entry in record.entries for rule, why in _said(entry).get("overrides", {}).items()}


def _attested(plan: Plan, record: Record, terms: Terms) -> Attestation | None:
    """The newest word about the target. One from before a cut holds on the way back for which it was given."""
    if terms.attested or (plan.rollback and not record.rolled_back):
        return terms.attested
    # Forward, a word has to be given again with every command: it says what is so now. Back, it was given
    # for this rollback, which a cut does not make another one.
    words = (_said(entry).get(ATTESTED) for entry in reversed(record.entries))
    return next((Attestation(word["by"], word["why"]) for word in words if word), None)


def _said(entry: JournalEntry) -> Evidence:
    return entry.body if entry.event in (Event.RUN_STARTED, Event.RUN_RESUMED) else {}


def _require_same_command(world: World, run: Run, terms: Terms) -> None:
    """A run under way is continued by who knows of it: the belief is about before it or about now, the key its own."""
    began = Belief(run.source, run.epoch - 1)
    require_belief(terms.belief, began, Belief(world.client_routing.site(), world.epochs.current()))
    key = next(filter(None, (_said(entry).get("key") for entry in world.journal.entries(run.id))), "")
    if terms.key and key and terms.key != key:
        raise Refused(
            f"run {run.id} is unfinished and was begun under the key {key}, not {terms.key}",
            remedy="finish it first: 'drctl runs resume', or 'drctl runs abort'",
        )


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


def _require_own(world: World, left: tuple[Run, ...]) -> None:
    for run in left:
        if run.plan != world.plan.name:
            raise Refused(
                f"run {run.id}, a {run.kind} from {run.source} to {run.target}, is unfinished and belongs to the plan "
                f"file {run.plan}, not to {world.plan.name}",
                remedy=f"finish it with its own plan file, and give {world.plan.name} a state file of its own",
            )


def require_continuable(world: World, run: Run) -> None:
    """Refused if the plan file was edited since the run was begun, Unsupported if another version has begun it."""
    _require_unedited(world, run)
    _require_known(run, world.journal.entries(run.id))


def _require_unedited(world: World, run: Run) -> None:
    """A run ends with what it was begun with: a group that was added since has no position, nor a fence its writers."""
    began, moves = chosen(world, run.id), moves_digest(world.plan)
    if began.get("moves", moves) == moves:
        return
    now = contents(world.plan)
    differ = {name for what in ("groups", "topics") for name in set(began[what]) ^ set(now[what])}
    told = f" (differing: {', '.join(sorted(differ))})" if differ else ""
    raise Refused(
        f"the plan file was edited since run {run.id} was begun: it moves something else, or elsewhere{told}",
        remedy=f"put back what it had, its digest was {run.plan_digest[:12]}…, and finish the run; then edit it",
    )


def _another_choice(plan: Plan, world: World, run: Run) -> bool:
    # What a person chose on the command line is part of the run: the same words with another topic are
    # another run.
    wanted: Evidence = {"moves": moves_digest(world.plan)} | plan.about
    if plan.kind in MOVE_GROUPS:
        wanted = contents(world.plan) | plan.about
    began = chosen(world, run.id)
    return any(began.get(key, value) != value for key, value in wanted.items())


def _begin(plan: Plan, world: World, terms: Terms, over: tuple[Run, ...]) -> Record:
    overridden = require_admitted(plan, world, terms)
    run = Run(
        # Sorts by time in every listing; the six digits keep two runs of one second on two machines apart.
        id=f"{world.clock.now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
        kind=plan.kind,
        plan=world.plan.name,
        plan_digest=world.plan.digest,
        source=plan.source,
        target=plan.target,
        # The epoch that raise-epoch will set. Raised by somebody else in between, the compare-and-swap
        # fails and this run stops.
        epoch=world.epochs.current() + 1,
    )
    started = {"epoch": run.epoch, "plan_digest": run.plan_digest} | contents(world.plan) | plan.about
    said = {"options": plan.options, "overridden": overridden} | sink_groups_to_note(world) | terms.told()
    started |= {name: each for name, each in said.items() if each}
    if over:
        started["takes over"] = [each.id for each in over]
    # Written into the run's first line, so that who continues it judges by what held at its start, and not
    # by what the journal says since.
    proof = proof_left(world, plan.source, plan.target) if plan.kind == FAILOVER and not over else {}
    if proof:
        started[STILL_PROVEN] = proof
    world.journal.begin(run, started)
    record = _read(plan, world, run) if over else Record(run, evidence=dict(proof))
    record.terms = terms
    return record


def _require_known(run: Run, entries: tuple[JournalEntry, ...]) -> None:
    """Refuse a run with steps that are called otherwise here: they would count as not done, and as not crossed."""
    if former := next((entry.step for entry in entries if entry.step in FORMER_STEPS), None):
        raise Unsupported(
            f"run {run.id} was begun by another version of drctl: this one does not know its step {former}",
            remedy="continue or abort it with the version that began it; see CHANGELOG.md",
        )


def _read(plan: Plan, world: World, run: Run) -> Record:
    entries = world.journal.entries(run.id)
    record = Record(run, resumed=True, entries=entries)
    left = legacy(world, taken_over(entries), run.source, run.target)
    still_proven: dict[str, Evidence] = next((_said(e)[STILL_PROVEN] for e in entries if STILL_PROVEN in _said(e)), {})
    record.evidence, record.snapshots, record.past_point_of_no_return = (
        still_proven | left.evidence,
        left.snapshots,
        left.past_point_of_no_return,
    )
    for entry in entries:
        if entry.step == plan.point_of_no_return and entry.event is not Event.STEP_FAILED:
            record.past_point_of_no_return = True
        if entry.event is Event.STEP_INTENDED:
            # The first intent's, as in the runner: a later one may show the effect as what was there
            # before.
            record.snapshots.setdefault(entry.step, entry.body)
        elif entry.event in (Event.STEP_OBSERVED, Event.STEP_FOUND_DONE):
            record.evidence[entry.step] = entry.body
        elif entry.event is Event.COMPENSATION_STARTED:
            record.rolled_back = str(entry.body["cause"])
    return record
