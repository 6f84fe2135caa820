"""A tabletop on two real sites: no record is written for it, and its bundle is checked like any other."""

import json
from pathlib import Path

from confluent_kafka import Consumer
from confluent_kafka import TopicPartition as Place

from drctl.lab import Lab
from drctl.lab.layout import CANARY_TOPIC
from tests.lab.usage import client, drctl


def canaries(lab: Lab) -> list[int]:
    """How many records the canaries of both sites have written."""
    ends = []
    for name in ("north", "south"):
        consumer = Consumer({**client(lab, name, "admin"), "group.id": "looks-at-canaries"})
        ends.append(consumer.get_watermark_offsets(Place(CANARY_TOPIC, 0), timeout=30)[1])
        consumer.close()
    return ends


def test_it_writes_nothing_and_is_verified_as_what_it_is(lab: Lab, tmp_path: Path) -> None:
    before = canaries(lab)
    done = drctl(lab, "drill", "--level", "tabletop", "--to", "south", "--report", str(tmp_path))
    assert "TABLETOP, north to south" in done.stdout, done.stderr
    assert done.returncode, "only what is proved exits 0"
    assert canaries(lab) == before
    told = json.loads((tmp_path / "tabletop.json").read_text())
    assert told["notTried"] == ["north: the canary", "south: the canary"]
    assert {each["name"] for each in told["groups"]} >= {"billing"}
    checked = drctl(lab, "verify", str(tmp_path), "-o", "json")
    assert checked.returncode == 22, checked.stderr
    assert json.loads(checked.stdout)["verdict"] == "vacuous"
