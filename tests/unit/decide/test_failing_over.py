"""Reasons not to fail over, each alone; and what is wrong at the source is none."""

from dataclasses import replace
from datetime import timedelta

import pytest

from drctl.decide.equality import failover_warnings
from drctl.decide.failing_over import failover_blockers, loss_blockers, sinks_left
from drctl.decide.loss import counted, sighted
from drctl.decide.rules import Blocker, Rule
from drctl.model.cluster import Broker, Cluster, Topic
from drctl.model.facts import Facts
from drctl.model.fence import CanaryResult, DenyRule, Scope
from drctl.model.link import ConnectorState
from drctl.model.loss import AcceptedLoss, EndsFrom, LogEndsSighting, Loss
from drctl.model.offsets import TopicPartition
from drctl.model.reading import Reading
from drctl.model.session import Group, GroupProtocol, GroupState, Member
from drctl.model.upkeep import DiskSpace
from tests.unit.decide.good_facts import (
    CORDONED,
    DENIED,
    GOOD,
    GUARDS,
    NO_ANSWER,
    NOW,
    Change,
    backward,
    changed,
    disks,
    forward,
    seen,
    source,
    status,
    target,
    topic,
    unseen,
)

OF_OTHERS = frozenset(DenyRule("User:shop", scope, own=False) for scope in Scope)
READINGS, ORDERS = TopicPartition("readings", 0), TopicPartition("orders", 0)
TWO_BROKERS = Cluster("north", (Broker(1, "localhost", 1), Broker(2, "localhost", 2)), 1, kraft=True)
SHARED = Group("billing", GroupProtocol.SHARE, GroupState.EMPTY)
MEMBER = Group("billing", GroupProtocol.CLASSIC, GroupState.STABLE, (Member("m", "laptop", "/10.0.0.9"),))


def topics_without_the_canary() -> Reading[dict[str, Topic]]:
    return seen({"orders": topic("orders")})


def silent(facts: Facts) -> Facts:
    """The source is gone, and with it everything that only it can tell."""
    gone = source(
        cluster=unseen(), topics=unseen(), groups=unseen(), writers=unseen(), standing=unseen(), sinks=unseen()
    )(facts)
    return changed(
        canary=unseen(), link=forward(lag=unseen())(gone).link, reverse=backward(status=unseen())(gone).reverse
    )(gone)


def test_the_targets_disks_hold_up_no_failover_and_are_told_also_where_the_source_is_gone() -> None:
    poor = target(disks=disks(b1=DiskSpace(100, 1), b2=CORDONED))(silent(GOOD))
    assert found(poor) == []
    told = [each.rule for each in failover_warnings(poor)]
    assert told == [Rule.DISK_FILLING, Rule.DIRECTORY_CORDONED, Rule.FACTS_UNKNOWN]


def found(facts: Facts) -> list[Blocker]:
    return list(failover_blockers(facts, GUARDS, NOW))


def test_a_silent_source_is_no_reason_to_wait() -> None:
    assert found(silent(GOOD)) == []


def test_a_healthy_source_is_one_and_names_the_switchover() -> None:
    (only,) = found(GOOD)
    assert only.rule is Rule.SOURCE_HEALTHY
    assert only.remedy.startswith("'drctl switchover --to south'")


def test_a_healthy_source_behind_deny_rules_is_one_too() -> None:
    fenced = changed(canary=seen(CanaryResult(refused=True, answer="denied")))(source(standing=seen(DENIED))(GOOD))
    assert [b.rule for b in found(fenced)] == [Rule.SOURCE_HEALTHY]


@pytest.mark.parametrize(
    "ailing",
    [
        source(cluster=seen(TWO_BROKERS)),
        changed(canary=unseen("no acknowledgement")),
        source(topics=unseen()),
    ],
    ids=["a broker is missing", "writes fail", "its topics cannot be read"],
)
def test_a_source_that_answers_and_is_not_well_may_be_left(ailing: Change) -> None:
    assert found(ailing(GOOD)) == []


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (target(cluster=unseen()), Rule.TARGET_SILENT),
        (target(topics=seen({"canary": topic("canary")})), Rule.TOPIC_MISSING),
        (target(topics=topics_without_the_canary()), Rule.CANARY_TOPIC_MISSING),
        (changed(target_canary=unseen("its password is wrong")), Rule.FACTS_UNKNOWN),
        (target(standing=seen(OF_OTHERS)), Rule.CANARY_REFUSED),
        (target(groups=seen({"billing": MEMBER})), Rule.GROUP_ACTIVE_AT_TARGET),
        (target(groups=seen({"billing": SHARED})), Rule.GROUP_IMMOVABLE),
        (forward(status=unseen()), Rule.LINK_UNKNOWN),
        (backward(status=seen(status(ConnectorState.RUNNING))), Rule.BOTH_DIRECTIONS),
        (changed(client_routing=seen("south")), Rule.CLIENT_ROUTING_ELSEWHERE),
        (changed(seen_at=NOW - timedelta(minutes=5)), Rule.FACTS_STALE),
    ],
)
def test_what_the_target_needs_stands_in_the_way(change: Change, rule: Rule) -> None:
    assert [b.rule for b in found(change(silent(GOOD)))] == [rule]


def test_one_cluster_under_two_names_stands_in_the_way_of_an_ailing_source_too() -> None:
    alike = target(cluster=seen(Cluster("north", (*TWO_BROKERS.brokers, Broker(3, "localhost", 3)), 1, kraft=True)))
    assert [b.rule for b in found(alike(source(cluster=seen(TWO_BROKERS))(GOOD)))] == [Rule.ONE_CLUSTER]


def test_a_closed_client_routing_is_no_reason_to_wait() -> None:
    assert found(changed(client_routing=seen(None))(silent(GOOD))) == []


def lost(records: int, *, unseen_too: int | None = 0) -> Loss:
    return Loss({}, EndsFrom.SIGHTING, {}, NOW, {"readings": records}, unseen_too)


@pytest.mark.parametrize(
    ("loss", "accepted", "stands"),
    [
        (lost(0), AcceptedLoss(), False),
        (lost(1), AcceptedLoss(), True),
        (lost(10), AcceptedLoss(10), False),
        (lost(10, unseen_too=1), AcceptedLoss(10), True),
        (lost(10, unseen_too=None), AcceptedLoss(99), True),
        (Loss({}, EndsFrom.UNKNOWN), AcceptedLoss(99), True),
        (Loss({}, EndsFrom.UNKNOWN), AcceptedLoss(unknown=True), False),
        (lost(10), AcceptedLoss(unknown=True), False),
    ],
)
def test_a_loss_stands_in_the_way_unless_it_was_accepted(loss: Loss, accepted: AcceptedLoss, stands: bool) -> None:
    assert [b.concern.value for b in loss_blockers(loss, accepted)] == ([17] if stands else [])


def sighting(**rates: float) -> LogEndsSighting:
    by_partition = {TopicPartition(topic, 0): rate for topic, rate in rates.items()}
    return LogEndsSighting({READINGS: 100, ORDERS: 50}, NOW, by_partition, NOW + timedelta(seconds=10))


def test_what_was_seen_and_not_copied_is_lost_and_what_may_have_come_until_the_silence_is_added() -> None:
    loss = sighted({READINGS: 90, ORDERS: 50}, sighting(readings=2.0, orders=0.5), NOW + timedelta(hours=1))
    assert loss.records == {"orders": 0, "readings": 10}
    assert (loss.seen, loss.unseen, loss.total) == (10, 20 + 5, 35)


def test_what_the_link_copied_after_the_sighting_is_not_lost() -> None:
    loss = sighted({READINGS: 115, ORDERS: 50}, sighting(readings=2.0, orders=0.0), NOW)
    assert (loss.seen, loss.unseen) == (0, 5)


def test_without_a_rate_nobody_can_tell_what_came_after_the_sighting() -> None:
    loss = sighted({READINGS: 90}, sighting(), NOW)
    assert (loss.seen, loss.unseen, loss.total) == (60, None, None)


def test_what_was_copied_of_a_topic_that_was_made_anew_proves_nothing() -> None:
    loss = sighted({READINGS: 115, ORDERS: 40}, replace(sighting(), anew=frozenset({"readings"})), NOW)
    assert loss.records == {"orders": 10, "readings": 100}
    assert loss.frontier == {ORDERS: 40}


def test_a_log_that_was_longer_before_has_no_rate() -> None:
    before = LogEndsSighting({READINGS: 900, ORDERS: 50}, NOW)
    seen = before.followed_by({READINGS: 20, ORDERS: 60}, NOW + timedelta(seconds=10), frozenset({"readings"}))
    assert (seen.rates, seen.anew) == ({ORDERS: 1.0}, frozenset({"readings"}))
    assert sighted({}, replace(seen, silent_since=NOW + timedelta(seconds=20)), NOW).total is None


def test_without_a_sighting_nothing_is_known_and_nothing_is_zero() -> None:
    loss = sighted({READINGS: 90}, None, NOW)
    assert (loss.seen, loss.total, loss.records) == (None, None, {})


def test_what_was_counted_at_the_source_is_summed_by_topic() -> None:
    loss = counted({}, {}, {READINGS: 3, TopicPartition("readings", 1): 4, ORDERS: 0}, {}, NOW, exact=True)
    assert loss.records == {"orders": 0, "readings": 7}
    assert loss.total == 7


def test_a_sink_of_which_nobody_knows_the_group_is_no_reason_to_wait_and_is_told() -> None:
    unknown = changed(unknown_sinks={"lake": NO_ANSWER})(silent(GOOD))
    assert found(unknown) == []
    (told,) = sinks_left(unknown)
    assert told.detail.startswith("lake: the group that it reads as is unknown, so it is not started at south")
