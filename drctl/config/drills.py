"""Leave that the plan file gives to drills at the sites."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, Field

from drctl.config.values import SHAPE, Command, Lasting, Name, Wait, milliseconds
from drctl.model.live import LiveDrillTerms, StayWatch

LONGEST_STAY = timedelta(hours=8)
"""A shift: whoever begins the drill is there when it ends. The journal gets a line for every look."""


class _Part(BaseModel):
    model_config = SHAPE


class IsolatedPart(_Part):
    """``createTopics`` lets ``drctl drill --level isolated`` make topics and groups that begin with ``drctl.drill.``.

    It deletes them again. Without it that drill makes nothing and says so.
    """

    create_topics: bool = False


class StayWatchPart(_Part):
    """A command that is asked during the stay: any end but exit code 0 sends the work home, after three in a row."""

    name: Name
    command: Command
    timeout: Wait = "10s"  # the next look waits for it


class LiveDrillPart(_Part):
    """Let ``drctl drill --level live`` move the real work to the other site, for ``stay``, and home again.

    It also wants ``guards.calendar``, whose windows hold all of the stay, and a second person's approval, whatever
    ``guards.approval`` says.
    """

    stay: Lasting
    arrive_within: Lasting = "5m"  # a rolling restart of consumers; what takes longer is an outage to its users
    lag_at_most: Lasting = "1m"  # a link in use copies within seconds, and records at one site only are at risk
    watches: Annotated[list[StayWatchPart], Field(max_length=50)] = []


class DrillsPart(_Part):
    """Say what drills may do at the sites; a tabletop only reads and needs no leave."""

    isolated: IsolatedPart = IsolatedPart()
    live: LiveDrillPart | None = None


def frozen_live_drill(part: LiveDrillPart | None) -> LiveDrillTerms | None:
    """The terms of live drills; None where the plan file allows none."""
    if part is None:
        return None
    watches = tuple(StayWatch(each.name, tuple(each.command), _length(each.timeout)) for each in part.watches)
    return LiveDrillTerms(_length(part.stay), _length(part.arrive_within), _length(part.lag_at_most), watches)


def live_drill_faults(part: LiveDrillPart | None, at: Callable[..., str]) -> Iterator[str]:
    """A stay that is too long or too short for what is watched, and a name that is given twice, with file and line."""
    if part is None:
        return
    place = ("drills", "live")
    stay = _length(part.stay)
    if stay > LONGEST_STAY:
        longest = f"{LONGEST_STAY.total_seconds() / 3600:g}h"
        yield at(*place, "stay") + f"drills.live.stay {part.stay} is longer than {longest}: that is a move, not a drill"
    if _length(part.arrive_within) >= stay:
        arrives = f"arriveWithin {part.arrive_within} has passed"
        yield at(*place, "stay") + f"drills.live.stay {part.stay} ends before {arrives}"
    names = [each.name for each in part.watches]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield at(*place, "watches", index) + f"watches: the name {name} is used twice"


def _length(text: str) -> timedelta:
    return timedelta(milliseconds=milliseconds(text))
