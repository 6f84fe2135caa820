"""Let the work leave a struck site by a failover and come home, on the lab: as :mod:`drctl.chaos.actions`.

Done by the plans of an emergency: failover, late fence, salvage, a decision per topic, failback. What only those who do
it can tell goes into the report's evidence: the tail that was saved, and when which site was open.
"""

import os
import socket
from collections.abc import Callable

from drctl.chaos.environment import report_folder, run_under_way
from drctl.chaos.expiry import arm
from drctl.chaos.striking import failing_as, lab_with, noted
from drctl.config import load
from drctl.drills.bundle.write import keep_trip
from drctl.drills.experiments.round_trip import trip_as_json
from drctl.drills.lab_drill import LoadProfile
from drctl.drills.struck_move import StruckMove, Trip
from drctl.drills.unplanned import SOURCE
from drctl.errors import LabError
from drctl.lab.workload import LabWorkload
from drctl.model.terms import Terms
from drctl.monitors import observe
from drctl.wiring.world import open_world

__all__ = ["fail_over_amid_restarts", "lose_site_and_return"]

EXPIRES_AFTER = 1800.0
"""Seconds after which what was struck is started again: the failover and the way home take minutes, and a broker that
came back by itself meanwhile would be another experiment."""
PROFILE = LoadProfile(rate=150, seconds=10, burst=0)
"""How long the work goes on at each stay; the experiment's own workload writes at its own rate."""


def lose_site_and_return(site: str, expires_after: float = EXPIRES_AFTER) -> str:
    """Lose a site with a tail that only it has, fail over, bring it back, save the tail, and fail back.

    Evidence of the loss is that a client gets no connection to any broker of it.
    """
    return _moved(site, expires_after, StruckMove.lose_and_return)


def fail_over_amid_restarts(site: str, expires_after: float = EXPIRES_AFTER) -> str:
    """Restart every broker of a site in turn, fail over while the first is down, and fail back once all are there.

    Evidence of each stop is that the other brokers no longer list it.
    """
    return _moved(site, expires_after, StruckMove.leave_amid_restarts)


def _moved(site: str, expires_after: float, move: Callable[[StruckMove, LabWorkload], Trip]) -> str:
    with failing_as(f"the work of {site}"):
        there = lab_with(site)
        if site != SOURCE:
            raise LabError(f"the work is not at {site}", remedy=f"use {SOURCE}, the primary of every experiment")
        ledger_run, histories, time = run_under_way()
        folder = report_folder()
        arm(there, "restore-site", site, expires_after)
        terms = Terms(by="drctl chaos", account=f"uid {os.getuid()}", host=socket.gethostname())
        struck = StruckMove(there, load(there.plan_file), open_world, observe, profile=PROFILE, terms=terms)
        struck.time, struck.seen = time, noted
        trip, stranded = move(struck, LabWorkload(there, ledger_run, histories, time, leave_lost_sites=True))
        keep_trip(folder, trip_as_json(trip), stranded)
        return f"the work left {trip.home}, which kept a tail of {len(stranded)} records, and came home"
