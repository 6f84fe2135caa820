"""Model what a link has copied, what its source still keeps, and what both are about to forget."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from drctl.model.cluster import Topic
from drctl.model.links import Link
from drctl.model.offsets import LogBounds, OffsetSync, TopicPartition
from drctl.model.reading import Reading


@dataclass(frozen=True, slots=True)
class PositionPair:
    """A group's position at both ends of a link: offsets of the next record to read."""

    group: str
    partition: TopicPartition
    here: int
    there: int


@dataclass(frozen=True, slots=True)
class LinkLook:
    """One look at a link, for what it may lose.

    ``running``: Connect calls the source connector RUNNING, whatever its tasks do. ``topics`` and ``bounds`` are the
    source's.
    ``topic_ids``: each topic's id when it was first seen. ``copied``: source offsets below which, at an earlier look,
    nothing was left to copy. ``waiting``: partitions with records not copied, and when the oldest of them was written
    (milliseconds since 1970, None where it has no time). ``checkpoints``: groups that have one at the target.
    ``standings``: groups with a position at both sites. ``committed_at``: per group its oldest commit at the target,
    which is forgotten ``offsets_retention`` later.
    """

    at: datetime
    link: Link
    running: Reading[bool]
    exactly_once: bool
    topics: Reading[Mapping[str, Topic]]
    topic_ids: Reading[Mapping[str, str]]
    bounds: Reading[Mapping[TopicPartition, LogBounds]]
    frontier: Reading[Mapping[TopicPartition, int]]
    copied: Reading[Mapping[TopicPartition, int]]
    waiting: Reading[Mapping[TopicPartition, int | None]]
    syncs: Reading[Mapping[TopicPartition, tuple[OffsetSync, ...]]]
    checkpoints: Reading[int]
    standings: Reading[tuple[PositionPair, ...]]
    committed_at: Reading[Mapping[str, datetime]]
    offsets_retention: Reading[timedelta | None]
