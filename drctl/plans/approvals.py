"""Approvals by a second person: journaled, bound to the plan and the facts that were shown, and expiring.

Each is a run of its own kind in the journal, so that it is chained and copied like everything else. Names are what
people say they are; the machine's account and host are noted beside them.
"""

import secrets
from dataclasses import dataclass

from drctl.errors import ApprovalMissing, ConfigInvalid
from drctl.model.run import Event, Evidence, Run, RunState
from drctl.model.terms import OF_DRILL, Terms
from drctl.plans.live import HOME
from drctl.plans.selection import APPROVAL, chosen
from drctl.ports import World

REQUIRED = "required"
ALONE = "; alone: --break-glass REASON"


@dataclass(frozen=True, slots=True)
class Digests:
    """Name what an approver saw: 64 hex digits each."""

    plan: str
    facts: str


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """Name the run that asks for an approval, and what its gates found worth knowing."""

    run: str
    warnings: tuple[str, ...] = ()


def approve(world: World, terms: Terms, seen: Digests, reason: str, *, declined: bool = False, run: str = "") -> str:
    """Write an approval, or that it is declined; returns its id. ConfigInvalid without a name or reason.

    ``run`` is the one that asked for it, where it was approved by its id.
    """
    if not terms.by or not reason.strip():
        raise ConfigInvalid("an approval names a person and a reason", remedy="give --by and --reason")
    for what, value in (("plan", seen.plan), ("facts", seen.facts)):
        if len(value) != 64 or any(each not in "0123456789abcdef" for each in value):
            raise ConfigInvalid(f"{value!r} is no {what} digest", remedy="copy both from 'drctl plan … -o json'")
    identity = f"approval-{world.clock.now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    epoch = world.epochs.current()
    world.journal.begin(Run(identity, APPROVAL, world.plan.name, world.plan.digest, "", "", epoch))
    body = {"plan": seen.plan, "facts": seen.facts, "declined": declined, "reason": reason} | terms.told()
    body |= {"run": run} if run else {}
    world.journal.append(identity, Event.APPROVAL_GIVEN, body=body)
    world.journal.end(identity, RunState.DONE)
    return identity


def require_approval(world: World, terms: Terms, seen: Digests, request: ApprovalRequest) -> Evidence:
    """Return what the journal is to say of this run's approval; ApprovalMissing if it needs one and has none.

    Without a rule for it nothing is asked, but for a live drill, whose approval covers its way home, too. Breaking the
    glass needs nobody, and stays on record; a drill is no emergency.
    """
    drill = chosen(world, request.run).get(OF_DRILL, {})
    if drill.get("way") == HOME:
        return {"approved with drill": drill["id"]}
    if world.plan.guards.approval != REQUIRED and not drill:
        return {}
    if terms.break_glass and not drill:
        return {"break glass": {"by": terms.by, "account": terms.account, "reason": terms.break_glass}}
    # By both digests, not by the run: approved is this plan on this state of the world, and a run that has
    # waited may find another one.
    given = _newest(world, seen)
    problem = _problem(world, terms, given)
    if given is None or problem:
        raise ApprovalMissing(
            f"a second person's approval is required: {problem}",
            awaited={"plan": seen.plan, "facts": seen.facts, "warnings": list(request.warnings)},
            remedy=f"another person gives 'drctl approve {request.run} --by NAME --reason …', which shows what it binds"
            f" to{'' if drill else _by_digests(seen)}; then the same command again{'' if drill else ALONE}",
        )
    identity, _, body = given
    return {"approval": {"id": identity, "by": body["by"], "account": body.get("account"), "reason": body["reason"]}}


def _by_digests(seen: Digests) -> str:
    return (
        f", or looks at 'drctl plan …' and gives 'drctl approve --plan-digest {seen.plan} --facts-digest {seen.facts}"
        " --by NAME --reason …'"
    )


def _newest(world: World, seen: Digests) -> tuple[str, float, Evidence] | None:
    """The newest decision about exactly this plan and these facts, with its age in seconds."""
    for run, _ in reversed(world.journal.runs()):
        if run.kind == APPROVAL:
            for entry in world.journal.entries(run.id):
                if (entry.body.get("plan"), entry.body.get("facts")) == (seen.plan, seen.facts):
                    return run.id, (world.clock.now() - entry.at).total_seconds(), entry.body
    return None


def _problem(world: World, terms: Terms, given: tuple[str, float, Evidence] | None) -> str:
    if given is None:
        return "there is none for this plan and these facts"
    identity, age, body = given
    valid = world.plan.guards.approval_validity.total_seconds()
    told = (body.get("by"), body.get("reason"))
    if not all(isinstance(each, str) and each.strip() for each in told) or not isinstance(body.get("declined"), bool):
        return f"{identity} does not say by whom, why, and whether it was declined"
    if body["declined"]:
        return f"{body['by']} declined it: {body['reason']}"
    # Below zero where a clock was set back, or two machines' clocks differ: what was approved in the future
    # is not approved.
    if not 0 <= age < valid:
        return f"{identity} by {body['by']} is {age:.0f} s old, and valid for {valid:.0f} s"
    # A name that somebody gives proves no person. This stops a slip; who lies is shown by the accounts that
    # the journal keeps beside both names.
    if body["by"].strip().casefold() == terms.by.strip().casefold():
        return f"{body['by']} both asks and approves"
    return ""
