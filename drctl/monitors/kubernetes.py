"""Observe one site's Kubernetes: every kind is followed on its own, so that one missing right hides one kind only."""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from drctl.model import resources as of
from drctl.model.kubernetes import ConditionStatus, Usage
from drctl.model.reading import Reading
from drctl.model.resources import Kind, Object, Where
from drctl.model.sight import KubeFacts
from drctl.model.strimzi import ResourceState, StrimziResource
from drctl.monitors import kube_objects as read
from drctl.monitors.readings import reading_of
from drctl.monitors.strimzi_objects import strimzi
from drctl.monitors.watched import Watched
from drctl.ports import Clock, Kubelets, Resources

PAUSE = 5.0
"""Seconds before an API server that failed is asked again."""
BREATH = 1.0
"""Seconds that a round takes at least: something between us and the server may end every watch at once."""
MEASURED_EVERY = 30.0
"""Seconds between two questions to the kubelets."""


class KubeObserver:
    """Observes one site. ``pods``: the label selector of the broker pods; ``kinds``: Strimzi's kinds to watch, if any.

    :meth:`look` lists everything once; :meth:`follow` keeps it up to date in threads. Either way :meth:`facts` is what
    is known now, each kind as fresh as its last sign of life.
    """

    def __init__(
        self, resources: Resources, kubelets: Kubelets, clock: Clock, pods: str, *, kinds: tuple[Kind, ...] = ()
    ) -> None:
        self.resources, self.kubelets, self.clock = resources, kubelets, clock
        self._leases: dict[str, tuple[str, float]] = {}

        def watched[T](
            kind: Kind, reader: Callable[[Object, datetime], T | None], where: Where | None = None
        ) -> Watched[T]:
            return Watched(resources, kind, clock, reader, where)

        self.pods = watched(of.POD, read.pod, Where(labels=pods))
        self.nodes = watched(of.NODE, read.node)
        self.leases = watched(of.LEASE, read.lease)
        self.claims = watched(of.CLAIM, read.claim)
        self.volumes = watched(of.VOLUME, read.volume)
        self.attachments = watched(of.ATTACHMENT, read.attachment)
        self.storage = watched(of.CSI_NODE, read.node_storage)
        self.drivers = watched(of.CSI_DRIVER, read.driver)
        self.classes = watched(of.STORAGE_CLASS, read.storage_class)
        self.events = watched(of.EVENT, read.event, Where(fields="type=Warning"))
        self.strimzi = tuple(watched(kind, strimzi) for kind in kinds)
        self._usage: Reading[Mapping[str, Usage]] = Reading(None, clock.now(), "not looked at yet")

    @property
    def all(self) -> tuple[Watched[Any], ...]:
        """Every kind, the most telling first."""
        own = (self.pods, self.nodes, self.claims, self.volumes, self.attachments, self.leases)
        return (*own, self.storage, self.drivers, self.classes, self.events, *self.strimzi)

    def look(self) -> None:
        """List every kind once. An API server that does not answer is asked once, not twenty times."""
        first, *others = self.all
        first.look()
        for each in others:
            if first.silent:
                each.despair(first.trouble)
            else:
                each.look()
        self.measure()

    def follow(self, ended: threading.Event) -> list[threading.Thread]:
        """Keep everything up to date until ``ended``: one thread per kind, which mostly waits for its watch."""
        tasks = [partial(self._keep, each, ended) for each in self.all]
        threads = [threading.Thread(target=task, daemon=True) for task in [*tasks, partial(self._measuring, ended)]]
        for thread in threads:
            thread.start()
        return threads

    def _measuring(self, ended: threading.Event) -> None:
        while not ended.wait(MEASURED_EVERY):
            self.measure()

    def _keep(self, each: Watched[Any], ended: threading.Event) -> None:
        while not ended.is_set():
            began = self.clock.monotonic()
            if not each.follow():
                ended.wait(PAUSE)
            elif self.clock.monotonic() - began < BREATH:
                ended.wait(BREATH)

    def facts(self) -> KubeFacts:
        """Return what is known now."""
        nodes = self.nodes.reading()
        return KubeFacts(
            self.pods.reading(),
            nodes,
            self._lease_ages(),
            self.claims.reading(),
            self.volumes.reading(),
            _each(self.attachments.reading(), lambda held: tuple(held.values())),
            self.storage.reading(),
            _each(self.drivers.reading(), frozenset),
            self.classes.reading(),
            _each(self.events.reading(), lambda held: tuple(held.values())),
            self._usage,
            self._resources(),
            _each(nodes, lambda _: self.nodes.ahead),
            tuple(sorted(name for each in self.all for name in tuple(each.strange))),
        )

    def met(self) -> Reading[bool]:
        """Whether the API server answers, if only to refuse."""
        pods = self.pods.reading()
        never = not pods.known and not pods.silent and not self.pods.trouble
        if never:
            return Reading(None, pods.seen_at, pods.unknown)
        # A watch that is not answered says so only once its time is over; until then it is as old as its last word.
        told_at = pods.seen_at if pods.known and not self.pods.silent else self.clock.now()
        return Reading(not self.pods.silent, told_at)

    def _lease_ages(self) -> Reading[Mapping[str, timedelta]]:
        """How long each lease has stood still, by our clock: from when we first saw its present stamp.

        It is told until the API server's last word: what stood still since may be that server, and not the nodes.
        """
        leases = self.leases.reading()
        untold = max(0.0, (self.clock.now() - leases.seen_at).total_seconds())
        return _each(leases, lambda held: {name: self._age(name, stamp, untold) for name, (stamp, _) in held.items()})

    def _age(self, name: str, stamp: str, untold: float) -> timedelta:
        now = self.clock.monotonic()
        before = self._leases.get(name)
        # By the change of the stamp and our own clock, as the leader election does: the node's clock may be
        # wrong, and it is the node that is doubted.
        if before is None or before[0] != stamp:
            before = self._leases[name] = (stamp, now)
        return timedelta(seconds=max(0.0, now - before[1] - untold))

    def measure(self) -> None:
        """Ask the kubelets of the broker pods' nodes how full the claims are. One that fails hides only its own."""
        pods, began = self.pods.reading(), self.clock.now()
        if pods.value is None:
            self._usage = Reading(None, pods.seen_at, pods.unknown)
            return
        found: dict[str, Usage] = {}
        failures = []
        ready = {
            name for name, node in (self.nodes.reading().value or {}).items() if node.ready is ConditionStatus.TRUE
        }
        asked = {pod.node for pod in pods.value.values() if pod.node and pod.claims}
        # Those that are ill come last: they would keep the others' volumes from being measured.
        for node in sorted(asked, key=lambda name: (name not in ready, name)):
            seen = reading_of(self.clock, partial(self.kubelets.usage, node))
            found |= seen.value or {}
            failures += [seen.unknown] if not seen.known else []
            # Two that do not answer are not the node's own trouble, and each costs the whole time-out.
            if len(failures) >= 2:
                break  # the rest would only take time
        lost = failures and not found
        self._usage = Reading(None, began, failures[0]) if lost else Reading(found, began)

    def _resources(self) -> Reading[tuple[StrimziResource, ...]]:
        """All of Strimzi's resources; a kind that cannot be seen is a resource that says so."""
        found: list[StrimziResource] = []
        seen_at = [self.clock.now()]
        for each in self.strimzi:
            reading = each.reading()
            if reading.value is None:
                found.append(StrimziResource(each.kind.name, "*", ResourceState.UNSEEN, (reading.unknown,)))
            else:
                found += reading.value.values()
                seen_at.append(reading.seen_at)
        return Reading(tuple(found), min(seen_at))


def _each[A, B](reading: Reading[A], change: Callable[[A], B]) -> Reading[B]:
    if reading.value is None:
        return Reading(None, reading.seen_at, reading.unknown)
    return Reading(change(reading.value), reading.seen_at)
