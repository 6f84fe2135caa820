"""The last report of group-offset sync on itself, for who judges later whether a standby is kept.

Example: at 09:10:00 the service has ended a cycle. Every group is kept but billing, whose coordinator at the standby
has answered nothing since 09:08:30: ``at`` is 09:10:00, and ``failing`` names billing with 09:08:30 and the answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


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
    """

    source: str
    target: str
    epoch: int
    at: datetime
    failing: Mapping[str, FailingGroup] = field(default_factory=dict)
    left_alone: frozenset[str] = frozenset()

    def is_about(self, source: str, target: str, epoch: int) -> bool:
        """Whether it tells of that direction in that epoch."""
        return (self.source, self.target, self.epoch) == (source, target, epoch)
