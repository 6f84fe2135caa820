"""Faults of the link, of its Connect worker and its wire, for experiments on the lab: as :mod:`drctl.chaos.actions`."""

from collections.abc import Callable
from dataclasses import replace

from drctl.chaos.expiry import EXPIRES_AFTER, arm
from drctl.chaos.striking import failing_as, lab_with, noted
from drctl.lab.faults import FAULTS
from drctl.lab.lab import Lab
from drctl.lab.layout import wire
from drctl.lab.observers import await_seen, wire_refuses, worker_refuses, worker_silent

__all__ = [
    "cut_link",
    "freeze_worker",
    "hold_answers",
    "kill_wire",
    "kill_worker",
    "slow_link",
    "stop_worker",
]

CLIENT = "a client of it"


def kill_worker(site: str, expires_after: float = EXPIRES_AFTER) -> str:
    """SIGKILL to a site's Connect worker; evidence is that a client gets no connection to it."""
    return _strike_worker(site, "kill", "restart-worker", worker_refuses, expires_after)


def stop_worker(site: str, expires_after: float = EXPIRES_AFTER) -> str:
    """SIGTERM to a site's Connect worker, which ends its tasks first; evidence is that a client gets no connection."""
    return _strike_worker(site, "stop", "restart-worker", worker_refuses, expires_after)


def freeze_worker(site: str, expires_after: float = EXPIRES_AFTER) -> str:
    """SIGSTOP to a site's Connect worker; evidence is that it takes a client's connection and answers nothing."""
    return _strike_worker(site, "pause", "thaw", worker_silent, expires_after)


def cut_link(source: str, expires_after: float = EXPIRES_AFTER) -> str:
    """Turn the wire from a site into a black hole; evidence is one probe through the wire and one past it."""
    return _strike_wire(source, "cut-link", expires_after)


def hold_answers(source: str, expires_after: float = EXPIRES_AFTER) -> str:
    """Let requests through the wire from a site and no answers; evidence is what the kernel knows of a connection."""
    return _strike_wire(source, "hold-answers", expires_after)


def slow_link(source: str, expires_after: float = EXPIRES_AFTER) -> str:
    """Let every answer through the wire from a site wait for half a second; evidence is a probe that waits so long."""
    return _strike_wire(source, "slow-link", expires_after)


def kill_wire(source: str, expires_after: float = EXPIRES_AFTER) -> str:
    """SIGKILL to the wire from a site, so that connections are refused; evidence is a client of it, and one past it."""
    with failing_as(f"the wire from {source}"):
        there = lab_with(source)
        arm(there, "mend-link", source, expires_after)
        return _struck(there, "kill", wire(source), lambda: wire_refuses(there, source))


def _strike_worker(site: str, fault: str, repair: str, sees: Callable[[Lab, str], str], expires_after: float) -> str:
    with failing_as(f"Connect worker of {site}"):
        there = lab_with(site)
        arm(there, repair, site, expires_after)
        return _struck(there, fault, there.layout[site].worker, lambda: sees(there, site))


def _struck(there: Lab, fault: str, process: str, look: Callable[[], str]) -> str:
    done = FAULTS[fault](there, process)
    told = await_seen(there, fault, CLIENT, look)
    return noted(replace(done, observer=CLIENT, observation=told, observed_at=there.clock.now()))


def _strike_wire(source: str, fault: str, expires_after: float) -> str:
    with failing_as(f"the wire from {source}"):
        there = lab_with(source)
        arm(there, "mend-link", source, expires_after)
        return noted(FAULTS[fault](there, source))
