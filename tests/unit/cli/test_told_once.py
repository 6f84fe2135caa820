"""A failure is told once: with its step where the rollback follows, else as the error that ends the command."""

import re
from contextlib import nullcontext
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from drctl.cli import _explain, switchover
from drctl.errors import DrctlError
from drctl.model.run import Event
from tests.fakes import FakeWorld, fake_world
from tests.fakes.silence import Silence, silence
from tests.spec.failing import synced

NOBODY = "no broker answers"


@click.command()
def command() -> None:
    """A switchover as the console script runs it."""
    try:
        switchover.command.main(["--to", "south", "--yes"], standalone_mode=False, obj=Path("plan.yaml"))
    except DrctlError as error:
        raise click.exceptions.Exit(_explain(error)) from error


def typed(earth: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> Result:
    monkeypatch.setattr(switchover, "opened", lambda *_, **_more: nullcontext(earth.new_process()))
    return CliRunner().invoke(command)


def failing(effect: str, site: str) -> FakeWorld:
    """A world in which that site dies at that effect."""
    earth = synced(fake_world())

    def die(name: str) -> None:
        if name.startswith(effect):
            earth.sites[site].down = True

    earth.effects.watchers.append(die)
    return earth


def test_gates_are_told_by_the_error_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    earth = synced(fake_world())
    silence(earth, "south", Silence.DEAD)
    done = typed(earth, monkeypatch)
    assert done.exit_code == 30
    assert done.stderr.count(NOBODY) == done.stderr.count("reason to wait") == 1
    assert re.search(r"^✗  1/\d+ Check that nothing stands in the way \(0.0 s\)$", done.stderr, re.MULTILINE)


def test_a_step_before_a_rollback_is_told_at_once_and_the_end_only_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    earth = synced(fake_world())

    def stick(name: str) -> None:
        earth.mirrors["north", "south"].holds |= name.startswith("deny at north")

    earth.effects.watchers.append(stick)
    done = typed(earth, monkeypatch)
    assert done.exit_code == 5
    assert done.stderr.count("until the link has copied everything") == 1
    assert "error: switchover from north to south failed at drain-link; the rollback was run" in done.stderr
    run = earth.journal.runs()[-1][0].id
    (told,) = (entry.body["message"] for entry in earth.journal.entries(run) if entry.event is Event.STEP_FAILED)
    assert "until the link has copied everything" in told


def test_each_step_of_a_rollback_that_fails_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    done = typed(failing("commit billing", "south"), monkeypatch)
    assert done.exit_code == 4
    failed = [line for line in done.stderr.splitlines() if line.startswith("✗")]
    assert done.stderr.count(NOBODY) == len(failed) == 2
    assert "failed at hand-over-positions; the rollback did not succeed at restore-positions" in done.stderr


def test_a_step_behind_the_point_of_no_return_is_told_by_the_error_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    done = typed(failing("routing to south", "south"), monkeypatch)
    assert done.exit_code == 4
    assert done.stderr.count(NOBODY) == 1
    assert f"has stopped at watch-first-commits, and south is open: site south: {NOBODY}" in done.stderr
