"""EYES: look at sites and links and return readings. They do not judge."""

from drctl.monitors.looking import look
from drctl.monitors.observation import observe
from drctl.monitors.sessions import Sessions, follow
from drctl.monitors.status import status
from drctl.monitors.uncovered import Uncovered, uncovered

__all__ = ["Sessions", "Uncovered", "follow", "look", "observe", "status", "uncovered"]
