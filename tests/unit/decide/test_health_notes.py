"""Beside the cause of what is wrong at a site: notes, what the judgement is blind to, and facts too old to judge by."""

from datetime import timedelta

import pytest

from drctl.decide.freshness import Limits, stale
from drctl.decide.health import diagnose
from drctl.model.cause import CauseScope
from drctl.model.reading import Reading
from drctl.model.strimzi import ResourceState
from tests.unit.decide.sights import NOW, Situation, judged, kafka, resource


def test_no_health_signal_is_said_and_is_not_health() -> None:
    def change(situation: Situation) -> None:
        for broker in situation.brokers:
            situation.claim(broker, health=None)

    assert "volumes: no health signal" in judged(change).notes
    assert "volumes: no health signal" not in judged().notes
    assert "log directories: no signal" in judged(kafka(offline_dirs=None)).notes


def test_a_claim_that_no_kubelet_measures_is_said() -> None:
    assert "claim data-kafka-0: its kubelet measures no usage" in judged(lambda s: s.usage.pop("data-kafka-0")).notes


def test_partitions_that_refuse_writes_are_counted() -> None:
    assert judged(kafka(under_min_isr=3, leaderless=1)).blocked == 4
    assert judged(lambda situation: situation.silent("south")).blocked is None


def test_facts_that_are_too_old_or_from_the_future_judge_nothing() -> None:
    for age in (timedelta(minutes=5), timedelta(seconds=-30)):
        found = diagnose(Situation(age=age).sight(), NOW)
        assert found.scope is CauseScope.UNKNOWN
        assert any("brokers: seen" in each for each in found.blind)
        assert any("Kubernetes: seen" in each for each in found.blind)


def test_a_right_that_is_missing_blinds_one_eye_only() -> None:
    found = judged(lambda situation: situation.unknown.update(attachments="denied", events="denied"))
    assert found.blind == ("attachments: denied",)
    assert "events not seen: denied" in found.notes


def test_clocks_far_apart_are_told_of() -> None:
    assert any(
        "clock is 90 s behind ours" in each
        for each in judged(lambda s: setattr(s, "skew", timedelta(seconds=-90))).notes
    )


@pytest.mark.parametrize(
    ("kind", "standing", "more", "said"),
    [
        ("Kafka", ResourceState.NOT_READY, {"said": ("FatalProblem: no",)}, "Kafka/it is not ready: FatalProblem: no"),
        ("Kafka", ResourceState.PAUSED, {}, "reconciliation is paused"),
        ("KafkaUser", ResourceState.BEHIND, {}, "has not acted on the newest generation"),
        ("KafkaTopic", ResourceState.SILENT, {}, "has said nothing"),
        (
            "KafkaMirrorMaker2",
            ResourceState.READY,
            {"failed": ("a->b.MirrorSourceConnector task 0 failed",)},
            "task 0 failed",
        ),
        ("StrimziPodSet", ResourceState.READY, {"wanted": 3, "present": 2}, "2 of 3 pods"),
        ("KafkaRebalance", ResourceState.READY, {"phase": "Rebalancing"}, "is Rebalancing"),
        ("Kafka", ResourceState.READY, {"said": ("KafkaStorage: one disk",)}, "warns: KafkaStorage"),
    ],
)
def test_what_strimzi_reports_is_noted(kind: str, standing: ResourceState, more: dict[str, object], said: str) -> None:
    found = judged(lambda situation: situation.strimzi.append(resource(kind, standing, **more)))
    assert any(said in each for each in found.notes)
    assert found.scope is CauseScope.WELL


def test_a_selector_that_matches_no_broker_is_a_blind_spot_and_no_lost_brokers() -> None:
    found = judged(lambda situation: situation.pods.clear())
    assert (found.scope, found.causes) == (CauseScope.UNKNOWN, ())
    assert found.blind == ("pods: none of a broker matches the selector of the plan file",)


def test_the_gate_names_every_fact_that_is_too_old_to_act_by() -> None:
    old, new = Reading(1, NOW - timedelta(seconds=61)), Reading(1, NOW)
    unknown: Reading[object] = Reading(None, NOW, "denied")
    assert list(stale({"pods": old, "nodes": new, "claims": unknown}, NOW, Limits())) == [
        "pods: seen 61 s ago, which is too old",
        "claims: denied",
    ]
