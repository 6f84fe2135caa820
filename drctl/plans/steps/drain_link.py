"""drain-link."""

from collections.abc import Mapping
from typing import ClassVar

from drctl.errors import DrctlError, StepFailed
from drctl.model.offsets import TopicPartition
from drctl.model.run import Evidence
from drctl.plans.authority import AGAIN
from drctl.plans.draining import DrainLook
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.step_evidence import DrainedLink
from drctl.plans.waiting import wait_until_none


class DrainLink(Step):
    """Wait until every record of the source is at the target.

    Drained means that no *data* record lies between the link's frontier and the source's end. Comparing offsets would
    never end: the last offsets of a partition are often transaction markers, which are not copied. The frontier itself
    is held against the target's log: a partition whose records are not there is not drained, whatever Connect says.
    """

    name: ClassVar[str] = DrainedLink.step
    title: ClassVar[str] = "Wait until every record is at the target"
    at: ClassVar[Place] = Place.BOTH
    inspect: ClassVar[str] = "drctl status -o wide"

    def check(self, ctx: StepContext) -> bool:
        return not self._missing(ctx)

    def do(self, ctx: StepContext) -> Evidence:
        wait_until_none(
            ctx,
            "the link has copied everything",
            lambda: self._missing(ctx),
            remedy="look at the link with `drctl status -o wide` and at its Connect worker's log",
        )
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        # What it was judged by, not another answer: no later one would say that nothing was left at this frontier.
        if ctx.drained is None:
            raise StepFailed(f"link {ctx.forward.link.name} was not seen to have copied everything", remedy=AGAIN)
        return ctx.drained.to_json()

    def _missing(self, ctx: StepContext) -> tuple[str, ...]:
        """Return what is not copied; once nothing is said to be left, what contradicts that.

        Connect reads its offsets topic to the end for every answer, about a second, and clients wait: it is asked once.
        """
        # An older answer says less than a new one, and never more: what was copied stays so. Where it is enough, the
        # link has copied everything; where it is not, it is as if it had not been asked for.
        early = _asked_ahead(ctx)
        if early is not None:
            # The same logs as then need not be read again: clients wait.
            if early.drained is not None and ctx.drain().still_holds(early):
                ctx.drained = early.drained
                return ()
            if not self._left_at(ctx, early.frontier):
                return ()
        return self._left_at(ctx, ctx.forward.replication.frontier())

    @staticmethod
    def _left_at(ctx: StepContext, frontier: Mapping[TopicPartition, int]) -> tuple[str, ...]:
        """Return the same for one answer of Connect; the ends, the syncs and the records are read behind it."""
        look = ctx.drain().held_against(frontier)
        if look.drained is not None:
            ctx.drained = look.drained
        return look.left


def _asked_ahead(ctx: StepContext) -> DrainLook | None:
    """Return what was asked for ahead, once; None if there is nothing."""
    asked, ctx.drain_ahead = ctx.drain_ahead, None
    try:
        return None if asked is None else asked.result()
    except DrctlError:
        return None
