"""Signals and interrupts while a run is under way."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from drctl.cli import switchover
from drctl.plans.interruption import interruption
from tests.fakes import FakeWorld
from tests.spec.harness import require_served_by
from tests.unit.cli.terminal import HANDING_OVER, typed


def test_who_interrupts_behind_the_fence_is_told_that_nobody_can_write_and_both_ways_out(earth: FakeWorld) -> None:
    def interrupt(effect: str) -> None:
        if effect == HANDING_OVER:
            raise KeyboardInterrupt

    earth.effects.watchers.append(interrupt)
    done = typed(switchover.command, "--to", "south", "--yes")
    run = earth.journal.runs()[-1][0].id
    assert f"UNFINISHED RUN {run}" in done.stderr
    assert "nobody can write" in done.stderr
    assert f"drctl runs abort {run}" in done.stderr


@pytest.fixture
def as_in_a_new_process() -> Iterator[None]:
    """As in a process of its own: a command that ended in this one has left signals ignored."""
    numbers = (signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
    before = {number: signal.signal(number, signal.SIG_DFL) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("as_in_a_new_process")
def test_behind_a_run_every_signal_does_what_it_did_before(earth: FakeWorld) -> None:
    every = [number for number in signal.valid_signals() if number not in (signal.SIGKILL, signal.SIGSTOP)]
    before = {number: signal.getsignal(number) for number in every}
    within: list[signal.Signals] = []

    def look(effect: str) -> None:
        if effect == HANDING_OVER:
            within.extend(each for each in signal.Signals if each in every and signal.getsignal(each) != before[each])

    earth.effects.watchers.append(look)
    typed(switchover.command, "--to", "south", "--yes")
    assert {number: signal.getsignal(number) for number in every} == before
    assert {"SIGHUP", "SIGQUIT", "SIGTSTP", "SIGTTIN", "SIGTTOU"} == {each.name for each in within}


@pytest.mark.parametrize("when", [HANDING_OVER, "deny at north", "routing to south"])
def test_a_run_goes_on_when_its_terminal_is_gone(earth: FakeWorld, when: str) -> None:
    sent = []

    def hang_up(effect: str) -> None:
        if effect == when:
            sent.append(effect)
            os.kill(os.getpid(), signal.SIGHUP)

    earth.effects.watchers.append(hang_up)
    before = signal.getsignal(signal.SIGHUP)
    done = typed(switchover.command, "--to", "south", "--yes")
    assert done.exit_code == 0, done.exception
    assert sent
    assert signal.getsignal(signal.SIGHUP) is before
    require_served_by(earth, "south")


def test_a_second_interrupt_takes_away_no_word_of_what_the_first_has_left_behind(
    earth: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(effect: str) -> None:
        if effect == HANDING_OVER:
            raise KeyboardInterrupt

    def impatiently(*asked: Any) -> object:
        os.kill(os.getpid(), signal.SIGINT)
        return interruption(*asked)

    earth.effects.watchers.append(interrupt)
    monkeypatch.setattr("drctl.plans.interruption.interruption", impatiently)
    done = typed(switchover.command, "--to", "south", "--yes")
    assert done.stderr.count("UNFINISHED RUN") == 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
