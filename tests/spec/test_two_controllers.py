"""Two controllers that cannot see each other, each sure that it leads: never two writable sites, never two decisions.

One state and one arbiter, or a state of its own for each and one arbiter; cut off from each other, from the arbiter and
from their state in every order.
"""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drctl.model.run import RunState
from tests.spec.promoting import (
    LOOKS,
    Controller,
    StateStore,
    Third,
    come_back,
    lose_north,
    watch_for_two_writable_sites,
    well,
)
from tests.spec.test_automatic_failover import EFFECTS


class Pair:
    """Both have seen north lost for long enough; with ``apart`` each has a state of its own."""

    def __init__(self, *, apart: bool) -> None:
        self.third = well()
        self.both_open = watch_for_two_writable_sites(self.third)
        self.one = Controller(self.third)
        self.other = Controller(self.third, StateStore(self.third.earth) if apart else None)
        self.one.look()

    def lost(self) -> None:
        lose_north(self.third)
        for _ in range(LOOKS):
            self.one.watch.cycle()
            self.other.watch.cycle()
            self.third.earth.settle(15)
        self.third.earth.effects.names.clear()

    def at(self, effect: int, act: Callable[[], None]) -> list[str]:
        """Let that happen right before the effect of that number; returns what that was, once it has come."""
        came: list[str] = []
        effects = self.third.earth.effects

        def watch(name: str) -> None:
            if len(effects.names) == effect and not came:
                came.append(name)
                act()

        effects.watchers.append(watch)
        return came

    def decisions(self) -> list[str]:
        """The runs that were done, of both states, each once."""
        runs = {run.id: state for each in (self.one, self.other) for run, state in each.runs()}
        return [run for run, state in runs.items() if state is RunState.DONE]


@pytest.mark.parametrize("effect", range(len(EFFECTS)), ids=EFFECTS)
def test_of_two_with_a_state_of_their_own_one_decides_whenever_the_other_comes(effect: int) -> None:
    pair = Pair(apart=True)
    pair.lost()
    came = pair.at(effect, pair.other.act_again)
    pair.one.act_again()
    assert came
    assert len(pair.decisions()) == 1
    assert pair.both_open == []
    held = pair.third.place.record
    assert held is not None
    assert [held.run] == pair.decisions()
    pair.third.earth.settle(60)
    pair.one.look(2)
    pair.other.look(2)
    assert len(pair.decisions()) == 1


@pytest.mark.parametrize("effect", range(len(EFFECTS)), ids=EFFECTS)
def test_of_two_with_one_state_whose_lock_was_given_twice_one_is_at_work(effect: int) -> None:
    pair = Pair(apart=False)
    pair.lost()
    at_end: list[int] = []

    def wake_beside() -> None:
        pair.third.earth.seat.owner = None  # as a file system that machines share may do to who is frozen
        pair.other.act_again()
        at_end.append(len(pair.third.earth.effects.names))

    came = pair.at(effect, wake_beside)
    pair.one.act_again()
    assert came
    assert len(pair.decisions()) == 1
    assert pair.both_open == []
    # Who woke up finishes the request in which it was frozen, and notes nothing more.
    assert len(pair.third.earth.effects.names) - at_end[0] <= 1


@pytest.mark.parametrize("apart", [False, True], ids=["one state", "two states"])
@pytest.mark.parametrize("effect", range(len(EFFECTS)), ids=EFFECTS)
def test_who_loses_the_arbiter_opens_nothing_and_the_other_decides_or_nobody(effect: int, apart: bool) -> None:
    pair = Pair(apart=apart)
    pair.lost()

    def cut() -> None:
        pair.one.arbiter.cut = True

    pair.at(effect, cut)
    pair.one.act_again()
    pair.third.earth.settle(60)
    pair.other.look(3)
    assert len(pair.decisions()) <= 1
    assert pair.both_open == []


def _arbiter_reached(pair: Pair) -> None:
    pair.one.arbiter.cut = pair.other.arbiter.cut = False


def _state_reached(pair: Pair) -> None:
    pair.one.reaches_state = pair.other.reaches_state = True


ACTIONS: dict[str, Callable[[Pair], object]] = {
    "one looks": lambda pair: pair.one.look(),
    "the other looks": lambda pair: pair.other.look(),
    "both wait": lambda pair: pair.third.earth.settle(60),
    "one loses the arbiter": lambda pair: setattr(pair.one.arbiter, "cut", True),
    "the other loses the arbiter": lambda pair: setattr(pair.other.arbiter, "cut", True),
    "both reach the arbiter": _arbiter_reached,
    "one loses its state": lambda pair: setattr(pair.one, "reaches_state", False),
    "the other loses its state": lambda pair: setattr(pair.other, "reaches_state", False),
    "both reach their state": _state_reached,
    "the power unit is cut off": lambda pair: setattr(pair.third, "reaches_power", False),
    "the power unit is reached": lambda pair: setattr(pair.third, "reaches_power", True),
    "the witness falls silent": lambda pair: setattr(pair.third.earth.witnesses["west"], "down", True),
    "the witness answers": lambda pair: setattr(pair.third.earth.witnesses["west"], "down", False),
    "the arbiter is made again": lambda pair: setattr(pair.third.place, "record", None),
    "north is lost": lambda pair: lose_north(pair.third),
    "north comes back": lambda pair: _powered_on(pair.third),
}


def _powered_on(third: Third) -> None:
    """By whoever took its power: nobody switches a site on again while it is thought to be lost."""
    if third.earth.routing.site() == "north":
        come_back(third)


@settings(max_examples=40)
@given(apart=st.booleans(), order=st.lists(st.sampled_from(sorted(ACTIONS)), max_size=24))
def test_in_whatever_order_they_are_cut_off_one_decides_at_most(apart: bool, order: list[str]) -> None:
    pair = Pair(apart=apart)
    lose_north(pair.third)
    for name in order:
        ACTIONS[name](pair)
    assert pair.both_open == []
    assert len(pair.decisions()) <= 1
