"""EYES: look at sites and links and return readings. They do not judge."""

from drctl.monitors.copying import look_at_link, oldest_commits, remember, watch_link
from drctl.monitors.looking import SideBySide, are_late, look
from drctl.monitors.observation import observe
from drctl.monitors.sessions import Sessions, follow, hidden
from drctl.monitors.sights import Eyes
from drctl.monitors.status import status
from drctl.monitors.uncovered import Uncovered, uncovered

__all__ = [
    "Eyes",
    "Sessions",
    "SideBySide",
    "Uncovered",
    "are_late",
    "follow",
    "hidden",
    "look",
    "look_at_link",
    "observe",
    "oldest_commits",
    "remember",
    "status",
    "uncovered",
    "watch_link",
]
