"""The contract of Scaling, for the fake and, in tests/kube, for a real API server."""

import pytest

from drctl.errors import Conflict, NotFound
from drctl.model.scaling import DEPLOYMENT, STATEFUL_SET, Scalable, Scaler
from tests.contract.scaling import ScalingHarness

KINDS = [Scalable(DEPLOYMENT, "billing"), Scalable(STATEFUL_SET, "billing")]
BILLING = KINDS[0]


@pytest.mark.parametrize("what", KINDS, ids=str)
def test_what_is_wanted_and_what_is_there_are_told_apart(scaling: ScalingHarness, what: Scalable) -> None:
    scaling.create(what, 3)
    assert not scaling.scaling.state(what).settled
    scaling.report(what, pods=3, available=2)
    seen = scaling.scaling.state(what)
    assert (seen.wanted, seen.present, seen.available, len(seen.pods)) == (3, 3, 2, 3)
    assert seen.settled
    assert seen.has(2)
    assert not seen.has(3)


@pytest.mark.parametrize("what", KINDS, ids=str)
def test_it_is_down_only_when_its_last_pod_is_gone(scaling: ScalingHarness, what: Scalable) -> None:
    scaling.create(what, 2)
    scaling.report(what, pods=2, available=2)
    for _ in range(2):
        scaling.scaling.scale(what, 0)
    assert scaling.scaling.state(what).wanted == 0
    assert not scaling.scaling.state(what).is_down
    scaling.report(what, pods=1, available=0)
    assert not scaling.scaling.state(what).is_down
    scaling.report(what, pods=0, available=0)
    assert scaling.scaling.state(what).is_down


def test_pods_that_have_ended_are_none(scaling: ScalingHarness) -> None:
    scaling.create(BILLING, 1)
    scaling.scaling.scale(BILLING, 0)
    scaling.report(BILLING, pods=0, available=0, ended=1)
    assert scaling.scaling.state(BILLING).is_down


def test_only_addresses_that_nobody_shares_with_its_pods_are_told(scaling: ScalingHarness) -> None:
    scaling.create(BILLING, 2)
    scaling.report(BILLING, pods=2, available=2, network="10.1.0")
    assert scaling.scaling.state(BILLING).addresses == ("10.1.0.1", "10.1.0.2")
    scaling.report(BILLING, pods=1, available=1, ended=1, network="10.1.0")
    assert scaling.scaling.state(BILLING).addresses == ("10.1.0.1",)
    scaling.report(BILLING, pods=2, available=2)
    assert scaling.scaling.state(BILLING).addresses == ()


def test_a_number_is_kept_on_the_object_until_it_is_taken_off(scaling: ScalingHarness) -> None:
    scaling.create(BILLING, 3)
    assert scaling.scaling.state(BILLING).kept is None
    for _ in range(2):
        scaling.scaling.keep(BILLING, 3)
    scaling.scaling.scale(BILLING, 0)
    assert scaling.scaling.state(BILLING).kept == 3
    for _ in range(2):
        scaling.scaling.keep(BILLING, None)
    assert scaling.scaling.state(BILLING).kept is None


def test_a_number_that_a_manifest_sets_is_a_conflict_that_names_its_owner_and_may_be_taken(
    scaling: ScalingHarness,
) -> None:
    scaling.create(BILLING, 3, manifest_says=True)
    assert scaling.scaling.state(BILLING).owners == ("gitops",)
    with pytest.raises(Conflict, match="gitops") as caught:
        scaling.scaling.scale(BILLING, 0)
    assert "takeOwnership" in caught.value.remedy
    assert scaling.scaling.state(BILLING).wanted == 3
    scaling.scaling.scale(Scalable(DEPLOYMENT, "billing", take=True), 0)
    after = scaling.scaling.state(BILLING)
    assert (after.wanted, after.owners) == (0, ())


def test_who_scaled_it_by_hand_owns_nothing_that_would_come_back(scaling: ScalingHarness) -> None:
    scaling.create(BILLING, 3, manifest_says=True)
    scaling.scale_by_hand(BILLING, 4)
    assert scaling.scaling.state(BILLING).owners == ()
    scaling.scaling.scale(BILLING, 0)
    assert scaling.scaling.state(BILLING).wanted == 0


def test_what_is_not_there_is_not_found(scaling: ScalingHarness) -> None:
    for act in (scaling.scaling.state, lambda what: scaling.scaling.scale(what, 1)):
        with pytest.raises(NotFound, match="billing") as caught:
            act(BILLING)
        assert caught.value.remedy


def test_only_what_scales_the_object_itself_is_named(scaling: ScalingHarness) -> None:
    scaling.create(BILLING, 1)
    scaling.create(KINDS[1], 1)
    assert scaling.scaling.scalers(BILLING) == ()
    scaling.autoscale(BILLING, least=2, most=5)
    assert scaling.scaling.scalers(BILLING) == (Scaler("HorizontalPodAutoscaler", "load", 2, 5),)
    assert scaling.scaling.scalers(KINDS[1]) == ()


@pytest.mark.parametrize(("paused", "paused_at", "undoes"), [(False, None, True), (True, None, False), (True, 2, True)])
def test_events_start_what_was_taken_to_0_unless_they_are_paused_where_it_stands(
    scaling: ScalingHarness, paused: bool, paused_at: int | None, undoes: bool
) -> None:
    scaling.create(BILLING, 1)
    scaling.scale_by_events(BILLING, paused=paused, paused_at=paused_at)
    (scaler,) = scaling.scaling.scalers(BILLING)
    assert (scaler.kind, scaler.name, scaler.undoes_zero) == ("ScaledObject", "events", undoes)
