"""Decide what retention can have removed of a topic, by its settings where its log was read: pure.

Retention deletes whole segments from a log's beginning, once the newest record of one is too old, or while what is
left without it is as large as allowed. So a record that is gone from below the log's beginning was taken by retention
only if it can have been old enough by then. Any other was deleted by somebody (DeleteRecords, files taken away).

| settings of the topic | what retention can have removed |
| --- | --- |
| not known | anything: nobody can rule it out |
| no ``delete`` in ``cleanup.policy`` | nothing: compaction moves no log's beginning |
| ``retention.bytes`` is set | anything: how large the log was is not known |
| ``retention.ms`` is set | what was acknowledged before the settings were read, less ``retention.ms``, plus ``SLACK`` |
| neither | nothing |

Example: ``retention.ms`` 600000, read at 12:30:00. A record that was acknowledged at 12:05 may have gone by retention,
one that was acknowledged at 12:25 not: if the log begins above it, it was deleted.

Invariant: each error is one towards *may have gone*, which proves and refutes nothing. Accepted is that the settings
may have been others before they were read, and that a record's timestamp is that of its sending: an application that
gives its records older ones, on a topic with CreateTime, has them deleted earlier. ``local.retention.*`` of tiered
storage does not count: what it removes from brokers is still read from the remote tier, and the log's beginning stays.
"""

from collections.abc import Mapping
from math import inf
from typing import NamedTuple

SLACK = 60.0
"""Seconds that a record may be older than its acknowledgement, or clocks of clients and brokers apart: producers give a
record up after twenty, and clocks that are kept differ by less than one."""


class Retention(NamedTuple):
    """Hold a topic's settings as read ``at`` (seconds since 1970); ``ms`` and ``size`` (bytes) are -1 for no bound."""

    policy: str
    ms: int
    size: int
    at: float


def retention_in(config: Mapping[str, str], at: float) -> Retention | None:
    """Return the retention in a topic's effective settings; None where they do not tell it."""
    try:
        return Retention(config["cleanup.policy"], int(config["retention.ms"]), int(config["retention.bytes"]), at)
    except (KeyError, ValueError):
        return None


def removed_until(retention: Retention | None) -> float:
    """Return the time (seconds since 1970) up to which acknowledged records may have gone by retention.

    ``inf``: any may. ``-inf``: none can.
    """
    if retention is None:
        return inf
    if "delete" not in retention.policy:
        return -inf
    if retention.size >= 0:
        return inf
    return retention.at - retention.ms / 1000 + SLACK if retention.ms >= 0 else -inf


def undecided(retention: Retention | None) -> str:
    """Return why nobody can say what retention has not removed, empty where the settings do."""
    if retention is None:
        return "its retention is not known"
    if "delete" in retention.policy and retention.size >= 0:
        return f"retention.bytes is {retention.size}, and how large it was is not known"
    return ""
