"""export-tail."""

from typing import ClassVar

from drctl import __version__
from drctl.errors import NotProven
from drctl.model.offsets import TopicPartition
from drctl.model.run import Evidence
from drctl.model.salvage import Tail
from drctl.plans import evidence, export, tails
from drctl.plans.aftermath import COMPARE, Aftermath, aftermath
from drctl.plans.plan import Place, Scene, Step
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
    look: ClassVar[str] = "drctl salvage show"

    def check(self, scene: Scene) -> bool:
        return self.name in scene.seen and not scene.world.vault.faults(scene.run.id)

    def remember(self, scene: Scene) -> Evidence:
        return {"at": scene.world.clock.now().isoformat()}

    def do(self, scene: Scene) -> Evidence:
        failover = aftermath(scene.world)
        found: dict[TopicPartition, Tail] = {}
        names: dict[str, list[str]] = {}
        less = scene.seen.get(COMPARE, {}).get("less", {})
        bounds = scene.source.records.bounds(scene.partitions(scene.source))
        for partition, log in sorted(bounds.items()):
            tail, copied = export.find_tail(scene, failover, partition, log, whole=partition.topic in less)
            found[partition] = tail
            if copied["records"]:
                export.put_document(scene, f"{export.folder(partition)}/overlap.json", copied)
            names[str(partition)] = export.export(scene, tail)
        inside = export.groups_inside(scene, found)
        export.put_document(scene, "groups.json", inside)
        told = self._told(scene, failover, found) | {"groups": inside}
        export.put_document(scene, "manifest.json", self._manifest(scene, failover, told, names))
        return told

    def verify(self, scene: Scene) -> Evidence:
        if faults := scene.world.vault.faults(scene.run.id):
            raise NotProven(f"{scene.world.vault.place(scene.run.id)}: {'; '.join(faults[:5])}")
        return {"place": scene.world.vault.place(scene.run.id)}

    def _told(self, scene: Scene, failover: Aftermath, found: dict[TopicPartition, Tail]) -> Evidence:
        look = evidence.read(scene.seen[SeeReturnedSite.name]["ends"])
        topics: dict[str, export.Counts] = {}
        partitions: dict[str, Evidence] = {}
        for p, tail in found.items():
            records = export.saved(scene, scene.run.id, tail)
            counts = export.count(records, look.get(p, 0), failover.seen.get(p), failover.began)
            topics[p.topic] = topics.get(p.topic, export.Counts()) + counts
            partitions[str(p)] = counts.document()
        return {
            "tails": tails.written(found),
            "topics": {topic: counts.document() for topic, counts in sorted(topics.items())},
            "partitions": partitions,
        }

    def _manifest(self, scene: Scene, failover: Aftermath, told: Evidence, names: dict[str, list[str]]) -> Evidence:
        looked = scene.seen[SeeReturnedSite.name]
        return {
            "apiVersion": "drctl.io/v1alpha1",
            "kind": "Salvage",
            "run": scene.run.id,
            "plan": scene.run.plan,
            "epoch": scene.run.epoch,
            "drctl": __version__,
            "site": {"name": scene.source.name, "cluster": scene.source.brokers.cluster().cluster_id},
            "target": {"name": scene.target.name, "cluster": scene.target.brokers.cluster().cluster_id},
            "failover": {"run": failover.run.id, "began": failover.began.isoformat(), "fence": failover.fence},
            "open": failover.opened or None,
            "came back with less": scene.seen.get(COMPARE) or None,
            "first look": looked["at"],
            "exported": scene.remembered[self.name]["at"],
            "frontier": "the link's offsets at the failover; what was copied beyond was compared: overlap.json",
            "format": "gzipped JSON Lines; bytes in base64, null is null; a null value is a tombstone",
            "files": names,
        } | told
