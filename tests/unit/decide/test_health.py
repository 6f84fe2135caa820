"""What is wrong at a site: from what is seen to the cause, situation by situation."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from drctl.decide.health import diagnose
from drctl.model.cause import CauseScope
from drctl.model.kubernetes import Attachment, ConditionStatus, NodeStorage, Usage, Volume, WarningEvent
from drctl.model.reading import Reading
from tests.unit.decide.sights import NOW, Situation, do, judged, kafka, resource


def no_api(situation: Situation) -> None:
    situation.silent("south", parts=("kubernetes",))


def two_per_zone(situation: Situation) -> None:
    situation.node(1, zone="zone-0")
    situation.node(0, ready=ConditionStatus.UNKNOWN)
    situation.node(1, ready=ConditionStatus.UNKNOWN)


def attached_elsewhere(situation: Situation) -> None:
    situation.pod(2, node="node-0", phase="Pending", ready=ConditionStatus.FALSE, trouble="ContainerCreating")


def waits_for_a_dead_node(situation: Situation) -> None:
    attached_elsewhere(situation)
    situation.node(2, ready=ConditionStatus.UNKNOWN)


def alone(situation: Situation, *, looked: bool = False) -> None:
    situation.silent("south")
    situation.met["west", "brokers"] = None
    if not looked:
        del situation.met["west", "brokers"]


def every_pod_down(situation: Situation) -> None:
    for broker in situation.brokers:
        situation.pod(broker, ready=ConditionStatus.FALSE, trouble="CrashLoopBackOff")
    situation.silent("south", "west", parts=("brokers",))


SCENES: list[tuple[str, Callable[[Situation], object], CauseScope, str, str]] = [
    ("all is well", do(), CauseScope.WELL, "", ""),
    (
        "a pod crashes",
        do(lambda s: s.gone(1), lambda s: s.pod(1, trouble="OOMKilled")),
        CauseScope.BROKER,
        "1",
        "OOMKilled",
    ),
    ("a pod is not there", lambda s: s.pods.pop("kafka-1"), CauseScope.BROKER, "1", "has no pod"),
    (
        "a broker left Kafka, its pod looks fine",
        kafka(alive=frozenset({0, 2})),
        CauseScope.BROKER,
        "1",
        "not in the metadata",
    ),
    ("a broker falls behind", kafka(out_of_sync={2: 7}), CauseScope.BROKER, "2", "7 replicas"),
    ("a pod will not end", lambda s: s.pod(0, overdue=NOW - timedelta(seconds=90)), CauseScope.BROKER, "0", "90 s ago"),
    ("a node falls silent", lambda s: s.node(1, ready=ConditionStatus.UNKNOWN), CauseScope.NODE, "node-1", "Unknown"),
    ("a node says no", lambda s: s.node(1, ready=ConditionStatus.FALSE), CauseScope.NODE, "node-1", "not ready"),
    (
        "a lease is old while Ready is still true",
        lambda s: s.leases.update({"node-1": timedelta(seconds=45)}),
        CauseScope.NODE,
        "node-1",
        "lease for 45 s",
    ),
    ("a node was removed", lambda s: s.nodes.pop("node-2"), CauseScope.NODE, "node-2", "does not exist"),
    (
        "a node is declared out of service",
        lambda s: s.node(0, taints=frozenset({"node.kubernetes.io/out-of-service"})),
        CauseScope.NODE,
        "node-0",
        "out of service",
    ),
    ("a claim lost its volume", lambda s: s.claim(1, phase="Lost"), CauseScope.VOLUME, "of broker 1", "Lost"),
    ("a claim is gone", lambda s: s.claims.pop("data-kafka-1"), CauseScope.VOLUME, "of broker 1", "does not exist"),
    (
        "a volume failed",
        lambda s: s.volumes.update({"pv-1": Volume("pv-1", "Failed")}),
        CauseScope.VOLUME,
        "of broker 1",
        "Failed",
    ),
    (
        "an attachment fails",
        lambda s: s.attachments.append(Attachment("pv-1", "node-1", attached=False, error="no path")),
        CauseScope.VOLUME,
        "of broker 1",
        "no path",
    ),
    (
        "a volume hangs on another node",
        attached_elsewhere,
        CauseScope.VOLUME,
        "of broker 2",
        "still attached to node node-2",
    ),
    ("the node that holds it is dead", waits_for_a_dead_node, CauseScope.NODE, "node-2", "Unknown"),
    (
        "the new health field of a claim",
        lambda s: s.claim(0, health=("DataLoss",)),
        CauseScope.VOLUME,
        "of broker 0",
        "DataLoss",
    ),
    (
        "a health word nobody knows",
        lambda s: s.claim(0, health=("Peculiar",)),
        CauseScope.VOLUME,
        "of broker 0",
        "Peculiar",
    ),
    (
        "the node's storage",
        lambda s: s.storage.update({"node-0": NodeStorage("node-0", {}, ("StorageUnreachable",))}),
        CauseScope.VOLUME,
        "of broker 0",
        "StorageUnreachable",
    ),
    ("a log directory went offline", kafka(offline_dirs={2: ("/data",)}), CauseScope.VOLUME, "of broker 2", "/data"),
    (
        "a volume is full",
        lambda s: s.usage.update({"data-kafka-2": Usage(100, 2)}),
        CauseScope.VOLUME,
        "of broker 2",
        "2.0% left",
    ),
    (
        "out of inodes",
        lambda s: s.usage.update({"data-kafka-2": Usage(100, 50, 100, 1)}),
        CauseScope.VOLUME,
        "of broker 2",
        "full",
    ),
    (
        "no controller leads",
        kafka(quorum=None, quorum_lost="broker 0 does not answer"),
        CauseScope.CONTROLLERS,
        "of north",
        "no leader is elected",
    ),
    (
        "no controller leads, and a node fell silent",
        do(kafka(quorum=None, quorum_lost="nobody leads"), lambda s: s.node(1, ready=ConditionStatus.UNKNOWN)),
        CauseScope.CONTROLLERS,
        "of north",
        "nobody leads",
    ),
    ("a zone of two nodes", two_per_zone, CauseScope.ZONE, "zone-0", "node-0"),
    ("every pod down and nobody meets a broker", every_pod_down, CauseScope.SITE, "north", "CrashLoopBackOff"),
    (
        "silent from south, and nobody else looked",
        alone,
        CauseScope.UNKNOWN,
        "north does not answer",
        "only looked at from south",
    ),
    (
        "silent from south, fine from west",
        lambda s: s.silent("south"),
        CauseScope.NETWORK,
        "between north and south",
        "drctl-west at west meets its brokers",
    ),
    (
        "silent from south and from west",
        lambda s: s.silent("south", "west"),
        CauseScope.SITE,
        "north",
        "west does not meet",
    ),
    (
        "silent from both, its Kubernetes answers and says all is ready",
        lambda s: s.silent("south", "west", parts=("brokers",)),
        CauseScope.UNKNOWN,
        "north's brokers do not answer",
        "meets its kub",
    ),
    (
        "silent from south, west could not look",
        lambda s: alone(s, looked=True),
        CauseScope.UNKNOWN,
        "north does not",
        "only looked",
    ),
    ("only the API server is silent", no_api, CauseScope.UNKNOWN, "", ""),
    (
        "the API server is silent and a broker is gone",
        do(no_api, kafka(alive=frozenset({0, 1}))),
        CauseScope.BROKER,
        "2",
        "not in",
    ),
]


@pytest.mark.parametrize(
    ("change", "scope", "subject", "reason"), [each[1:] for each in SCENES], ids=[s[0] for s in SCENES]
)
def test_what_is_seen_leads_to_its_cause(
    change: Callable[[Situation], object], scope: CauseScope, subject: str, reason: str
) -> None:
    found = judged(change)
    assert found.scope is scope
    if subject:
        assert subject in found.causes[0].subject
        assert any(reason in each for each in found.causes[0].reasons)
    else:
        assert not found.causes


def test_one_observer_that_gets_no_answer_while_its_neighbour_does_is_itself_the_question() -> None:
    situation = Situation()
    situation.met["south", "brokers"], situation.met["west", "brokers"] = False, None
    sight = situation.sight()
    beside = replace(sight.sightings[0], observer="MirrorMaker", met=Reading(True, NOW))
    found = diagnose(replace(sight, told=(beside,)), NOW)
    assert found.scope is CauseScope.UNKNOWN
    assert "drctl-south alone" in found.causes[0].subject


@pytest.mark.parametrize("part", ["brokers", "kubernetes", "connect"])
@pytest.mark.parametrize("place", ["south", "west"])
def test_one_silent_observer_alone_is_never_a_lost_site(place: str, part: str) -> None:
    assert judged(lambda situation: situation.silent(place, parts=(part,))).scope is not CauseScope.SITE


def test_what_kubernetes_said_before_it_fell_silent_makes_no_lost_site() -> None:
    def change(situation: Situation) -> None:
        every_pod_down(situation)
        situation.met["south", "kubernetes"] = situation.met["south", "connect"] = False
        situation.met["west", "brokers"] = None

    found = judged(change)
    assert found.scope is CauseScope.UNKNOWN
    assert "only looked at from south" in found.causes[0].reasons[-1]


def test_two_nodes_that_fail_at_once_in_two_zones_are_two_causes_that_name_their_brokers() -> None:
    found = judged(
        do(lambda s: s.node(0, ready=ConditionStatus.UNKNOWN), lambda s: s.node(2, ready=ConditionStatus.UNKNOWN))
    )
    assert [(each.scope, each.subject, each.brokers) for each in found.causes] == [
        (CauseScope.NODE, "node-0", frozenset({0})),
        (CauseScope.NODE, "node-2", frozenset({2})),
    ]


def test_an_ill_node_without_a_broker_is_none_of_our_causes() -> None:
    def change(situation: Situation) -> None:
        situation.nodes["node-9"] = replace(situation.nodes["node-0"], name="node-9", ready=ConditionStatus.UNKNOWN)

    assert judged(change).scope is CauseScope.WELL


def test_an_event_alone_is_no_cause_and_beside_a_pod_that_waits_it_is_a_reason() -> None:
    event = WarningEvent("Pod", "kafka-1", "FailedAttachVolume", "Multi-Attach error", NOW)
    assert judged(lambda s: s.events.append(event)).scope is CauseScope.WELL
    waits = do(lambda s: s.events.append(event), lambda s: s.pod(1, phase="Pending", ready=ConditionStatus.FALSE))
    found = judged(waits)
    assert found.scope is CauseScope.VOLUME
    assert any("Multi-Attach error" in each for each in found.causes[0].reasons)


def test_an_event_about_a_pod_that_had_the_name_before_says_nothing_of_this_one() -> None:
    event = WarningEvent("Pod", "kafka-1", "FailedAttachVolume", "Multi-Attach error", NOW, uid="before")
    waits = do(
        lambda s: s.events.append(event), lambda s: s.pod(1, phase="Pending", ready=ConditionStatus.FALSE, uid="now")
    )
    assert judged(waits).scope is CauseScope.BROKER
    same = do(
        lambda s: s.events.append(event), lambda s: s.pod(1, phase="Pending", ready=ConditionStatus.FALSE, uid="before")
    )
    assert judged(same).scope is CauseScope.VOLUME


def test_a_volume_of_many_nodes_may_be_attached_to_many() -> None:
    def change(situation: Situation) -> None:
        situation.volumes["pv-1"] = replace(situation.volumes["pv-1"], exclusive=False)
        situation.attachments.append(Attachment("pv-1", "node-2", attached=True))

    assert judged(change).scope is CauseScope.WELL


def test_a_site_without_kubernetes_is_judged_by_its_brokers() -> None:
    without = Situation(kubernetes=False)
    assert diagnose(without.sight(), NOW).scope is CauseScope.WELL
    without.gone(2)
    assert diagnose(without.sight(), NOW).scope is CauseScope.BROKER


def test_brokers_that_only_a_node_pool_names_are_missed() -> None:
    found = judged(lambda situation: situation.strimzi.append(resource("KafkaNodePool", ids=(0, 1, 2, 3))))
    assert (found.scope, found.causes[0].subject) == (CauseScope.BROKER, "3")
