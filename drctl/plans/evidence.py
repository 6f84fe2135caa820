"""Offsets as evidence: JSON objects with partitions as ``topic-0``."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import Evidence


def to_json(offsets: Mapping[TopicPartition, int]) -> dict[str, int]:
    """Offsets by partition, ready for JSON."""
    return {str(partition): offset for partition, offset in sorted(offsets.items())}


def from_json(offsets: Evidence) -> dict[TopicPartition, int]:
    """The opposite of :func:`to_json`."""
    return {partition_of(name): int(offset) for name, offset in offsets.items()}


def held(positions: Mapping[TopicPartition, Committed]) -> dict[str, list[Any]]:
    """A group's positions with their metadata, ready for JSON."""
    return {str(p): [c.offset, c.metadata] for p, c in sorted(positions.items())}


def read_held(positions: Evidence) -> dict[TopicPartition, Committed]:
    """The opposite of :func:`held`."""
    return {partition_of(name): Committed(*position) for name, position in positions.items()}


def image_of(name: str, line: Mapping[str, object]) -> TopicPartition:
    """A handed-over position's partition as the target calls it: ``name`` unless the line says otherwise."""
    return partition_of(str(line.get("as", name)))


@lru_cache(maxsize=4096)  # many groups have positions in the same ones
def partition_of(name: str) -> TopicPartition:
    """``topic-0`` as a partition."""
    topic, _, number = name.rpartition("-")
    return TopicPartition(topic, int(number))
