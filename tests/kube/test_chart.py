"""The chart installed, upgraded and uninstalled by Helm itself, on the real API server and in pods."""

from collections.abc import Iterator

import pytest

from drctl.lab.kube import KubeLab
from tests.kube.charted import RELEASE, ChartController
from tests.kube.controlling import (
    Upgrade,
    await_denied,
    bound,
    previous_manifests,
    require_finished_by_the_new_pods,
    require_no_traces,
    upgrade_amid_a_run,
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubeLab]:
    """A lab of their own: these tests move its work, and a chart takes over nothing that kubectl has applied."""
    with KubeLab.start(tmp_path_factory.mktemp("chart") / "lab", small=True) as running:
        yield running


@pytest.fixture(scope="module")
def upgrade(lab: KubeLab, tmp_path_factory: pytest.TempPathFactory) -> Upgrade:
    """From the chart of the commit before to this one, and another image, while a run is under way in a pod."""
    before = ChartController(lab, previous_manifests(tmp_path_factory.mktemp("before")))
    return upgrade_amid_a_run(before, ChartController(lab))


def test_an_upgrade_by_helm_kills_a_run_under_way_and_the_new_pods_finish_it(upgrade: Upgrade) -> None:
    require_finished_by_the_new_pods(upgrade)


@pytest.mark.usefixtures("upgrade")
def test_what_an_uninstall_by_helm_leaves_was_told_before_or_is_told_then(lab: KubeLab) -> None:
    controller = ChartController(lab)
    notes = controller.helm("get", "notes", RELEASE)
    assert "drctl status -o wide" in notes
    told = bound(controller)
    before = controller.kubectl.get("pvc", "drctl-state")["metadata"]["uid"]
    said = controller.remove()
    assert "[PersistentVolumeClaim] drctl-state" in said
    assert "drctl-state" in notes
    for site, principals in told.items():
        await_denied(lab, site, principals.__eq__)
    require_no_traces(lab)
    assert controller.kubectl.get("configmap", "drctl-plan") == {}
    controller.hand_over("install")
    assert controller.kubectl.get("pvc", "drctl-state")["metadata"]["uid"] == before
