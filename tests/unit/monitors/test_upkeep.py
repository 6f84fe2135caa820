"""Eyes for brokers' disks: claims of the brokers' pods, as their kubelets measure them."""

from dataclasses import replace

import pytest

from drctl.errors import Forbidden, Unsupported
from drctl.model.kubernetes import Usage
from drctl.model.resources import POD
from drctl.model.upkeep import DiskSpace
from drctl.monitors import keep_up
from drctl.monitors.upkeep import disks
from tests.fakes import FakeKubelets
from tests.unit.monitors.test_sights import Stage


def on_kubernetes() -> tuple[Stage, FakeKubelets]:
    """A stage whose broker pods have a claim each."""
    stage = Stage()
    for broker in (1, 2, 3):
        volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": f"data-{broker}"}}]
        meta = {"name": f"kafka-{broker}", "labels": {"app": "kafka"}}
        stage.api.put(POD, {"metadata": meta, "spec": {"nodeName": f"node-{broker}", "volumes": volumes}})
    kube = stage.world.sites["north"].kubernetes
    assert kube is not None
    assert isinstance(kube.kubelets, FakeKubelets)
    return stage, kube.kubelets


def test_the_claims_of_broker_pods_are_measured_and_no_others() -> None:
    stage, kubelets = on_kubernetes()
    kubelets.nodes["node-1"] = {"data-1": Usage(100, 2), "somebody-elses": Usage(100, 1)}
    seen = disks(stage.world, stage.world.sites["north"])
    assert seen == {"data-1": DiskSpace(100, 2), "data-2": DiskSpace(10, 5), "data-3": DiskSpace(10, 5)}


def test_a_right_that_is_missing_makes_them_unknown() -> None:
    stage, kubelets = on_kubernetes()
    kubelets.nodes["node-2"] = Forbidden("nodes/proxy is denied")
    north = keep_up(stage.world, ("north",)).sites[0]
    assert (north.disks.value, north.disks.unknown) == (None, "nodes/proxy is denied")


def test_where_no_kubernetes_is_named_nobody_tells() -> None:
    stage = Stage()
    bare = replace(stage.world.sites["north"], kubernetes=None)
    with pytest.raises(Unsupported, match="no call for log directories"):
        disks(stage.world, bare)
