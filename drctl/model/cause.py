"""Model what is wrong at a site, how far it reaches, and why we think so."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CauseScope(StrEnum):
    """How far a cause reaches, the narrowest first. WELL: nothing wrong was seen, and everything that matters was."""

    WELL = "well"
    BROKER = "broker"
    VOLUME = "volume"
    NODE = "node"
    ZONE = "zone"
    CONTROLLERS = "controllers"
    UNKNOWN = "unknown"
    NETWORK = "network between sites"
    SITE = "site"


class Response(StrEnum):
    """Say what somebody is to do about a cause.

    Only FAILOVER moves anything; a person begins it, or the service where the plan file lets it.
    """

    WAIT = "wait"
    REPAIR = "repair"
    FAILOVER = "failover"


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause: how far it reaches, what it is, the brokers it explains, and every reason.

    ``stuck``: Kubernetes' own word is that it does not end by itself, as where a pod has no image or no place.
    """

    scope: CauseScope
    subject: str
    reasons: tuple[str, ...]
    brokers: frozenset[int] = frozenset()
    stuck: bool = False

    @property
    def key(self) -> str:
        """Return what stays the same from look to look while the same thing is wrong."""
        return f"{self.scope.value} {self.subject}".strip()


@dataclass(frozen=True, slots=True)
class SiteHealth:
    """Hold what one look at a site comes to.

    ``causes``: the widest first. ``blind``: what could not be seen, and why. ``notes``: what is worth knowing and is no
    cause, such as a volume nobody reports the health of. ``blocked``: partitions that refuse acks=all now.
    """

    site: str
    causes: tuple[Cause, ...] = ()
    blind: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    blocked: int | None = None

    @property
    def scope(self) -> CauseScope:
        """The widest cause's; UNKNOWN where none was found and not everything was seen."""
        if self.causes:
            return self.causes[0].scope
        return CauseScope.UNKNOWN if self.blind else CauseScope.WELL


class Phase(StrEnum):
    """Where a cause stands over time. Only CONFIRMED is worth waking somebody for; OVER is kept to count turns by."""

    SUSPECTED = "suspected"
    CONFIRMED = "confirmed"
    CLEARING = "clearing"
    FLAPPING = "flapping"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Course:
    """A cause over time: whether it is there now, since when that has been so, and when that turned lately.

    ``paged`` says that somebody was told since it last was over.
    """

    cause: Cause
    phase: Phase
    present: bool
    since: datetime
    turns: tuple[datetime, ...]
    paged: bool = False
