"""What to do about a cause: wait, repair or fail over."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from drctl.decide.freshness import Limits
from drctl.decide.health import diagnose
from drctl.decide.response import CauseResponse, proposed, response
from drctl.model.cause import Cause, CauseScope, Response, SiteHealth
from drctl.model.kubernetes import ConditionStatus, WarningEvent
from drctl.model.sight import KafkaView
from tests.unit.decide.sights import NOW, Situation


def well(_: Situation) -> None:
    """Nothing is wrong."""


def pod_restarts(situation: Situation) -> None:
    situation.gone(1)


def image_missing(situation: Situation) -> None:
    situation.gone(1)
    situation.pod(1, phase="Pending", trouble="ErrImageNeverPull: Container image is not present")


def no_place(situation: Situation) -> None:
    situation.gone(1)
    situation.pod(1, phase="Pending", node="", trouble="Unschedulable: 0/3 nodes are available")


def crash_loop(situation: Situation) -> None:
    situation.gone(1)
    situation.pod(1, trouble="CrashLoopBackOff: back-off 20s, before that Error")


def volume_full(situation: Situation) -> None:
    situation.usage["data-kafka-1"] = replace(situation.usage["data-kafka-1"], available=1)


def node_silent(situation: Situation) -> None:
    situation.node(1, ready=ConditionStatus.UNKNOWN)


def zone_gone(situation: Situation) -> None:
    situation.node(1, zone="zone-0")
    situation.node(0, ready=ConditionStatus.UNKNOWN)
    situation.node(1, ready=ConditionStatus.UNKNOWN)


def no_controller(situation: Situation) -> None:
    situation.kafka = replace(situation.kafka or KafkaView(frozenset(), frozenset(), 0, 0), quorum_lost="none leads")


def api_silent(situation: Situation) -> None:
    situation.silent("south", parts=("kubernetes",))


def one_observer(situation: Situation) -> None:
    situation.silent("south")
    del situation.met["west", "brokers"]


def network_cut(situation: Situation) -> None:
    situation.met["west", "brokers"] = False


def site_lost(situation: Situation) -> None:
    situation.silent("south", "west")


SITUATIONS: list[tuple[Callable[[Situation], None], CauseScope, Response | None]] = [
    (well, CauseScope.WELL, None),
    (pod_restarts, CauseScope.BROKER, Response.WAIT),
    (image_missing, CauseScope.BROKER, Response.REPAIR),
    (no_place, CauseScope.BROKER, Response.REPAIR),
    (crash_loop, CauseScope.BROKER, Response.REPAIR),
    (volume_full, CauseScope.VOLUME, Response.REPAIR),
    (node_silent, CauseScope.NODE, Response.REPAIR),
    (zone_gone, CauseScope.ZONE, Response.REPAIR),
    (no_controller, CauseScope.CONTROLLERS, Response.REPAIR),
    (api_silent, CauseScope.UNKNOWN, Response.WAIT),
    (one_observer, CauseScope.UNKNOWN, Response.WAIT),
    (network_cut, CauseScope.NETWORK, Response.REPAIR),
    (site_lost, CauseScope.SITE, Response.FAILOVER),
]


def found_in(change: Callable[[Situation], None]) -> SiteHealth:
    situation = Situation()
    change(situation)
    return diagnose(situation.sight(), NOW)


def do(told: CauseResponse | None) -> Response | None:
    return None if told is None else told.do


@pytest.mark.parametrize(("change", "scope", "wanted"), SITUATIONS, ids=[each.__name__ for each, _, _ in SITUATIONS])
def test_what_to_do_follows_from_the_cause(
    change: Callable[[Situation], None], scope: CauseScope, wanted: Response | None
) -> None:
    found = found_in(change)
    assert (found.scope, do(proposed(found))) == (scope, wanted)


@pytest.mark.parametrize("scope", CauseScope)
def test_every_cause_but_health_has_a_response_and_only_a_lost_site_is_failed_over(scope: CauseScope) -> None:
    for stuck in (False, True):
        told = response(Cause(scope, "", (), stuck=stuck))
        assert (told is None) == (scope is CauseScope.WELL)
        assert (do(told) is Response.FAILOVER) == (scope is CauseScope.SITE)


@pytest.mark.parametrize("word", ["ImageInspectError", "PostStartHookError", "SignatureValidationFailed: no key"])
def test_a_pod_that_kubernetes_fails_to_start_is_to_be_repaired(word: str) -> None:
    def fails(situation: Situation) -> None:
        situation.gone(1)
        situation.pod(1, phase="Pending", trouble=word)

    assert do(proposed(found_in(fails))) is Response.REPAIR


def test_an_empty_volume_is_advised_only_where_no_last_copy_is_given_up_for_it() -> None:
    told = proposed(found_in(volume_full))
    assert told is not None
    assert "only while every partition has a leader" in told.how
    assert "one volume at a time" in told.how


def test_what_is_stuck_on_an_ill_node_is_the_nodes() -> None:
    situation = Situation()
    no_place(situation)
    situation.pod(1, node="node-1")
    situation.node(1, ready=ConditionStatus.UNKNOWN)
    (cause,) = diagnose(situation.sight(), NOW).causes
    assert (cause.scope, do(response(cause))) == (CauseScope.NODE, Response.REPAIR)
    assert response(cause) != response(replace(cause, scope=CauseScope.BROKER))


def told_abnormal(age: timedelta | None, *, reason: str = "VolumeConditionAbnormal", **pod: object) -> CauseScope:
    """The cause where the kubelet has told that of the volume of a broker whose container ends again and again."""
    situation = Situation()
    crash_loop(situation)
    situation.pod(1, uid="a", **pod)
    del situation.usage["data-kafka-1"]
    seen_at = None if age is None else NOW - age
    situation.events.append(WarningEvent("Pod", "kafka-1", reason, "writes fail", seen_at, "a"))
    return diagnose(situation.sight(), NOW).scope


def test_a_volume_told_abnormal_explains_a_container_that_ends_again_and_again() -> None:
    assert told_abnormal(Limits().told) is CauseScope.VOLUME


@pytest.mark.parametrize("age", [Limits().told + timedelta(seconds=1), None], ids=["too old", "of no time"])
def test_an_event_that_may_be_over_explains_nothing(age: timedelta | None) -> None:
    assert told_abnormal(age) is CauseScope.BROKER


def test_an_attempt_that_failed_before_the_pod_ran_explains_nothing() -> None:
    assert told_abnormal(timedelta(0), reason="FailedMount") is CauseScope.BROKER


def test_a_pod_that_is_ready_again_has_no_ill_volume_by_an_event() -> None:
    assert told_abnormal(timedelta(0), ready=ConditionStatus.TRUE) is CauseScope.BROKER
