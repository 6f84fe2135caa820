"""Model what the plan file says of live drills."""

from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class StayWatch:
    """A command that is asked during the stay, without a shell, and killed after ``timeout``.

    Any end but exit code 0 is a signal to go home. Its words may be secret: no ``repr`` has them.
    """

    name: str
    command: tuple[str, ...] = field(repr=False)
    timeout: timedelta


@dataclass(frozen=True, slots=True)
class LiveDrillTerms:
    """How long the work stays at the other site, and what is too bad to stay for.

    ``arrive_within`` is how long a group may take to arrive, ``lag_at_most`` how far the link home may be behind, by
    the time of the oldest record that it has not copied.
    """

    stay: timedelta
    arrive_within: timedelta
    lag_at_most: timedelta
    watches: tuple[StayWatch, ...] = ()
