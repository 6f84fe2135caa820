"""What MirrorMaker 2 writes down about offsets, read from its topics at the target."""

from collections.abc import Collection, Mapping
from typing import Protocol

from drctl.model.offsets import Checkpoint, OffsetSync, TopicPartition


class Mappings(Protocol):
    """The offset-syncs and checkpoints topics of one link, at the link's target."""

    def syncs(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, tuple[OffsetSync, ...]]:
        """Every sync still in the topic for these source partitions, both offsets strictly rising.

        Partitions without a sync are left out. After a source rewind (recreated topic) only what came after counts.
        NotFound, naming the right side, where the topic is missing at the target.
        """
        ...

    def checkpoints(self, groups: Collection[str]) -> Mapping[str, Mapping[TopicPartition, Checkpoint]]:
        """MirrorMaker 2's newest checkpoint per group and target partition; groups without any are left out.

        NotFound where the topic is missing.
        """
        ...
