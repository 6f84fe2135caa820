"""Faults that end by themselves: a process of the lab undoes one when its time is up, whoever injected it is gone.

That process, of :mod:`drctl.chaos.countdown`, is armed before the fault is injected, and disarmed by the action that
undoes the fault, so none of an earlier experiment ever ends a later fault.
"""

import os
import sys

from drctl.chaos.environment import LAB
from drctl.errors import LabError
from drctl.lab.lab import Lab
from drctl.lab.repairs import REPAIRS

EXPIRES_AFTER = 300.0
"""Seconds after which a fault ends by itself: no shipped experiment needs it that long, and a run may take longer."""

PREFIX = "chaos-expiry-"


def arm(there: Lab, repair: str, site: str, seconds: float) -> None:
    """Have the lab repair a site in so many seconds, and no earlier. LabError for an unknown repair or no time."""
    if repair not in REPAIRS or seconds <= 0:
        raise LabError(
            f"a fault cannot expire after {seconds:g} s by {repair}",
            remedy=f"use a positive number of seconds, and one of {', '.join(REPAIRS)}",
        )
    disarm(there, site, repair)
    command = [sys.executable, "-m", "drctl.chaos.countdown", repair, site, repr(seconds)]
    there.processes.start(f"{PREFIX}{repair}-{site}", command, {**os.environ, LAB: str(there.folder)})


def disarm(there: Lab, site: str, *repairs: str) -> None:
    """End the waiting for these repairs of a site; one under way is cut off, and its caller repairs."""
    names = {f"{PREFIX}{repair}-{site}" for repair in repairs}
    for process in there.status():
        if process.name in names and process.state != "gone":
            there.processes.signal(process.name, "SIGKILL")
            there.processes.wait_gone(process.name)
