"""How it is shown where a site's brokers run: their pods, nodes and volumes, and how brokers see themselves."""

from collections.abc import Iterable, Iterator
from typing import Any

from drctl.cli.output import show_table
from drctl.decide.freshness import Limits, fresh, stale, unusable
from drctl.decide.places import broker_places
from drctl.model.kubernetes import ConditionStatus
from drctl.model.places import BrokerPlace, BrokerVolume
from drctl.model.sight import KubeFacts, Sight

COLUMNS = ("SITE", "BROKER", "POD", "READY", "RESTARTS", "NODE", "CLAIM", "FREE", "VOLUME", "WHY")


def show_places(sights: Iterable[Sight]) -> None:
    """One line per volume of a broker's pod, at sites that have a Kubernetes; nothing where none has one."""
    shown = [each for each in sights if each.kubernetes is not None]
    if shown:
        show_table("Pods and volumes", COLUMNS, (row for each in shown for row in _rows(each)))


def _rows(sight: Sight) -> Iterator[tuple[str, ...]]:
    places = broker_places(sight, sight.seen_at)
    if places is None:
        yield (sight.site, *["unknown"] * (len(COLUMNS) - 2), _why_unseen(sight))
    for place in places or ():
        broker = "none" if place.broker is None else str(place.broker)
        # A pod has as many lines as volumes, and one where it has none.
        for number, volume in enumerate(place.volumes or (None,)):
            named = (sight.site, broker, place.pod or "none", _ready(place), str(place.restarts), place.node or "none")
            held = _volume(volume) if volume is not None else ("none", "", "")
            why = "; ".join(_reasons(place, volume, first=number == 0))
            yield (*(named if number == 0 else ("",) * len(named)), *held, why)


def _ready(place: BrokerPlace) -> str:
    if place.ready is None:
        return ""
    return {ConditionStatus.TRUE: "yes", ConditionStatus.FALSE: "no"}.get(place.ready, "unknown")


def _volume(volume: BrokerVolume) -> tuple[str, str, str]:
    return volume.claim, "unknown" if volume.free is None else f"{volume.free:.0%}", volume.health.value


def _reasons(place: BrokerPlace, volume: BrokerVolume | None, *, first: bool) -> Iterator[str]:
    if first and place.alive is False:
        yield "not in the brokers' metadata"
    if first and place.trouble:
        yield place.trouble
    if first and place.node_ready not in (None, ConditionStatus.TRUE):
        yield f"its node's Ready is {place.node_ready}"
    if volume is None:
        return
    if volume.phase != "Bound":
        yield f"claim is {volume.phase}" if volume.phase else "there is no such claim, or it was not seen"
    yield from volume.told


def _why_unseen(sight: Sight) -> str:
    kube = sight.kubernetes
    return unusable(kube.pods, sight.seen_at, Limits()) if kube is not None else ""


def kubernetes_document(sight: Sight) -> dict[str, Any] | None:
    """Pods and volumes for programs, null where the site has no Kubernetes; null values with the reason beside them."""
    kube = sight.kubernetes
    if kube is None:
        return None
    places = broker_places(sight, sight.seen_at)
    unknown = {} if places is not None else {"unknown": _why_unseen(sight)}
    volumes = None if places is None else [_volume_document(each, place) for place in places for each in place.volumes]
    return {
        "pods": {"value": None if places is None else [_pod_document(each) for each in places], **unknown},
        "volumes": {"value": volumes, **unknown},
        "ages": _ages(kube, sight),
        "unusable": list(stale(kube.readings(), sight.seen_at, Limits())),
    }


def _ages(kube: KubeFacts, sight: Sight) -> dict[str, float | None]:
    """Seconds since the last sign of life of each reading; null where it is unknown."""
    return {
        name: round((sight.seen_at - each.seen_at).total_seconds(), 1) if each.known else None
        for name, each in kube.readings().items()
    }


def _pod_document(place: BrokerPlace) -> dict[str, Any]:
    return {
        "broker": place.broker,
        "inMetadata": place.alive,
        "pod": place.pod or None,
        "phase": place.phase or None,
        "ready": place.ready and place.ready.value,
        "restarts": place.restarts,
        "trouble": place.trouble or None,
        "node": place.node or None,
        "nodeReady": place.node_ready and place.node_ready.value,
        "zone": place.zone or None,
        "claims": [each.claim for each in place.volumes],
    }


def _volume_document(volume: BrokerVolume, place: BrokerPlace) -> dict[str, Any]:
    return {
        "claim": volume.claim,
        "pod": place.pod,
        "broker": place.broker,
        "phase": volume.phase or None,
        "volume": volume.volume or None,
        "attachedTo": None if volume.nodes is None else list(volume.nodes),
        "free": None if volume.free is None else round(volume.free, 4),
        "health": volume.health.value,
        "told": list(volume.told),
    }


def kafka_document(sight: Sight) -> dict[str, Any] | None:
    """How brokers see themselves, for programs; null where nobody could ask. Null within: no broker told of it."""
    view = fresh(sight.kafka, sight.seen_at, Limits())
    if view is None:
        return None
    quorum = view.quorum
    return {
        "outOfSync": {str(broker): count for broker, count in sorted(view.out_of_sync.items())},
        "underMinIsr": view.under_min_isr,
        "leaderless": view.leaderless,
        "offlineLogDirectories": None
        if view.offline_dirs is None
        else {str(broker): list(paths) for broker, paths in sorted(view.offline_dirs.items())},
        "quorum": quorum
        and {
            "leader": quorum.leader,
            "epoch": quorum.epoch,
            "voters": sorted(quorum.voters),
            "behind": sorted(quorum.behind),
        },
        "quorumLost": view.quorum_lost or None,
    }
