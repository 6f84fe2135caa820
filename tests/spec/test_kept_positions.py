"""A planned move does not begin over a standby that nobody keeps any more; where nothing is known, it does."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from drctl.decide.rules import Blocker, Rule
from drctl.decide.staleness import KEPT_WITHIN, stale_positions
from drctl.errors import Blocked, DrctlError, Unreachable
from drctl.model.loss import AcceptedLoss
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import RunState
from drctl.model.terms import Terms
from drctl.monitors import observe, status
from drctl.plans.forecasting import forecast
from drctl.plans.observing import observed_and_judged
from drctl.ports import World
from drctl.service.group_sync import GroupSyncLoop
from drctl.service.watch import Watch
from tests.fakes import FakePositions, FakeWorld, fake_world
from tests.spec.failing import fail_over, lose
from tests.spec.harness import killed_at, require_nothing_lost_or_repeated, switch

LONG = KEPT_WITHIN.total_seconds() + 10
ANNA = Terms(by="anna", overrides={"positions-stale": "the service is repaired on Monday"})


def service(earth: FakeWorld, world: World | None = None) -> GroupSyncLoop:
    """Start the service's part that keeps positions."""
    keeper = Watch(world or earth.ports(), status, timedelta(seconds=15), group_sync=True).keeper
    assert keeper is not None
    return keeper


def keep(earth: FakeWorld, keeper: GroupSyncLoop, seconds: float = 3) -> None:
    for _ in range(int(seconds * 2)):
        keeper.cycle_or_tell()
        earth.clock.sleep(0.5)


def kept_then_killed(earth: FakeWorld) -> FakeWorld:
    """The service has kept the standby and was killed; everybody works on for longer than that may last."""
    keep(earth, service(earth))
    earth.settle(LONG)
    return earth


def reasons(earth: FakeWorld) -> list[Blocker]:
    found = observed_and_judged(observe, earth.ports(), "north", "south", accept_repeats=False)
    return [each for each in found.reasons if each.rule is Rule.POSITIONS_STALE]


def test_a_move_over_a_standby_whose_service_was_killed_is_refused_before_anything_is_changed() -> None:
    earth = kept_then_killed(fake_world())
    for _ in range(2):  # a refused run held nothing up that would have been kept
        with pytest.raises(Blocked) as caught:
            switch(earth.new_process())
        assert caught.value.exit_code == 43
        (reason,) = caught.value.reasons
        assert "south: positions were not kept there: billing for 4" in reason
        assert "dispatch for 4" in reason
        assert "group-offset sync last told of itself at 2026-01-01 00:00:" in reason
        assert earth.epochs.current() == 0
        assert not earth.north.denials


def test_a_person_may_go_on_all_the_same_and_nothing_is_lost_or_read_twice() -> None:
    earth = kept_then_killed(fake_world())
    done = switch(earth.ports(), terms=ANNA)
    assert done.state is RunState.DONE
    assert done.evidence["check-gates"]["overridden"].keys() == {"positions-stale"}
    earth.come_to_rest()
    earth.settle(200)  # one of the groups is slow
    require_nothing_lost_or_repeated(earth, "south")


def rests(earth: FakeWorld) -> None:
    """All has been read and kept, and stays as it is."""
    earth.come_to_rest()
    keep(earth, service(earth))
    earth.settle(10 * LONG)


def is_not_watched(earth: FakeWorld) -> None:
    """No service has ever kept anything."""
    earth.settle(LONG)


def is_kept_by_one_that_works(earth: FakeWorld) -> None:
    keep(earth, service(earth), 2 * LONG)


def was_kept_in_an_earlier_epoch(earth: FakeWorld) -> None:
    kept_then_killed(earth)
    earth.epochs.raise_to(1, expected=0)


@pytest.mark.parametrize(
    "standby",
    [rests, is_not_watched, is_kept_by_one_that_works, was_kept_in_an_earlier_epoch],
    ids=["rests", "not-watched", "kept", "earlier-epoch"],
)
def test_nothing_holds_a_move_up_where_nothing_is_due_or_nothing_is_known(standby: Callable[[FakeWorld], None]) -> None:
    earth = fake_world()
    standby(earth)
    assert reasons(earth) == []
    earth.settle(1)
    assert switch(earth.ports()).state is RunState.DONE


class SilentCoordinators(FakePositions):
    """The coordinators of these groups answer no commit."""

    silent: frozenset[str] = frozenset()

    def commit_all(
        self, positions: Mapping[str, Mapping[TopicPartition, Committed]], permit: Callable[[], None]
    ) -> Mapping[str, DrctlError]:
        answered = {group: each for group, each in positions.items() if group not in self.silent}
        refused = dict(super().commit_all(answered, permit))
        silent = positions.keys() & self.silent
        return refused | {group: Unreachable(f"the coordinator of {group} does not answer") for group in silent}


def failing(earth: FakeWorld) -> tuple[GroupSyncLoop, SilentCoordinators]:
    """A service that may meet silent coordinators at the standby, and these."""
    world, coordinators = earth.ports(), SilentCoordinators(earth.south, earth.effects)
    sites = {**world.sites, "south": replace(world.sites["south"], positions=coordinators)}
    return service(earth, replace(world, sites=sites)), coordinators


def test_a_group_that_a_working_service_cannot_keep_is_named_alone_with_the_reason() -> None:
    earth = fake_world()
    keeper, coordinators = failing(earth)
    keep(earth, keeper)
    coordinators.silent = frozenset({"dispatch"})
    keep(earth, keeper, KEPT_WITHIN.total_seconds() / 2)
    assert reasons(earth) == []
    keep(earth, keeper, LONG)
    (found,) = reasons(earth)
    assert "dispatch for" in found.detail
    assert "(the coordinator of dispatch does not answer)" in found.detail
    assert "billing" not in found.detail
    coordinators.silent = frozenset()
    keep(earth, keeper, 70)  # the next try may be a minute away
    assert reasons(earth) == []


def test_since_when_a_group_fails_outlives_the_service() -> None:
    earth = fake_world()
    keeper, coordinators = failing(earth)
    keep(earth, keeper)
    coordinators.silent = frozenset({"dispatch"})
    keep(earth, keeper)
    since = earth.sync_reports.known["south"].failing["dispatch"].since
    again, coordinators = failing(earth)
    coordinators.silent = frozenset({"dispatch"})
    keep(earth, again, LONG)
    assert earth.sync_reports.known["south"].failing["dispatch"].since == since
    assert [each.rule for each in reasons(earth)] == [Rule.POSITIONS_STALE]


def test_groups_that_are_used_at_the_standby_are_left_alone_and_not_named() -> None:
    earth = fake_world()
    keeper = service(earth)
    keep(earth, keeper)
    for partition, held in earth.south.groups["dispatch"].committed.items():
        earth.south.groups["dispatch"].committed[partition] = replace(held, offset=0, metadata="by hand")
    keep(earth, keeper)
    assert earth.sync_reports.known["south"].left_alone == {"dispatch"}
    earth.settle(LONG)
    (found,) = reasons(earth)
    assert "billing for" in found.detail
    assert "dispatch" not in found.detail


def test_a_run_that_was_cut_off_for_long_held_the_service_up_and_is_not_refused_for_it() -> None:
    earth = fake_world()
    keeper = service(earth)
    keep(earth, keeper)
    with killed_at(earth, "raise epoch to 1"):
        switch(earth.ports())
    keep(earth, keeper, 2 * LONG)
    assert switch(earth.new_process()).state is RunState.DONE


def test_a_failover_over_the_same_standby_warns_and_goes_on() -> None:
    earth = kept_then_killed(fake_world())
    for log in earth.south.logs.values():
        for entry in log.entries:
            entry.stamped = True
    lose(earth, sighted=True)
    (warned,) = stale_positions(forecast(earth.ports(), "north", "south"))
    assert warned.rule is Rule.POSITIONS_STALE
    assert fail_over(earth.ports(), accepted=AcceptedLoss(unknown=True)).state is RunState.DONE
