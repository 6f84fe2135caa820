"""A run whose machine is lost, or only thought to be, is continued from a site's copy on another one."""

import pytest

from drctl.errors import Locked
from drctl.model.run import RunState
from drctl.plans.journal_copies import newest_journal, take_over
from drctl.ports import World
from tests.fakes import FakeJournal, FakeWorld, Seat, fake_world
from tests.spec.harness import (
    go_on,
    killed_at,
    require_nothing_lost_or_repeated,
    require_served_by,
    switch,
    watch_for_two_open_sites,
)


def elsewhere(earth: FakeWorld) -> World:
    """Another machine with an empty folder, which has taken over what the copies hold."""
    earth.effects.go_on()
    earth.journal, earth.seat = FakeJournal(earth.clock, earth.effects), Seat()
    world = earth.ports()
    found = newest_journal(world, world)
    assert found.site
    take_over(world, found)
    return world


@pytest.fixture
def earth() -> FakeWorld:
    earth = fake_world()
    earth.copied = True
    return earth


@pytest.mark.parametrize(
    "effect",
    [
        "raise epoch to 1",
        "routing to None",
        "stop link to south",
        "lift at south",
        "routing to south",
        "journal says step-intended watch-first-commits",
    ],
)
def test_a_move_is_continued_on_another_machine_wherever_its_own_was_lost(earth: FakeWorld, effect: str) -> None:
    both_open = watch_for_two_open_sites(earth)
    with killed_at(earth, effect):
        switch(earth.ports())
    result = go_on(elsewhere(earth))
    assert result.state is RunState.DONE
    assert both_open == []
    earth.settle()
    require_served_by(earth, "south")
    require_nothing_lost_or_repeated(earth, "south")


@pytest.mark.parametrize("step", ["raise-epoch", "close-client-routing", "stop-link", "route-clients-to-target"])
def test_a_machine_that_was_given_up_and_wakes_stops_and_leaves_the_copies_alone(earth: FakeWorld, step: str) -> None:
    both_open = watch_for_two_open_sites(earth)

    def sleep(name: str) -> None:
        if name == f"journal says step-observed {step}":
            earth.effects.watchers.remove(sleep)
            assert go_on(elsewhere(earth)).state is RunState.DONE

    earth.effects.watchers.append(sleep)
    with pytest.raises(Locked, match="another drctl has written line"):
        switch(earth.ports())
    assert both_open == []
    assert {copy.lines() for copy in earth.copies.values()} == {earth.journal.lines()}
    earth.settle()
    require_served_by(earth, "south")
    require_nothing_lost_or_repeated(earth, "south")
