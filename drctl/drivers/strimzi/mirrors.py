"""A mirror inside a KafkaMirrorMaker2, in both shapes: found by its aliases, changed without touching the rest."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from drctl.errors import ConfigInvalid, Conflict, NotFound, Unreachable, Unsupported
from drctl.model.link import Connector, ConnectorState, Task
from drctl.model.resources import Object
from drctl.redaction import redact_foreign

PAUSE = "strimzi.io/pause-reconciliation"
LARGEST = 64_000
"""Letters of a trace that are looked through."""
KINDS = {
    "sourceConnector": "MirrorSourceConnector",
    "checkpointConnector": "MirrorCheckpointConnector",
    "heartbeatConnector": "MirrorHeartbeatConnector",
}
"""Part of a mirror → what its connector is called by. The v1 shape knows no heartbeat connector."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """One mirror of one resource as it was looked at. ``index`` is its place in ``spec.mirrors``."""

    item: Object = field(repr=False)
    index: int
    source: str
    target: str

    @property
    def label(self) -> str:
        """As kubectl names the resource."""
        return f"KafkaMirrorMaker2/{self.item['metadata']['name']}"

    @property
    def spec(self) -> Mapping[str, Any]:
        """This mirror's own part."""
        found: Mapping[str, Any] = self.item["spec"]["mirrors"][self.index]
        return found

    def name(self, part: str) -> str:
        """Return what Strimzi calls a connector: ``north->south.MirrorSourceConnector``."""
        return f"{self.source}->{self.target}.{KINDS[part]}"

    def config_map(self, part: str, way: str, end: str) -> str:
        """The config map that offsets are listed to or altered from. ConfigInvalid where none is named."""
        name = (((self.spec.get(part) or {}).get(way) or {}).get(end) or {}).get("name")
        if not name:
            raise ConfigInvalid(
                f"{self.label}: mirrors[{self.index}].{part} names no config map for offsets",
                remedy=f"add {way}: {{{end}: {{name: …}}}} there",
            )
        return str(name)

    def with_state(self, state: str, parts: Iterable[str] = KINDS) -> list[Any] | None:
        """All mirrors with these of this one's connectors in that state; None where they are so already."""
        mirrors = deepcopy(list(self.item["spec"]["mirrors"]))
        mine = mirrors[self.index]
        for part in parts:
            if part in mine:
                # An older way of saying it, which would contradict.
                mine[part] = {k: v for k, v in (mine[part] or {}).items() if k != "pause"} | {"state": state}
        return None if mirrors == self.item["spec"]["mirrors"] else mirrors

    def connector(self, part: str) -> Connector:
        """How a connector stands by the raw Connect status that the operator wrote down."""
        name = self.name(part)
        config = {key: _text(value) for key, value in ((self.spec.get(part) or {}).get("config") or {}).items()}
        listed = (self.item.get("status") or {}).get("connectors")
        told = next((each for each in listed or () if each.get("name") == name), None)
        if part not in self.spec and told is None:
            return Connector(name, ConnectorState.ABSENT)
        if told is None:
            # It is wanted and the operator has not seen it: that is no evidence of anything.
            return Connector(name, ConnectorState.UNASSIGNED, config=config)
        state = told.get("connector") or {}
        by_operator = ((self.spec.get(part) or {}).get("autoRestart") or {}).get("enabled") is True
        tasks = tuple(
            Task(int(each["id"]), _state(each.get("state")), _first(each.get("trace"), config))
            for each in told.get("tasks") or ()
        )
        trace = _first(state.get("trace"), config)
        return Connector(name, _state(state.get("state")), tasks, config, trace, restarts_itself=by_operator)

    def refuse_if_paused(self) -> None:
        """Conflict while reconciliation is paused: what is written then takes effect at nobody knows what moment."""
        if (self.item["metadata"].get("annotations") or {}).get(PAUSE) == "true":
            raise Conflict(
                f"{self.label}: its reconciliation is paused, so nothing written there takes effect",
                remedy=f"remove the annotation {PAUSE}, or ask who set it",
            )

    def refuse_if_behind(self) -> None:
        """Unreachable until the operator has acted on the newest generation: its status speaks of an older one."""
        seen, newest = (
            (self.item.get("status") or {}).get("observedGeneration"),
            self.item["metadata"].get("generation"),
        )
        if seen != newest:
            raise Unreachable(
                f"{self.label}: its operator has not acted on generation {newest} yet (last on {seen})",
                remedy="check that Strimzi's cluster operator runs",
            )


@contextmanager
def understood(name: str) -> Iterator[None]:
    """Taking a resource apart. Unsupported where it is not of the shape that its definition rules."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise Unsupported(
            f"KafkaMirrorMaker2/{name}: it is not as Strimzi's definition has it",
            remedy="look at it with kubectl; another version of Strimzi may write it otherwise",
        ) from error


def find(item: Object, source: str, target: str) -> Mirror:
    """The mirror between these aliases. NotFound naming those that there are."""
    if not isinstance(item["metadata"].get("annotations") or {}, Mapping):
        raise TypeError("annotations")
    spec = item.get("spec") or {}
    own = (spec.get("target") or {}).get("alias")
    found = []
    for index, mirror in enumerate(spec.get("mirrors") or ()):
        if own is not None:
            pair = (str((mirror.get("source") or {}).get("alias")), str(own))
        else:
            pair = (str(mirror.get("sourceCluster")), str(mirror.get("targetCluster")))
        if pair == (source, target):
            return Mirror(item, index, source, target)
        found.append("->".join(pair))
    raise NotFound(
        f"KafkaMirrorMaker2/{item['metadata']['name']}: there is no mirror {source}->{target},"
        f" only {', '.join(found) or 'none'}",
        remedy="name the sites as its aliases, or correct mirrorMaker2",
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _state(word: object) -> ConnectorState:
    try:
        return ConnectorState(str(word))
    except ValueError:
        return ConnectorState.UNASSIGNED


def _first(trace: object, config: Mapping[str, str]) -> str:
    lines = redact_foreign(str(trace or "")[:LARGEST], config).splitlines()
    return lines[0][:300] if lines else ""
