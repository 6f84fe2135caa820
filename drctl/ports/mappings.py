"""Read what MirrorMaker 2 writes down about offsets, from its topics at the target."""

from collections.abc import Collection, Mapping
from typing import Protocol

from drctl.model.offsets import Checkpoint, Mark, OffsetSync, TopicPartition


class MirrorOffsets(Protocol):
    """The offset-syncs and checkpoints topics of one link, at the link's target."""

    def syncs(
        self, partitions: Collection[TopicPartition], since: Mapping[str, Mark] | None = None
    ) -> Mapping[TopicPartition, tuple[OffsetSync, ...]]:
        """The syncs of these source partitions, in the order in which they were written.

        Both offsets rise; where the link copied again, the upstream offset goes back, see
        :class:`drctl.model.sync_history.SyncHistory`. Partitions without a sync are left out, and of topics named in
        ``since`` what was written before that mark. NotFound, naming the right side, where the topic is missing at the
        target.
        """
        ...

    def mark(self) -> Mark | None:
        """Where the next sync will be written; None while the topic does not exist."""
        ...

    def checkpoints(self, groups: Collection[str]) -> Mapping[str, Mapping[TopicPartition, Checkpoint]]:
        """MirrorMaker 2's newest checkpoint per group and target partition; groups without any are left out.

        NotFound where the topic is missing.
        """
        ...
