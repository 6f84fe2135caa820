"""Model what a failover now would cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from drctl.errors import DrctlError
from drctl.model.loss import Loss


@dataclass(frozen=True, slots=True)
class GroupForecast:
    """A group with positions at the target: how many of them, how many that group-offset sync kept in this epoch.

    ``rereads`` is how many records at most it would read again there, None where nobody can tell; ``age`` is how many
    seconds ago the oldest of its positions was the newest record, None where no record tells. ``late`` is by how many
    seconds the newest record is younger than the first one behind a position, the most of all its partitions; 0 where
    nothing lies behind them, None where no record tells.
    """

    positions: int
    synced: int
    rereads: int | None
    age: float | None
    late: float | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """If we failed over now. ``loss`` is None where the frontier is not known, with ``unknown`` saying why.

    ``uncovered`` are groups without a position at the target, with what happens to them. ``recovery`` are the seconds
    that earlier failovers took until traffic was restored, newest first; empty if none was measured. ``failure`` is why
    not all of the groups is known, with the number of positions of those of which that was seen. ``unknown_sinks``
    would not be started there, for nobody knows as which group they read; each with why. ``never_committed`` are lines
    about partitions in which groups have no position there, though they have others.
    """

    source: str
    target: str
    at: datetime
    loss: Loss | None
    groups: Mapping[str, GroupForecast]
    uncovered: Mapping[str, str]
    recovery: tuple[float, ...]
    unknown: str = ""
    failure: DrctlError | None = None
    unknown_sinks: Mapping[str, str] = field(default_factory=dict)
    never_committed: tuple[str, ...] = ()

    @property
    def expected_recovery(self) -> float | None:
        """The slowest of the measured ones, in seconds; None if none was measured."""
        return max(self.recovery, default=None)
