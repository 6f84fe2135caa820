"""How old a fact may be before nobody may judge, or act, by it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from drctl.model.reading import Reading


@dataclass(frozen=True, slots=True)
class Limits:
    """Where judgement draws its lines.

    ``lease``: silence after which a node is taken to be ill; Kubernetes itself waits 40 to 50 seconds. ``skew``: clocks
    further apart than this are reported. ``low`` and ``full``: parts of a file system that are free. ``told``: how old
    an event may be that tells of a volume which still is as it was. A cause is
    confirmed once it stood for ``confirm`` in at least two looks, and over once it was away for ``clear``; one that
    turned ``flaps`` times within ``memory`` flaps until it stood or was away for ``clear``.
    """

    # Four looks at the usual interval of 15 s: one that is late or lost is no reason to call a site
    # unknown.
    max_age: timedelta = timedelta(seconds=60)
    # The kubelet renews its lease every 10 s, and the controller waits for 40 s: sooner than that
    # Kubernetes itself calls no node ill.
    lease: timedelta = timedelta(seconds=40)
    skew: timedelta = timedelta(seconds=5)
    # Enough for somebody to see to it in working hours. Kafka goes on until the disk is full, and then
    # gives the directory up, or ends where it has no other.
    low: float = 0.15
    full: float = 0.03
    # The kubelet repeats such an event at each look at the volume, of which every 300 s one comes through
    # once the first 25 have.
    told: timedelta = timedelta(minutes=6)
    # Two looks at the usual interval, so that a restart of one broker pages nobody.
    confirm: timedelta = timedelta(seconds=20)
    clear: timedelta = timedelta(seconds=60)
    # Two outages and two returns within the memory: once may be a restart, twice is no accident.
    flaps: int = 4
    memory: timedelta = timedelta(minutes=15)


def unusable(reading: Reading[object], now: datetime, limits: Limits) -> str:
    """Why this says nothing about now; empty if it does. What was seen in the future was seen by a wrong clock."""
    if not reading.known:
        return reading.unknown
    age = now - reading.seen_at
    if age > limits.max_age:
        return f"seen {age.total_seconds():.0f} s ago, which is too old"
    # A reading from the future would stay fresh for as long as the clock is ahead, so that a frozen monitor
    # looked alive.
    if -age > limits.skew:
        return f"seen {-age.total_seconds():.0f} s in the future: a clock is wrong"
    return ""


def fresh[T](reading: Reading[T], now: datetime, limits: Limits) -> T | None:
    """The value, unless it is unknown, too old or from the future."""
    return None if unusable(reading, now, limits) else reading.value


def stale(readings: Mapping[str, Reading[object]], now: datetime, limits: Limits) -> Iterator[str]:
    """Every reading by which nobody may act now, each with the reason; nothing means go."""
    for name, reading in readings.items():
        if why := unusable(reading, now, limits):
            yield f"{name}: {why}"
