"""A failover, too, is made only by who is in charge, and by no wall clock: nothing is left half done by another."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from drctl.errors import Locked, Superseded
from drctl.model.loss import AcceptedLoss
from drctl.model.run import RunState
from tests.fakes import FakeWorld, fake_world
from tests.spec.failing import (
    beyond_the_frontier,
    fail_over,
    lose,
    require_served_by_target,
    some_lag,
    synced,
    watch_two_writers,
)

ANY = AcceptedLoss(10_000)
OWN = ("raise", "deny", "lift", "commit", "stop", "resume", "routing")
"""Effects at sites and in the epoch; the journal's are apart."""


def _world(*, dead: bool) -> FakeWorld:
    """North is lost under load, or it answers and lacks brokers."""
    earth = synced(fake_world())
    some_lag(earth)
    if dead:
        lose(earth, sighted=True)
    else:
        earth.missing_brokers = {"north": [2, 3]}
    earth.effects.names.clear()
    return earth


def _changes(earth: FakeWorld) -> list[str]:
    return [name for name in earth.effects.names if name.startswith(OWN)]


def _cases() -> list[tuple[bool, int]]:
    cases = []
    for dead in (True, False):
        earth = _world(dead=dead)
        fail_over(earth.ports(), accepted=ANY)
        cases += [(dead, count) for count in range(len(_changes(earth)))]
    return cases


CASES = _cases()
RAISED = 1
"""The link is stopped first, which is local; then the epoch is raised, and from there on a newer one may be met."""
EVERY = pytest.mark.parametrize(("dead", "count"), CASES)


def _after(earth: FakeWorld, count: int, act: Callable[[], None]) -> None:
    """Do it once, as soon as that many changes have been made."""
    done: list[int] = []

    def watch(_: str) -> None:
        if not done and len(_changes(earth)) >= count:
            done.append(count)
            act()

    earth.effects.watchers.append(watch)


def test_the_cases_cover_every_kind_of_change() -> None:
    assert {dead for dead, _ in CASES} == {True, False}
    assert len(CASES) > 10


@EVERY
def test_who_loses_the_lease_in_a_failover_changes_nothing_more_and_the_next_one_ends_it(
    dead: bool, count: int
) -> None:
    earth = _world(dead=dead)
    both_open, world = watch_two_writers(earth), earth.ports()
    _after(earth, count, world.lease.release)
    with pytest.raises(Locked, match="lease was lost"):
        fail_over(world, accepted=ANY)
    assert len(_changes(earth)) == count
    assert fail_over(earth.new_process(), accepted=ANY).state is RunState.DONE
    assert both_open == []
    require_served_by_target(earth, beyond_the_frontier(earth))


@pytest.mark.parametrize(("dead", "count"), [each for each in CASES if each[1] > RAISED])
def test_a_failover_that_meets_a_higher_epoch_changes_nothing_more(dead: bool, count: int) -> None:
    earth = _world(dead=dead)
    both_open = watch_two_writers(earth)

    def raise_epoch() -> None:
        earth.epochs.epoch = 9

    _after(earth, count, raise_epoch)
    with pytest.raises(Superseded, match="epoch is 9, ours is 1"):
        fail_over(earth.ports(), accepted=ANY)
    assert len(_changes(earth)) == count
    assert both_open == []


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(hours=-2), timedelta(days=400)])
@EVERY
def test_a_wall_clock_that_jumps_changes_neither_a_failover_nor_the_loss_it_states(
    dead: bool, count: int, jump: timedelta
) -> None:
    undisturbed = _world(dead=dead)
    expected = fail_over(undisturbed.ports(), accepted=ANY).evidence["measure-loss"]["total"]
    earth = _world(dead=dead)
    both_open = watch_two_writers(earth)
    _after(earth, count, lambda: earth.clock.set(jump))
    began = earth.clock.monotonic()
    result = fail_over(earth.ports(), accepted=ANY)
    assert result.state is RunState.DONE
    assert result.evidence["measure-loss"]["total"] == expected > 0
    assert earth.clock.monotonic() - began < 60
    assert both_open == []
    require_served_by_target(earth, beyond_the_frontier(earth))
