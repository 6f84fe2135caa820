"""One site under another one's names: under the default replication policy a topic's copy has another name."""

from collections.abc import Collection, Iterable, Mapping

from drctl.errors import NotFound
from drctl.model.cluster import Topic
from drctl.model.offsets import LogBounds, OffsetSync, RecordId, TopicPartition
from drctl.ports import World


class Images:
    """Topics, records and syncs of ``target`` by the names that ``source`` has for them."""

    def __init__(self, world: World, source: str, target: str) -> None:
        self._world, self._source, self._target = world, source, target
        self._site = world.sites[target]
        self._images: dict[TopicPartition, TopicPartition] = {}

    def of(self, partition: TopicPartition) -> TopicPartition:
        """A partition of the source as it is called at the target."""
        known = self._images.get(partition)
        if known is None:
            known = self._images[partition] = TopicPartition(self._name(partition.topic), partition.partition)
        return known

    def topics(self, names: Iterable[str]) -> Mapping[str, Topic]:
        """Those whose image exists."""
        images = {name: self._name(name) for name in names}
        found = self._site.brokers.topics(set(images.values()))
        return {name: found[image] for name, image in images.items() if image in found}

    def bounds(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, LogBounds]:
        """The images' bounds. NotFound where one does not exist."""
        found = self._site.records.bounds([self.of(p) for p in partitions])
        return {p: found[self.of(p)] for p in partitions}

    def identities_all(
        self, spans: Mapping[TopicPartition, tuple[int, int]]
    ) -> Mapping[TopicPartition, tuple[RecordId, ...]]:
        """The images' records in these spans of the target's offsets."""
        found = self._site.records.identities_all({self.of(p): span for p, span in spans.items()})
        return {p: found[self.of(p)] for p in spans}

    def forward_syncs(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, tuple[OffsetSync, ...]]:
        """Return what the link to the target wrote down. NotFound where its topic is missing."""
        plan = self._world.plan
        copied = [p for p in partitions if plan.is_copied(self._source, self._target, p.topic)]
        if not copied:
            return {}
        return self._world.links[self._source, self._target].mappings.syncs(copied)

    def reverse_syncs(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, tuple[OffsetSync, ...]]:
        """Return what the link back wrote down, from the target's offsets to the source's; nothing if it never ran."""
        link = self._world.links.get((self._target, self._source))
        origins = {p: self.of(p) for p in partitions if link and self._came_from_target(p.topic)}
        if link is None or not origins:
            return {}
        try:
            found = link.mappings.syncs(set(origins.values()))
        # Nothing was ever written at the target and copied here, so no sync of that link is missing.
        except NotFound:  # it never ran
            return {}
        return {p: found[origin] for p, origin in origins.items() if origin in found}

    def _name(self, topic: str) -> str:
        return self._world.plan.image(self._source, self._target, topic)

    def _came_from_target(self, topic: str) -> bool:
        plan, origin = self._world.plan, self._name(topic)
        there_and_back = plan.image(self._target, self._source, origin)
        return there_and_back == topic and plan.is_copied(self._target, self._source, origin)
