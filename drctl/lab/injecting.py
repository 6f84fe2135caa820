"""Parts that faults are made of: a signal to a process, and what somebody else than the injector sees of it."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from drctl.errors import LabError
from drctl.lab.lab import Lab
from drctl.ports import Clock

PATIENCE = 30.0
"""Seconds within which a fault must have been seen."""


@dataclass(frozen=True, slots=True)
class FaultEvidence:
    """That a fault happened: what was done to what, and what somebody else saw of it.

    ``injected_at`` is right before it was done, ``observed_at`` when the observer first saw it.
    """

    fault: str
    target: str
    injected_at: datetime
    observer: str
    observation: str
    observed_at: datetime


def signalled(lab: Lab, process: str, signal: str) -> datetime:
    """Send a signal to a process and return the moment before. LabError if it is gone."""
    if lab.processes.status(process).state == "gone":
        raise LabError(f"{process} is gone already", remedy="restart it first")
    at = lab.clock.now()
    lab.processes.signal(process, signal)
    return at


def evidence_of(
    lab: Lab, fault: str, target: str, at: datetime, *, by: str, look: Callable[[], str], seconds: float = 0
) -> FaultEvidence:
    """Return what an observer sees of a fault, as soon as it sees it.

    LabError if it has not within these seconds, by default ``PATIENCE``.
    """
    seconds = seconds or PATIENCE
    deadline = lab.clock.monotonic() + seconds
    while not (observation := look()):
        if lab.clock.monotonic() > deadline:
            raise LabError(f"{fault} of {target} was not seen by {by} within {seconds:.0f} s")
        lab.clock.sleep(0.05)
    return FaultEvidence(fault, target, at, by, observation, lab.clock.now())


def connects(port: int, host: str = "127.0.0.1") -> bool:
    """Whether somebody takes a connection to this port."""
    try:
        socket.create_connection((host, port), 0.5).close()
    except OSError:
        return False
    return True


NO_GREETING = b"no TLS greeting, so that a live broker hangs up or sends an alert\r\n"


def forwards(port: int, host: str = "127.0.0.1", seconds: float = 1) -> bool:
    """Whether a TLS server behind this port answers a greeting: a stopped wire or broker accepts and says nothing."""
    try:
        with socket.create_connection((host, port), seconds) as connection:
            connection.settimeout(seconds)
            connection.sendall(NO_GREETING)
            connection.recv(1)
    except ConnectionResetError:
        return True
    except OSError:
        return False
    return True


def answers_after(clock: Clock, port: int, host: str = "127.0.0.1") -> float | None:
    """Return the seconds until a server behind this port answers, or hangs up; None if it does not within ten."""
    begun = clock.monotonic()
    return clock.monotonic() - begun if forwards(port, host, 10) else None
