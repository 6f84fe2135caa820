"""Strimzi's resources, read by their conditions and by what their conditions do not tell."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from drctl.model.resources import Object
from drctl.model.strimzi import ResourceState, StrimziResource

PAUSE = "strimzi.io/pause-reconciliation"


def strimzi(item: Object, now: datetime) -> StrimziResource:  # noqa: ARG001
    """Any of them; the kinds differ only in what counts pods, tasks and brokers."""
    meta, spec, status = item["metadata"], item.get("spec") or {}, item.get("status") or {}
    conditions = [each for each in status.get("conditions") or () if isinstance(each, Mapping)]
    kind = str(item.get("kind") or "")
    wanted, present = _pods(kind, spec, status)
    return StrimziResource(
        kind,
        meta["name"],
        standing(item),
        tuple(_said(conditions)),
        tuple(_failed(status)),
        wanted,
        present,
        tuple(int(each) for each in status.get("nodeIds") or ()) if _holds_brokers(kind, spec) else (),
        _phase(kind, conditions, status),
    )


def standing(item: Object) -> ResourceState:
    """Return what the conditions say in sum, a pause first: then everything else is as old as the pause."""
    meta, status = item["metadata"], item.get("status") or {}
    held = {str(each.get("type")) for each in status.get("conditions") or () if each.get("status") == "True"}
    if "ReconciliationPaused" in held or (meta.get("annotations") or {}).get(PAUSE) == "true":
        return ResourceState.PAUSED
    if status.get("observedGeneration") is not None and status["observedGeneration"] != meta.get("generation"):
        return ResourceState.BEHIND
    if held & {"NotReady", "Error"}:
        return ResourceState.NOT_READY
    # A topic that its operator was told to leave alone says so instead of Ready.
    if held & {"Ready", "Unmanaged"}:
        return ResourceState.READY
    if item.get("kind") in ("StrimziPodSet", "KafkaRebalance") and status:
        return ResourceState.READY  # these report in other words
    return ResourceState.SILENT


def _said(conditions: list[Mapping[str, Any]]) -> Iterator[str]:
    for each in conditions:
        if each.get("type") in ("NotReady", "Warning", "Error") and each.get("status") == "True":
            first = str(each.get("message") or "").splitlines()
            yield ": ".join(part for part in (str(each.get("reason") or ""), first[0][:200] if first else "") if part)


def _failed(status: Object) -> Iterator[str]:
    """Connectors and tasks in FAILED, from the raw Connect status of KafkaMirrorMaker2 and KafkaConnector."""
    own = status.get("connectorStatus")
    for each in [*(status.get("connectors") or ()), *([own] if own else [])]:
        name, state = each.get("name"), (each.get("connector") or {}).get("state")
        if state == "FAILED":
            yield f"{name} failed"
        for task in each.get("tasks") or ():
            if task.get("state") == "FAILED":
                first = str(task.get("trace") or "").splitlines()
                yield f"{name} task {task.get('id')} failed" + (f": {first[0][:200]}" if first else "")


def _pods(kind: str, spec: Object, status: Object) -> tuple[int | None, int | None]:
    if kind == "StrimziPodSet":
        return _number(status.get("pods")), _number(status.get("readyPods"))
    if kind == "KafkaNodePool":
        return _number(spec.get("replicas")), _number(status.get("replicas"))
    return None, None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _holds_brokers(kind: str, spec: Object) -> bool:
    return kind == "KafkaNodePool" and "broker" in (spec.get("roles") or ())


def _phase(kind: str, conditions: list[Mapping[str, Any]], status: Object) -> str:
    """A KafkaRebalance's state is the type of its one condition that holds; pods of an older revision are rolled."""
    pods, current = _number(status.get("pods")), _number(status.get("currentPods"))
    if kind == "StrimziPodSet" and pods is not None and current is not None and current < pods:
        return "Rolling"
    if kind != "KafkaRebalance":
        return ""
    return next((str(each.get("type")) for each in conditions if each.get("status") == "True"), "")
