"""Model what a failover would lose, and what was last seen of a site's log ends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from drctl.model.offsets import TopicPartition


class EndsFrom(StrEnum):
    """How the source's log ends are known."""

    ASKED = "asked"
    SIGHTING = "sighting"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LogEndsSighting:
    """Where a site's logs ended when they were last seen, what open transactions hold back included.

    A record behind an open transaction may be acknowledged. ``rates`` are the offsets per second by which partitions
    grew since the sighting before; those are left out that were not seen then, or were longer. ``silent_since`` is when
    the site was first found silent after this; None while nobody has. ``anew`` are topics that were deleted and
    recreated since they were first seen.
    """

    ends: Mapping[TopicPartition, int]
    at: datetime
    rates: Mapping[TopicPartition, float] = field(default_factory=dict)
    silent_since: datetime | None = None
    anew: frozenset[str] = frozenset()

    def followed_by(
        self, ends: Mapping[TopicPartition, int], at: datetime, anew: frozenset[str] = frozenset()
    ) -> "LogEndsSighting":
        """The next sighting, which now tells how fast the logs grow."""
        seconds = (at - self.at).total_seconds()
        if seconds <= 0:
            return LogEndsSighting(ends, at, self.rates, anew=anew)
        grown = {p: end - self.ends[p] for p, end in ends.items() if end >= self.ends.get(p, end + 1)}
        return LogEndsSighting(ends, at, {p: count / seconds for p, count in grown.items()}, anew=anew)


@dataclass(frozen=True, slots=True)
class Loss:
    """Hold what is at the source and not at the target.

    ``records`` per topic is never too few for what was seen: ``exact`` says that data records were counted one by one,
    else they are distances in offsets, transaction markers included. ``unseen`` is how many more may have been written
    between the sighting and the silence, at the rate of before; None where no rate is known. ``seconds`` per topic is
    the age of what would be lost, None where no record tells. Nothing but ``frontier`` is filled where ``ends_from`` is
    UNKNOWN.
    """

    frontier: Mapping[TopicPartition, int]
    ends_from: EndsFrom
    ends: Mapping[TopicPartition, int] = field(default_factory=dict)
    seen_at: datetime | None = None
    records: Mapping[str, int] = field(default_factory=dict)
    unseen: int | None = None
    seconds: Mapping[str, float | None] = field(default_factory=dict)
    exact: bool = False

    @property
    def seen(self) -> int | None:
        """Records in all topics as far as they were seen; None where the source's ends are unknown."""
        return None if self.ends_from is EndsFrom.UNKNOWN else sum(self.records.values())

    @property
    def total(self) -> int | None:
        """At most so many records in all topics; None where nobody can tell."""
        seen = self.seen
        return None if seen is None or self.unseen is None else seen + self.unseen


@dataclass(frozen=True, slots=True)
class AcceptedLoss:
    """How much a person has accepted to lose: so many records, and with ``unknown`` also what nobody can count."""

    records: int = 0
    unknown: bool = False

    def covers(self, loss: Loss) -> bool:
        """Whether that loss was accepted."""
        return self.unknown if loss.total is None else loss.total <= self.records or self.unknown

    def __str__(self) -> str:
        return "any, also an unknown one" if self.unknown else f"{self.records} records"
