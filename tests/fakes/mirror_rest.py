"""Connect's REST interface in memory, before a link that really copies: what Strimzi's stand-ins speak to."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from drctl.errors import Conflict, NotFound, Unreachable
from drctl.model.link import MIRROR_KINDS, ConnectorState
from drctl.model.offsets import TopicPartition
from tests.fakes.mirror import COPYING, FakeMirror, FakeReplication


@dataclass(slots=True)
class _Held:
    """A connector. ``state`` is that of one that copies nothing; what copies has the mirror's."""

    name: str
    kind: str
    config: dict[str, str]
    state: str


class MirrorRest:
    """The connectors of one link at its target's worker. ``asked`` are the changes that were asked for, in order."""

    def __init__(self, mirror: FakeMirror) -> None:
        self.mirror, self.connectors, self.asked = mirror, dict[str, _Held](), list[str]()

    def __call__(self, method: str, path: str, body: Any) -> Any:
        if self.mirror.worker_down or self.mirror.target.down:
            raise Unreachable(f"the Connect worker at {self.mirror.target.name} does not answer")
        name, _, act = path.removeprefix("/connectors").removeprefix("/").partition("/")
        if method != "GET":
            self.asked.append(f"{method} {path}")
        if not name:
            return self._create(body) if method == "POST" else [each.name for each in self.connectors.values()]
        if name not in self.connectors:
            raise NotFound(f"no connector {name}")
        found = self.connectors[name]
        return self._tell(found, act) if method == "GET" else self._change(found, method, act, body)

    def _tell(self, found: _Held, what: str) -> Any:
        if what == "config":
            return found.config
        if what == "status":
            return self._status(found)
        return {"offsets": [self._offset(*each) for each in sorted(self.mirror.stored.items())]}

    def _change(self, found: _Held, method: str, act: str, body: Any) -> None:
        match method, act:
            case "PUT", "config":
                found.config = dict(body)
            case "PATCH", _:
                self._alter(found, body)
            case "POST", _:
                self.mirror.restart()
            case "PUT", _:
                self._move(found, act)

    def _create(self, body: Any) -> None:
        kind, name = MIRROR_KINDS[body["config"]["connector.class"]], str(body["name"])
        self.connectors[quote(name, safe="")] = made = _Held(name, kind, dict(body["config"]), body["initial_state"])
        if kind == COPYING:
            self.mirror.config = dict(made.config)
            if made.state == "STOPPED":
                self.mirror.state = ConnectorState.STOPPED
            elif self.mirror.state is not ConnectorState.RUNNING:
                self.mirror.start()

    def _status(self, found: _Held) -> dict[str, Any]:
        if found.kind == COPYING:
            source = FakeReplication(self.mirror).status().source
            tasks = [{"id": each.id, "state": each.state.value, "trace": each.trace} for each in source.tasks]
            return {"name": found.name, "connector": {"state": source.state.value}, "tasks": tasks}
        tasks = [{"id": 0, "state": "RUNNING"}] if found.state == "RUNNING" else []
        return {"name": found.name, "connector": {"state": found.state}, "tasks": tasks}

    def _move(self, found: _Held, act: str) -> None:
        if found.kind != COPYING:
            found.state = {"stop": "STOPPED", "resume": "RUNNING", "pause": "PAUSED"}[act]
        elif act == "stop":
            self.mirror.halt()
        elif act == "pause":
            self.mirror.pause()
        else:
            self.mirror.start()

    def _offset(self, partition: TopicPartition, offset: int) -> dict[str, Any]:
        where = {"cluster": self.mirror.source.name, "topic": partition.topic, "partition": partition.partition}
        return {"partition": where, "offset": {"offset": offset}}

    def _alter(self, found: _Held, body: Any) -> None:
        if self.mirror.state is not ConnectorState.STOPPED:
            raise Conflict("connectors must be in the STOPPED state before their offsets can be modified")
        for each in json.loads(json.dumps(body))["offsets"]:
            partition = TopicPartition(each["partition"]["topic"], each["partition"]["partition"])
            self.mirror.prepare({partition: each["offset"]["offset"] + 1 if each["offset"] else 0})
        assert found.kind == COPYING, "only what copies has offsets that are set"
