"""A stand-in for Strimzi's Cluster Operator, which is in no package registry: it reconciles KafkaMirrorMaker2 only.

It does what Strimzi's documentation says of connectors: names them ``source->target.Kind``, creates and alters them to
what the resource says, brings them to the state asked for, lists and alters offsets by annotation and config map
(removing the annotations once done, warning with reason ManageOffsets otherwise), restarts a connector or a task by
annotation (removed once Connect has taken the request), leaves paused resources alone, and
writes raw Connect status, conditions and the observed generation. It makes no pods. Ready looks at connectors only, not
at tasks, as the operator does.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

from drctl.errors import Conflict, DrctlError, NotFound
from drctl.model.resources import CONFIG_MAP, MIRROR_MAKER, Kind, Object
from drctl.ports import Clock, Resources

PARTS = {
    "sourceConnector": "MirrorSourceConnector",
    "checkpointConnector": "MirrorCheckpointConnector",
    "heartbeatConnector": "MirrorHeartbeatConnector",
}
PACKAGE = "org.apache.kafka.connect.mirror"
OFFSETS, CONNECTOR = "strimzi.io/connector-offsets", "strimzi.io/mirrormaker-connector"
RESTART, RESTART_TASK = "strimzi.io/restart-connector", "strimzi.io/restart-connector-task"
MOVES = {"running": "resume", "paused": "pause", "stopped": "stop"}
ENDED = {"running": "RUNNING", "paused": "PAUSED", "stopped": "STOPPED"}

type Send = Callable[[str, str, object], Any]
"""A request to Connect's REST interface: method, path, body."""


class StrimziStandIn:
    """``resources`` as the operator, ``connect`` the worker's REST, ``write_status`` sets a resource's status.

    ``clients`` are settings for every connector, as the operator makes them from the clusters' specification.
    """

    def __init__(
        self,
        resources: Resources,
        connect: Send,
        write_status: Callable[[Kind, str, Mapping[str, Any]], None],
        version: str = "v1",
        clients: Mapping[str, str] | None = None,
    ) -> None:
        self.resources, self.connect, self.write_status = resources, connect, write_status
        self.kind = MIRROR_MAKER.at(version)
        self.clients = dict(clients or {})
        self.stalled = False

    def reconcile(self) -> None:
        """One round over every resource."""
        if self.stalled:
            return
        for item in self.resources.list(self.kind).items:
            name = str(item["metadata"]["name"])
            if (item["metadata"].get("annotations") or {}).get("strimzi.io/pause-reconciliation") == "true":
                self._tell(item, {**(item.get("status") or {}), "conditions": [_condition("ReconciliationPaused")]})
                continue
            self._reconcile(item, name)

    def _reconcile(self, item: Object, name: str) -> None:
        conditions, connectors = [], []
        try:
            for mirror in item["spec"]["mirrors"]:
                source, target = _aliases(item["spec"], mirror)
                for part, kind in PARTS.items():
                    if part in mirror:
                        connector = f"{source}->{target}.{kind}"
                        self._connector(connector, kind, (source, target), mirror[part] or {})
                        self._restart(item, name, connector)
                        conditions += self._offsets(item, name, connector, mirror[part] or {})
                        connectors.append(self._status(connector))
        except DrctlError as error:
            conditions.append(_condition("NotReady", type(error).__name__, str(error)))
        failed = [each for each in connectors if each["connector"]["state"] == "FAILED"]
        if not any(each["type"] == "NotReady" for each in conditions):
            conditions.append(_condition("NotReady" if failed else "Ready"))
        self._tell(
            item,
            {
                "observedGeneration": item["metadata"]["generation"],
                "connectors": connectors,
                "conditions": conditions,
            },
        )

    def _tell(self, item: Object, status: Mapping[str, Any]) -> None:
        if item.get("status") != status:
            self.write_status(self.kind, str(item["metadata"]["name"]), status)

    def _connector(self, name: str, kind: str, aliases: tuple[str, str], part: Mapping[str, Any]) -> None:
        own = {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in (part.get("config") or {}).items()
        }
        wanted = {
            **self.clients,
            **own,
            "name": name,
            "connector.class": f"{PACKAGE}.{kind}",
            "source.cluster.alias": aliases[0],
            "target.cluster.alias": aliases[1],
        }
        # As Strimzi does it: what its own field says counts before the configuration.
        wanted |= {"tasks.max": str(part["tasksMax"])} if part.get("tasksMax") is not None else {}
        state = part.get("state", "running")
        try:
            present = self.connect("GET", f"{_path(name)}/config", None)
        except NotFound:
            body = {"name": name, "config": wanted, "initial_state": ENDED[state]}
            self.connect("POST", "/connectors", body)
            return
        if present != wanted:
            self.connect("PUT", f"{_path(name)}/config", wanted)
        if move := move_to(state, name, self._status(name)["connector"]["state"]):
            self.connect("PUT", f"{_path(name)}/{move}", None)

    def _restart(self, item: Object, name: str, connector: str) -> None:
        annotations = item["metadata"].get("annotations") or {}
        if annotations.get(RESTART) == connector:
            self.connect("POST", f"{_path(connector)}/restart", None)
            self.resources.patch(self.kind, name, {"metadata": {"annotations": {RESTART: None}}})
        task_of, _, task = annotations.get(RESTART_TASK, "").rpartition(":")
        if task_of == connector:
            self.connect("POST", f"{_path(connector)}/tasks/{task}/restart", None)
            self.resources.patch(self.kind, name, {"metadata": {"annotations": {RESTART_TASK: None}}})

    def _status(self, name: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self.connect("GET", f"{_path(name)}/status", None)
        except NotFound:
            return {"name": name, "connector": {"state": "UNASSIGNED"}, "tasks": []}
        return found

    def _offsets(self, item: Object, name: str, connector: str, part: Mapping[str, Any]) -> list[dict[str, Any]]:
        annotations = item["metadata"].get("annotations") or {}
        asked = annotations.get(OFFSETS)
        if asked is None or annotations.get(CONNECTOR, connector) != connector:
            return []
        if CONNECTOR not in annotations:
            return [_condition("Warning", "ManageOffsets", f"missing annotation {CONNECTOR}")]
        key = f"{connector.replace('->', '--')}.json"
        try:
            if asked == "list":
                told = self.connect("GET", f"{_path(connector)}/offsets", None)
                where = part["listOffsets"]["toConfigMap"]["name"]
                self.resources.apply(CONFIG_MAP, where, {"data": {key: json.dumps(told)}}, take=True)
            elif asked == "alter":
                where = part["alterOffsets"]["fromConfigMap"]["name"]
                body = json.loads(self.resources.get(CONFIG_MAP, where)["data"][key])
                self.connect("PATCH", f"{_path(connector)}/offsets", body)
        except (DrctlError, KeyError) as error:
            return [_condition("Warning", "ManageOffsets", str(error))]
        gone = {"metadata": {"annotations": {OFFSETS: None, CONNECTOR: None}}}
        self.resources.patch(self.kind, name, gone)
        return []


def move_to(wanted: str, name: str, told: str) -> str | None:
    """Return what the operator asks Connect for, by what Connect tells; None for nothing.

    As Strimzi 1.2 does (``AbstractConnectOperator.updateState``). Conflict for one that has failed and is to pause.
    """
    if told == "FAILED" and wanted == "paused":
        raise Conflict(f"Connector {name} cannot be paused since it is in failed state.")
    if told == ENDED[wanted] or told in ("UNASSIGNED", "RESTARTING") or (told == "FAILED" and wanted == "running"):
        return None
    return MOVES[wanted]


def _aliases(spec: Mapping[str, Any], mirror: Mapping[str, Any]) -> tuple[str, str]:
    if "target" in spec:
        return str(mirror["source"]["alias"]), str(spec["target"]["alias"])
    return str(mirror["sourceCluster"]), str(mirror["targetCluster"])


def _condition(kind: str, reason: str = "", message: str = "") -> dict[str, Any]:
    more = {key: value for key, value in (("reason", reason), ("message", message)) if value}
    return {"type": kind, "status": "True", **more}


def _path(name: str) -> str:
    return f"/connectors/{quote(name, safe='')}"


class FakeConnectRest:
    """Connect's REST interface in memory, as far as the stand-in speaks it.

    ``failing`` are connectors whose task has failed, with why, until that is restarted; ``failed`` are those that have
    failed themselves; ``restarted`` is what was, in order. By ``clock`` a connector is in another state ``takes``
    seconds after it was asked for; until then it tells the one before.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock, self.takes = clock, 0.0
        self.coming: list[tuple[float, dict[str, Any], str]] = []
        self.connectors: dict[str, dict[str, Any]] = {}
        self.failing: dict[str, str] = {}
        self.failed: dict[str, str] = {}
        self.restarted: list[str] = []
        self.down = False

    def __call__(self, method: str, path: str, body: Any) -> Any:
        if self.down:
            raise Conflict("Connect is rebalancing")
        self._settle()
        parts = path.split("/")[2:]
        if not parts and method == "GET":
            return [each["config"]["name"] for each in self.connectors.values()]
        if not parts:
            made = {"config": body["config"], "state": body["initial_state"], "offsets": {}}
            self.connectors[quote(body["name"], safe="")] = made
            return None
        if parts[0] not in self.connectors:
            raise NotFound(f"no connector {parts[0]}")
        if method == "DELETE":
            del self.connectors[parts[0]]
            return None
        found = self.connectors[parts[0]]
        act = getattr(self, f"_{method.lower()}_{parts[1]}", None) or partial(self._move, to=parts[1])
        return act(parts[0], found, body)

    @staticmethod
    def _get_config(_: str, found: Mapping[str, Any], __: Any) -> Any:
        return found["config"]

    @staticmethod
    def _put_config(_: str, found: dict[str, Any], body: Any) -> None:
        found["config"] = body

    def _move(self, _: str, found: dict[str, Any], __: Any, *, to: str) -> None:
        state = {"stop": "STOPPED", "resume": "RUNNING", "pause": "PAUSED"}[to]
        if self.clock is None or not self.takes:
            found["state"] = state
            self._end_failures(found, state)
        elif [each[2] for each in self.coming if each[1] is found][-1:] != [state]:
            # What was asked for last is what it comes to, after all that was asked for before.
            self.coming.append((self.clock.monotonic() + self.takes, found, state))

    def _settle(self) -> None:
        """Let what was asked for long enough ago be so."""
        now = 0.0 if self.clock is None else self.clock.monotonic()
        for due, found, state in self.coming:
            if due <= now:
                found["state"] = state
                self._end_failures(found, state)
        self.coming = [each for each in self.coming if each[0] > now]

    def _end_failures(self, found: Mapping[str, Any], state: str) -> None:
        if state == "STOPPED":
            name = quote(found["config"]["name"], safe="")
            self.failed.pop(name, None)
            self.failing.pop(name, None)

    def _post_restart(self, name: str, _: Any, __: Any) -> None:
        self.failed.pop(name, None)
        self.restarted.append(name)

    def _post_tasks(self, name: str, _: Any, __: Any) -> None:
        self.failing.pop(name, None)
        self.restarted.append(f"{name} task")

    @staticmethod
    def _get_offsets(_: str, found: Mapping[str, Any], __: Any) -> Any:
        stored = found["offsets"].items()
        return {"offsets": [{"partition": json.loads(key), "offset": {"offset": each}} for key, each in stored]}

    @staticmethod
    def _patch_offsets(_: str, found: Mapping[str, Any], body: Any) -> None:
        if found["state"] != "STOPPED":
            raise Conflict("connectors must be in the STOPPED state before their offsets can be modified")
        for each in body["offsets"]:
            key = json.dumps(each["partition"], sort_keys=True)
            found["offsets"].pop(key, None)
            if each["offset"] is not None:
                found["offsets"][key] = each["offset"]["offset"]

    def _get_status(self, name: str, found: Mapping[str, Any], _: Any) -> dict[str, Any]:
        runs = found["state"] in ("RUNNING", "PAUSED")
        state = "FAILED" if name in self.failing else found["state"]
        task = {"id": 0, "state": state, **({"trace": self.failing[name]} if name in self.failing else {})}
        told = {"state": found["state"], "worker_id": "fake:8083"}
        if name in self.failed:
            told |= {"state": "FAILED", "trace": self.failed[name]}
        return {"name": found["config"]["name"], "connector": told, "tasks": [task] if runs else []}
