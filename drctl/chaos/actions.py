"""Faults of brokers, for experiments on the lab. Each action raises if it did not do what it says.

A fault is seen by another observer than its injector before its action returns, and noted as evidence. It ends by
itself after ``expires_after`` seconds; the actions of :mod:`drctl.chaos.undo` end it before, and may run twice. Those
of the link are in :mod:`drctl.chaos.link_actions`.
"""

from drctl.chaos.environment import lab
from drctl.chaos.expiry import EXPIRES_AFTER, arm
from drctl.chaos.striking import Observer, failing_as, lab_with, noted, strike
from drctl.errors import LabError
from drctl.lab import roles
from drctl.lab.faults import FAULTS
from drctl.lab.lab import Lab
from drctl.lab.observers import all_refuse, all_silent, another_controls, another_coordinates, none_listed

__all__ = [
    "fail_writes",
    "freeze_active_controller",
    "freeze_brokers",
    "freeze_controllers",
    "freeze_coordinator",
    "freeze_follower",
    "freeze_leader",
    "inject",
    "kill_active_controller",
    "kill_brokers",
    "kill_coordinator",
    "kill_follower",
    "kill_leader",
    "lose_site",
    "stop_active_controller",
    "stop_broker",
    "stop_follower",
    "stop_leader",
]

PEERS, CLIENT = "the other brokers", "a client of the site"
UNLISTED, REFUSING, SILENT = Observer(PEERS, none_listed), Observer(CLIENT, all_refuse), Observer(CLIENT, all_silent)


def inject(fault: str, target: str) -> str:
    """Inject one of the lab's faults, without an expiry; returns what somebody else saw of it."""
    with failing_as(f"{fault} of {target}"):
        if fault not in FAULTS:
            raise LabError(f"there is no fault {fault}", remedy=f"use one of {', '.join(FAULTS)}")
        return noted(FAULTS[fault](lab(), target))


def kill_leader(site: str, topic: str, partition: int, expires_after: float = EXPIRES_AFTER) -> str:
    """SIGKILL to the broker that leads a partition; evidence is that the other brokers no longer list it."""
    with failing_as(f"leader of {topic}-{partition} at {site}"):
        there = lab_with(site)
        leader = roles.leader(there, site, topic, partition)
        return strike(there, "kill", site, [leader], UNLISTED, expires_after=expires_after)


def kill_follower(site: str, topic: str, partition: int, expires_after: float = EXPIRES_AFTER) -> str:
    """SIGKILL to a broker that follows in sync; evidence is that the other brokers no longer list it."""
    with failing_as(f"follower of {topic}-{partition} at {site}"):
        there = lab_with(site)
        follower = roles.follower(there, site, topic, partition)
        return strike(there, "kill", site, [follower], UNLISTED, expires_after=expires_after)


def kill_active_controller(site: str, expires_after: float = EXPIRES_AFTER) -> str:
    """SIGKILL to the active KRaft controller; evidence is that all the others follow a new one, in a later epoch."""
    with failing_as(f"active controller of {site}"):
        return _depose(site, "kill", expires_after)


def kill_coordinator(site: str, group: str, expires_after: float = EXPIRES_AFTER) -> str:
    """SIGKILL to the coordinator of a group; evidence is that the other brokers name another one for it."""
    with failing_as(f"coordinator of {group} at {site}"):
        return _replace_coordinator(site, "kill", group, expires_after)


def kill_brokers(site: str, brokers: list[int], expires_after: float = EXPIRES_AFTER) -> str:
    """SIGKILL to these brokers, right after each other; evidence is that a client gets no connection to any of them.

    Nobody else could tell of a majority: what is left of the quorum cannot take the dead ones off its list.
    """
    with failing_as(f"brokers {brokers} of {site}"):
        there = lab_with(site)
        return strike(there, "kill", site, _known(there, site, brokers), REFUSING, expires_after=expires_after)


def stop_leader(site: str, topic: str, partition: int, expires_after: float = EXPIRES_AFTER) -> str:
    """SIGTERM to the broker that leads a partition, which hands over and ends; seen by the other brokers."""
    with failing_as(f"leader of {topic}-{partition} at {site}"):
        there = lab_with(site)
        leader = roles.leader(there, site, topic, partition)
        return strike(there, "stop", site, [leader], UNLISTED, expires_after=expires_after)


def freeze_leader(
    site: str, topic: str, partition: int, *, until_fenced: bool, expires_after: float = EXPIRES_AFTER
) -> str:
    """SIGSTOP to the broker that leads a partition: its connections stay and it answers nothing.

    With ``until_fenced`` this waits until the other brokers list it no more, which they do after its session timeout of
    9 s; else it returns as soon as a client gets no answer from it, long before.
    """
    with failing_as(f"leader of {topic}-{partition} at {site}"):
        there = lab_with(site)
        leader = roles.leader(there, site, topic, partition)
        return strike(there, "pause", site, [leader], UNLISTED if until_fenced else SILENT, expires_after=expires_after)


def freeze_controllers(site: str, expires_after: float = EXPIRES_AFTER) -> str:
    """SIGSTOP to the active controller and as many others as make a majority; seen by a client of theirs."""
    with failing_as(f"controllers of {site}"):
        there = lab_with(site)
        active = roles.active_controller(there, site).leader
        others = [node.number for node in there.layout[site].nodes if node.number != active]
        chosen = [active, *others[: len(there.layout[site].nodes) // 2]]
        return strike(there, "pause", site, chosen, SILENT, expires_after=expires_after)


def stop_follower(site: str, topic: str, partition: int, expires_after: float = EXPIRES_AFTER) -> str:
    """SIGTERM to a broker that follows in sync, which says farewell and ends; seen by the other brokers."""
    with failing_as(f"follower of {topic}-{partition} at {site}"):
        there = lab_with(site)
        follower = roles.follower(there, site, topic, partition)
        return strike(there, "stop", site, [follower], UNLISTED, expires_after=expires_after)


def freeze_follower(site: str, topic: str, partition: int, expires_after: float = EXPIRES_AFTER) -> str:
    """SIGSTOP to a broker that follows in sync, until the other brokers list it no more: after its session, of 9 s."""
    with failing_as(f"follower of {topic}-{partition} at {site}"):
        there = lab_with(site)
        follower = roles.follower(there, site, topic, partition)
        return strike(there, "pause", site, [follower], UNLISTED, expires_after=expires_after)


def stop_active_controller(site: str, expires_after: float = EXPIRES_AFTER) -> str:
    """SIGTERM to the active KRaft controller; evidence is that all the others follow a new one, in a later epoch."""
    with failing_as(f"active controller of {site}"):
        return _depose(site, "stop", expires_after)


def freeze_active_controller(site: str, expires_after: float = EXPIRES_AFTER) -> str:
    """SIGSTOP to the active KRaft controller; evidence is that all the others follow a new one, in a later epoch."""
    with failing_as(f"active controller of {site}"):
        return _depose(site, "pause", expires_after)


def freeze_coordinator(site: str, group: str, expires_after: float = EXPIRES_AFTER) -> str:
    """SIGSTOP to the coordinator of a group, until the other brokers name another one for it."""
    with failing_as(f"coordinator of {group} at {site}"):
        return _replace_coordinator(site, "pause", group, expires_after)


def freeze_brokers(site: str, brokers: list[int], expires_after: float = EXPIRES_AFTER) -> str:
    """SIGSTOP to these brokers; evidence is that each takes a client's connection and answers nothing."""
    with failing_as(f"brokers {brokers} of {site}"):
        there = lab_with(site)
        return strike(there, "pause", site, _known(there, site, brokers), SILENT, expires_after=expires_after)


def stop_broker(site: str, broker: int, expires_after: float = EXPIRES_AFTER) -> str:
    """SIGTERM to one broker, as for a restart of it; evidence is that the other brokers no longer list it."""
    with failing_as(f"broker {broker} of {site}"):
        there = lab_with(site)
        return strike(there, "stop", site, _known(there, site, [broker]), UNLISTED, expires_after=expires_after)


def fail_writes(site: str, topic: str, partition: int, expires_after: float = EXPIRES_AFTER) -> str:
    """Let every write to a file fail for the broker that leads a partition, which then halts.

    Evidence is that the other brokers no longer list it, and before that, that it ended by itself and by no signal.
    """
    with failing_as(f"leader of {topic}-{partition} at {site}"):
        there = lab_with(site)
        leader = roles.leader(there, site, topic, partition)
        return strike(there, "fail-writes", site, [leader], UNLISTED, expires_after=expires_after)


def lose_site(site: str, expires_after: float = EXPIRES_AFTER) -> str:
    """SIGKILL to every broker and the worker of a site; evidence is that a client gets no connection to any broker."""
    with failing_as(f"site {site}"):
        there = lab_with(site)
        # The end is armed before the fault: an experiment that dies in between leaves a lab that mends
        # itself.
        arm(there, "restore-site", site, expires_after)
        return noted(FAULTS["lose-site"](there, site))


def _depose(site: str, fault: str, expires_after: float) -> str:
    there = lab_with(site)
    former = roles.active_controller(there, site)
    replaced = Observer("the other controllers", lambda *_: another_controls(there, site, former))
    return strike(there, fault, site, [former.leader], replaced, expires_after=expires_after)


def _replace_coordinator(site: str, fault: str, group: str, expires_after: float) -> str:
    there = lab_with(site)
    former = roles.coordinator(there, site, group)
    replaced = Observer(PEERS, lambda *_: another_coordinates(there, site, group, former))
    return strike(there, fault, site, [former], replaced, expires_after=expires_after)


def _known(there: Lab, site: str, brokers: list[int]) -> list[int]:
    known = [node.number for node in there.layout[site].nodes]
    if not brokers or not set(brokers) <= set(known):
        raise LabError(f"{brokers} are not brokers of {site}", remedy=f"name some of {known}")
    return brokers
