"""What a link says it has copied is held against the target's log, before the fence and behind it."""

from collections.abc import Callable

import pytest

from drctl.decide.rules import GateCategory, Rule
from drctl.errors import Blocked, RolledBack
from drctl.model.offsets import TopicPartition
from drctl.monitors import observe
from drctl.plans import handover, runner
from drctl.plans.frontier import frontier_blockers
from drctl.plans.selection import narrowed
from tests.fakes import FakeWorld, fake_world
from tests.spec.harness import RecordingObserver, require_rolled_back, require_served_by, switch

ORDERS = TopicPartition("shop.orders", 0)


def rested(*, compacted: bool = False) -> FakeWorld:
    """Everything written, copied and read, so that nothing but a planted fault stands in the way."""
    earth = fake_world()
    if compacted:
        for site in earth.sites.values():
            site.topic_config["shop.orders"] = {"cleanup.policy": "compact"}
    earth.come_to_rest()
    return earth


def found(earth: FakeWorld) -> set[Rule]:
    world = earth.ports()
    return {each.rule for each in frontier_blockers(world, observe(world, "north", "south"))}


def made_anew(earth: FakeWorld) -> None:
    """The target's topic, behind the link's back: what it has stored says that everything is there."""
    config = earth.south.topic_config.get("shop.orders", {})
    earth.south.drop("shop.orders")
    earth.south.make("shop.orders", 2, config)
    for group in earth.north.groups.values():
        for partition in [p for p in group.committed if p.topic == "shop.orders"]:
            del group.committed[partition]


def made_anew_and_grown(earth: FakeWorld) -> None:
    made_anew(earth)
    for number in range(3):
        earth.north.write(ORDERS, b"later %d" % number, "User:shop")
    earth.settle(5)


def cut_short(earth: FakeWorld) -> None:
    earth.mirrors["north", "south"].syncs[ORDERS] = earth.mirrors["north", "south"].syncs[ORDERS][:-1]
    del earth.south.logs[ORDERS].entries[-3:]


def never_copied(earth: FakeWorld) -> None:
    del earth.mirrors["north", "south"].stored[ORDERS]
    earth.mirrors["north", "south"].holds = True


def source_restored(earth: FakeWorld) -> None:
    earth.mirrors["north", "south"].stored[ORDERS] += 1_000


def seen_before(earth: FakeWorld) -> None:
    earth.memory.note_topic_ids("north", {"shop.orders": "another"}, anew=True)


def seen_before_at_the_target(earth: FakeWorld) -> None:
    earth.memory.note_topic_ids("south", {"shop.orders": "another"}, anew=True)


FAULTS = [
    (made_anew, Rule.FRONTIER_UNPROVEN),
    (made_anew_and_grown, Rule.FRONTIER_UNPROVEN),
    (cut_short, Rule.FRONTIER_UNPROVEN),
    (never_copied, Rule.TOPIC_NOT_COPIED),
    (source_restored, Rule.SOURCE_SHORTER),
    (seen_before, Rule.TOPIC_RECREATED),
    (seen_before_at_the_target, Rule.TOPIC_RECREATED),
]


@pytest.mark.parametrize(("plant", "rule"), FAULTS, ids=[plant.__name__ for plant, _ in FAULTS])
def test_an_impossible_frontier_blocks_before_anything_is_changed(
    plant: Callable[[FakeWorld], None], rule: Rule
) -> None:
    earth = rested()
    assert found(earth) == set()
    plant(earth)
    assert found(earth) == {rule}
    with pytest.raises(Blocked) as blocked:
        switch(earth.ports())
    assert "shop.orders" in str(blocked.value.reasons)
    require_served_by(earth, "north")
    assert not earth.epochs.current()


@pytest.mark.parametrize("plant", [made_anew, made_anew_and_grown])
def test_a_compacted_topic_that_was_made_anew_blocks_as_well(plant: Callable[[FakeWorld], None]) -> None:
    earth = rested(compacted=True)
    assert found(earth) == set()
    plant(earth)
    assert found(earth) == {Rule.FRONTIER_UNPROVEN}


def test_a_handover_is_blocked_as_well() -> None:
    earth = rested()
    made_anew(earth)
    plan = handover.ordered("north", "south", observe=observe)
    with pytest.raises(Blocked) as blocked:
        runner.run(plan, narrowed(earth.ports(), groups=["dispatch"]), RecordingObserver())
    assert "shop.orders-0: said to be copied up to" in str(blocked.value.reasons)
    assert not earth.epochs.current()


def test_a_target_topic_that_is_made_anew_behind_the_fence_never_counts_as_drained() -> None:
    earth = rested()

    def act(effect: str) -> None:
        if effect == "deny at north" and not earth.south.made:
            made_anew(earth)

    earth.effects.watchers.append(act)
    with pytest.raises(RolledBack) as rolled_back:
        switch(earth.ports())
    require_rolled_back(earth, rolled_back.value)
    assert "said to be copied up to" in str(rolled_back.value)


def test_a_topic_whose_copy_has_just_begun_again_is_believed_once_it_is_whole() -> None:
    earth = rested()
    made_anew(earth)
    mirror = earth.mirrors["north", "south"]
    for partition in [p for p in mirror.stored if p.topic == "shop.orders"]:
        del mirror.stored[partition]
    earth.settle(60)
    assert found(earth) == set()
    switch(earth.ports())
    assert earth.south.payloads(ORDERS) == earth.north.payloads(ORDERS)


LEFT_OUT = [{"topics": r"turbines\..*"}, {"topics": ".*", "topics.exclude": r"shop\..*"}]


@pytest.mark.parametrize("config", LEFT_OUT, ids=["topics", "topics.exclude"])
def test_a_topic_that_the_link_leaves_out_blocks_a_switchover_and_a_handover_before_anything_is_changed(
    config: dict[str, str],
) -> None:
    earth = fake_world()
    earth.mirrors["north", "south"].config |= config
    earth.settle(3)
    plan = handover.ordered("north", "south", observe=observe)

    def hand_over() -> None:
        runner.run(plan, narrowed(earth.ports(), groups=["billing"]), RecordingObserver())

    def move() -> None:
        switch(earth.ports())

    for attempt in (move, hand_over):
        with pytest.raises(Blocked) as blocked:
            attempt()
        assert "shop.orders is not copied" in str(blocked.value.reasons)
        assert blocked.value.exit_code == GateCategory.CONFIGURATION
    assert not earth.epochs.current()
    require_served_by(earth, "north")


def test_a_topic_that_only_older_versions_leave_out_blocks_unless_something_of_it_was_copied() -> None:
    earth = rested()
    stored = earth.mirrors["north", "south"].stored
    earth.mirrors["north", "south"].config["topics.blacklist"] = r"shop\..*"
    assert found(earth) == set(), "4.x does not know that setting any more"
    for partition in [p for p in stored if p.topic == "shop.orders"]:
        del stored[partition]
    earth.mirrors["north", "south"].holds = True
    assert found(earth) == {Rule.TOPIC_NOT_COPIED}
