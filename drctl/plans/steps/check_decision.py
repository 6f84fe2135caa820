"""check-decision."""

from dataclasses import dataclass
from typing import ClassVar

from drctl.errors import NotFound, NotProven, Refused
from drctl.model.run import Evidence
from drctl.model.salvage import Decision
from drctl.model.wording import counted
from drctl.plans import export
from drctl.plans.aftermath import Salvaged, aftermath, decided, last_salvage
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.step_evidence import CheckedDecision


@dataclass(frozen=True, slots=True)
class CheckDecision(Step):
    """See that the saved records are as they were written, and that the decision fits what is there.

    A discard names how many records it gives up, and a replayed topic stays replayed. Records keep their own time when
    they are replayed, so none may be older than what the topic keeps: it would be deleted at once.
    """

    topic: str = ""
    decision: Decision = Decision.HAND_OVER
    records: int | None = None
    name: ClassVar[str] = "check-decision"
    title: ClassVar[str] = "Check what is decided about"
    at: ClassVar[Place] = Place.BOTH
    inspect: ClassVar[str] = "drctl salvage verify"

    def check(self, ctx: StepContext) -> bool:
        return ctx.world.epochs.current() >= ctx.run.epoch

    def do(self, ctx: StepContext) -> Evidence:  # noqa: ARG002 - it only looks
        return {}

    def verify(self, ctx: StepContext) -> Evidence:
        failover = aftermath(ctx.world)
        salvaged = last_salvage(ctx.world, failover)
        if self.topic not in salvaged.committed:
            known = ", ".join(sorted(salvaged.committed))
            raise NotFound(f"run {salvaged.run.id} salvaged no topic {self.topic}", remedy=f"use one of {known}")
        count = salvaged.committed[self.topic]
        before = decided(ctx.world, failover.run.id).get(self.topic)
        if before and before[0] is Decision.REPLAY and self.decision is not Decision.REPLAY:
            raise Refused(f"{self.topic} was replayed by run {before[1]['run']}: that cannot be taken back")
        if self.records is None and self.decision is Decision.DISCARD:
            raise Refused(
                f"{self.topic}: {counted(count, 'record')} would be given up, nothing was changed",
                remedy=f"say so with --records {count}",
            )
        if self.records not in (None, count):
            raise Refused(
                f"{self.topic}: the tail holds {counted(count, 'record')}, not {self.records}; nothing was changed",
                remedy="look at 'drctl salvage show'",
            )
        if faults := ctx.world.vault.faults(salvaged.run.id):
            raise NotProven(
                f"{ctx.world.vault.place(salvaged.run.id)}: {'; '.join(faults[:5])}",
                remedy="restore the files, or salvage again with 'drctl salvage --again'",
            )
        if self.decision is Decision.REPLAY and self.topic in salvaged.less:
            raise Refused(
                f"{self.topic} came back with less than it had ({salvaged.less[self.topic]}): all of its log was saved,"
                f" records that {ctx.target.name} has among it, which a replay would write once more",
                remedy="hand the records over to their owner, who can tell them apart, or discard them by number",
            )
        if self.decision is Decision.REPLAY:
            self._refuse_old(ctx, salvaged)
        return CheckedDecision(failover.run.id, salvaged.run.id, count).to_json()

    def _refuse_old(self, ctx: StepContext, salvaged: Salvaged) -> None:
        config = ctx.target.brokers.topics([self.topic])[self.topic].config
        keeps = int(config.get("retention.ms", "-1"))
        if keeps < 0 or "delete" not in config.get("cleanup.policy", "delete"):
            return
        horizon = ctx.world.clock.now().timestamp() * 1000 - keeps
        for partition, tail in sorted(salvaged.tails.items()):
            for record in export.saved(ctx, salvaged.run.id, tail) if partition.topic == self.topic else ():
                if record.milliseconds is not None and record.milliseconds < horizon:
                    raise Refused(
                        f"{partition}: the record that was at {record.offset} is older than {self.topic} keeps records"
                        f" at {ctx.target.name}, so it would be deleted at once; nothing was changed",
                        remedy=f"raise retention.ms of {self.topic} there, or hand the records over",
                    )
