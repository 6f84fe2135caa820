"""Faults of drctl itself, for experiments on the lab: as :mod:`drctl.chaos.actions`."""

from dataclasses import replace

from drctl.chaos.environment import lab
from drctl.chaos.striking import failing_as, noted
from drctl.lab import service
from drctl.lab.faults import FAULTS
from drctl.lab.observers import await_seen

__all__ = ["kill_service"]

CLIENT = "a client of it"


def kill_service(standby: str) -> str:
    """SIGKILL to drctl's service while it keeps a standby's positions in sync; it is started if it does not run.

    Evidence is that a client gets no connection to it. It needs no expiry, since nothing depends on it.
    """
    with failing_as("drctl's service"):
        there = lab()
        if not service.is_there(there):
            service.start(there)
        service.await_progress(there, standby)
        done = FAULTS["kill"](there, service.PROCESS)
        told = await_seen(there, "kill", CLIENT, lambda: service.refuses(there))
        return noted(replace(done, observer=CLIENT, observation=told, observed_at=there.clock.now()))
