"""ask-link-to-stop: a link takes its time to stop, which passes while consumers leave and positions are handed over.

| seen by this process once everything is copied | the link is asked | and would it run on, it would write |
| --- | --- | --- |
| every copied record has an offset sync, or lies before one | here | nothing any more, to any topic |
| a copied record lies behind the newest offset sync | by `stop-link` | that sync, which a position may wait for |
| the link is not exactly-once | by `stop-link` | perhaps the same again: Connect says less of it than it did |
| nobody has seen it, or its worker does not say | by `stop-link` | nobody knows |

Example: the last record of a partition is at 41, its copy at 57. The newest sync says (41, 57): asked here. It says
(38, 53), for the sync of 41 is still to come, within a second: a group that stands at 42 may be proven by that one
only, and a link that is stopped may keep it to itself. So `stop-link` asks, once the positions are handed over.

Invariant: asked here => no record is copied and no sync written later, whether it is stopped or not. The fence is
proven and stands, so no record comes (prove-fence); none is left (drain-link); a sync is written of copied records
only, once of each. So a position is proven by the same records and syncs as with a link that runs on.

What follows it did not rest on a link that runs: `hand-over-positions` reads both logs and the offset-syncs topic from
the brokers. That the link *has* stopped is still seen by `stop-link`, and asked again before every later change.

| the process dies | the sites then | the next process |
| --- | --- | --- |
| right before | the link runs, and writes nothing | looks again whether all is copied and paired, then asks |
| between intent and answer | it runs, stops or has stopped | the same; a link that stops is not harmed by that |
| right behind | it stops or has stopped | finds it stopped, or asks again: a stopped link tells its frontier, too |
| and is rolled back | it stops or has stopped | `resume-link` asks it to run, whatever its worker says meanwhile |
"""

from typing import ClassVar

from drctl.errors import DrctlError
from drctl.model.link import LinkStatus
from drctl.model.run import Evidence
from drctl.plans.frontier import unpaired
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.steps.stop_link import others_stopped

_NAMED = 5
"""Partitions that the journal names."""


class AskLinkToStop(Step):
    """Ask the link to stop as soon as it has nothing left to write; nobody waits for that here.

    `stop-link` waits for it, and asks a link that could not be asked here: one that is not exactly-once, or that has
    still to write an offset sync by which a position may be proven.
    """

    name: ClassVar[str] = "ask-link-to-stop"
    title: ClassVar[str] = "Ask the link to stop while consumers leave"
    at: ClassVar[Place] = Place.TARGET
    inspect: ClassVar[str] = 'curl "{target.connect}/connectors?expand=status"'

    def check(self, ctx: StepContext) -> bool:
        status = _status(ctx)
        return not isinstance(status, str) and status.halted

    def do(self, ctx: StepContext) -> Evidence:
        status = _status(ctx)
        if isinstance(status, str):
            return {"left to stop-link": status}
        if why := _too_early(ctx, status):
            return {"left to stop-link": why}
        ctx.check_authority()
        ctx.forward.replication.stop(ctx.check_authority, copying_only=others_stopped(ctx, status))
        ctx.asked_link_to_stop = True
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        return {"asked": ctx.asked_link_to_stop}


def _status(ctx: StepContext) -> LinkStatus | str:
    """Return the link's state, or why nobody knows: what only saves time is no reason to fail."""
    try:
        return ctx.forward.replication.status()
    except DrctlError as unknown:
        return str(unknown)


def _too_early(ctx: StepContext, status: LinkStatus) -> str:
    """Why the link may still have something to write; empty if it has not."""
    if ctx.drained is None:
        return "this process has not seen what the link has copied"
    if not status.exactly_once:
        return f"{status.source.name} is not exactly-once"
    left = ctx.drained.unpaired
    if left:
        # Once more, for a sync comes within a second of its record: what has arrived since saves a second or more.
        try:
            left = unpaired(ctx.world, ctx.source.name, ctx.target.name, ctx.drained.frontier)
        except DrctlError as unknown:
            return str(unknown)
    named = ", ".join(map(str, left[:_NAMED])) + (f" and {len(left) - _NAMED} more" if len(left) > _NAMED else "")
    return f"copied records lie behind the newest offset sync of {named}" if left else ""
