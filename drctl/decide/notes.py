"""Note what is worth knowing of a site and is no cause by itself."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime

from drctl.decide.freshness import Limits, fresh, unusable
from drctl.model.kubernetes import Pod
from drctl.model.sight import KubeFacts, Sight
from drctl.model.strimzi import ResourceState, StrimziResource

OPTIONAL = ("leases", "storage", "drivers", "classes", "events", "usage", "strimzi", "skew")


def notes(sight: Sight, now: datetime, limits: Limits) -> Iterator[str]:
    """Everything, in the order in which somebody would want to read it."""
    view = fresh(sight.kafka, now, limits)
    if view is not None:
        if view.offline_dirs is None:
            yield "log directories: no signal"
        if view.quorum is None and not view.quorum_lost:
            yield "controllers: no signal"
        elif view.quorum is not None and view.quorum.behind:
            behind = ", ".join(map(str, sorted(view.quorum.behind)))
            told = f"{len(view.quorum.voters)} voters, led by {view.quorum.leader} in epoch {view.quorum.epoch}"
            yield f"controllers behind in the quorum: {behind} of {told}"
    if sight.kubernetes is not None:
        yield from _kubernetes(sight.kubernetes, now, limits)


def _kubernetes(kube: KubeFacts, now: datetime, limits: Limits) -> Iterator[str]:
    readings = kube.readings()
    silent = [unusable(readings[name], now, limits) for name in readings]
    if all(silent) and len(set(silent)) == 1:
        return  # told once, as a blind spot
    yield from (f"{name} not seen: {why}" for name in OPTIONAL if (why := unusable(readings[name], now, limits)))
    yield from (f"{name}: of a shape that drctl cannot read" for name in kube.strange)
    skew = fresh(kube.skew, now, limits)
    if skew is not None and abs(skew) > limits.skew:
        side = "ahead of" if skew.total_seconds() > 0 else "behind"
        yield f"the API server's clock is {abs(skew.total_seconds()):.0f} s {side} ours"
    yield from _nodes(kube, now, limits)
    yield from _volumes(kube, now, limits)
    for each in fresh(kube.strimzi, now, limits) or ():
        yield from _resource(each)


def _nodes(kube: KubeFacts, now: datetime, limits: Limits) -> Iterator[str]:
    """Tell what is to be known of the nodes on which brokers run, and of what storage drivers can do there."""
    pods, nodes = fresh(kube.pods, now, limits) or {}, fresh(kube.nodes, now, limits) or {}
    for name in sorted({pod.node for pod in pods.values()} & nodes.keys()):
        if nodes[name].pressures:
            yield f"node {name}: {', '.join(sorted(nodes[name].pressures))}"
        if nodes[name].cordoned:
            yield f"node {name} is cordoned: no new pod is placed there"
    claims, volumes = fresh(kube.claims, now, limits) or {}, fresh(kube.volumes, now, limits) or {}
    storage = fresh(kube.storage, now, limits) or {}
    for pod in pods.values():
        needed = (volumes.get(claims[name].volume) for name in pod.claims if name in claims)
        for driver in sorted({each.driver for each in needed if each is not None and each.driver}):
            if pod.node in storage and driver not in storage[pod.node].drivers:
                yield f"node {pod.node}: CSI driver {driver} is not registered there, which {pod.name} needs"
    taken = Counter(
        (each.node, volumes[each.volume].driver)
        for each in fresh(kube.attachments, now, limits) or ()
        if each.attached and each.volume in volumes
    )
    for (name, driver), count in sorted(taken.items()):
        room = storage[name].drivers.get(driver) if name in storage else None
        # What CSINode calls allocatable: beyond it the scheduler places no pod there, so that a broker which
        # has to move finds no node.
        if room is not None and count >= room:
            yield f"node {name}: it takes {room} volumes of CSI driver {driver}, and all places are taken"


def _volumes(kube: KubeFacts, now: datetime, limits: Limits) -> Iterator[str]:
    pods = fresh(kube.pods, now, limits) or {}
    claims, storage = fresh(kube.claims, now, limits), fresh(kube.storage, now, limits)
    usage = fresh(kube.usage, now, limits)
    told = (
        *(each.health for each in (claims or {}).values()),
        *(each.health for each in (storage or {}).values()),
        *(each.volume_health for each in pods.values()),
        *(each.abnormal for each in (usage or {}).values()),
    )
    # No signal is not health: few CSI drivers tell of any, and Kubernetes' interface for it is alpha
    # (KEP-1432).
    if all(each is None for each in told):
        yield "volumes: no health signal"
    for name in _claims_of(pods):
        claim = (claims or {}).get(name)
        if claim is not None and claim.conditions:
            yield f"claim {name}: {', '.join(claim.conditions)}"
        if usage is not None and name not in usage:
            yield f"claim {name}: its kubelet measures no usage"
        elif usage is not None and limits.full <= usage[name].free < limits.low:
            yield f"claim {name}: {usage[name].free:.0%} left"
    drivers = fresh(kube.drivers, now, limits)
    for volume in (fresh(kube.volumes, now, limits) or {}).values():
        if drivers is not None and volume.driver and volume.driver not in drivers:
            yield f"volume {volume.name}: there is no CSI driver {volume.driver}"


def _claims_of(pods: Mapping[str, Pod]) -> Iterator[str]:
    return (name for pod in pods.values() for name in pod.claims)


def _resource(resource: StrimziResource) -> Iterator[str]:
    said = f": {'; '.join(resource.said)}" if resource.said else ""
    match resource.standing:
        case ResourceState.NOT_READY:
            yield f"{resource.label} is not ready{said}"
        case ResourceState.PAUSED:
            yield f"{resource.label}: reconciliation is paused, so nothing that is written there takes effect"
        case ResourceState.BEHIND:
            yield f"{resource.label}: its operator has not acted on the newest generation"
        case ResourceState.SILENT:
            yield f"{resource.label}: its operator has said nothing"
        case ResourceState.UNSEEN:
            yield f"{resource.label} not seen{said}"
        case ResourceState.READY if resource.said:
            yield f"{resource.label} warns{said}"
        case ResourceState.READY:
            pass
    yield from (f"{resource.label}: {each}" for each in resource.failed)
    if resource.wanted is not None and resource.present is not None and resource.present < resource.wanted:
        yield f"{resource.label}: {resource.present} of {resource.wanted} pods"
    if resource.phase in ("Rebalancing", "ReconciliationPaused", "Rolling"):
        yield f"{resource.label} is {resource.phase}"
