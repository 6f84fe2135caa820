"""The controller that deploy/ ships, in pods: it starts, outlives its pods and an upgrade, and goes without a trace."""

from collections.abc import Iterator
from typing import Any

import pytest

from drctl.lab.kube import KubeLab
from drctl.lab.kube.controller import Controller
from tests.kube.controlling import (
    Upgrade,
    await_denied,
    bound,
    comes_to,
    evict,
    holder,
    lab_command,
    leaders,
    previous_manifests,
    require_finished_by_the_new_pods,
    require_no_traces,
    staying,
    upgrade_amid_a_run,
    wait,
)
from tests.kube.harness import CHECKOUT


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubeLab]:
    """A lab of their own: these tests move its work."""
    with KubeLab.start(tmp_path_factory.mktemp("own") / "lab", small=True) as running:
        yield running


@pytest.fixture(scope="module")
def upgrade(lab: KubeLab, tmp_path_factory: pytest.TempPathFactory) -> Upgrade:
    """From the manifests of the commit before to these, and another image, while a run is under way in a pod."""
    before = Controller(lab, previous_manifests(tmp_path_factory.mktemp("before")))
    return upgrade_amid_a_run(before, Controller(lab))


@pytest.fixture
def controller(lab: KubeLab) -> Controller:
    """Installed by the README's command, whatever an earlier test left."""
    lab_command(lab, "install")
    return Controller(lab)


def test_one_command_brings_up_two_replicas_of_which_one_leads(controller: Controller) -> None:
    assert "drctl lab kube install" in (CHECKOUT / "README.md").read_text()
    wait("both are ready", lambda: controller.kubectl.get("deployment", "drctl")["status"].get("readyReplicas") == 2)
    wait("one of them leads, and holds the lease", lambda: leaders(controller) == [holder(controller)])


def test_when_the_leading_pod_is_killed_the_other_takes_over_and_never_do_both_lead(controller: Controller) -> None:
    (killed,) = comes_to("one of them leads", lambda: leaders(controller), lambda found: len(found) == 1)
    controller.kubectl.run("delete", "pod", killed, "--grace-period=1", "--wait=false")

    def leading() -> list[str]:
        found = leaders(controller)
        assert len(found) < 2
        return found

    # Mostly the other replica; where that is slow, the pod that is made in place of the killed one.
    (after,) = comes_to("another one leads", leading, lambda found: bool(found) and killed not in found)
    wait("it holds the lease", lambda: holder(controller) == after)


def test_a_second_pod_is_not_evicted_before_the_first_is_ready_again(controller: Controller) -> None:
    wait("one may go", lambda: _disruptions(controller) == 1)
    one, other = sorted(staying(controller))
    assert evict(controller, one) == ""
    refused = evict(controller, other)
    assert "TooManyRequests" in refused, refused
    assert "disruption budget" in refused
    assert other in staying(controller)
    wait("the first is ready again", lambda: _disruptions(controller) == 1)
    assert staying(controller) > {other}
    assert evict(controller, other) == ""
    wait("both are ready again", lambda: _disruptions(controller) == 1)


def test_an_upgrade_kills_a_run_under_way_and_the_new_pods_finish_it(upgrade: Upgrade) -> None:
    require_finished_by_the_new_pods(upgrade)


@pytest.mark.usefixtures("upgrade")  # which leaves it installed, and could not resume once the claim is gone
def test_what_an_uninstall_leaves_was_told_before_and_nothing_else_stays(lab: KubeLab) -> None:
    controller = Controller(lab)
    told = bound(controller)
    said = lab_command(lab, "uninstall")
    for site, principals in told.items():
        await_denied(lab, site, principals.__eq__)
    require_no_traces(lab)
    assert lab.kubectl.get("namespace", "drctl") == {}
    kept = {each["metadata"]["name"] for each in lab.kubectl.list("pv") if _was_the_state(each)}
    assert kept
    assert all(volume in said for volume in kept)


def _disruptions(controller: Controller) -> int:
    """How many pods may be evicted now, as the budget's own controller tells of what it has seen last."""
    budget = controller.kubectl.get("poddisruptionbudget", "drctl")
    status = budget.get("status", {})
    seen = status.get("observedGeneration") == budget["metadata"]["generation"] and not status.get("disruptedPods")
    return int(status["disruptionsAllowed"]) if seen else 0


def _was_the_state(volume: dict[str, Any]) -> bool:
    claim = volume["spec"].get("claimRef", {})
    return (claim.get("namespace"), claim.get("name")) == ("drctl", "drctl-state")
