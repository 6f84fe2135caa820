"""The last report of group-offset sync on itself, for who judges later whether a standby is kept.

Example: at 09:10:00 the service has ended a cycle. Every group is kept but billing, whose coordinator at the standby
has answered nothing since 09:08:30: ``at`` is 09:10:00, and ``failing`` names billing with 09:08:30 and the answer.
audit commits with metadata of its own, which stands in place of the sync's stamp: ``unstamped`` has its positions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from drctl.model.offsets import Committed, TopicPartition


@dataclass(frozen=True, slots=True)
class FailingGroup:
    """A group whose positions could not be read, committed or read back since then, with the last reason."""

    since: datetime
    why: str


@dataclass(frozen=True, slots=True)
class SyncReport:
    """How the groups stood after a cycle that ended at ``at``, by the wall clock of the service.

    Groups that are in neither of the others were kept at that time. ``left_alone`` are groups whose positions at the
    standby are somebody else's, or live there: nobody means to keep them. It is about one direction and one epoch.
    ``unstamped`` are positions as they were left and read back at the standby, by group, of which no stamp tells that
    they are the sync's: only by this is an undo certain of them.
    """

    source: str
    target: str
    epoch: int
    at: datetime
    failing: Mapping[str, FailingGroup] = field(default_factory=dict)
    left_alone: frozenset[str] = frozenset()
    unstamped: Mapping[str, Mapping[TopicPartition, Committed]] = field(default_factory=dict)

    def is_about(self, source: str, target: str, epoch: int) -> bool:
        """Whether it tells of that direction in that epoch."""
        return (self.source, self.target, self.epoch) == (source, target, epoch)

    def left(self, group: str, partition: TopicPartition, committed: Committed) -> bool:
        """Whether the sync left exactly that at the standby, with the group's own metadata."""
        return self.unstamped.get(group, {}).get(partition) == committed
