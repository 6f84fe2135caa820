"""Fences: what makes a site refuse writes, and how surely it does."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from drctl.model.offsets import TopicPartition


class FenceState(StrEnum):
    """How surely a site refuses writes. One is never shown as another.

    PROVEN is by data alone; BY_AGENT is what a fencing agent says it has done, such as a power-off.
    """

    PROVEN = "proven"
    BY_AGENT = "by-agent"
    ATTESTED = "attested"
    PENDING = "pending"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Attestation:
    """A person's word that a site takes no writes: who says so, and why. It is evidence of that word only."""

    by: str
    why: str


class Scope(StrEnum):
    """Name what a deny rule covers."""

    TOPICS = "topics"
    TRANSACTIONAL_IDS = "transactional-ids"


EVERYONE = "User:*"


@dataclass(frozen=True, slots=True)
class Writers:
    """Who may write at a site, from its ALLOW rules.

    ``principals`` hold WRITE or ALL on some topic or transactional id; ``everyone`` says that ``User:*`` does, which a
    rule per principal cannot fence. ``super_users`` are bound by no rule; None where nobody tells who they are.
    """

    principals: frozenset[str]
    everyone: bool = False
    super_users: frozenset[str] | None = None

    def undenied(self, standing: "Collection[DenyRule]", exempt: Collection[str]) -> "frozenset[DenyRule]":
        """Every denial that is missing for a closed site: writers − exempt − denied = ∅ in each scope where it is.

        ``exempt`` are the replication principals. ``User:*`` is among the missing where everyone may write: no rule
        per principal denies that. Worked: shop and mm2 write, shop is denied topics: shop's transactional ids are left.
        """
        names = self.principals - frozenset(exempt) | ({EVERYONE} if self.everyone else frozenset())
        return frozenset(DenyRule(name, scope) for name in names for scope in Scope) - frozenset(standing)


MARK = "drctl.fence"
"""The resource whose deny rule beside a fence's says that drctl made both: Kafka's rules have no owner."""


@dataclass(frozen=True, slots=True)
class DenyRule:
    """A standing deny rule of drctl's shape: this principal may write to nothing in this scope.

    ``own`` says that drctl made it; the same rule made by somebody else is equal and not drctl's to lift.
    """

    principal: str
    scope: Scope
    own: bool = field(default=True, compare=False)


@dataclass(frozen=True, slots=True)
class CanaryResult:
    """Hold what an ordinary client met when it tried to write: ``refused`` only on an authorization failure."""

    refused: bool
    answer: str


@dataclass(frozen=True, slots=True)
class FirstLook:
    """Hold a site's end offsets at the beginning of a window, with no transaction open.

    ``at`` is when they were known, by the monotonic clock.
    """

    began: datetime
    at: float
    ends: Mapping[TopicPartition, int]


@dataclass(frozen=True, slots=True)
class Stillness:
    """End offsets sampled over a window.

    ``moved`` lists partitions that grew, ``open_transactions`` those whose last stable offset is below their end.
    """

    began: datetime
    window: timedelta
    samples: int
    moved: tuple[TopicPartition, ...]
    open_transactions: tuple[TopicPartition, ...]
    ends: dict[TopicPartition, int]
