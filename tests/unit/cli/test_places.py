"""drctl status: pods and volumes beside the brokers, for people and for programs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from drctl.cli import status
from drctl.errors import Forbidden
from drctl.model.resources import ATTACHMENT, CLAIM, POD, VOLUME
from drctl.ports import World
from tests.fakes import fake_world
from tests.unit.monitors.test_sights import Harness


def shown(world: World, *words: str) -> str:
    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield world

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(status, "opened", opened)
        done = CliRunner().invoke(status.command, words, obj=Path("plan.yaml"))
    assert done.exit_code == 0, done.exception
    return done.stdout


def north(world: World) -> dict[str, Any]:
    sites = json.loads(shown(world, "-o", "json"))["sites"]
    found: dict[str, Any] = next(each for each in sites if each["name"] == "north")
    return found


@pytest.fixture
def harness() -> Harness:
    """North's brokers with a volume each; nobody tells of the health of the third."""
    made = Harness()
    for broker in (1, 2, 3):
        volumes = [{"persistentVolumeClaim": {"claimName": f"data-{broker}"}}]
        spec = {"nodeName": f"node-{broker}", "volumes": volumes}
        state = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        meta = {"name": f"kafka-{broker}", "labels": {"app": "kafka"}}
        made.api.put(POD, {"metadata": meta, "spec": spec, "status": state})
        told = {"healthStatus": {"conditions": [{"status": "DataLoss"}] if broker == 2 else []}} if broker < 3 else {}
        bound = {"spec": {"volumeName": f"pv-{broker}"}, "status": {"phase": "Bound", **told}}
        made.api.put(CLAIM, {"metadata": {"name": f"data-{broker}"}, **bound})
        made.api.put(VOLUME, {"metadata": {"name": f"pv-{broker}"}, "spec": {}, "status": {"phase": "Bound"}})
        source = {"source": {"persistentVolumeName": f"pv-{broker}"}, "nodeName": f"node-{broker}"}
        made.api.put(ATTACHMENT, {"metadata": {"name": f"a-{broker}"}, "spec": source, "status": {"attached": True}})
    return made


def test_people_see_a_line_for_each_pod_with_its_volume(harness: Harness) -> None:
    lines = shown(harness.world).splitlines()
    table = lines[lines.index("Pods and volumes") + 1 :][:4]
    assert [line.split() for line in table[1:]] == [
        ["north", "1", "kafka-1", "yes", "0", "node-1", "data-1", "50%", "healthy"],
        ["north", "2", "kafka-2", "yes", "0", "node-2", "data-2", "50%", "unhealthy", "DataLoss"],
        ["north", "3", "kafka-3", "yes", "0", "node-3", "data-3", "50%", "not", "reported"],
    ]


def test_programs_see_pods_volumes_and_the_cause(harness: Harness) -> None:
    told = north(harness.world)
    pods, volumes = told["kubernetes"]["pods"]["value"], told["kubernetes"]["volumes"]["value"]
    assert pods[0] == {
        "broker": 1,
        "inMetadata": True,
        "pod": "kafka-1",
        "phase": "Running",
        "ready": "True",
        "restarts": 0,
        "trouble": None,
        "node": "node-1",
        "nodeReady": "True",
        "zone": None,
        "claims": ["data-1"],
    }
    assert volumes[1] == {
        "claim": "data-2",
        "pod": "kafka-2",
        "broker": 2,
        "phase": "Bound",
        "volume": "pv-2",
        "attachedTo": ["node-2"],
        "free": 0.5,
        "health": "unhealthy",
        "told": ["DataLoss"],
    }
    assert volumes[2]["health"] == "not reported"
    assert [(each["scope"], each["brokers"]) for each in told["health"]["causes"]] == [("volume", [2])]
    assert told["kafka"]["leaderless"] == 0


def test_pods_that_nobody_may_list_are_unknown_with_the_verb_and_not_none(harness: Harness) -> None:
    harness.api.forbidden = {("list", "pods")}
    told = north(harness.world)["kubernetes"]
    assert told["pods"]["value"] is told["volumes"]["value"] is None
    assert "cannot list" in told["pods"]["unknown"]
    assert any(each.startswith("pods: ") and "cannot list" in each for each in told["unusable"])
    assert told["ages"]["pods"] is None
    assert any("unknown" in line and "cannot list" in line for line in shown(harness.world).splitlines())


def test_without_kubernetes_there_is_no_such_table() -> None:
    world = fake_world().ports()
    assert "Pods and volumes" not in shown(world)
    assert north(world)["kubernetes"] is None


def test_a_kubelet_that_is_denied_leaves_the_room_unknown(harness: Harness) -> None:
    ports = harness.world.sites["north"].kubernetes
    assert ports is not None
    for broker in (1, 2, 3):
        ports.kubelets.nodes[f"node-{broker}"] = Forbidden("cannot get nodes/proxy")  # type: ignore[attr-defined]
    (first, *_) = north(harness.world)["kubernetes"]["volumes"]["value"]
    assert (first["free"], first["health"]) == (None, "healthy")
