"""Judge what is wrong with a broker's volumes, from all who speak of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from drctl.model.kubernetes import (
    Attachment,
    Claim,
    ConditionStatus,
    NodeStorage,
    Pod,
    Usage,
    Volume,
    WarningEvent,
)

ILL = {"Bound": "", "Lost": "its volume is lost", "Pending": "it is bound to no volume"}
ABNORMAL = "VolumeConditionAbnormal"
"""What the kubelet warns of as long as the driver calls a volume abnormal: a state, where others tell of attempts."""
GONE = {"Failed": "could not be reclaimed", "Released": "belongs to no claim any more", "Available": "is unclaimed"}
ABOUT_VOLUMES = frozenset(
    {
        "FailedAttachVolume",
        "FailedMount",
        "FailedMapVolume",
        "ProvisioningFailed",
        "VolumeResizeFailed",
        "FileSystemResizeFailed",
        ABNORMAL,
    }
)


@dataclass(frozen=True, slots=True)
class SiteVolumes:
    """The volumes of a site, indexed. What is None was not seen."""

    claims: Mapping[str, Claim] | None
    volumes: Mapping[str, Volume] | None
    attachments: Mapping[str, tuple[Attachment, ...]] | None
    nodes: Mapping[str, NodeStorage] | None
    usage: Mapping[str, Usage] | None
    events: Mapping[str, tuple[WarningEvent, ...]] = field(default_factory=dict)

    def attached_to(self, pod: Pod) -> Iterator[Attachment]:
        """Every attachment of every volume of the pod."""
        for name in pod.claims:
            claim = (self.claims or {}).get(name)
            if claim is not None and claim.volume:
                yield from (self.attachments or {}).get(claim.volume, ())


def volume_reasons(pod: Pod, storage: SiteVolumes, *, full: float, told_since: datetime) -> Iterator[str]:
    """All that is wrong with the pod's volumes. An event counts only beside a pod that does not run: it may be old.

    Of a container that ends again and again the kubelet measures nothing. What the driver told of its volume, by an
    event since ``told_since``, counts then, too.
    """
    for name in pod.claims:
        yield from _claim(name, pod, storage)
        usage = (storage.usage or {}).get(name)
        # A broker stops once its log directory takes no write, and stops again however often it is restarted:
        # so the volume is the cause, and the broker what is seen of it.
        if usage is not None and usage.free < full:
            yield f"claim {name} is full: {usage.free:.1%} left"
        if usage is not None and usage.abnormal:
            yield f"claim {name} is reported as abnormal by its kubelet"
    yield from (f"pod {pod.name} reports its volume as {word}" for word in pod.volume_health or ())
    there = (storage.nodes or {}).get(pod.node)
    if there is not None:
        yield from (f"the storage of node {pod.node} is {word}" for word in there.health or ())
    for name in (pod.name, *pod.claims):
        for event in storage.events.get(name, ()):
            if event.is_about(pod) and _counts(event, pod, told_since):
                yield f"event {event.reason} on {event.kind} {event.name}: {event.text}"


def _counts(event: WarningEvent, pod: Pod, told_since: datetime) -> bool:
    # Events are kept for about an hour and written as well as it goes. Beside a pod that runs they tell of
    # what has passed.
    if pod.phase == "Pending":
        return event.reason in ABOUT_VOLUMES
    ill = pod.ready is not ConditionStatus.TRUE
    return ill and event.reason == ABNORMAL and event.seen_at is not None and event.seen_at >= told_since


def _claim(name: str, pod: Pod, storage: SiteVolumes) -> Iterator[str]:
    # Not seen is not missing: who may not list claims would else call every broker's volume lost.
    if storage.claims is None:
        return
    claim = storage.claims.get(name)
    if claim is None:
        yield f"claim {name} does not exist"
        return
    if claim.phase != "Bound":
        yield f"claim {name} is {claim.phase}: {ILL.get(claim.phase, 'an unknown phase')}"
    yield from (f"claim {name} is reported as {word}" for word in claim.health or ())
    volume = (storage.volumes or {}).get(claim.volume)
    if storage.volumes is not None and claim.volume and volume is None:
        yield f"claim {name} names volume {claim.volume}, which does not exist"
    if volume is not None and volume.phase != "Bound":
        yield f"volume {volume.name} is {volume.phase}: it {GONE.get(volume.phase, 'is in an unknown phase')}"
    held = (storage.attachments or {}).get(claim.volume, ())
    yield from (f"volume {each.volume} at node {each.node}: {each.error}" for each in held if each.error)
    elsewhere = [each.node for each in held if each.attached and pod.node and each.node != pod.node]
    if volume is not None and volume.exclusive and elsewhere:
        yield f"volume {volume.name} is still attached to node {', '.join(elsewhere)}, its pod is at {pod.node}"
