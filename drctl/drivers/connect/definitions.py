"""The connectors of a link as its JSON file defines them: name → configuration, for Connect's REST interface."""

import json
from dataclasses import dataclass

from drctl.errors import ConfigInvalid
from drctl.model.site import Link

KINDS = {
    "org.apache.kafka.connect.mirror.MirrorSourceConnector": "source",
    "org.apache.kafka.connect.mirror.MirrorCheckpointConnector": "checkpoint",
    "org.apache.kafka.connect.mirror.MirrorHeartbeatConnector": "heartbeat",
}


@dataclass(frozen=True, slots=True)
class Definition:
    """One connector: its name and its configuration."""

    name: str
    config: dict[str, str]


@dataclass(frozen=True, slots=True)
class Definitions:
    """The three connectors of a link."""

    source: Definition
    checkpoint: Definition
    heartbeat: Definition

    @property
    def all(self) -> tuple[Definition, ...]:
        """Source first."""
        return (self.source, self.checkpoint, self.heartbeat)


def read(link: Link) -> Definitions:
    """Read a link's file. ConfigInvalid naming file and connector if it is not what MirrorMaker 2 needs."""
    where = f"{link.connectors}"
    try:
        document = json.loads(link.connectors.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigInvalid(f"{where}: no JSON can be read: {error}", remedy="write {name: {config}, …}") from error
    found: dict[str, Definition] = {}
    for name, config in document.items() if isinstance(document, dict) else ():
        if not isinstance(config, dict):
            raise ConfigInvalid(f"{where}: {name} is no object", remedy="write the connector's configuration there")
        kind = KINDS.get(str(config.get("connector.class")))
        if kind is None:
            known = ", ".join(KINDS)
            raise ConfigInvalid(f"{where}: {name}: connector.class is none of {known}", remedy="use MirrorMaker 2's")
        aliases = (config.get("source.cluster.alias"), config.get("target.cluster.alias"))
        if aliases != (link.source, link.target):
            remedy = f"set source.cluster.alias={link.source} and target.cluster.alias={link.target}"
            raise ConfigInvalid(f"{where}: {name}: its aliases are not those of link {link.name}", remedy=remedy)
        if kind in found:
            said = f"{where}: {name} and {found[kind].name} are both {kind} connectors"
            raise ConfigInvalid(said, remedy="define each kind once")
        found[kind] = Definition(name, {key: _text(value) for key, value in config.items()})
    missing = [kind for kind in KINDS.values() if kind not in found]
    if missing:
        raise ConfigInvalid(f"{where}: no {' and no '.join(missing)} connector", remedy="define all three of them")
    return Definitions(**found)


def _text(value: object) -> str:
    """Connect takes strings; what JSON writes as ``true`` or ``5`` is meant as these letters."""
    return value if isinstance(value, str) else json.dumps(value)
