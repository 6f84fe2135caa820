"""Plan and runs on a real API server, as kubectl shows them."""

import json
from collections.abc import Iterator

import pytest

from drctl.config import spec_of
from drctl.errors import LabError
from drctl.lab.kube import ControlPlane, control_plane
from drctl.lab.kube.kubectl import Kubectl
from drctl.monitors import status
from drctl.service.showing import ResourceMirror
from tests.fakes import fake_world
from tests.kube.deployed import DEPLOY, apply_strictly, define, documents, everywhere
from tests.kube.harness import namespace, resources
from tests.spec.harness import switch


@pytest.fixture(scope="module")
def defined(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """An API server that knows drctl's kinds."""
    with control_plane(tmp_path_factory.mktemp("shown") / "kubernetes") as plane:
        define(plane)
        yield plane


def test_the_schemas_are_structural(defined: ControlPlane) -> None:
    told = json.loads(everywhere(defined).run("get", "crd", "-o", "json"))["items"]
    conditions = [(each["metadata"]["name"], c["type"]) for each in told for c in each["status"]["conditions"]]
    assert [named for named in conditions if named[1] == "NonStructuralSchema"] == []
    assert len(told) == 2


def test_plan_and_run_are_shown_with_conditions_generation_and_events(
    defined: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> None:
    space = namespace(defined)
    plan_file = tmp_path_factory.mktemp("plan") / "plan.yaml"
    plan_file.write_text(documents((DEPLOY / "base/plan.yaml").read_text())[0]["data"]["plan.yaml"])
    world = fake_world().ports()
    result = switch(world)
    api = resources(defined, space)
    mirror = ResourceMirror(world, api, space, spec_of(plan_file), lambda: True)
    mirror.write(status(world))
    api.close()
    kubectl = Kubectl(defined.kubeconfig, space)
    plan = kubectl.get("drplan", world.plan.name)
    assert plan["status"]["observedGeneration"] == plan["metadata"]["generation"]
    assert plan["spec"] == spec_of(plan_file)
    head, line = kubectl.run("get", "drplan").splitlines()
    assert head.split()[:4] == ["NAME", "PRIMARY", "EPOCH", "HEALTHY"]
    assert line.split()[:3] == [world.plan.name, "south", "1"]
    row = kubectl.run("get", "drrun").splitlines()[1].split()
    assert row[:7] == [result.run.id.lower(), "switchover", "north", "south", "1", "done", "True"]
    (event,) = [each for each in kubectl.list("events") if each["involvedObject"]["name"] == result.run.id.lower()]
    assert (event["reason"], event["type"], event["involvedObject"]["kind"]) == (
        "Done",
        "Normal",
        "DisasterRecoveryRun",
    )


def test_a_field_that_no_plan_file_has_is_refused(defined: ControlPlane) -> None:
    text = documents((DEPLOY / "base/plan.yaml").read_text())[0]["data"]["plan.yaml"]
    (plan,) = documents(text)
    plan["metadata"]["namespace"] = namespace(defined)
    apply_strictly(defined, [plan], "--dry-run=server")
    plan["spec"]["objectives"]["recoverTime"] = "5m"
    with pytest.raises(LabError, match="recoverTime"):
        apply_strictly(defined, [plan], "--dry-run=server")
