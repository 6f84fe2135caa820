"""Where groups go on after a failover: nothing that is at the target is skipped, and what is not exact is said."""

from drctl.model.loss import AcceptedLoss
from drctl.model.offsets import Committed, TopicPartition
from tests.fakes import fake_world
from tests.spec.failing import (
    ANY,
    beyond_the_frontier,
    distrusted,
    fail_over,
    lose,
    require_nothing_skipped,
    require_served_by_target,
    some_lag,
    synced,
)


def test_positions_are_exact_while_the_source_answers_even_where_nothing_was_synced() -> None:
    earth = distrusted(fake_world())
    some_lag(earth)
    result = fail_over(earth.ports(), accepted=ANY)
    assert result.evidence["confirm-positions"]["uncovered"] == {}
    require_served_by_target(earth, beyond_the_frontier(earth), repeats=False)


def test_a_group_without_a_position_is_named_and_gets_none() -> None:
    earth = fake_world()
    lose(earth, sighted=True)
    for consumer in earth.consumers.values():
        consumer.running = False
    result = fail_over(earth.ports(), accepted=AcceptedLoss(unknown=True))
    told = result.evidence["confirm-positions"]["uncovered"]
    assert set(told) == {"dispatch", "billing"}
    assert all("auto.offset.reset" in why for why in told.values())
    assert not any(group.committed for group in earth.south.groups.values())


def test_positions_that_the_service_did_not_keep_are_said_to_be_unmarked() -> None:
    earth = synced(fake_world())
    lose(earth)
    earth.south.groups["billing"].committed[TopicPartition("shop.orders", 0)] = Committed(1, "")
    told = fail_over(earth.ports(), accepted=ANY).evidence["confirm-positions"]["groups"]
    assert told["billing"]["positions"]["shop.orders-0"]["proof"] == "unmarked"
    assert told["dispatch"]["positions"]["shop.orders-0"]["proof"] == "group-sync"


def test_nobody_skips_a_record_that_is_at_the_target() -> None:
    earth = synced(fake_world())
    some_lag(earth)
    lose(earth)
    fail_over(earth.ports(), accepted=AcceptedLoss(unknown=True))
    require_nothing_skipped(earth)


def test_the_synced_standby_never_touches_the_groups_again() -> None:
    earth = synced(fake_world())
    lose(earth)
    fail_over(earth.ports(), accepted=ANY)
    earth.north.down = False
    held = {group: dict(each.committed) for group, each in earth.north.groups.items()}
    synced(earth, "south", "north")
    assert {group: dict(each.committed) for group, each in earth.north.groups.items()} == held
