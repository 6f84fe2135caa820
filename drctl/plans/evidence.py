"""Offsets as evidence: JSON objects with partitions as ``topic-0``."""

from collections.abc import Mapping

from drctl.model.offsets import TopicPartition
from drctl.model.run import Evidence


def written(offsets: Mapping[TopicPartition, int]) -> dict[str, int]:
    """Offsets by partition, ready for JSON."""
    return {str(partition): offset for partition, offset in sorted(offsets.items())}


def read(offsets: Evidence) -> dict[TopicPartition, int]:
    """The opposite of :func:`written`."""
    return {partition_of(name): int(offset) for name, offset in offsets.items()}


def partition_of(name: str) -> TopicPartition:
    """``topic-0`` as a partition."""
    topic, _, number = name.rpartition("-")
    return TopicPartition(topic, int(number))
