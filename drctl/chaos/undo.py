"""Actions that end faults and wait for what they leave: each does nothing where there is nothing to do.

They also disarm the expiry of the faults that they end.
"""

from collections.abc import Mapping

from drctl.chaos.environment import kube_lab, lab
from drctl.chaos.expiry import disarm
from drctl.chaos.striking import failing_as
from drctl.drills.audit_reader import log_ends
from drctl.errors import DrctlError, LabError
from drctl.lab import service, side_topics
from drctl.lab.lab import Lab
from drctl.lab.layout import SITES
from drctl.lab.repairs import CONTAINED, REPAIRS
from drctl.lab.wholeness import WHOLE_WITHIN, await_whole
from drctl.model.offsets import TopicPartition

__all__ = [
    "await_link_caught_up",
    "await_recovery",
    "end_service",
    "forget_side_topics",
    "heal_pods",
    "mend_link",
    "reopen_routing",
    "restart_dead_brokers",
    "restart_service",
    "restart_worker",
    "restore_durability",
    "restore_pods",
    "restore_site",
    "set_clocks_right",
    "thaw_brokers",
]


def restart_dead_brokers(site: str) -> list[str]:
    """Start every broker of a site that is gone, all at once, and wait until each answers."""
    return _repair("restart-brokers", site)


def thaw_brokers(site: str) -> list[str]:
    """Let every broker and the worker of a site that is frozen go on."""
    return _repair("thaw", site)


def restart_worker(site: str) -> list[str]:
    """Start a site's Connect worker if it is gone, and wait until it answers."""
    return _repair("restart-worker", site)


def mend_link(source: str) -> list[str]:
    """Let the wire from a site carry again."""
    return _repair("mend-link", source)


def restore_site(site: str) -> list[str]:
    """Bring back everything of a site: thaw it, start its brokers and its worker, mend its wire."""
    return _repair("restore-site", site)


def set_clocks_right(site: str) -> list[str]:
    """Restart every broker of a site that runs on a wrong clock, on the right one."""
    return _repair("set-clocks-right", site)


def restore_durability(site: str) -> list[str]:
    """Bring back everything of a site, and take back the settings that let a topic of it lose records."""
    return _repair("restore-durability", site)


def reopen_routing(site: str) -> list[str]:
    """Let client routing point to a site again, if it was closed to move a group."""
    return _repair("reopen-routing", site)


def restart_service(standby: str) -> str:
    """Start drctl's service if it is gone, and wait until it keeps the standby's positions in sync again."""
    with failing_as("drctl's service"):
        there = lab()
        if not service.is_there(there):
            service.start(there)
        return f"positions at {standby} went on by {service.await_progress(there, standby)} records"


def end_service() -> list[str]:
    """Ask drctl's service to end, if it is there."""
    with failing_as("drctl's service"):
        return service.end(lab())


def forget_side_topics(site: str) -> list[str]:
    """Delete the topics that were made for faults of a site, there and at the other site."""
    with failing_as(f"side topics of {site}"):
        if site not in SITES:
            raise LabError(f"the lab has no site {site}", remedy=f"use one of {', '.join(SITES)}")
        return side_topics.forget_side_topics(lab(), site)


def restore_pods(site: str) -> list[str]:
    """Wait until every broker pod of a site is ready, which Kubernetes sees to; return those that were not."""
    with failing_as(f"pods of {site}"):
        there = kube_lab(site)
        states = there.states()
        away = [pod for pod in there.pods if states[pod] != "running"]
        for pod in away:
            there.start_broker(pod)
        return away


def heal_pods(site: str) -> list[str]:
    """End what was done to the broker pods of a site, their volumes and their node, and wait until each is ready.

    Return those that were not. A volume that was lost is replaced by an empty one.
    """
    with failing_as(f"pods of {site}"):
        kube_lab(site)
    return _repair("heal-pods", site)


def await_recovery(seconds: float = WHOLE_WITHIN) -> str:
    """Wait until the lab is whole: every part runs, all replicas are in sync at both sites, and the link copies."""
    with failing_as("recovery"):
        there = lab()
        begun = there.clock.monotonic()
        await_whole(there, seconds)
        return f"the lab is whole after {there.clock.monotonic() - begun:.0f} s"


def await_link_caught_up(source: str, seconds: float = WHOLE_WITHIN) -> str:
    """Wait until the link's frontier is at the ends that the source's logs had when this was called.

    It needs traffic: where a log ends with a transaction's marker, the frontier passes that only with the next record.
    """
    with failing_as(f"the link from {source}"):
        there = lab()
        ends = log_ends(there, source)
        deadline = there.clock.monotonic() + seconds
        while short := _short(there, source, ends):
            if there.clock.monotonic() > deadline:
                raise LabError(f"not caught up within {seconds:.0f} s: {short}", remedy="see the worker's log")
            there.clock.sleep(0.5)
        return f"{len(ends)} partitions are copied up to {sum(ends.values())} records"


def _short(there: Lab, source: str, ends: Mapping[TopicPartition, int]) -> str:
    replication = there.replication(source)
    try:
        frontier = replication.frontier()
    except DrctlError as error:
        return str(error)
    finally:
        replication.close()
    behind = [str(place) for place, end in ends.items() if frontier.get(place, 0) < end]
    return f"{len(behind)} partitions, first {behind[0]}" if behind else ""


def _repair(repair: str, site: str) -> list[str]:
    with failing_as(f"{repair} of {site}"):
        if site not in SITES:
            raise LabError(f"the lab has no site {site}", remedy=f"use one of {', '.join(SITES)}")
        there = lab()
        # No other: what nobody undoes here still has to end by itself.
        disarm(there, site, repair, *CONTAINED.get(repair, ()))
        return REPAIRS[repair](there, site)
