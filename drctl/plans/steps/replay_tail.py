"""replay-tail."""

from dataclasses import dataclass
from typing import ClassVar

from drctl.errors import NotProven
from drctl.model.run import Evidence
from drctl.model.salvage import StrandedSpan
from drctl.plans import evidence, export, replaying
from drctl.plans.aftermath import aftermath, last_salvage
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.step_evidence import CheckedDecision, left
from drctl.plans.waiting import wait_until_none


@dataclass(frozen=True, slots=True)
class ReplayTail(Step):
    """Write the committed records of the topic's tail at the site that serves now, in order, marked, each exactly once.

    They come behind everything that was written since. Every batch is one transaction in which how far it reached is
    committed, too: who goes on after a cut ends what was left open, and begins behind the last batch that counts.
    """

    topic: str = ""
    name: ClassVar[str] = "replay-tail"
    title: ClassVar[str] = "Write the stranded records where work goes on"
    at: ClassVar[Place] = Place.TARGET
    inspect: ClassVar[str] = (
        "kafka-console-consumer.sh --bootstrap-server {target.bootstrap} --consumer.config {target.config}"
        " --property print.headers=true --from-beginning --topic …"
    )

    def check(self, ctx: StepContext) -> bool:
        return self.name in ctx.evidence

    def snapshot(self, ctx: StepContext) -> Evidence:
        found = [p for p in ctx.partitions(ctx.target) if p.topic == self.topic]
        reached = {}
        for tail in self._tails(ctx):
            with ctx.target.contents.replay(self._name(ctx), tail.partition) as replay:
                # Opened before it is asked: with the same transactional id the coordinator aborts what a
                # process that died has left open, so that what is read is final.
                reached[tail.partition] = replay.reached()
        ends = {p: b.high for p, b in ctx.target.records.bounds(found).items()}
        return {"ends": evidence.to_json(ends), "reached": evidence.to_json(reached)}

    def do(self, ctx: StepContext) -> Evidence:
        self._require_whole(ctx)
        written: dict[str, int] = {}
        for tail in self._tails(ctx):
            with ctx.target.contents.replay(self._name(ctx), tail.partition) as replay:
                records = export.saved(ctx, self._salvage(ctx), tail)
                for batch in replaying.batches(records, replay.reached()):
                    marked = [replaying.marked(r, ctx.source.name, self._failover(ctx)) for r in batch]
                    # With every batch: a long tail takes longer to replay than a lease lasts.
                    ctx.check_authority()
                    replay.write(marked, batch[-1].offset + 1)
                    written[str(tail.partition)] = written.get(str(tail.partition), 0) + len(batch)
                    ctx.report(f"{tail.partition}: {written[str(tail.partition)]} records")
        return {"written by the last process": written}

    def verify(self, ctx: StepContext) -> Evidence:
        self._require_whole(ctx)
        starts = evidence.from_json(ctx.snapshots[self.name]["ends"])
        stops = {partition: b.high for partition, b in ctx.target.records.bounds(tuple(starts)).items()}
        wait_until_none(
            ctx,
            "transactions around the replayed records have ended",
            lambda: [
                str(partition)
                for partition, bounds in ctx.target.records.bounds(tuple(stops)).items()
                if bounds.stable < stops[partition]
            ],
        )
        told: dict[str, int] = {}
        for tail in self._tails(ctx):
            partition, wanted = tail.partition, self._wanted(ctx, tail)
            there = replaying.found(ctx.target.contents, tail, starts[partition], stops[partition], self._failover(ctx))
            if there != wanted:
                raise NotProven(f"{ctx.target.name}: {partition} holds {there} of {wanted} records that were replayed")
            told[str(partition)] = there
        return {"records": told}

    def _require_whole(self, ctx: StepContext) -> None:
        """The files as they were written: what is missing from them would be missing here, unnoticed."""
        vault, salvage = ctx.world.vault, self._salvage(ctx)
        if faults := vault.faults(salvage):
            raise NotProven(f"{vault.place(salvage)}: {'; '.join(faults[:5])}", remedy="restore the files from a copy")

    def _tails(self, ctx: StepContext) -> list[StrandedSpan]:
        salvaged = last_salvage(ctx.world, aftermath(ctx.world))
        return [tail for p, tail in sorted(salvaged.tails.items()) if p.topic == self.topic]

    def _wanted(self, ctx: StepContext, tail: StrandedSpan) -> int:
        """How many of the tail this run had to write: all but what an earlier run had written."""
        records = export.saved(ctx, self._salvage(ctx), tail)
        reached = evidence.from_json(ctx.snapshots[self.name]["reached"])[tail.partition]
        return sum(len(batch) for batch in replaying.batches(records, reached))

    def _failover(self, ctx: StepContext) -> str:
        return left(CheckedDecision, ctx.evidence).failover

    def _salvage(self, ctx: StepContext) -> str:
        return left(CheckedDecision, ctx.evidence).salvage

    def _name(self, ctx: StepContext) -> str:
        return replaying.name_of(self._failover(ctx))
