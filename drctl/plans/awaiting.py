"""Runs that were refused for want of a second person's approval, as that person is shown them.

Read from the journal alone: such a run has ended and changed nothing. What is approved are the digests that it noted,
so the same command, given again, runs only if plan and facts are still these.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from drctl.errors import Refused
from drctl.model.run import Event, Evidence, Run, RunState
from drctl.plans.approvals import Digests
from drctl.plans.selection import AWAITED
from drctl.plans.standing import Told, told_run
from drctl.ports import World


@dataclass(frozen=True, slots=True)
class AwaitedApproval:
    """Hold what an approval of a run would bind to.

    ``asks`` names who began it, with ``account`` and ``host``; ``at`` is when it was refused. ``started`` is what the
    run said at its start, ``warnings`` what its gates found worth knowing; ``valid`` is how long an approval counts.
    """

    run: Run
    asks: str
    at: datetime
    seen: Digests
    started: Evidence
    warnings: tuple[str, ...]
    valid: timedelta


def awaited(world: World, identity: str) -> AwaitedApproval:
    """Return what the run of this id, or beginning of one, waits for. NotFound if there is none, or several.

    Refused if it waits for no approval, or if one could not serve it any more: the plan file or the epoch is another.
    """
    told = told_run(world, identity)
    run, found = told.run, _noted(world, told)
    if found is None:
        raise Refused(f"run {run.id} waits for no approval: it is {told.standing}", remedy="see 'drctl runs list'")
    for what, was, now in (
        ("plan file", run.plan_digest[:12], world.plan.digest[:12]),
        ("epoch", run.epoch - 1, world.epochs.current()),
    ):
        if was != now:
            raise Refused(
                f"the {what} is another one since run {run.id} asked ({was} then, {now} now): an approval would not"
                " count",
                remedy="whoever asked gives the command again; then approve the run that it names",
            )
    at, body = found
    warnings = tuple(str(each) for each in body.get("warnings", ()))
    seen = Digests(str(body.get("plan", "")), str(body.get("facts", "")))
    started = told.entries[0].body
    return AwaitedApproval(run, told.by, at, seen, started, warnings, world.plan.guards.approval_validity)


def require_another(wanted: AwaitedApproval, by: str) -> None:
    """Refused where who approves is who asks: the run would refuse such an approval."""
    if wanted.asks.strip().casefold() == by.strip().casefold():
        raise Refused(
            f"{by} asks for run {wanted.run.id}, so somebody else approves it",
            remedy="another person gives the command, with --by and their own name",
        )


def _noted(world: World, told: Told) -> tuple[datetime, Evidence] | None:
    """When it was refused for want of an approval, and what it noted; None if it ended otherwise."""
    ended = any((each, state) == (told.run, RunState.STOPPED) for each, state in world.journal.runs())
    failures = [entry for entry in told.entries if entry.event is Event.STEP_FAILED]
    body = failures[-1].body.get(AWAITED) if failures else None
    return (failures[-1].at, body) if ended and isinstance(body, dict) else None
