"""stop-placed-sinks and resume-sinks, of an undo."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, override

from drctl.errors import StepFailed
from drctl.model.run import Event, Evidence
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.steps.back_from_failover import ResumeSinksIfTheyAnswer
from drctl.plans.steps.stop_sinks import StopSinks


@dataclass(frozen=True, slots=True)
class StopPlacedSinks(Step):
    """Stop the sink connectors at the target whose groups go back: nothing is to read there any more.

    Only those are asked about that the handover has started there.
    """

    undone: str
    name: ClassVar[str] = "stop-placed-sinks"
    title: ClassVar[str] = "Stop the sink connectors at the target"
    at: ClassVar[Place] = Place.TARGET
    inspect: ClassVar[str] = "drctl groups list"

    def check(self, ctx: StepContext) -> bool:
        return not self._busy(ctx)

    def do(self, ctx: StepContext) -> Evidence:
        for name in self._busy(ctx):
            ctx.check_authority()
            ctx.target.connectors.stop(name, ctx.check_authority)
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        if busy := self._busy(ctx):
            raise StepFailed(f"{ctx.target.name}: not stopped: {', '.join(busy)}", remedy="look at the worker's log")
        return {"sinks": noted_by_handover(ctx, self.undone, "running")}

    def _busy(self, ctx: StepContext) -> list[str]:
        names = noted_by_handover(ctx, self.undone, "running")
        return [name for name in names if not ctx.target.connectors.state(name).halted]


class ResumeSourceSinks(ResumeSinksIfTheyAnswer):
    """Let the sink connectors at the source run again that the handover has stopped, and pause those that were paused.

    They go on where they stopped. If their worker is silent they are named, and have to be resumed by hand: what else
    is undone does not wait for it.
    """

    title: ClassVar[str] = "Let the sink connectors at the source run again"

    def __init__(self, undone: str) -> None:
        """``undone`` is the handover's run."""
        self.undone = undone

    @override
    def _ran(self, ctx: StepContext) -> Sequence[str]:
        return noted_by_handover(ctx, self.undone, "running")

    @override
    def _paused(self, ctx: StepContext) -> Sequence[str]:
        return noted_by_handover(ctx, self.undone, "paused")


def noted_by_handover(ctx: StepContext, undone: str, how: str) -> list[str]:
    """Sinks of the groups that go back that were ``running`` or ``paused`` when that handover stopped them."""
    for entry in ctx.world.journal.entries(undone):
        if (entry.step, entry.event) == (StopSinks.name, Event.STEP_INTENDED):
            noted = entry.body.get(how, ())
            return [name for name in ctx.sinks if name in noted]
    return []
