"""The connectors of a link as its JSON file defines them: name → configuration, for Connect's REST interface."""

import json

from drctl.config.documents import read_json
from drctl.errors import ConfigInvalid
from drctl.model.documents import line_of_key
from drctl.model.link import MIRROR_KINDS as KINDS
from drctl.model.link import LinkDefinitions, WantedConnector
from drctl.model.links import Link


def read(link: Link) -> LinkDefinitions:
    """Read a link's file. ConfigInvalid naming file, line and connector if it is not what MirrorMaker 2 needs."""
    document, text = read_json(link.connectors, "write {name: {config}, …}")
    found: dict[str, WantedConnector] = {}
    for name, config in document.items() if isinstance(document, dict) else ():
        kind, definition = _definition(link, text, name, config)
        if kind in found:
            said = f"{_place(link, text, name)}: {name} and {found[kind].name} are both {kind} connectors"
            raise ConfigInvalid(said, remedy="define each kind once")
        found[kind] = definition
    missing = [kind for kind in KINDS.values() if kind not in found]
    if missing:
        said = f"{link.connectors}:1: no {' and no '.join(missing)} connector"
        raise ConfigInvalid(said, remedy="define all three of them")
    return LinkDefinitions(**found)


def _definition(link: Link, text: str, name: str, config: object) -> tuple[str, WantedConnector]:
    """One connector, and which of the three it is."""
    where = _place(link, text, name)
    if not name.strip(" .") or not name.isprintable() or "/" in name:  # ".." in an address leads elsewhere
        remedy = "name it without slashes and control characters, which Connect's REST interface cannot be asked for"
        raise ConfigInvalid(f"{where}: {name!r} is no name of a connector", remedy=remedy)
    if not isinstance(config, dict):
        raise ConfigInvalid(f"{where}: {name} is no object", remedy="write the connector's configuration there")
    kind = KINDS.get(str(config.get("connector.class")))
    if kind is None:
        known = ", ".join(KINDS)
        raise ConfigInvalid(f"{where}: {name}: connector.class is none of {known}", remedy="use MirrorMaker 2's")
    # By these aliases MirrorMaker 2 names its topics, syncs and stored offsets. With others than the plan's
    # site names all of them would be looked for where nothing is.
    aliases = (config.get("source.cluster.alias"), config.get("target.cluster.alias"))
    if aliases != (link.source, link.target):
        remedy = f"set source.cluster.alias={link.source} and target.cluster.alias={link.target}"
        raise ConfigInvalid(f"{where}: {name}: its aliases are not those of link {link.name}", remedy=remedy)
    for key, value in config.items():
        if value is None or isinstance(value, dict | list):
            place = _place(link, text, name, key)
            remedy = "write text, a number, true or false; lists as Kafka writes them, with commas"
            raise ConfigInvalid(f"{place}: {name}: {key} is no single value", remedy=remedy)
    return kind, WantedConnector(name, {key: _text(value) for key, value in config.items()})


def _place(link: Link, text: str, *keys: str) -> str:
    return f"{link.connectors}:{line_of_key(text, keys)}"


def _text(value: object) -> str:
    """Connect takes strings; what JSON writes as ``true`` or ``5`` is meant as these letters."""
    return value if isinstance(value, str) else json.dumps(value)
