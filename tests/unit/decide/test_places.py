"""Where brokers run and how their volumes stand: three answers about health, and unknown never shown as well."""

from datetime import timedelta

import pytest

from drctl.decide.places import broker_places
from drctl.model.kubernetes import ConditionStatus, NodeStorage, Pod, Usage
from drctl.model.places import BrokerPlace, BrokerVolume, VolumeHealth
from tests.unit.decide.sights import NOW, Situation


def places(situation: Situation) -> tuple[BrokerPlace, ...]:
    found = broker_places(situation.sight(), NOW)
    assert found is not None
    return found


def volume_of(situation: Situation, broker: int) -> BrokerVolume:
    (found,) = next(each for each in places(situation) if each.broker == broker).volumes
    return found


def test_each_broker_is_told_with_its_pod_its_node_and_its_volume() -> None:
    situation = Situation()
    situation.pod(1, restarts=4, trouble="CrashLoopBackOff", ready=ConditionStatus.FALSE)
    situation.node(1, ready=ConditionStatus.UNKNOWN)
    _, found, _ = places(situation)
    volume = BrokerVolume("data-kafka-1", "Bound", "pv-1", ("node-1",), 0.6, VolumeHealth.HEALTHY)
    assert found == BrokerPlace(
        1,
        True,
        "kafka-1",
        "Running",
        ConditionStatus.FALSE,
        4,
        "CrashLoopBackOff",
        "node-1",
        ConditionStatus.UNKNOWN,
        "zone-1",
        (volume,),
    )


@pytest.mark.parametrize(
    ("claim", "pod", "abnormal", "node", "answer"),
    [
        (None, None, None, None, (VolumeHealth.NOT_REPORTED, ())),
        (None, None, None, (), (VolumeHealth.NOT_REPORTED, ())),
        ((), None, None, None, (VolumeHealth.HEALTHY, ())),
        (None, (), None, None, (VolumeHealth.HEALTHY, ())),
        (None, None, False, None, (VolumeHealth.HEALTHY, ())),
        (None, None, True, None, (VolumeHealth.UNHEALTHY, ("abnormal",))),
        (("DataLoss",), (), False, None, (VolumeHealth.UNHEALTHY, ("DataLoss",))),
        ((), ("NobodyKnowsThis",), None, None, (VolumeHealth.UNHEALTHY, ("NobodyKnowsThis",))),
        ((), None, False, ("StorageUnreachable",), (VolumeHealth.UNHEALTHY, ("StorageUnreachable",))),
    ],
)
def test_a_volume_is_healthy_unhealthy_or_not_reported(
    claim: tuple[str, ...] | None,
    pod: tuple[str, ...] | None,
    abnormal: bool | None,
    node: tuple[str, ...] | None,
    answer: tuple[VolumeHealth, tuple[str, ...]],
) -> None:
    situation = Situation()
    situation.claim(0, health=claim)
    situation.pod(0, volume_health=pod)
    situation.usage["data-kafka-0"] = Usage(100, 60, abnormal=abnormal)
    situation.storage["node-0"] = NodeStorage("node-0", {}, node)
    found = volume_of(situation, 0)
    assert (found.health, found.told) == answer


def test_what_was_not_seen_is_unknown() -> None:
    situation = Situation()
    situation.unknown = dict.fromkeys(("nodes", "attachments", "usage"), "denied")
    situation.claim(0, health=None)
    situation.kafka_unknown = "site north does not answer"
    found, *_ = places(situation)
    assert (found.alive, found.node_ready, found.zone) == (None, None, "")
    assert volume_of(situation, 0) == BrokerVolume(
        "data-kafka-0", "Bound", "pv-0", None, None, VolumeHealth.NOT_REPORTED
    )


def test_a_claim_that_does_not_exist_has_no_phase() -> None:
    situation = Situation()
    del situation.claims["data-kafka-2"]
    found = volume_of(situation, 2)
    assert (found.phase, found.volume, found.nodes) == ("", "", None)


def test_a_broker_without_a_pod_and_a_pod_without_a_broker_are_both_told() -> None:
    situation = Situation()
    del situation.pods["kafka-2"]
    situation.pods["odd"] = Pod("odd", None, "", "Pending", ConditionStatus.FALSE)
    assert [(each.broker, each.pod) for each in places(situation)] == [
        (0, "kafka-0"),
        (1, "kafka-1"),
        (2, ""),
        (None, "odd"),
    ]


def test_pods_that_were_seen_too_long_ago_are_no_places() -> None:
    situation = Situation(age=timedelta(seconds=61))
    assert broker_places(situation.sight(), NOW) is None
    assert broker_places(Situation(kubernetes=False).sight(), NOW) is None
