"""export-tail."""

from typing import ClassVar

from drctl import __version__
from drctl.errors import NotProven
from drctl.model.offsets import TopicPartition
from drctl.model.run import Evidence
from drctl.model.salvage import StrandedSpan
from drctl.plans import evidence, export, tails
from drctl.plans.aftermath import COMPARE, Aftermath, aftermath
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.steps.see_returned_site import SeeReturnedSite


class ExportTail(Step):
    """Write every record of the old site that the other one lacks to files, with all that makes it a record.

    These are the records at or beyond the failover's frontier; those proven by comparison to have arrived all the same
    are listed apart. Aborted records, those of open transactions and tombstones are there and say so. Groups that had
    read into the tail are named. Complete files are kept when the step is done again; what is in them is read back.
    """

    name: ClassVar[str] = tails.EXPORT
    title: ClassVar[str] = "Save the records that only the old site has"
    at: ClassVar[Place] = Place.SOURCE
    inspect: ClassVar[str] = "drctl salvage show"

    def check(self, ctx: StepContext) -> bool:
        return self.name in ctx.evidence and not ctx.world.vault.faults(ctx.run.id)

    def snapshot(self, ctx: StepContext) -> Evidence:
        return {"at": ctx.world.clock.now().isoformat()}

    def do(self, ctx: StepContext) -> Evidence:
        failover = aftermath(ctx.world)
        found: dict[TopicPartition, StrandedSpan] = {}
        names: dict[str, list[str]] = {}
        less = ctx.evidence.get(COMPARE, {}).get("less", {})
        bounds = ctx.source.records.bounds(ctx.partitions(ctx.source))
        for partition, log in sorted(bounds.items()):
            tail, copied = export.find_tail(ctx, failover, partition, log, whole=partition.topic in less)
            found[partition] = tail
            if copied["records"]:
                export.put_document(ctx, f"{export.folder(partition)}/overlap.json", copied)
            names[str(partition)] = export.export(ctx, tail)
        inside = export.groups_inside(ctx, found)
        export.put_document(ctx, "groups.json", inside)
        told = self._told(ctx, failover, found) | {"groups": inside}
        # Last of all: a salvage without its manifest counts as cut off, however many files it has.
        export.put_document(ctx, "manifest.json", self._manifest(ctx, failover, told, names))
        return told

    def verify(self, ctx: StepContext) -> Evidence:
        if faults := ctx.world.vault.faults(ctx.run.id):
            raise NotProven(f"{ctx.world.vault.place(ctx.run.id)}: {'; '.join(faults[:5])}")
        return {"place": ctx.world.vault.place(ctx.run.id)}

    def _told(self, ctx: StepContext, failover: Aftermath, found: dict[TopicPartition, StrandedSpan]) -> Evidence:
        look = evidence.from_json(ctx.evidence[SeeReturnedSite.name]["ends"])
        topics: dict[str, export.Counts] = {}
        partitions: dict[str, Evidence] = {}
        for partition, tail in found.items():
            records = export.saved(ctx, ctx.run.id, tail)
            counts = export.count(records, look.get(partition, 0), failover.seen.get(partition), failover.began)
            topics[partition.topic] = topics.get(partition.topic, export.Counts()) + counts
            partitions[str(partition)] = counts.document()
        return {
            "tails": tails.written(found),
            "topics": {topic: counts.document() for topic, counts in sorted(topics.items())},
            "partitions": partitions,
        }

    def _manifest(self, ctx: StepContext, failover: Aftermath, told: Evidence, names: dict[str, list[str]]) -> Evidence:
        looked = ctx.evidence[SeeReturnedSite.name]
        return {
            "apiVersion": "drctl.io/v1alpha1",
            "kind": "Salvage",
            "run": ctx.run.id,
            "plan": ctx.run.plan,
            "epoch": ctx.run.epoch,
            "drctl": __version__,
            "site": {"name": ctx.source.name, "cluster": ctx.source.brokers.cluster().cluster_id},
            "target": {"name": ctx.target.name, "cluster": ctx.target.brokers.cluster().cluster_id},
            "failover": {"run": failover.run.id, "began": failover.began.isoformat(), "fence": failover.fence},
            "open": failover.opened or None,
            "came back with less": ctx.evidence.get(COMPARE) or None,
            "first look": looked["at"],
            "exported": ctx.snapshots[self.name]["at"],
            "frontier": "the link's offsets at the failover; what was copied beyond was compared: overlap.json",
            "format": "gzipped JSON Lines; bytes in base64, null is null; a null value is a tombstone",
            "files": names,
        } | told
