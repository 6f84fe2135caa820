"""Under the default replication policy copies have other names, and both links run: sentences about moves there."""

from collections import Counter

import pytest

from drctl.errors import RolledBack
from drctl.model.group_sync import GroupSyncState
from drctl.model.link import ConnectorState
from drctl.model.loss import AcceptedLoss
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import RunState
from drctl.model.translation import Unproven, UnprovenReason
from drctl.monitors import Sessions, observe, status
from drctl.plans import handover, runner
from drctl.plans.group_sync import SOON, GroupSync
from drctl.plans.positions import translate_groups
from drctl.plans.selection import narrowed
from tests.fakes import FakeTail, FakeWorld, fake_world
from tests.spec.failing import fail_over, lose, synced
from tests.spec.harness import RecordingObserver, cut_then_resumed, switch, watch_for_two_open_sites

ORDERS = TopicPartition("shop.orders", 0)
COPY = TopicPartition("north.shop.orders", 0)


def _effects_of_a_switchover() -> tuple[str, ...]:
    earth = fake_world(prefixed=True)
    switch(earth.ports())
    return tuple(f"{number} {name}" for number, name in enumerate(earth.effects.names))


FORWARD = _effects_of_a_switchover()


def require_read_once(earth: FakeWorld) -> None:
    """Every group has processed every acknowledged record once, under whatever name; each log in its order."""
    earth.come_to_rest()
    for producer in earth.producers:
        for partition, acknowledged in producer.acknowledged.items():
            names = [prefix + partition.topic for prefix in ("", "north.", "south.")]
            logs = [TopicPartition(name, partition.partition) for name in names]
            for group, consumer in earth.consumers.items():
                read = [consumer.processed.get(log, []) for log in logs]
                assert Counter(each for log in read for each in log) == Counter(acknowledged), (group, partition)
                for site in earth.sites.values():  # what is written at either site has the same name, and two orders
                    for name, log in zip(logs, read, strict=True):
                        here = set(site.payloads(name)) if name in site.logs else set()
                        own = [each for each in log if each in here]
                        assert own == sorted(own, key=acknowledged.index), (group, partition, site.name)


def require_served_by(earth: FakeWorld, site: str) -> None:
    assert earth.writable() == {site}
    assert earth.routing.site() == site
    assert all(mirror.state is ConnectorState.RUNNING for mirror in earth.mirrors.values())


def test_a_switchover_and_the_way_home_lose_and_repeat_nothing() -> None:
    earth = fake_world(prefixed=True)
    both_open = watch_for_two_open_sites(earth)
    for source, target in (("north", "south"), ("south", "north"), ("north", "south")):
        assert switch(earth.ports(), source, target).state is RunState.DONE
        earth.settle()
        require_served_by(earth, target)
    assert both_open == []
    require_read_once(earth)


def test_positions_in_copies_go_home_to_the_originals() -> None:
    earth = fake_world(prefixed=True)
    switch(earth.ports())
    earth.settle()
    held = earth.south.groups["dispatch"].committed
    assert {p.topic for p in held} >= {ORDERS.topic, COPY.topic}
    earth.come_to_rest()
    answers = translate_groups(earth.ports(), "south", "north", ["dispatch"])["dispatch"]
    home = earth.north.logs[ORDERS]
    at_south = [payload for _, payload in earth.south.logs[COPY].data(held[COPY].offset)]
    answer = answers[COPY]
    assert [payload for _, payload in home.data(getattr(answer, "offset", -1))] == at_south


def test_links_are_neither_stopped_nor_turned_around() -> None:
    earth = fake_world(prefixed=True)
    switch(earth.ports())
    assert not [name for name in earth.effects.names if name.startswith(("stop link", "resume link", "restart link"))]


def test_a_record_written_behind_the_fence_is_seen_although_the_link_home_runs() -> None:
    earth = fake_world(prefixed=True)
    earth.north.super_users.add("User:turbines")
    with pytest.raises(RolledBack, match="records appeared behind the fence"):
        switch(earth.ports())
    require_served_by(earth, "north")


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", range(len(FORWARD) - 1), ids=FORWARD[:-1])
def test_a_switchover_cut_off_anywhere_ends_as_if_never_interrupted(effect: int, before: bool) -> None:
    earth = fake_world(prefixed=True)
    both_open = watch_for_two_open_sites(earth)
    cut_then_resumed(earth, effect, before=before)
    assert both_open == []
    earth.settle()
    require_served_by(earth, "south")
    require_read_once(earth)


def test_a_standby_is_synced_under_its_own_names_and_nothing_is_skipped() -> None:
    earth = fake_world(prefixed=True)
    earth.come_to_rest()
    keeper, tail, sessions = GroupSync(earth.ports(), "north", "south"), FakeTail(earth.north), Sessions()
    sessions.apply(tail.poll(0).changes)
    keeper.note({g: {p: h.committed for p, h in sessions.positions(g).items()} for g in sessions.take_moved()})
    keeper.cycle()
    earth.clock.sleep(SOON)
    keeper.cycle()
    assert keeper.statuses["dispatch"].state is GroupSyncState.PROVEN
    here, there = (site.groups["dispatch"].committed for site in (earth.north, earth.south))
    assert {p.topic for p in there} == {f"north.{p.topic}" for p in here}
    for partition, committed in here.items():
        copy = there[TopicPartition(f"north.{partition.topic}", partition.partition)]
        before = [payload for _, payload in earth.north.logs[partition].data(0, committed.offset)]
        image = earth.south.logs[TopicPartition(f"north.{partition.topic}", partition.partition)]
        assert [payload for _, payload in image.data(0, copy.offset)] == before
    keeper.forget({"dispatch": tuple(here)})
    assert keeper.refresh(["dispatch"]) == 0


def test_one_group_is_handed_over_alone() -> None:
    earth = fake_world(prefixed=True)
    earth.consumers["billing"].running = False
    earth.settle(1)
    world = narrowed(earth.ports(), groups=["billing"])
    runner.run(handover.ordered("north", "south", observe=observe), world, RecordingObserver())
    assert {p.topic for p in earth.south.groups["billing"].committed} == {f"north.{t}" for t in earth.plan.topics}
    assert "dispatch" not in earth.south.groups


def test_a_leftover_at_the_target_is_told_under_its_own_name() -> None:
    earth = fake_world(prefixed=True)
    earth.south.group("billing").committed[ORDERS] = Committed(0)
    answers = translate_groups(earth.ports(), "north", "south", ["billing"])["billing"]
    assert len(answers) == 4
    earth.north.group("billing").committed.clear()
    answers = translate_groups(earth.ports(), "north", "south", ["billing"])["billing"]
    assert answers == {ORDERS: Unproven(ORDERS, 0, UnprovenReason.STALE_AT_TARGET)}


def test_status_tells_primary_and_standby_although_both_links_run() -> None:
    earth = fake_world(prefixed=True)
    roles = {site.facts.name: site.role.value for site in status(earth.ports()).sites}
    assert roles == {"north": "primary", "south": "standby"}


def test_a_failover_goes_on_from_synced_positions_in_the_copies_and_skips_nothing() -> None:
    earth = synced(fake_world(prefixed=True))
    lose(earth, sighted=True)
    told = fail_over(earth.ports(), accepted=AcceptedLoss(1000)).evidence["confirm-positions"]
    assert told["uncovered"] == {}
    assert {name.rpartition("-")[0] for name in told["groups"]["dispatch"]["positions"]} == {
        f"north.{topic}" for topic in earth.plan.topics
    }
    assert earth.routing.site() == "south"
    earth.come_to_rest()
    for partition in (p for p in earth.south.logs if p.topic.startswith("north.")):
        for consumer in earth.consumers.values():
            original = TopicPartition(partition.topic.removeprefix("north."), partition.partition)
            read = consumer.processed.get(original, []) + consumer.processed.get(partition, [])
            assert set(earth.south.payloads(partition)) <= set(read)
