"""Health: what is wrong at a site and how far it reaches, from the readings of all its observers."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from drctl.decide.freshness import Limits, fresh, unusable
from drctl.decide.nodes import lost_zones, node_reasons
from drctl.decide.notes import notes
from drctl.decide.response import is_stuck
from drctl.decide.silence import kubernetes_answers, met_by_somebody, missed_by_somebody, silence
from drctl.decide.volumes import ABOUT_VOLUMES, SiteVolumes, volume_reasons
from drctl.model.cause import Cause, CauseScope, SiteHealth
from drctl.model.kubernetes import Attachment, ConditionStatus, Node, Pod, WarningEvent
from drctl.model.sight import KafkaView, KubeFacts, Sight
from drctl.model.wording import counted

ESSENTIAL = ("pods", "nodes", "claims", "volumes", "attachments")
"""Without these nobody can tell a broker from its node or its volume."""

NEVER = datetime.min.replace(tzinfo=UTC)

WIDTH = {scope: width for width, scope in enumerate(CauseScope)}


def diagnose(sight: Sight, now: datetime, limits: Limits | None = None) -> SiteHealth:
    """Everything that one look tells, the widest cause first. What was not seen is never taken to be well."""
    limits = limits or Limits()
    found = _Site(sight, now, limits)
    quiet = tuple(silence(sight, now, limits))
    causes = [*quiet, *found.controllers(), *found.causes()]
    whole = found.whole_site(causes)
    if whole is not None:
        causes = [whole]
    return SiteHealth(
        sight.site,
        tuple(sorted(causes, key=lambda cause: (-WIDTH[cause.scope], cause.subject))),
        (*_blind(sight, now, limits), *found.blind()),
        tuple(notes(sight, now, limits)),
        found.view.under_min_isr + found.view.leaderless if found.view is not None else None,
    )


@dataclass(slots=True)
class _Ill:
    """Hold what one broker or pod suffers from."""

    own: tuple[str, ...]
    node: tuple[str, ...]
    volume: tuple[str, ...]
    down: bool
    stuck: bool


class _Site:
    """One site's fresh facts, and what follows from them for every broker."""

    def __init__(self, sight: Sight, now: datetime, limits: Limits) -> None:
        self.sight, self.now, self.limits = sight, now, limits
        self.view: KafkaView | None = fresh(sight.kafka, now, limits)
        kube = sight.kubernetes
        self.pods: Mapping[str, Pod] | None = fresh(kube.pods, now, limits) if kube else None
        self.nodes: Mapping[str, Node] | None = fresh(kube.nodes, now, limits) if kube else None
        self.leases: Mapping[str, timedelta] | None = fresh(kube.leases, now, limits) if kube else None
        self.storage = self._storage(kube) if kube else None
        self.ids = self._expected(kube)
        pods = {} if self.pods is None else self.pods
        self.by_broker = {pod.broker: pod for pod in pods.values() if pod.broker is not None}
        # Brokers that answer run somewhere: then it is the selector that is wrong.
        self.matches_nothing = not self.by_broker and self.view is not None and bool(self.view.alive)
        self.ill_nodes = self._ill_nodes()
        self.ill = {broker: each for broker in sorted(self.ids) if (each := self._broker(broker)) is not None}

    def _storage(self, kube: KubeFacts) -> SiteVolumes:
        held: dict[str, list[Attachment]] = defaultdict(list)
        seen = fresh(kube.attachments, self.now, self.limits)
        for each in seen or ():
            held[each.volume].append(each)
        events: dict[str, list[WarningEvent]] = defaultdict(list)
        for event in fresh(kube.events, self.now, self.limits) or ():
            events[event.name].append(event)
        return SiteVolumes(
            fresh(kube.claims, self.now, self.limits),
            fresh(kube.volumes, self.now, self.limits),
            None if seen is None else {volume: tuple(each) for volume, each in held.items()},
            fresh(kube.storage, self.now, self.limits),
            fresh(kube.usage, self.now, self.limits),
            {name: tuple(each) for name, each in events.items()},
        )

    def _expected(self, kube: KubeFacts | None) -> frozenset[int]:
        """Brokers that ought to be there, from all who name some."""
        pools = (fresh(kube.strimzi, self.now, self.limits) if kube else None) or ()
        named = {broker for pool in pools if pool.kind == "KafkaNodePool" for broker in pool.ids}
        running = {pod.broker for pod in (self.pods or {}).values() if pod.broker is not None}
        known = self.view.alive | self.view.assigned if self.view is not None else frozenset()
        # By all who name one: a broker that is gone is in no list of those that live, nor its pod in a list
        # of pods, but replicas are assigned to it, and its node pool counts it.
        return frozenset(named | running | known)

    def _ill_nodes(self) -> dict[str, tuple[str, ...]]:
        hosts = {pod.node for pod in self.by_broker.values() if pod.node} | set(self.nodes or {})
        found = {name: self._node(name) for name in hosts}
        return {name: reasons for name, reasons in found.items() if reasons}

    def _node(self, name: str) -> tuple[str, ...]:
        return tuple(node_reasons(name, self.nodes, self.leases, self.limits.lease))

    def _broker(self, broker: int) -> _Ill | None:
        pod = self.by_broker.get(broker)
        own = (*self._by_kafka(broker), *self._by_pod(broker, pod))
        volume: tuple[str, ...] = self._directories(broker)
        node: tuple[str, ...] = ()
        if pod is not None and self.storage is not None:
            told_since = self.now - self.limits.told
            volume = (*volume, *volume_reasons(pod, self.storage, full=self.limits.full, told_since=told_since))
            # A pod that waits for a volume which an ill node still holds suffers from that node.
            places = {pod.node, *(each.node for each in self.storage.attached_to(pod) if pod.phase == "Pending")}
            node = tuple(reason for place in sorted(places) for reason in self.ill_nodes.get(place, ()))
        if not (own or volume or node):
            return None
        gone = self.view is not None and broker not in self.view.alive
        ready = pod is not None and pod.ready is ConditionStatus.TRUE
        stuck = pod is not None and not ready and is_stuck(pod.trouble)
        return _Ill(own, node, volume, down=gone or bool(node) or not ready, stuck=stuck)

    def _by_kafka(self, broker: int) -> Iterator[str]:
        if self.view is None:
            return
        if broker not in self.view.alive:
            yield f"broker {broker} is not in the metadata of the others"
        elif behind := self.view.out_of_sync.get(broker, 0):
            yield f"{counted(behind, 'replica')} of broker {broker} not in sync"

    def _by_pod(self, broker: int, pod: Pod | None) -> Iterator[str]:
        if self.pods is None or self.matches_nothing:
            return
        if pod is None:
            # One that is there and cannot be read is noted: it is no pod that is missing.
            if not self._has_strange_pod(broker):
                yield f"broker {broker} has no pod"
            return
        if pod.ready is not ConditionStatus.TRUE:
            why = f": {pod.trouble}" if pod.trouble else ""
            yield f"pod {pod.name} is {pod.phase} and not ready{why}"
            yield from self._newest_event(pod)
        if pod.overdue is not None and pod.overdue < self.now:
            yield f"pod {pod.name} should have ended {(self.now - pod.overdue).total_seconds():.0f} s ago"

    def _has_strange_pod(self, broker: int) -> bool:
        kube = self.sight.kubernetes
        return kube is not None and any(re.fullmatch(rf"Pod/.*-{broker}", name) for name in kube.strange)

    def _newest_event(self, pod: Pod) -> Iterator[str]:
        """Tell what Kubernetes warned of last; what it says of volumes is judged with these."""
        told = self.storage.events.get(pod.name, ()) if self.storage is not None else ()
        warned = [each for each in told if each.is_about(pod) and each.reason not in ABOUT_VOLUMES]
        for event in sorted(warned, key=lambda each: each.seen_at or NEVER)[-1:]:
            yield f"event {event.reason} on {event.kind} {event.name}: {event.text}"

    def _directories(self, broker: int) -> tuple[str, ...]:
        offline = (self.view.offline_dirs or {}).get(broker, ()) if self.view is not None else ()
        return tuple(f"broker {broker} took log directory {each} out of service" for each in offline)

    def blind(self) -> Iterator[str]:
        """Return what was seen and shows nothing of the brokers."""
        if self.pods is not None and self.matches_nothing:
            yield "pods: none of a broker matches the selector of the plan file"

    def controllers(self) -> Iterator[Cause]:
        """Brokers answer, and behind them no controller leads: what leads partitions goes on, and nothing changes."""
        if self.view is not None and self.view.alive and self.view.quorum_lost:
            reasons = (
                self.view.quorum_lost,
                "until one leads no leader is elected, and no topic or rule can be changed",
            )
            yield Cause(CauseScope.CONTROLLERS, f"of {self.sight.site}", reasons)

    def causes(self) -> Iterator[Cause]:
        """Zones, then nodes, then volumes, then brokers: each broker is explained by the widest of them."""
        left = dict(self.ill)
        for zone, members in lost_zones(self.nodes or {}, self.ill_nodes):
            mine = [b for b, pod in self.by_broker.items() if pod.node in members and b in left]
            if mine:
                reasons = [reason for name in sorted(members) for reason in self.ill_nodes[name]]
                yield self._cause(CauseScope.ZONE, zone, mine, left, reasons)
        for name, said in sorted(self.ill_nodes.items()):
            # All of the node's reasons have to be among the broker's: a pod that waits for a volume of
            # another node names both.
            mine = [broker for broker, each in left.items() if set(said) <= set(each.node)]
            if mine:
                yield self._cause(CauseScope.NODE, name, mine, left, said)
        for broker, each in sorted(left.items()):
            scope = CauseScope.VOLUME if each.volume else CauseScope.BROKER
            yield self._cause(scope, f"of broker {broker}" if each.volume else f"{broker}", [broker], left, each.volume)

    def _cause(
        self, scope: CauseScope, subject: str, brokers: list[int], left: dict[int, _Ill], reasons: Iterable[str]
    ) -> Cause:
        ill = [left.pop(broker) for broker in sorted(brokers)]
        more = [reason for each in ill for reason in each.own]
        stuck = any(each.stuck for each in ill)
        return Cause(scope, subject, tuple(dict.fromkeys([*reasons, *more])), frozenset(brokers), stuck)

    def whole_site(self, causes: list[Cause]) -> Cause | None:
        """Every broker is down by Kubernetes' own word, and nobody meets one: two kinds of observers, one answer."""
        sight, now, limits = self.sight, self.now, self.limits
        down = {broker for broker, each in self.ill.items() if each.down}
        # As long as one broker answers, the site is not lost, whatever Kubernetes says of the others.
        if not self.ids or down != self.ids or self.pods is None or (self.view is not None and self.view.alive):
            return None
        if met_by_somebody(sight, now, limits) or not missed_by_somebody(sight, now, limits):
            return None
        # Kubernetes has to say it now: where it has fallen silent with the brokers, they have one observer
        # in common, and what it said before may be what the cut network left of it.
        if not kubernetes_answers(sight, now, limits):
            return None
        reasons = tuple(dict.fromkeys(reason for cause in causes for reason in cause.reasons))
        return Cause(CauseScope.SITE, sight.site, ("every broker is down", *reasons), self.ids)


def _blind(sight: Sight, now: datetime, limits: Limits) -> Iterator[str]:
    """Return what could not be seen and would be needed. An API server that says nothing is named once."""
    if why := unusable(sight.kafka, now, limits):
        yield f"brokers: {why}"
    if sight.kubernetes is None:
        return
    missing = {name: unusable(sight.kubernetes.readings()[name], now, limits) for name in ESSENTIAL}
    reasons = {why for why in missing.values() if why}
    if len(reasons) == 1 and all(missing.values()):
        yield f"Kubernetes: {reasons.pop()}"
    else:
        yield from (f"{name}: {why}" for name, why in missing.items() if why)
