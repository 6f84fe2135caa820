"""A stand-in for Strimzi's Cluster Operator, which is in no package registry: it reconciles KafkaConnectors only.

It does what Strimzi's documentation says of them: acts on those labelled with a KafkaConnect that is annotated
``strimzi.io/use-connector-resources: "true"``, creates each in the state that it is to have (since 1.2; before it ran
first), alters it to what the resource says, deletes connectors that have no resource, lists and alters offsets by the
annotation ``strimzi.io/connector-offsets`` and config map key ``offsets.json`` (removing the annotation once done,
warning with reason ManageOffsets otherwise), restarts by ``strimzi.io/restart`` and ``strimzi.io/restart-task``, leaves
paused resources alone, and writes raw Connect status, conditions and the observed generation.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from drctl.errors import Conflict, DrctlError, NotFound
from drctl.model.resources import CONFIG_MAP, KAFKA_CONNECT, KAFKA_CONNECTOR, Kind, Object
from drctl.ports import Resources
from tests.fakes.strimzi_stand_in import ENDED, OFFSETS, Send, move_to

CLUSTER, USED = "strimzi.io/cluster", "strimzi.io/use-connector-resources"
RESTART, RESTART_TASK = "strimzi.io/restart", "strimzi.io/restart-task"


class KafkaConnectorStandIn:
    """``resources`` as the operator, ``connect`` the worker's REST, ``write_status`` sets a resource's status.

    ``deletes`` says that connectors without a resource are deleted: not where a lab's own share the worker.
    """

    def __init__(
        self,
        resources: Resources,
        connect: Send,
        write_status: Callable[[Kind, str, Mapping[str, Any]], None],
        version: str = "v1",
        *,
        deletes: bool = True,
    ) -> None:
        self.resources, self.connect, self.write_status = resources, connect, write_status
        self.kind, self.cluster, self.deletes = KAFKA_CONNECTOR.at(version), KAFKA_CONNECT.at(version), deletes
        self.stalled = False
        self.ran_first: list[str] = []
        self.creates_stopped = True

    def reconcile(self) -> None:
        """One round over every resource."""
        if self.stalled:
            return
        used = {
            str(each["metadata"]["name"])
            for each in self.resources.list(self.cluster).items
            if (each["metadata"].get("annotations") or {}).get(USED) == "true"
        }
        mine = [
            item
            for item in self.resources.list(self.kind).items
            if (item["metadata"].get("labels") or {}).get(CLUSTER) in used
        ]
        for item in mine:
            annotations = item["metadata"].get("annotations") or {}
            if annotations.get("strimzi.io/pause-reconciliation") != "true":
                self._reconcile(item, annotations)
        if used and self.deletes:
            self._delete_others({str(item["metadata"]["name"]) for item in mine})

    def _reconcile(self, item: Object, annotations: Mapping[str, str]) -> None:
        name, conditions = str(item["metadata"]["name"]), list[dict[str, Any]]()
        told: Mapping[str, Any] = {}
        try:
            self._connector(name, item["spec"])
            self._restart(name, annotations)
            conditions += self._offsets(name, item["spec"], annotations)
            told = self._told(name)
        except DrctlError as error:
            conditions.append(_condition("NotReady", type(error).__name__, str(error)))
        failed = [
            each for each in (told.get("connector"), *told.get("tasks", ())) if each and each["state"] == "FAILED"
        ]
        if not any(each["type"] == "NotReady" for each in conditions):
            conditions.append(_condition("NotReady" if failed else "Ready"))
        generation = item["metadata"]["generation"]
        status = {"observedGeneration": generation, "connectorStatus": told, "conditions": conditions}
        if item.get("status") != status:
            self.write_status(self.kind, name, status)

    def _connector(self, name: str, spec: Mapping[str, Any]) -> None:
        if not spec.get("class"):
            raise Conflict("connector.class is missing")
        own = {key: each if isinstance(each, str) else json.dumps(each) for key, each in spec["config"].items()}
        wanted = {**own, "name": name, "connector.class": spec["class"]}
        wanted |= {"tasks.max": str(spec["tasksMax"])} if "tasksMax" in spec else {}
        state = spec.get("state", "running")
        try:
            present = self.connect("GET", f"{_path(name)}/config", None)
        except NotFound:
            first = state if self.creates_stopped else "running"
            if first != state:
                self.ran_first.append(name)
            self.connect("POST", "/connectors", {"name": name, "config": wanted, "initial_state": ENDED[first]})
            return
        if present != wanted:
            self.connect("PUT", f"{_path(name)}/config", wanted)
        if move := move_to(state, name, self._told(name)["connector"]["state"]):
            self.connect("PUT", f"{_path(name)}/{move}", None)

    def _told(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.connect("GET", f"{_path(name)}/status", None)
        return found

    def _restart(self, name: str, annotations: Mapping[str, str]) -> None:
        if annotations.get(RESTART) == "true":
            self.connect("POST", f"{_path(name)}/restart", None)
            self._take_off(name, RESTART)
        if RESTART_TASK in annotations:
            self.connect("POST", f"{_path(name)}/tasks/{annotations[RESTART_TASK]}/restart", None)
            self._take_off(name, RESTART_TASK)

    def _offsets(self, name: str, spec: Mapping[str, Any], annotations: Mapping[str, str]) -> list[dict[str, Any]]:
        asked = annotations.get(OFFSETS)
        try:
            if asked == "list":
                told = self.connect("GET", f"{_path(name)}/offsets", None)
                where = spec["listOffsets"]["toConfigMap"]["name"]
                self.resources.apply(CONFIG_MAP, where, {"data": {"offsets.json": json.dumps(told)}}, take=True)
            elif asked == "alter":
                where = spec["alterOffsets"]["fromConfigMap"]["name"]
                body = json.loads(self.resources.get(CONFIG_MAP, where)["data"]["offsets.json"])
                self.connect("PATCH", f"{_path(name)}/offsets", body)
        except (DrctlError, KeyError) as error:
            return [_condition("Warning", "ManageOffsets", str(error))]
        if asked in ("list", "alter"):
            self._take_off(name, OFFSETS)
        return []

    def _take_off(self, name: str, annotation: str) -> None:
        self.resources.patch(self.kind, name, {"metadata": {"annotations": {annotation: None}}})

    def _delete_others(self, kept: set[str]) -> None:
        with suppress(DrctlError):  # the next round comes
            for name in self.connect("GET", "/connectors", None):
                if name not in kept:
                    self.connect("DELETE", _path(name), None)


def _condition(kind: str, reason: str = "", message: str = "") -> dict[str, Any]:
    more = {key: value for key, value in (("reason", reason), ("message", message)) if value}
    return {"type": kind, "status": "True", **more}


def _path(name: str) -> str:
    return f"/connectors/{quote(name, safe='')}"
