"""Faults of broker pods, for experiments on the lab on Kubernetes: as :mod:`drctl.chaos.actions`.

Nothing has to expire: Kubernetes itself starts again what was killed.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from drctl.chaos.environment import kube_lab
from drctl.chaos.striking import failing_as, noted
from drctl.config import load
from drctl.drills.cause_watch import CauseWatch, HealthLook, health_of, named, watching
from drctl.drills.pod_kills import PodKill, chosen, kill_one
from drctl.errors import LabError
from drctl.lab.kube import KubeLab
from drctl.model.cause import CauseScope
from drctl.monitors import SiteObservers
from drctl.wiring.world import open_world

__all__ = ["kill_pods"]

NAMED_WITHIN = 90.0
"""Seconds in which a look must have named the cause: one takes some on a busy machine, and at most eight."""


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
