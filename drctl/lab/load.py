"""The workload for a lab that somebody tries things on: it runs until the lab goes down, and nothing judges it."""

import os
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from drctl.drivers.kafka.positions import KafkaPositions
from drctl.drivers.store.client_routing import FileClientRouting
from drctl.errors import DrctlError, LabError
from drctl.lab.lab import Lab
from drctl.lab.steady import SteadyTime
from drctl.lab.workload import GROUPS, clients

RATE, BURST = 30.0, 1500
"""Records per second, and at once as a backlog: less than a drill's, since it may run for days on a small disk."""

PATIENCE = 120.0
"""Seconds until every group must have committed."""


def start_load(lab: Lab, say: Callable[[str], None]) -> int:
    """Start every client that does not run, and wait until each group has committed; returns how many were started.

    LabError if a client ends or a group does not commit in time. Histories would grow without end, so none is written.
    """
    running = {process.name for process in lab.processes.all() if process.state != "gone"}
    everyone = list(
        clients(lab, uuid4(), SteadyTime.begun(lab.clock), lambda _: Path(os.devnull), rate=RATE, burst=BURST)
    )
    began = [name for name, argv in everyone if name not in running and lab.processes.start(name, argv)]
    _await_commits(lab, [name for name, _ in everyone], say)
    return len(began)


def _await_commits(lab: Lab, names: list[str], say: Callable[[str], None]) -> None:
    routing, deadline, told = (
        FileClientRouting(lab.folder / "client-routing.json"),
        lab.clock.monotonic() + PATIENCE,
        "",
    )
    while missing := _uncommitted(lab, routing):
        if gone := [name for name in names if lab.processes.status(name).state == "gone"]:
            why = f"{gone[0]} ended:\n{lab.processes.reason(gone[0])}"
            raise LabError(why, remedy=f"see {lab.processes.log(gone[0])}")
        if lab.clock.monotonic() > deadline:
            raise LabError(
                f"no commit within {PATIENCE:.0f} s by {missing}", remedy=f"see {lab.processes.log('client-…').parent}"
            )
        if missing != told:
            say(f"waiting until every group has committed: {missing}")
            told = missing
        lab.clock.sleep(1)


def _uncommitted(lab: Lab, routing: FileClientRouting) -> str:
    """The groups without a position where client routing points; why it cannot be told, as long as it cannot."""
    kafka = None
    try:
        site = routing.site()
        if site is None:
            return "client routing is closed"
        kafka = lab.site(site).kafka("drctl")
        committed = KafkaPositions(kafka).committed([group.name for group in GROUPS])
        return ", ".join(group.name for group in GROUPS if not committed.get(group.name))
    except DrctlError as error:
        return str(error)
    finally:
        if kafka:
            kafka.close()
