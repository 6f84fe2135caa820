"""Wait for what the group-offset sync sent before a run raised the epoch, and what may reach the coordinator later.

The sync asks for the epoch right before it sends a commit, so a run that has raised it meets no new ones. What was sent
before cannot be called back: a run waits until it has arrived or never will, and then commits, confirms or undoes. Else
an earlier position could land after the last comparison, when the target is open and its groups have no members yet.
"""

from drctl.plans.plan import StepContext
from drctl.plans.selection import GROUP_SYNC
from drctl.ports import World

UNDER_WAY = 15.0
"""Seconds after raising the epoch in which such a commit may arrive.

The sync asks for the epoch at most a second before it sends, and gives up on an answer after six
(``drivers/kafka/site.py``); the rest is for a broker that is slow to act on what it was sent.
"""


def wait_for_sync(ctx: StepContext) -> None:
    """Wait until no commit of the sync to the target can be under way; not at all where positions were never kept."""
    if not was_begun(ctx.world, ctx.target.name):
        return
    clock = ctx.world.clock
    # The run was continued by another process, which knows no monotonic time of the first: it counts from
    # now, which is later and so safe.
    if ctx.raised_at is None:
        ctx.raised_at = clock.monotonic()
    while (left := ctx.raised_at + UNDER_WAY - clock.monotonic()) > 0:
        ctx.report(f"waiting until no commit of the service can be under way any more: {left:.0f} s")
        clock.sleep(min(left, 1.0))


def was_begun(world: World, target: str) -> bool:
    """Whether positions were ever kept at that site, which the sync writes down before its first commit."""
    return any(run.kind == GROUP_SYNC and run.target == target for run, _ in world.journal.runs())
