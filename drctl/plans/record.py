"""A run in the journal: begun or continued, and what it wrote down so far."""

import secrets
from dataclasses import dataclass, field, replace

from drctl.errors import Refused
from drctl.model.fence import Attestation
from drctl.model.run import Event, Evidence, JournalEntry, Run
from drctl.model.terms import ATTESTED, Belief, Terms
from drctl.plans.admission import require_admitted, require_belief
from drctl.plans.continuation import require_continuable, under_way
from drctl.plans.plan import Plan
from drctl.plans.selection import FAILOVER, contents, sink_groups_to_note
from drctl.plans.standing_proof import proof_left
from drctl.plans.takeover import legacy, others, taken_over
from drctl.plans.unfinished import unfinished
from drctl.ports import World

STILL_PROVEN = "still proven"
"""Names, at the start of a failover that takes nothing over, the evidence of a fence that an earlier run had proven."""

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
        elif entry.event is Event.ROLLBACK_STARTED:
            record.rolled_back = str(entry.body["cause"])
    return record
