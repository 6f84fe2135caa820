"""The contract of Rollouts, for the fake, the driver over an API in memory and, in tests/kube, a real API server."""

from typing import Any

import pytest

from drctl.errors import Conflict, NotFound, Superseded
from drctl.model.scaling import DEPLOYMENT, STATEFUL_SET, Scalable
from tests.contract.rollouts import OWNER, RolloutsHarness

KINDS = [Scalable(DEPLOYMENT, "shop"), Scalable(STATEFUL_SET, "shop")]
SHOP, STATEFUL = KINDS
RUN = "20260101T000000-abc123"


@pytest.mark.parametrize("what", KINDS, ids=str)
def test_it_is_restarted_once_every_pod_is_new_and_no_other_is_left(rollouts: RolloutsHarness, what: Scalable) -> None:
    rollouts.create(what, 3)
    rollouts.report(what, new=3, old=0, available=3)
    assert "not marked" in rollouts.rollouts.state(what).missing(RUN)
    rollouts.rollouts.restart(what, RUN)
    assert "has not acted" in rollouts.rollouts.state(what).missing(RUN)
    for new, old, available, said in (
        (1, 3, 3, "1 of 3 pods are new; old pods are left"),
        (3, 1, 3, "old pods are left"),
        (3, 0, 2, "2 of 3 pods are available"),
    ):
        rollouts.report(what, new=new, old=old, available=available)
        assert said in rollouts.rollouts.state(what).missing(RUN)
    rollouts.report(what, new=3, old=0, available=3)
    assert rollouts.rollouts.state(what).missing(RUN) == ""


@pytest.mark.parametrize("what", KINDS, ids=str)
def test_asked_twice_for_one_run_it_is_restarted_once_and_for_another_one_again(
    rollouts: RolloutsHarness, what: Scalable
) -> None:
    asked: list[str] = []
    rollouts.create(what, 1)
    for _ in range(2):
        rollouts.rollouts.restart(what, RUN, lambda: asked.append("restart"))
    rollouts.report(what, new=1, old=0, available=1)
    rollouts.rollouts.restart(what, RUN, lambda: asked.append("restart"))
    assert rollouts.rollouts.state(what).missing(RUN) == ""
    assert asked == ["restart"]
    rollouts.rollouts.restart(what, "the-next-run", lambda: asked.append("restart"))
    assert not rollouts.rollouts.state(what).settled
    assert len(asked) == 2


def test_pods_that_have_ended_are_none(rollouts: RolloutsHarness) -> None:
    rollouts.create(SHOP, 1)
    rollouts.rollouts.restart(SHOP, RUN)
    rollouts.report(SHOP, new=1, old=0, available=1, ended=2)
    assert rollouts.rollouts.state(SHOP).missing(RUN) == ""


def test_one_that_wants_no_pod_is_restarted_at_once(rollouts: RolloutsHarness) -> None:
    rollouts.create(SHOP, 0)
    rollouts.rollouts.restart(SHOP, RUN)
    rollouts.report(SHOP, new=0, old=0, available=0)
    assert rollouts.rollouts.state(SHOP).missing(RUN) == ""


@pytest.mark.parametrize(
    ("trouble", "said"), [("image", "ImagePullBackOff"), ("node", "Unschedulable"), ("quota", "exceeded quota")]
)
def test_why_pods_do_not_come_is_told_beside_what_is_missing(
    rollouts: RolloutsHarness, trouble: str, said: str
) -> None:
    rollouts.create(SHOP, 2)
    rollouts.rollouts.restart(SHOP, RUN)
    rollouts.report(SHOP, new=1, old=1, available=1, trouble=trouble)
    missing = rollouts.rollouts.state(SHOP).missing(RUN)
    assert "1 of 2 pods are new" in missing
    assert said in missing


def test_a_rehearsal_changes_nothing(rollouts: RolloutsHarness) -> None:
    rollouts.create(SHOP, 1)
    rollouts.report(SHOP, new=1, old=0, available=1)
    before = rollouts.rollouts.state(SHOP)
    rollouts.rollouts.rehearse(SHOP)
    assert rollouts.rollouts.state(SHOP) == before


@pytest.mark.parametrize(
    ("what", "strategy", "said", "remedy"),
    [
        (SHOP, {"paused": True}, "paused", "rollout resume deployment/shop"),
        (STATEFUL, {"updateStrategy": {"type": "OnDelete"}}, "OnDelete", "RollingUpdate"),
        (STATEFUL, {"updateStrategy": {"rollingUpdate": {"partition": 2}}}, "partition", "partition to 0"),
    ],
    ids=["paused", "on-delete", "partition"],
)
def test_one_whose_pods_nothing_replaces_is_refused_with_what_helps(
    rollouts: RolloutsHarness, what: Scalable, strategy: dict[str, Any], said: str, remedy: str
) -> None:
    rollouts.create(what, 1, **strategy)
    for act in (rollouts.rollouts.rehearse, lambda what: rollouts.rollouts.restart(what, RUN)):
        with pytest.raises(Conflict, match=said) as caught:
            act(what)
        assert remedy in caught.value.remedy
    assert rollouts.rollouts.state(what).mark == ""


def test_a_manifest_that_sets_the_mark_is_a_conflict_that_names_its_owner(rollouts: RolloutsHarness) -> None:
    rollouts.create(SHOP, 1)
    rollouts.owned(SHOP)
    before = rollouts.rollouts.state(SHOP).mark
    for act in (rollouts.rollouts.rehearse, lambda what: rollouts.rollouts.restart(what, RUN)):
        with pytest.raises(Conflict, match=OWNER) as caught:
            act(SHOP)
        assert "drctl.io/restarted-by" in caught.value.remedy
    assert rollouts.rollouts.state(SHOP).mark == before


def test_what_else_was_applied_as_drctl_is_not_taken_away(rollouts: RolloutsHarness) -> None:
    rollouts.create(SHOP, 1)
    rollouts.ours_whole(SHOP)
    for act in (rollouts.rollouts.rehearse, lambda what: rollouts.rollouts.restart(what, RUN)):
        with pytest.raises(Conflict, match="field manager drctl") as caught:
            act(SHOP)
        assert caught.value.remedy
    assert rollouts.rollouts.state(SHOP).mark == ""


def test_nothing_is_marked_once_one_may_not(rollouts: RolloutsHarness) -> None:
    rollouts.create(SHOP, 1)

    def no_longer() -> None:
        raise Superseded("somebody newer has decided")

    with pytest.raises(Superseded):
        rollouts.rollouts.restart(SHOP, RUN, no_longer)
    assert rollouts.rollouts.state(SHOP).mark == ""


def test_what_is_not_there_is_not_found_and_not_made(rollouts: RolloutsHarness) -> None:
    for act in (rollouts.rollouts.state, rollouts.rollouts.rehearse, lambda what: rollouts.rollouts.restart(what, RUN)):
        with pytest.raises(NotFound, match="shop") as caught:
            act(SHOP)
        assert caught.value.remedy
