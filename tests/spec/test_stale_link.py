"""A link that runs and copies nothing holds a planned move up before the fence; one that copies or rests does not."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from drctl.decide.rules import Rule
from drctl.decide.staleness import INTERVALS, SOON, stale_positions
from drctl.errors import Blocked, RolledBack
from drctl.model.facts import Facts
from drctl.model.reading import Reading
from drctl.model.run import RunState
from drctl.model.terms import Terms
from drctl.monitors import observe
from drctl.plans.forecasting import forecast
from drctl.plans.observing import observed_and_judged
from drctl.plans.stale_link import stale_link
from drctl.ports import World
from tests.fakes import FakeWorld, fake_world
from tests.spec.failing import lose, synced
from tests.spec.harness import require_nothing_lost_or_repeated, switch

LIMIT = (INTERVALS * SOON).total_seconds()


def hung(earth: FakeWorld) -> None:
    """It says RUNNING, and has copied nothing for longer than it may."""
    mirror = earth.mirrors["north", "south"]
    mirror.holds = True
    earth.settle(1)
    for producer in earth.producers:
        producer.running = False
    earth.settle(LIMIT)
    _tell_times(earth, told=True)


def _tell_times(earth: FakeWorld, *, told: bool) -> None:
    """Let the fake tell when what waits was written; once it is copied that would make its copy another record."""
    for partition, stored in earth.mirrors["north", "south"].stored.items():
        for entry in earth.north.logs[partition].entries[stored + 1 :]:
            entry.stamped = told


def go_on(earth: FakeWorld) -> None:
    _tell_times(earth, told=False)
    earth.mirrors["north", "south"].holds = False


def after(earth: FakeWorld, seconds: float, change: Callable[[], None]) -> None:
    at = earth.clock.monotonic() + seconds

    def act() -> None:
        if earth.clock.monotonic() >= at:
            change()

    earth.clock.actors.append(act)


def test_a_link_that_copies_nothing_is_named_before_anybody_is_stopped() -> None:
    earth = fake_world()
    hung(earth)
    with pytest.raises(Blocked) as caught:
        switch(earth.ports())
    assert caught.value.exit_code == 37
    (reason,) = caught.value.reasons
    assert "north-to-south: RUNNING, and nothing was copied for 30 s" in reason
    assert earth.epochs.current() == 0
    assert not earth.north.denials


def test_a_person_may_leave_that_to_the_drain_which_rolls_back() -> None:
    earth = fake_world()
    hung(earth)
    with pytest.raises(RolledBack, match="drain-link"):
        switch(earth.ports(), terms=Terms(by="anna", overrides={"link-silent": "it was restarted just now"}))
    assert not earth.north.denials


def test_a_link_that_begins_to_copy_while_it_is_watched_holds_nothing_up_and_the_facts_are_new() -> None:
    earth = fake_world()
    hung(earth)
    after(earth, LIMIT / 2, lambda: go_on(earth))
    said: list[str] = []
    world = earth.ports()
    found = observed_and_judged(observe, world, "north", "south", accept_repeats=False, say=said.append)
    assert found.reasons == ()
    assert "north-to-south: watching" in said[1]
    assert (world.clock.now() - found.facts.seen_at).total_seconds() < 1
    assert switch(earth.ports()).state is RunState.DONE
    require_nothing_lost_or_repeated(earth, "south")


def test_a_link_that_copies_records_of_long_ago_holds_nothing_up_nor_does_one_at_rest() -> None:
    earth = fake_world()
    seen = set[bool]()
    for rest in (False, True):
        if rest:
            earth.come_to_rest()
            earth.settle(10 * LIMIT)
        for _ in range(10):
            earth.settle(0.3)
            world = earth.ports()
            facts = observe(world, "north", "south")
            assert facts.link.lag.value is not None
            old = Reading(replace(facts.link.lag.value, seconds=1e6), facts.seen_at)
            began = world.clock.monotonic()
            assert stale_link(world, replace(facts, link=replace(facts.link, lag=old))) == ()
            assert world.clock.monotonic() - began < LIMIT
            seen.add(bool(facts.link.lag.value.total))
    assert seen == {True, False}


def test_where_it_cannot_be_seen_whether_it_copies_the_lag_is_unknown() -> None:
    earth = fake_world()
    hung(earth)
    world = earth.ports()
    facts = observe(world, "north", "south")

    def seen_before(_world: World, _source: str, _target: str) -> Facts:
        earth.mirrors["north", "south"].worker_down = True
        return facts

    found = observed_and_judged(seen_before, world, "north", "south", accept_repeats=False)
    assert {each.rule for each in found.reasons} >= {Rule.LAG_UNKNOWN}


def stamp_copies(earth: FakeWorld) -> None:
    """Let the fake tell when what lies at south was written."""
    for log in earth.south.logs.values():
        for entry in log.entries:
            entry.stamped = True


def test_positions_that_were_not_kept_are_told_before_a_failover_and_kept_ones_are_not() -> None:
    earth = synced(fake_world())
    earth.come_to_rest()
    synced(earth)
    assert earth.south.groups["dispatch"].committed
    stamp_copies(earth)
    lose(earth, sighted=True)
    assert list(stale_positions(forecast(earth.ports(), "north", "south"))) == []

    forgotten = synced(fake_world())
    forgotten.settle(2 * LIMIT)
    stamp_copies(forgotten)
    lose(forgotten, sighted=True)
    (found,) = stale_positions(forecast(forgotten.ports(), "north", "south"))
    assert found.rule is Rule.POSITIONS_STALE
    assert "dispatch by" in found.detail
