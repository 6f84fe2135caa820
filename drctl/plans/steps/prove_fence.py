"""prove-fence: deny rules are configuration; what counts is that no log grows and a client is refused.

| seen | then |
| --- | --- |
| a transaction is open before the window | wait until it ends, up to ``guards.stepTimeout`` |
| a data record at or behind the ends of the first look | not proven: somebody writes |
| only markers there | goes on: a coordinator may end a transaction that never wrote |
| a transaction is open at the end of the window | not proven: it was begun behind the fence |
| the canary's write is accepted, or fails for any other reason than its rights | not proven |
| none of these | proven, with the ends; a record that appears later, before the link home runs, disproves it |

Example: the ends are 120 and 88, the window is 5 s. A marker at 120 makes the end 121 and is nothing. A record at 88,
seen in the third sample, fails the step after 3 s, and the source is opened again.

Invariant: proven => no record is committed at the source from the first ends on, but those that the link home copies.
The first ends are last stable offsets with no transaction open, so whatever is written lies at or behind them. It is
committed, and then it is counted; or it is open, and then the last stable offset is below the log's end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, override

from drctl.errors import DrctlError, StepFailed
from drctl.model.offsets import LogBounds, TopicPartition
from drctl.model.run import Evidence
from drctl.plans import fencing
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.standing_still import refuse, watch
from drctl.plans.step_evidence import FenceProof, left_if_any
from drctl.plans.waiting import patiently, wait_until_none
from drctl.ports.asking import both


@dataclass(frozen=True, slots=True)
class ProveFence(Step):
    """Prove by data that nobody can write at the source any more.

    First no transaction may be open (those whose producers are gone are aborted by their coordinators when they time
    out), then no partition may gain a record over the whole fence window, then an ordinary client must be refused.
    Until the link is turned around, a record that appears later disproves the fence.
    """

    drained_next: bool = False
    """Whether `drain-link` comes next: what it asks Connect first is then asked within the window."""
    name: ClassVar[str] = FenceProof.step
    title: ClassVar[str] = "Prove by data that the source stands still"
    at: ClassVar[Place] = Place.SOURCE
    lasting: ClassVar[bool] = True
    inspect: ClassVar[str] = "kafka-get-offsets.sh --bootstrap-server {source} --time latest   # twice"

    def check(self, ctx: StepContext) -> bool:
        return bool(ctx.evidence.get(self.name))

    def disprove(self, ctx: StepContext) -> None:
        proven = left_if_any(FenceProof, ctx.evidence)
        if not proven:
            return
        # Side by side: it is asked before every effect of the pause, of a worker and of brokers.
        nothing_copied, bounds = both(partial(_is_nothing_copied, ctx), partial(_ends, ctx, tuple(proven.ends)))
        if not nothing_copied:
            return  # also where the brokers do not tell: what is copied here disproves nothing
        if isinstance(bounds, DrctlError):
            raise bounds
        refuse(ctx, fencing.growth(ctx.source, proven.ends, bounds))

    @override
    def foresee(self, ctx: StepContext) -> None:
        _is_nothing_copied(ctx)

    def do(self, ctx: StepContext) -> Evidence:
        patiently(ctx, lambda: self.foresee(ctx))  # without it nothing could disprove the fence
        partitions = ctx.partitions(ctx.source)
        wait_until_none(
            ctx,
            "no transaction is open at the source",
            lambda: fencing.open_transactions(ctx.source, partitions),
            remedy="raise guards.stepTimeout above the producers' transaction.timeout.ms",
        )
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        stillness = watch(ctx, drained_next=self.drained_next)
        if stillness.open_transactions:
            raise StepFailed(
                f"{ctx.source.name}: a transaction was begun behind the fence on {stillness.open_transactions[0]}",
                remedy="find the writer that is not fenced: is an application a super user?",
            )
        # Last, and by a real client: it would be refused at once also where some broker has not yet heard
        # of the rules, so alone it proves nothing. Nor does the window: a site without traffic stands
        # still, too.
        canary, uncovered = both(ctx.source.fence.canary, partial(fencing.not_covered, ctx.source))
        if not canary.refused:
            raise StepFailed(
                f"{ctx.source.name}: the canary was not refused behind the fence ({canary.answer})",
                remedy="the canary's user must not be a super user, and must not be the replication principal",
            )
        return FenceProof(
            ends=stillness.ends,
            began=stillness.began,
            window=stillness.window,
            samples=stillness.samples,
            canary=canary.answer,
            uncovered=uncovered,
        ).to_json()


def _is_nothing_copied(ctx: StepContext) -> bool:
    """Whether the link home writes to none of the source's logs that are watched."""
    # Under the default policy it writes to topics of its own, so it excuses nothing.
    return bool(ctx.home.link.prefix) or ctx.home.replication.status().copies_nothing


def _ends(ctx: StepContext, partitions: tuple[TopicPartition, ...]) -> Mapping[TopicPartition, LogBounds] | DrctlError:
    """Return how far the source's logs reach, or why nobody knows."""
    try:
        return ctx.source.records.bounds(partitions)
    except DrctlError as error:
        return error
