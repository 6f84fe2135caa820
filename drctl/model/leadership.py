"""Leadership among drctl services: of several with the same plan file one acts, the others watch."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ElectionTerms:
    """Spans of an election, in seconds of each one's own monotonic clock.

    ``lease``: others wait that long from the last change that they saw. ``act``: the leader acts that long from when it
    sent what was confirmed last; ``lease`` less ``act`` is what a request that is under way then has left. ``renew``:
    between two turns. ``answer``: to connect, and once more to be answered.
    """

    lease: float
    act: float
    renew: float
    answer: float


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """A Lease as it is in the store at ``version``.

    ``holder`` is empty where nobody holds it, ``seconds`` None where nobody ever did. ``transitions`` is the fencing
    number: it grows whenever the lease changes hands; only a Lease that is recreated begins at 0 again.
    """

    version: str
    holder: str = ""
    seconds: float | None = None
    transitions: int = 0


@dataclass(frozen=True, slots=True)
class SeenRecord:
    """A record, and when by our monotonic clock this version of it was first received."""

    record: LeaseRecord
    at: float
