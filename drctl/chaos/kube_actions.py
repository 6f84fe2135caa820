"""Faults of broker pods, their volumes and their node, for experiments on the lab on Kubernetes.

As :mod:`drctl.chaos.actions`; besides, drctl looks all the time, and an action fails where it calls the cause otherwise
than it should, or proposes a failover. Pods that were killed are started again by Kubernetes itself, so only what is
done to volumes and node has to expire.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from drctl.chaos.environment import kube_lab
from drctl.chaos.expiry import arm
from drctl.chaos.striking import failing_as, noted
from drctl.config import load
from drctl.drills.cause_watch import CauseWatch, HealthLook, health_of, named, watching
from drctl.drills.pod_kills import PodKill, chosen, kill_one
from drctl.errors import LabError
from drctl.lab import roles
from drctl.lab.kube import KubeLab
from drctl.lab.kube.faults import FAULTS
from drctl.model.cause import CauseScope
from drctl.monitors import SiteObservers
from drctl.wiring.world import open_world

__all__ = ["detach_volume", "fail_volume_writes", "fill_volume", "kill_pods", "lose_node", "lose_volume"]

NAMED_WITHIN = 90.0
"""Seconds in which a look must have named the cause: one takes some on a busy machine, and at most eight."""
CALLED_WITHIN = 240.0
"""The same for what is done to a volume: a broker halts some time after its disk fails, its container ends again and
again, and only then is the volume told from the broker; ``docs/signals.md`` has what it took."""
EXPIRES_AFTER = 900.0
"""Seconds after which these end by themselves: to be seen and to be named may take four minutes each."""
CALLED = {
    "fill-volume": CauseScope.VOLUME,
    "fail-writes": CauseScope.VOLUME,
    "detach-volume": CauseScope.VOLUME,
    "lose-volume": CauseScope.VOLUME,
    "lose-node": CauseScope.NODE,
}
"""What drctl has to call each fault."""


def kill_pods(site: str, times: int, seed: int = 1) -> str:
    """Kill broker pods at random moments, by turns with a second of grace and by SIGKILL inside, and wait for each.

    Evidence is what the API server, or kubelet, says of each, with the volume's uid. It fails if one comes back to
    another volume, if drctl, looking all the time, does not call the cause *broker*, or if it proposes a failover.
    """
    with failing_as(f"pods of {site}"):
        there = kube_lab(site)
        wrong: list[str] = []
        with _watched(there, site) as watch:
            for pause, kind, pod in chosen(there.pods, times, seed):
                there.clock.sleep(pause)
                began = there.clock.monotonic()
                done = kill_one(there, kind, pod)
                looks = _looks_at(there, watch, began, _broker(pod))
                # Noted before it is judged: what was seen was seen, whatever is wrong besides.
                said = f"{done.said}; drctl named {_in_words(looks, _broker(pod))}"
                noted(replace(done.evidence, observation=said))
                wrong += [f"{kind} of {pod}: {each}" for each in shortcomings(done, looks, _broker(pod))]
        if wrong:
            raise LabError("; ".join(wrong), remedy="see the evidence of each kill")
        return f"{times} pods were killed, each was back on its volume, and the cause was called broker"


def fill_volume(site: str, topic: str, partition: int, expires_after: float = EXPIRES_AFTER) -> str:
    """Fill the volume of the broker that leads a partition; evidence is what kubelet measures to be left."""
    return _harm("fill-volume", site, topic, partition, expires_after)


def fail_volume_writes(site: str, topic: str, partition: int, expires_after: float = EXPIRES_AFTER) -> str:
    """Let every write to the volume of the broker that leads a partition fail; evidence is what the kernel says."""
    return _harm("fail-writes", site, topic, partition, expires_after)


def detach_volume(site: str, topic: str, partition: int, expires_after: float = EXPIRES_AFTER) -> str:
    """Take the device from under the volume of the broker that leads a partition; evidence is what the kernel says."""
    return _harm("detach-volume", site, topic, partition, expires_after)


def lose_volume(site: str, topic: str, partition: int, expires_after: float = EXPIRES_AFTER) -> str:
    """Destroy the volume of the broker that leads a partition, with all that it holds; evidence is the kernel's."""
    return _harm("lose-volume", site, topic, partition, expires_after)


def lose_node(site: str, topic: str, partition: int, expires_after: float = EXPIRES_AFTER) -> str:
    """Kill the kubelet under the broker that leads a partition; evidence is that the node controller misses it."""
    return _harm("lose-node", site, topic, partition, expires_after)


def _harm(fault: str, site: str, topic: str, partition: int, expires_after: float) -> str:
    with failing_as(f"{fault} of the leader of {topic}-{partition} at {site}"):
        there = kube_lab(site)
        broker = roles.leader(there, site, topic, partition)
        # The end is armed before the fault: an experiment that dies in between leaves a lab that mends itself.
        arm(there, "heal-pods", site, expires_after)
        with _watched(there, site) as watch:
            began = there.clock.monotonic()
            evidence = FAULTS[fault](there, there.layout[site].broker(broker))
            looks = _looks_until(there, watch, began, lambda found: CALLED[fault] in scopes(found, broker))
        said = f"{evidence.observation}; drctl called it {', '.join(scopes(looks, broker)) or 'nothing'}"
        told = noted(replace(evidence, observation=said))
        if wrong := list(miscalled(fault, looks, broker)):
            raise LabError("; ".join(wrong), remedy="see the evidence")
        return told


def scopes(looks: tuple[HealthLook, ...], broker: int) -> tuple[CauseScope, ...]:
    """Return what looks called the cause that explains a broker, in order and each once.

    A cause that names no broker, such as a node's, explains all of them.
    """
    causes = (each for look in looks for each in look.found.causes if broker in each.brokers or not each.brokers)
    return tuple(dict.fromkeys(each.scope for each in causes))


def miscalled(fault: str, looks: tuple[HealthLook, ...], broker: int) -> Iterator[str]:
    """Tell what is wrong with how drctl called a fault, whatever it called it first; nothing in a good run."""
    if CALLED[fault] not in (found := scopes(looks, broker)):
        yield f"drctl called it {', '.join(found) or 'nothing'} within {CALLED_WITHIN:.0f} s, not {CALLED[fault].value}"
    if any(look.proposes_failover for look in looks):
        yield "drctl proposed a failover"


def _looks_until(
    there: KubeLab, watch: CauseWatch, began: float, done: Callable[[tuple[HealthLook, ...]], bool]
) -> tuple[HealthLook, ...]:
    """Return the looks since, as soon as they tell it, or once it is too late."""
    deadline = there.clock.monotonic() + CALLED_WITHIN
    while not done(looks := watch.since(began)) and there.clock.monotonic() < deadline:
        there.clock.sleep(0.2)
    return looks


def shortcomings(done: PodKill, looks: tuple[HealthLook, ...], broker: int) -> Iterator[str]:
    """Tell what is wrong with one kill of a broker's pod, by the looks since; nothing in a good run.

    What more of the looks say than anything else counts: a single one may fall between two states.
    """
    if not done.same:
        yield f"it did not come back to volume {done.volume}"
    scopes = named(looks, broker)
    right = scopes.pop(CauseScope.BROKER, 0)
    if not scopes and not right:
        yield f"drctl named no cause for broker {broker}"
    for most, count in scopes.most_common(1):
        if count >= right:
            yield f"drctl named {most.value}, not broker"
    if any(look.proposes_failover for look in looks):
        yield "drctl proposed a failover"


def _looks_at(there: KubeLab, watch: CauseWatch, began: float, broker: int) -> tuple[HealthLook, ...]:
    """Wait for the first look since that names a cause: the replicas are behind for a while after the pod is back."""
    deadline = there.clock.monotonic() + NAMED_WITHIN
    while not named(looks := watch.since(began), broker) and there.clock.monotonic() < deadline:
        there.clock.sleep(0.2)
    return looks


def _in_words(looks: tuple[HealthLook, ...], broker: int) -> str:
    scopes = named(looks, broker)
    return ", ".join(f"{scope.value} in {count} looks" for scope, count in scopes.most_common()) or "nothing"


def _broker(pod: str) -> int:
    return int(pod.rpartition("-")[2])


@contextmanager
def _watched(there: KubeLab, site: str) -> Iterator[CauseWatch]:
    """Look at the site as drctl's service does: Kubernetes is watched, brokers are asked each time."""
    plan = load(there.plan_file)
    ended = threading.Event()
    with open_world(plan, doubted={each.name for each in plan.sites}, looking=True) as world:
        observers = SiteObservers(world)
        observers.follow(ended)
        try:
            with watching(lambda: health_of(world, observers, site), there.clock) as watch:
                yield watch
        finally:
            ended.set()
