"""What looks like a fault and is none, and how faults that come together are named."""

from datetime import timedelta

from drctl.decide.readiness import Rule, blockers, warnings
from drctl.decide.rules import GateCategory
from drctl.model.fence import Writers
from drctl.model.link import ConnectorState
from drctl.model.reading import Reading
from drctl.model.upkeep import DiskSpace
from tests.unit.decide.good_facts import (
    CORDONED,
    GOOD,
    GUARDS,
    NOW,
    ROOMY,
    RULES,
    backward,
    changed,
    disks,
    fence,
    forward,
    rule,
    seen,
    source,
    status,
    target,
    unseen,
    with_connector,
)


def test_a_platform_with_topics_of_its_own_is_exempt_at_both_sites() -> None:
    connect, both = frozenset({"User:connect"}), seen(Writers(frozenset({"User:shop", "User:connect"})))
    rules = seen(RULES | {rule("User:connect", "WRITE", "TOPIC", "connect-*"), *fence("User:connect")})
    for change in (source, target):
        facts = change(platform=connect, writers=both, rules=rules)(GOOD)
        assert not [b for b in (*blockers(facts, GUARDS, NOW), *warnings(facts)) if b.concern is GateCategory.WRITERS]


def test_who_may_write_transactions_and_no_topic_is_nothing_that_the_fence_would_hurt() -> None:
    bank = {rule("User:bank", "WRITE", "TRANSACTIONAL_ID", "bank*"), rule("User:bank", "READ", "TOPIC", "orders")}
    facts = source(writers=seen(Writers(frozenset({"User:shop", "User:bank"}))), rules=seen(RULES | bank))(GOOD)
    assert not [w for w in warnings(facts) if w.rule is Rule.DENIED_TOO]


def test_cordoning_that_leaves_every_broker_a_directory_stands_in_no_way() -> None:
    one_of_two = seen({"/data": ROOMY, "/old": CORDONED})
    facts = target(disks={f"broker {n}": one_of_two for n in (1, 2, 3)})(GOOD)
    assert [*blockers(facts, GUARDS, NOW), *warnings(facts)] == []


def test_cordoned_brokers_are_told_once_as_what_stands_in_the_way_or_as_a_warning() -> None:
    facts = target(disks=disks(b2=CORDONED))(GOOD)
    told = [*blockers(facts, GUARDS, NOW), *warnings(facts)]
    assert [each.rule for each in told] == [Rule.DIRECTORY_CORDONED]
    assert told[0].detail.endswith("every log directory is cordoned of broker 2")
    assert told[0].concern is GateCategory.SITES


def test_the_disks_of_the_site_that_is_left_are_nothing_that_a_move_waits_for() -> None:
    facts = source(disks=disks(b1=DiskSpace(100, 0), b2=CORDONED))(GOOD)
    assert [*blockers(facts, GUARDS, NOW), *warnings(facts)] == []


def test_old_facts_say_nothing_about_now() -> None:
    found = list(blockers(GOOD, GUARDS, NOW + timedelta(minutes=2)))
    assert [b.rule for b in found] == [Rule.FACTS_STALE]


def test_all_faults_are_named_at_once_silence_first() -> None:
    facts = forward(lag=unseen())(changed(client_routing=seen("south"))(target(cluster=unseen())(GOOD)))
    assert [b.rule for b in blockers(facts, GUARDS, NOW)] == [
        Rule.TARGET_SILENT,
        Rule.CLIENT_ROUTING_ELSEWHERE,
        Rule.LAG_UNKNOWN,
    ]


def test_a_failover_is_advised_of_a_silent_source_and_not_of_one_that_refuses_us() -> None:
    for silent in (True, False):
        facts = source(cluster=Reading(None, NOW, "no answer, or a refusal", silent=silent))(GOOD)
        (found,) = (each for each in blockers(facts, GUARDS, NOW) if each.rule is Rule.SOURCE_SILENT)
        assert ("consider a failover" in found.remedy) is silent


def test_a_checkpoint_connector_without_groups_has_no_task_and_that_is_no_fault() -> None:
    assert list(blockers(with_connector("checkpoint", tasks=())(GOOD), GUARDS, NOW)) == []


def test_a_stopped_reverse_link_is_no_fault() -> None:
    assert list(blockers(backward(status=seen(status(ConnectorState.STOPPED)))(GOOD), GUARDS, NOW)) == []
