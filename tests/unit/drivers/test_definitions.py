"""The connectors file of a link."""

import json
from pathlib import Path

import pytest

from drctl.drivers.connect.definitions import read
from drctl.errors import ConfigInvalid
from drctl.model.links import Link

MIRROR = "org.apache.kafka.connect.mirror.Mirror"
ALIASES = {"source.cluster.alias": "north", "target.cluster.alias": "south"}
GOOD: dict[str, object] = {
    kind: {"connector.class": f"{MIRROR}{kind}Connector", **ALIASES} for kind in ("Source", "Checkpoint", "Heartbeat")
}


SOURCE = {"connector.class": f"{MIRROR}SourceConnector", **ALIASES}


def link(folder: Path, text: str) -> Link:
    path = folder / "link.json"
    path.write_text(text)
    return Link("north-to-south", "north", "south", path, "User:mm2")


def test_connectors_are_told_apart_by_their_class(tmp_path: Path) -> None:
    found = read(link(tmp_path, json.dumps(GOOD)))
    assert (found.source.name, found.checkpoint.name, found.heartbeat.name) == ("Source", "Checkpoint", "Heartbeat")


def test_values_reach_connect_as_json_wrote_them(tmp_path: Path) -> None:
    source = {"connector.class": f"{MIRROR}SourceConnector", **ALIASES, "tasks.max": 2, "emit": True, "word": "x"}
    config = read(link(tmp_path, json.dumps({**GOOD, "Source": source}))).source.config
    assert (config["tasks.max"], config["emit"], config["word"]) == ("2", "true", "x")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", r"link\.json:1: is no JSON: "),
        ('{"Source": {},\n"Source": {}}', r"link\.json:2: a key stands twice"),
        ('{"Source":\n' + "[" * 50_000, r"link\.json:2: is nested deeper than 64 levels"),
        ('{"Source":\n{"tasks.max": 1e999}}', r"link\.json:2: holds a number that is too large"),
        ('{"a":\n{}, "b": {}}', r"link\.json:1: a: connector\.class is none of"),
        (json.dumps({"a/b": GOOD["Source"]}), r"link\.json:1: 'a/b' is no name of a connector"),
        (json.dumps({"a\n": GOOD["Source"]}), r"link\.json:1: 'a\\n' is no name of a connector"),
        (json.dumps({"..": GOOD["Source"]}), r"link\.json:1: '\.\.' is no name of a connector"),
        (json.dumps({" ": GOOD["Source"]}), r"link\.json:1: ' ' is no name of a connector"),
        (json.dumps({"Source": SOURCE | {"topics": ["a"]}}, indent=1), r"link\.json:6: Source: topics is no single"),
        (json.dumps({"Source": SOURCE | {"topics": None}}), r"Source: topics is no single value"),
        ("[]", r"link\.json:1: no source and no checkpoint and no heartbeat connector"),
        (json.dumps({**GOOD, "Source": 5}), r"link\.json:1: Source is no object"),
        (
            json.dumps({**GOOD, "Other": {"connector.class": "FileSink"}}),
            r"link\.json:1: Other: connector\.class is none of",
        ),
        (json.dumps({**GOOD, "Twin": GOOD["Source"]}), r"Twin and Source are both source connectors"),
        (json.dumps({"Source": GOOD["Source"]}), r"no checkpoint and no heartbeat connector"),
    ],
)
def test_what_cannot_work_names_file_and_connector(tmp_path: Path, document: str, said: str) -> None:
    with pytest.raises(ConfigInvalid, match=said) as told:
        read(link(tmp_path, document))
    assert told.value.remedy


def test_a_connector_of_another_link_is_refused(tmp_path: Path) -> None:
    turned = {**GOOD, "Source": {"connector.class": f"{MIRROR}SourceConnector", "source.cluster.alias": "south"}}
    with pytest.raises(ConfigInvalid, match="its aliases are not those of link north-to-south"):
        read(link(tmp_path, json.dumps(turned)))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r"gone\.json"):
        read(Link("north-to-south", "north", "south", tmp_path / "gone.json", "User:mm2"))
