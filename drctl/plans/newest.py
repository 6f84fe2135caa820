"""Whether the journal is as new as the sites: one whose end was lost does not know what this run has done since.

An older copy of the state file may have been restored, or the machine rolled back to a snapshot. Up to the point of no
return the target is closed, from the step on that found or made it so; opening it lifts all of drctl's rules there at
once. So a run that has not come to open its target, by its journal, holds that against the sites before it goes on or
back:

| the journal: the target was closed | drctl's rules at the source | the target now | verdict                   |
| ---------------------------------- | --------------------------- | -------------- | ------------------------- |
| yes                                | whatever                    | closed         | as new as the sites       |
| yes                                | whatever                    | open           | its end is missing        |
| no                                 | none, or it is silent       | whatever       | it has not come to it yet |
| no                                 | some                        | open           | its end is missing        |

Clients that are sent to the target count as such rules do: before that the gates want them at the source.

Open means that no rule of drctl stands at the target, or that an ordinary client may write there. Example: a
switchover was cut off after unfence-target, and the file of a minute before restored. Its journal ends at prove-fence,
south takes writes, north is fenced: to roll back would open north, too.
"""

from contextlib import suppress

from drctl.errors import JournalBroken, Unreachable
from drctl.plans import fencing
from drctl.plans.closed import require_closed
from drctl.plans.plan import Plan, StepContext
from drctl.plans.steps.check_gates import CheckGates
from drctl.plans.steps.fence_standby import FenceStandby
from drctl.plans.steps.unfence_source import is_open
from drctl.plans.waiting import patiently

STALE = 5.0
"""Seconds that a broker's answer may be behind the others'."""
TARGET_CLOSED = "target closed"
"""Key in the evidence of a failover's gates: whether the target was closed by drctl's rules."""


def require_newest(plan: Plan, ctx: StepContext) -> None:
    """Raise JournalBroken if the plan's target is open, and the journal does not know that this run has opened it.

    Changes nothing and writes nothing. A target that is silent is as closed as journal and a person's word prove it
    (:mod:`drctl.plans.closed`), Unreachable if they do not.
    """
    if ctx.past_point_of_no_return or not plan.opens_target or not _was_closed(ctx):
        return
    try:
        patiently(ctx, lambda: _require_closed(plan, ctx))
    except Unreachable as silent:
        if not is_open(ctx.evidence):  # else the rest of the rollback opens nothing
            require_closed(ctx, ctx.target, silent)
    else:
        with suppress(Unreachable):
            ctx.saw_target_closed = not fencing.not_closed(ctx.world, ctx.target)


def _require_closed(plan: Plan, ctx: StepContext) -> None:
    clock = ctx.world.clock
    deadline = min(clock.monotonic() + STALE, ctx.until)
    while why := _open(ctx):
        if clock.monotonic() >= deadline:
            source, target = ctx.source.name, ctx.target.name
            if is_open(ctx.evidence):
                raise JournalBroken(
                    f"{target} is open ({why}), and so is {source} since the rollback: both may be written to",
                    remedy=f"deny the writers at one of them at once, at {target} if clients are sent to {source}; then"
                    " run the same command again",
                )
            raise JournalBroken(
                f"{target} is open ({why}), and by its journal {plan} has not come to open it: the journal's end is"
                f" missing; {source} is left as it is, since at no time may both be open",
                remedy=f"move the state file away and complete it: drctl runs restore --from {target}; without a copy:"
                f" where {target} serves, send clients there; where it must not, deny its writers by hand and run"
                " the same command again",
            )
        # Asked for as long as a broker may be behind: one that has not heard of the rules yet would make a
        # closed target look open.
        clock.sleep(0.2)


def _was_closed(ctx: StepContext) -> bool:
    """Whether the target has to be closed now, unless this run has opened it."""
    if FenceStandby.name in ctx.evidence or ctx.evidence.get(CheckGates.name, {}).get(TARGET_CLOSED):
        return True
    if ctx.world.client_routing.site() == ctx.target.name:
        return True
    try:
        return bool(fencing.own(ctx.source))
    except Unreachable:
        return False


def _open(ctx: StepContext) -> str:
    """Why the target is open, empty if it is not."""
    if not fencing.own(ctx.target):
        return "no deny rule of drctl stands there"
    canary = ctx.target.fence.canary()
    return "" if canary.refused else f"an ordinary client is not refused: {canary.answer}"
