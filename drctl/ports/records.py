"""Records of one site, read as a read_committed consumer would and without joining any group."""

from collections.abc import Collection, Mapping
from typing import Protocol

from drctl.model.offsets import LogBounds, RecordId, TopicPartition


class Records(Protocol):
    """Raw access to the logs of one site."""

    def bounds(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, LogBounds]:
        """Log start, last stable offset, high watermark and the leader's epoch.

        NotFound for a partition that does not exist.
        """
        ...

    def identities(self, partition: TopicPartition, start: int, stop: int) -> tuple[RecordId, ...]:
        """Committed data records with ``start <= offset < stop`` (and below the last stable offset), in order.

        Markers, aborted and compacted-away records are not there. A ``start`` below the log start begins at the log
        start.
        """
        ...

    def identities_all(
        self, spans: Mapping[TopicPartition, tuple[int, int]]
    ) -> Mapping[TopicPartition, tuple[RecordId, ...]]:
        """The same from ``start`` to ``stop`` of many partitions, read side by side."""
        ...

    def following(self, partition: TopicPartition, start: int, count: int) -> tuple[RecordId, ...]:
        """The first ``count`` committed data records at or after ``start``; fewer at the end of the log."""
        ...
