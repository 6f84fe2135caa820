"""Monitors: observe sites and links and return readings. They do not judge."""

from drctl.monitors.copying import look_at_link, oldest_commits, remember, watch_link
from drctl.monitors.hurrying import hurried, hurried_surveys
from drctl.monitors.observation import observe
from drctl.monitors.readings import (
    UNHURRIED,
    WITHIN,
    Begun,
    Pace,
    SideBySide,
    after,
    are_late,
    in_turn,
    reading_of,
    side_by_side,
)
from drctl.monitors.sessions import Sessions, follow, hidden
from drctl.monitors.sights import SiteObservers
from drctl.monitors.status import status
from drctl.monitors.uncovered import Uncovered, uncovered
from drctl.monitors.upkeep import keep_up

__all__ = [
    "UNHURRIED",
    "WITHIN",
    "Begun",
    "Pace",
    "Sessions",
    "SideBySide",
    "SiteObservers",
    "Uncovered",
    "after",
    "are_late",
    "follow",
    "hidden",
    "hurried",
    "hurried_surveys",
    "in_turn",
    "keep_up",
    "look_at_link",
    "observe",
    "oldest_commits",
    "reading_of",
    "remember",
    "side_by_side",
    "status",
    "uncovered",
    "watch_link",
]
