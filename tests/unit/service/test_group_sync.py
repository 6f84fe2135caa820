"""The service keeps the standby's positions: what it shows of them, what it counts, and what it tells."""

from datetime import timedelta

import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from drctl.model.changes import PositionMoved, partition_of
from drctl.model.group_sync import GroupSyncState
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import Run
from drctl.monitors import status
from drctl.plans.sink_groups import AGAIN
from drctl.service.watch import Watch
from tests.fakes import fake_world
from tests.fakes.site import COORDINATORS
from tests.spec.harness import switch


def test_sync_cycles_bring_positions_to_the_standby_and_count_them() -> None:
    earth = fake_world()
    watch = Watch(earth.ports(), status, timedelta(seconds=15), group_sync=True)
    assert watch.keeper is not None
    earth.come_to_rest()
    watch.keeper.cycle_or_tell()
    text = generate_latest(watch.metrics.registry).decode()
    assert 'drctl_group_sync_groups{state="proven"} 2.0' in text
    assert "drctl_group_sync_commits_total 8.0" in text
    assert earth.south.groups["dispatch"].committed.keys() == earth.north.groups["dispatch"].committed.keys()


def test_the_keeper_turns_with_the_client_routing() -> None:
    earth = fake_world()
    watch = Watch(earth.ports(), status, timedelta(seconds=15), group_sync=True)
    keeper = watch.keeper
    assert keeper is not None
    keeper.cycle_or_tell()
    switch(earth.ports())
    earth.come_to_rest()
    for _ in range(3):
        keeper.cycle_or_tell()
    assert keeper.group_sync is not None
    assert (keeper.group_sync.source, keeper.group_sync.target) == ("south", "north")
    assert {each.state for each in keeper.group_sync.statuses.values()} == {GroupSyncState.PROVEN}
    assert b"drctl_group_sync_failures_total 0.0" in generate_latest(watch.metrics.registry)


def test_a_site_that_is_silent_fails_a_sync_cycle_and_the_next_one_catches_up() -> None:
    earth = fake_world()
    watch = Watch(earth.ports(), status, timedelta(seconds=15), group_sync=True)
    assert watch.keeper is not None
    earth.south.down = True
    with capture_logs() as logs:
        watch.keeper.cycle_or_tell()
    assert [line["event"] for line in logs] == ["group-sync-failed"]
    earth.south.down = False
    watch.keeper.cycle_or_tell()
    assert earth.south.groups["dispatch"].committed


def test_after_a_restart_no_superseded_position_is_committed_on_the_way_to_the_present() -> None:
    earth = fake_world()
    earth.come_to_rest()
    place = TopicPartition("turbines.readings", 0)
    earth.consumers["dispatch"].running = False
    earth.north.groups["dispatch"].committed[place] = Committed(2)
    keeper = Watch(earth.ports(), status, timedelta(seconds=15), group_sync=True).keeper
    assert keeper is not None
    keeper.cycle_or_tell()
    before = dict(earth.south.groups["dispatch"].committed)
    earth.north.history = [[PositionMoved("dispatch", place, Committed(at), 1)] for at in (3, 5, 9, 5, 4, 6, 7, 8)]
    keeper = Watch(earth.ports(), status, timedelta(seconds=15), group_sync=True).keeper
    assert keeper is not None
    for _ in range(8):
        keeper.cycle_or_tell()
        assert earth.south.groups["dispatch"].committed == before
    assert keeper.group_sync is not None
    assert keeper.group_sync.statuses["dispatch"].state is GroupSyncState.PROVEN


def test_groups_whose_commits_a_transaction_hides_are_never_shown_as_proven() -> None:
    earth = fake_world()
    earth.come_to_rest()
    watch = Watch(earth.ports(), status, timedelta(seconds=15), group_sync=True)
    assert watch.keeper is not None
    watch.keeper.cycle_or_tell()
    place = TopicPartition("turbines.readings", 0)
    for group in ("dispatch", "billing"):
        earth.consumers[group].running = False
        earth.north.groups[group].committed[place] = Committed(3)
    assert partition_of("dispatch", COORDINATORS) != partition_of("billing", COORDINATORS)
    earth.north.hidden = {partition_of("dispatch", COORDINATORS)}
    before, moved = (dict(earth.south.groups[group].committed) for group in ("dispatch", "billing"))
    watch.keeper.cycle_or_tell()
    watch.cycle()
    text = generate_latest(watch.metrics.registry).decode()
    assert 'drctl_group_sync_groups{state="undecided"} 1.0' in text
    assert 'drctl_group_sync_groups{state="proven"} 1.0' in text
    assert 'drctl_tail_behind_records{site="north"} 1.0' in text
    assert 'drctl_group_sync_behind_records{group="dispatch"}' not in text
    assert 'drctl_group_members{group="dispatch",site="north"}' not in text
    assert 'drctl_group_members{group="billing",site="north"}' in text
    assert earth.south.groups["dispatch"].committed == before
    assert earth.south.groups["billing"].committed[place].offset < moved[place].offset
    earth.north.hidden = set()
    watch.keeper.cycle_or_tell()
    text = generate_latest(watch.metrics.registry).decode()
    assert 'drctl_group_sync_groups{state="proven"} 2.0' in text
    assert 'drctl_group_sync_behind_records{group="dispatch"} 0.0' in text
    assert earth.south.groups["dispatch"].committed[place].offset < before[place].offset


def _shown(watch: Watch) -> str:
    return generate_latest(watch.metrics.registry).decode()


def test_while_the_standby_is_silent_no_group_is_shown_as_proven_and_the_age_of_what_was_known_grows() -> None:
    earth = fake_world()
    earth.come_to_rest()
    watch = Watch(earth.ports(), status, timedelta(seconds=15), group_sync=True)
    assert watch.keeper is not None
    assert "drctl_group_sync_age_seconds NaN" in _shown(watch)
    watch.keeper.cycle_or_tell()
    assert "drctl_group_sync_age_seconds 0.0" in _shown(watch)
    earth.south.down = True
    earth.north.groups["dispatch"].committed[TopicPartition("turbines.readings", 0)] = Committed(2)
    earth.clock.jump(timedelta(seconds=40))
    watch.keeper.cycle_or_tell()
    assert "drctl_group_sync_groups{" not in _shown(watch)
    assert float(_shown(watch).split("drctl_group_sync_age_seconds ")[-1].split()[0]) >= 40
    assert "drctl_group_sync_failures_total 1.0" in _shown(watch)
    earth.south.down = False
    watch.keeper.cycle_or_tell()
    assert 'drctl_group_sync_groups{state="proven"} 2.0' in _shown(watch)
    assert 'drctl_group_sync_behind_records{group="billing"} 0.0' in _shown(watch)


@pytest.mark.parametrize("closed", [True, False])
def test_while_nothing_is_kept_no_group_is_shown_as_proven(closed: bool) -> None:
    earth = fake_world()
    earth.come_to_rest()
    watch = Watch(earth.ports(), status, timedelta(seconds=15), group_sync=True)
    assert watch.keeper is not None
    watch.keeper.cycle_or_tell()
    if closed:
        earth.routing.pointer = None
    else:
        earth.journal.begin(Run("r", "switchover", "fake", "0" * 64, "north", "south", 1))
    watch.keeper.cycle_or_tell()
    assert "drctl_group_sync_groups{" not in _shown(watch)


def test_a_forged_stamp_is_counted_and_told_once_and_the_other_groups_are_shown_as_they_are() -> None:
    earth = fake_world()
    earth.come_to_rest()
    earth.south.group("dispatch").committed[TopicPartition("turbines.readings", 0)] = Committed(
        1, "drctl plan=fake run=x epoch=99"
    )
    watch = Watch(earth.ports(), status, timedelta(seconds=15), group_sync=True)
    assert watch.keeper is not None
    with capture_logs() as logs:
        for _ in range(10):
            watch.keeper.cycle_or_tell()
            earth.clock.jump(timedelta(seconds=15))
        del earth.south.groups["dispatch"].committed[TopicPartition("turbines.readings", 0)]
        watch.keeper.cycle_or_tell()
    assert [line["event"] for line in logs] == ["group-not-kept", "group-kept-again"]
    assert "drctl_group_sync_failures_total 10.0" in _shown(watch)
    assert 'drctl_group_sync_groups{state="contested"} 0.0' in _shown(watch)
    assert 'drctl_group_sync_groups{state="proven"} 2.0' in _shown(watch)


def test_a_failure_that_lasts_is_told_when_it_changes_and_tried_again_less_and_less_often() -> None:
    earth = fake_world()
    watch = Watch(earth.ports(), status, timedelta(seconds=15), group_sync=True)
    assert watch.keeper is not None
    keeper, pauses = watch.keeper, list[float]()
    with capture_logs() as logs:
        for silent in ("south", "south", "south", "north", "north", "", ""):
            for name, site in earth.sites.items():
                site.down = name == silent
            keeper.cycle_or_tell()
            pauses.append(keeper.pause)
    assert [line["event"] for line in logs] == ["group-sync-failed", "group-sync-failed", "group-sync-failed-over"]
    assert [name for line in logs[:2] for name in earth.sites if name in line["why"]] == ["south", "north"]
    assert logs[-1]["times"] == 5
    assert pauses == [0.5, 1, 2, 4, 8, 0.1, 0.1]


def test_positions_that_the_standby_would_forget_are_committed_again() -> None:
    earth = fake_world()
    earth.come_to_rest()
    watch = Watch(earth.ports(), status, timedelta(seconds=15), group_sync=True)
    keeper = watch.keeper
    assert keeper is not None

    def day() -> int:
        """Commits of a day on which nothing moves."""
        before = len(earth.effects.names)
        watch.cycle()
        keeper.cycle_or_tell()
        earth.clock.jump(timedelta(days=1))
        return sum(name.startswith("commit") for name in earth.effects.names[before:])

    assert [day() for _ in range(9)] == [2, 0, 0, 0, 2, 0, 0, 0, 2]


def test_the_group_of_a_sink_is_followed_with_all_its_positions_once_the_worker_has_told_it() -> None:
    earth = fake_world("lake")
    earth.come_to_rest()
    earth.workers["north"].worker_down = True
    watch = Watch(earth.ports(), status, timedelta(seconds=15), group_sync=True)
    assert watch.keeper is not None
    watch.keeper.cycle_or_tell()
    assert earth.south.groups["dispatch"].committed
    assert "connect-lake" not in earth.south.groups
    earth.workers["north"].worker_down = False
    earth.clock.jump(timedelta(seconds=AGAIN))
    for _ in range(20):
        watch.keeper.cycle_or_tell()
        earth.clock.sleep(1)
    assert earth.south.groups["connect-lake"].committed.keys() == earth.north.groups["connect-lake"].committed.keys()
