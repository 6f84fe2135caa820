"""EYES: look at sites and links and return readings. They do not judge."""

from drctl.monitors.observation import observe
from drctl.monitors.status import status

__all__ = ["observe", "status"]
