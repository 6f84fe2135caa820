"""A mirror inside a KafkaMirrorMaker2, in both shapes: found by its aliases, changed without touching the rest."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from drctl.drivers.strimzi.connect_status import as_texts, connector_of, settled, told_state, wanted_state
from drctl.drivers.strimzi.stopping import has_turned, next_state
from drctl.errors import ConfigInvalid, NotFound
from drctl.model.link import Connector, ConnectorState
from drctl.model.resources import Object

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

    def with_states(self, states: Mapping[str, str]) -> list[Any] | None:
        """All mirrors with these of this one's connectors in those states; None where they are so already."""
        mirrors = deepcopy(list(self.item["spec"]["mirrors"]))
        mine = mirrors[self.index]
        for part, state in states.items():
            if part in mine:
                # An older way of saying it, which would contradict.
                mine[part] = {k: v for k, v in (mine[part] or {}).items() if k != "pause"} | {"state": state}
        return None if mirrors == self.item["spec"]["mirrors"] else mirrors

    def with_tasks(self, part: str, most: int) -> list[Any] | None:
        """All mirrors with that connector of this one limited to so many tasks; None where it is so already."""
        mirrors = deepcopy(list(self.item["spec"]["mirrors"]))
        mirrors[self.index][part] = {**(mirrors[self.index].get(part) or {}), "tasksMax": most}
        return None if mirrors == self.item["spec"]["mirrors"] else mirrors

    def state_to_stop(self, part: str) -> str:
        """Return the state to ask for now so that a connector stops: ``stopped``, or ``paused`` before it."""
        if part not in self.spec:
            return "stopped"
        return next_state(self.spec[part] or {}, self._told_state(part), turned=has_turned(self.item))

    def stops_unseen(self, part: str) -> bool:
        """Whether a connector was asked to stop and Connect's word for that is not there yet."""
        stops = part in self.spec and wanted_state(self.spec[part] or {}) == "stopped"
        return stops and self._told_state(part) is not ConnectorState.STOPPED

    def _told(self, part: str) -> Mapping[str, Any] | None:
        listed = (self.item.get("status") or {}).get("connectors")
        return next((each for each in listed or () if each.get("name") == self.name(part)), None)

    def _told_state(self, part: str) -> ConnectorState | None:
        return told_state(self.item, self.name(part), self._told(part))

    def connector(self, part: str) -> Connector:
        """How a connector stands by the raw Connect status that the operator wrote down."""
        name, own = self.name(part), self.spec.get(part) or {}
        tasks = {} if own.get("tasksMax") is None else {"tasks.max": own["tasksMax"]}
        config = as_texts(dict(own.get("config") or {}) | tasks)
        told = self._told(part)
        if part not in self.spec and told is None:
            return Connector(name, ConnectorState.ABSENT)
        if told is None:
            # It is wanted and the operator has not seen it: that is no evidence of anything.
            return Connector(name, ConnectorState.UNASSIGNED, config=config)
        by_operator = (own.get("autoRestart") or {}).get("enabled") is True
        return settled(connector_of(name, config, told, restarts_itself=by_operator), own)


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
