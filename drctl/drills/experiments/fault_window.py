"""Hold what somebody saw of a fault against the fault's window: evidence from another time is none.

The first line that applies decides. *Injected* and *observed* are the times that the sighting tells; *began* and
*ended* are those of the experiment, which injects faults and undoes them.

============================================================  ==============
one of the two times is missing, or no number                 untimed
injected or observed before the experiment, or after its end  outside
observed before it was injected                               outside
none of these                                                 within
============================================================  ==============

    began - SLACK <= injected, observed <= ended + SLACK  and  injected <= observed + SLACK

For example, with an experiment from 100 to 200: injected at 110 and observed at 119 is evidence; observed at 109 is
not (somebody saw something else), nor is observed at 230 (who looks after the undo sees another fault, or none).
Bundles that drctl wrote before it told the time of observation have only untimed sightings: judged again, they prove
nothing, and say why.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeGuard

SLACK = 1.0
"""Seconds by which a sighting may lie outside: all clocks are one clock of one machine, told by one run's time, and
observers look five times a second, so that what they saw may be that much older, and rounded."""


class Placement(StrEnum):
    """Say when a fault was seen, as it is told of a sighting that does not count."""

    WITHIN = "seen within the fault's window"
    OUTSIDE = "seen outside of the fault's window"
    UNTIMED = "without the times of injection and observation"


def placement(seen: Mapping[str, Any], began: float, ended: float) -> Placement:
    """Return where a sighting lies, for an experiment between these seconds since 1970."""
    injected, observed = seen.get("injected_at"), seen.get("observed_at")
    if not _is_time(injected) or not _is_time(observed):
        return Placement.UNTIMED
    first, last = began - SLACK, ended + SLACK
    within = first <= injected <= last and first <= observed <= last and injected <= observed + SLACK
    return Placement.WITHIN if within else Placement.OUTSIDE


def _is_time(told: object) -> TypeGuard[float]:
    return isinstance(told, int | float) and not isinstance(told, bool)
