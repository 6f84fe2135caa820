"""Whether a new run may begin at all: what the person believes is so, and the last run is behind us and in order."""

from collections.abc import Iterator

from drctl.decide.overrides import name_of, sift
from drctl.decide.rules import Blocker, Rule
from drctl.errors import Blocked, DrctlError, Refused
from drctl.model.run import Evidence, Run, RunState
from drctl.model.terms import Belief, Terms
from drctl.plans.digests import plan_digest
from drctl.plans.linking import was_set
from drctl.plans.live_admission import require_drill_allows
from drctl.plans.pausing import paused
from drctl.plans.pending import pending_reversal
from drctl.plans.plan import Plan
from drctl.plans.remedies import waiting
from drctl.plans.restarting import idle
from drctl.plans.selection import FAILBACK, FAILOVER, GROUP_SYNC, SWITCHOVER
from drctl.ports import World

UNHURRIED = frozenset({SWITCHOVER, FAILOVER, FAILBACK})
"""Kinds that move the primary, and after which ``guards.coolDown`` begins."""


def require_admitted(plan: Plan, world: World, terms: Terms) -> Evidence:
    """Raise Refused or Blocked, with every reason, unless a new run may begin; returns what was overridden."""
    current = Belief(world.client_routing.site(), world.epochs.current())
    require_belief(terms.belief, current)
    require_drill_allows(world, terms)
    own = plan_digest(plan, world)
    if terms.plan_digest and terms.plan_digest != own:
        raise Refused(
            f"the plan that was seen is {terms.plan_digest[:12]}…, and this one is {own[:12]}…: something has changed",
            remedy=f"look again: drctl plan {plan.kind} --to {plan.target}",
        )
    found = sift(reasons_to_wait(plan, world), terms.overrides)
    if found.standing:
        raise Blocked(
            f"{plan}: {waiting(len(found.standing))}",
            (f"{b.detail} ({b.remedy})" for b in found.standing),
            exit_code=found.standing[0].concern.value,
            remedy="wait, or override a rule by its name and with a reason",
        )
    return {name_of(b.rule): b.detail for b in found.overridden}


def reasons_to_wait(plan: Plan, world: World) -> list[Blocker]:
    """Return what the journal and the link home say against beginning this plan now."""
    waiting_for = (_outside, _cooling, _unproven, _never_begun)
    return [*paused(world), *(reason for each in waiting_for for reason in each(plan, world))]


def require_belief(believed: Belief, *possible: Belief) -> None:
    """Refused unless what is believed agrees with one of these."""
    for real in possible:
        if believed.primary in (None, real.primary) and believed.epoch in (None, real.epoch):
            return
    real = possible[0]
    raise Refused(
        f"expected primary {believed.primary or 'any'}, epoch {'any' if believed.epoch is None else believed.epoch}; "
        f"the primary is {real.primary or 'no site'}, the epoch {real.epoch}",
        remedy="somebody has decided since: see 'drctl status' and 'drctl runs list' before deciding again",
    )


def last_move(world: World) -> tuple[Run, RunState] | None:
    """The newest run that moved, or would have moved, the primary, and has ended."""
    ended = (each for each in reversed(world.journal.runs()) if each[1] is not RunState.RUNNING)
    return next((each for each in ended if each[0].kind in UNHURRIED and _acted(world, *each)), None)


def _acted(world: World, run: Run, state: RunState) -> bool:
    """A run that its gates refused has changed nothing, and holds nobody up."""
    return state is not RunState.STOPPED or any(entry.step == "raise-epoch" for entry in world.journal.entries(run.id))


def _outside(plan: Plan, world: World) -> Iterator[Blocker]:
    calendar = world.plan.guards.calendar
    if calendar is None or plan.kind not in (SWITCHOVER, FAILBACK):  # a site that is lost does not wait
        return
    if why := calendar.why_not(world.clock.now()):
        remedy = "wait for a window of guards.calendar, or ask whose window it is"
        yield Blocker(Rule.OUTSIDE_WINDOW, f"no {plan.kind} may begin now: {why}", remedy)


def _cooling(plan: Plan, world: World) -> Iterator[Blocker]:
    wanted = world.plan.guards.cool_down
    last = last_move(world) if wanted and plan.kind in UNHURRIED else None
    # Cooling down guards against two people, or two tools, who move the work back and forth; a site that is
    # gone is no argument.
    if last is None or plan.kind == FAILOVER:  # a site that is lost does not wait
        return
    ended = world.journal.entries(last[0].id)[-1].at
    passed = world.clock.now() - ended
    if passed < wanted:
        # A clock that was set back shows a run that ends in the future: that is no proof that time has passed.
        told = f"{passed.total_seconds():.0f} s ago" if passed.total_seconds() >= 0 else f"at {ended}, in the future"
        detail = f"run {last[0].id}, a {last[0].kind}, ended {told}; guards.coolDown is {wanted.total_seconds():.0f} s"
        yield Blocker(Rule.COOLING_DOWN, detail, "wait, and see whether the last move holds")


def _unproven(plan: Plan, world: World) -> Iterator[Blocker]:
    """The link home of the last switchover must run before anything moves again."""
    last = last_move(world)
    if (
        plan.kind == GROUP_SYNC
        or plan.kind not in (SWITCHOVER, FAILBACK)
        or last is None
        or last[1] is not RunState.DONE
    ):
        return
    run = last[0]
    link = world.links.get((run.target, run.source))
    if run.kind == FAILOVER or link is None:
        return
    try:
        status = link.replication.status()
    except DrctlError as error:
        why = str(error)
        failed = False
    else:
        reasons = idle(status)
        if not reasons:
            return
        why, failed = ", ".join(reasons), bool(status.failed)
    detail = f"{link.link.name}, the link home of run {run.id}, does not run: {why}"
    owed = pending_reversal(world)
    remedy = "bring it to run: until then the other site falls behind"
    if owed is not None and owed.run.id == run.id:
        remedy = (
            "'drctl runs resume' reverses replication; do not resume its connectors by hand: they would begin elsewhere"
            " than the work was handed over"
        )
    elif failed:
        remedy = f"remove the cause, if it is one that lasts, and give 'drctl links restart {link.link.name}'"
    yield Blocker(Rule.LINK_UNPROVEN, detail, remedy)


def _never_begun(plan: Plan, world: World) -> Iterator[Blocker]:
    """A failover back to the site that the last move left needs something to go on with there.

    As long as the link home was never begun, that site holds nothing of what was written since. The journal is asked
    and not the link: the source of a link that did run is dead now, and its tasks may have failed for it. Under the
    default replication policy both links run all the time.
    """
    done = (run for run, state in reversed(world.journal.runs()) if run.kind in UNHURRIED and state is RunState.DONE)
    run = next(done, None)
    if plan.kind != FAILOVER or run is None or (run.source, run.target) != (plan.target, plan.source):
        return
    link = world.links.get((run.target, run.source))
    if link is None or link.link.prefix or was_set(world, link, run.id):
        return
    nothing = f"{plan.target} has nothing of what was written at {plan.source} since"
    detail = f"{link.link.name}, the link home of run {run.id}, was never begun: {nothing}"
    home = f"bring {plan.source} back, then 'drctl salvage' and 'drctl failback', or 'drctl runs resume'"
    remedy = f"{home}; if it is gone for good, override this rule, and accept the loss that is stated"
    yield Blocker(Rule.LINK_UNPROVEN, detail, remedy)
