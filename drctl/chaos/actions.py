"""Faults for experiments on the lab. Each action raises if it did not do what it says.

A fault is seen by another observer than its injector before its action returns, and noted as evidence. It ends by
itself after ``expires_after`` seconds; the actions of :mod:`drctl.chaos.undo` end it before, and may run twice.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from typing import NamedTuple

from chaoslib.exceptions import ActivityFailed

from drctl.chaos.environment import lab, note
from drctl.chaos.expiry import EXPIRES_AFTER, arm
from drctl.errors import DrctlError, LabError
from drctl.lab import roles
from drctl.lab.faults import FAULTS, FaultEvidence
from drctl.lab.lab import Lab
from drctl.lab.layout import SITES
from drctl.lab.observers import (
    all_refuse,
    all_silent,
    another_controls,
    another_coordinates,
    await_seen,
    none_listed,
    worker_refuses,
)

__all__ = [
    "cut_link",
    "freeze_controllers",
    "freeze_leader",
    "inject",
    "kill_active_controller",
    "kill_brokers",
    "kill_coordinator",
    "kill_follower",
    "kill_leader",
    "kill_worker",
    "lose_site",
    "stop_leader",
]

REPAIRED_BY = {"kill": "restart-brokers", "stop": "restart-brokers", "pause": "thaw"}
"""How the faults of brokers end by themselves."""


class Observer(NamedTuple):
    """Who tells that brokers of a site were struck, and how it is asked; what it says is empty until it sees it."""

    name: str
    sees: Callable[[Lab, str, Sequence[int]], str]


PEERS, CLIENT = "the other brokers", "a client of the site"
UNLISTED, REFUSING, SILENT = Observer(PEERS, none_listed), Observer(CLIENT, all_refuse), Observer(CLIENT, all_silent)


def inject(fault: str, target: str) -> str:
    """Inject one of the lab's faults, without an expiry; returns what somebody else saw of it."""
    with failing_as(f"{fault} of {target}"):
        if fault not in FAULTS:
            raise LabError(f"there is no fault {fault}", remedy=f"use one of {', '.join(FAULTS)}")
        return _noted(FAULTS[fault](lab(), target))


def kill_leader(site: str, topic: str, partition: int, expires_after: float = EXPIRES_AFTER) -> str:
    """SIGKILL to the broker that leads a partition; evidence is that the other brokers no longer list it."""
    with failing_as(f"leader of {topic}-{partition} at {site}"):
        there = _lab_with(site)
        leader = roles.leader(there, site, topic, partition)
        return _strike(there, "kill", site, [leader], UNLISTED, expires_after=expires_after)


def kill_follower(site: str, topic: str, partition: int, expires_after: float = EXPIRES_AFTER) -> str:
    """SIGKILL to a broker that follows in sync; evidence is that the other brokers no longer list it."""
    with failing_as(f"follower of {topic}-{partition} at {site}"):
        there = _lab_with(site)
        follower = roles.follower(there, site, topic, partition)
        return _strike(there, "kill", site, [follower], UNLISTED, expires_after=expires_after)


def kill_active_controller(site: str, expires_after: float = EXPIRES_AFTER) -> str:
    """SIGKILL to the active KRaft controller; evidence is that all the others follow a new one, in a later epoch."""
    with failing_as(f"active controller of {site}"):
        there = _lab_with(site)
        former = roles.active_controller(there, site)
        replaced = Observer("the other controllers", lambda *_: another_controls(there, site, former))
        return _strike(there, "kill", site, [former.leader], replaced, expires_after=expires_after)


def kill_coordinator(site: str, group: str, expires_after: float = EXPIRES_AFTER) -> str:
    """SIGKILL to the coordinator of a group; evidence is that the other brokers name another one for it."""
    with failing_as(f"coordinator of {group} at {site}"):
        there = _lab_with(site)
        former = roles.coordinator(there, site, group)
        replaced = Observer(PEERS, lambda *_: another_coordinates(there, site, group, former))
        return _strike(there, "kill", site, [former], replaced, expires_after=expires_after)


def kill_brokers(site: str, brokers: list[int], expires_after: float = EXPIRES_AFTER) -> str:
    """SIGKILL to these brokers, right after each other; evidence is that a client gets no connection to any of them.

    Nobody else could tell of a majority: what is left of the quorum cannot take the dead ones off its list.
    """
    with failing_as(f"brokers {brokers} of {site}"):
        there = _lab_with(site)
        known = [node.number for node in there.layout[site].nodes]
        if not brokers or not set(brokers) <= set(known):
            raise LabError(f"{brokers} are not brokers of {site}", remedy=f"name some of {known}")
        return _strike(there, "kill", site, brokers, REFUSING, expires_after=expires_after)


def stop_leader(site: str, topic: str, partition: int, expires_after: float = EXPIRES_AFTER) -> str:
    """SIGTERM to the broker that leads a partition, which hands over and ends; seen by the other brokers."""
    with failing_as(f"leader of {topic}-{partition} at {site}"):
        there = _lab_with(site)
        leader = roles.leader(there, site, topic, partition)
        return _strike(there, "stop", site, [leader], UNLISTED, expires_after=expires_after)


def freeze_leader(
    site: str, topic: str, partition: int, *, until_fenced: bool, expires_after: float = EXPIRES_AFTER
) -> str:
    """SIGSTOP to the broker that leads a partition: its connections stay and it answers nothing.

    With ``until_fenced`` this waits until the other brokers list it no more, which they do after its session timeout of
    9 s; else it returns as soon as a client gets no answer from it, long before.
    """
    with failing_as(f"leader of {topic}-{partition} at {site}"):
        there = _lab_with(site)
        leader = roles.leader(there, site, topic, partition)
        return _strike(
            there, "pause", site, [leader], UNLISTED if until_fenced else SILENT, expires_after=expires_after
        )


def freeze_controllers(site: str, expires_after: float = EXPIRES_AFTER) -> str:
    """SIGSTOP to the active controller and as many others as make a majority; seen by a client of theirs."""
    with failing_as(f"controllers of {site}"):
        there = _lab_with(site)
        active = roles.active_controller(there, site).leader
        others = [node.number for node in there.layout[site].nodes if node.number != active]
        chosen = [active, *others[: len(there.layout[site].nodes) // 2]]
        return _strike(there, "pause", site, chosen, SILENT, expires_after=expires_after)


def kill_worker(site: str, expires_after: float = EXPIRES_AFTER) -> str:
    """SIGKILL to a site's Connect worker; evidence is that a client gets no connection to it."""
    with failing_as(f"Connect worker of {site}"):
        there = _lab_with(site)
        arm(there, "restart-worker", site, expires_after)
        done = FAULTS["kill"](there, there.layout[site].worker)
        told = await_seen(there, "kill", "a client of it", partial(worker_refuses, there, site))
        return _noted(replace(done, observer="a client of it", observation=told, observed_at=there.clock.now()))


def lose_site(site: str, expires_after: float = EXPIRES_AFTER) -> str:
    """SIGKILL to every broker and the worker of a site; evidence is that a client gets no connection to any broker."""
    with failing_as(f"site {site}"):
        there = _lab_with(site)
        arm(there, "restore-site", site, expires_after)
        return _noted(FAULTS["lose-site"](there, site))


def cut_link(source: str, expires_after: float = EXPIRES_AFTER) -> str:
    """Turn the wire from a site into a black hole; evidence is one probe through the wire and one past it."""
    with failing_as(f"the wire from {source}"):
        there = _lab_with(source)
        arm(there, "mend-link", source, expires_after)
        return _noted(FAULTS["cut-link"](there, source))


@contextmanager
def failing_as(what: str) -> Iterator[None]:
    """Turn whatever keeps an action from doing what it says into the toolkit's own failure, which names it."""
    try:
        yield
    except (DrctlError, LookupError) as error:
        raise ActivityFailed(f"{what}: {error}") from error


def _lab_with(site: str) -> Lab:
    if site not in SITES:
        raise LabError(f"the lab has no site {site}", remedy=f"use one of {', '.join(SITES)}")
    return lab()


def _strike(
    there: Lab, fault: str, site: str, brokers: Sequence[int], observer: Observer, *, expires_after: float
) -> str:
    """Do it to each of these brokers once its end is sure, and wait until the observer sees it."""
    arm(there, REPAIRED_BY[fault], site, expires_after)
    done = [FAULTS[fault](there, there.layout[site].broker(broker)) for broker in brokers]
    target = ", ".join(each.target for each in done)
    told = await_seen(there, f"{fault} of {target}", observer.name, partial(observer.sees, there, site, brokers))
    return _noted(FaultEvidence(fault, target, done[0].injected_at, observer.name, told, there.clock.now()))


def _noted(evidence: FaultEvidence) -> str:
    moments = {"injected_at": evidence.injected_at.timestamp(), "observed_at": evidence.observed_at.timestamp()}
    note(json.dumps({**asdict(evidence), **moments}))
    return f"{evidence.observer}: {evidence.observation}"
