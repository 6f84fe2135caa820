"""drctl runs abort at the terminal, of a run whose target is lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drctl.cli import runs
from drctl.errors import ConfigInvalid, Refused, Unreachable
from drctl.ports import World
from tests.fakes import FakeWorld
from tests.spec.bereft import CUT, cut_at, lose_target

WORDS = ("--reason", "south is lost", "--by", "anna")


@pytest.fixture
def earth(monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    """A switchover was cut off behind the fence of north, and south is lost."""
    earth = cut_at(CUT)
    lose_target(earth)

    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield earth.new_process()

    monkeypatch.setattr(runs, "opened", opened)
    return earth


def _abort(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(runs.abort, (*WORDS, *words), obj=Path("plan.yaml"), input=typed)


def test_the_name_of_the_lost_site_typed_once_more_opens_the_other_one(earth: FakeWorld) -> None:
    done = _abort("--attest-target-down", "the building is dark", "--confirm", "south")
    assert done.exit_code == 0, done.exception
    assert "north is open again, on the word of anna that south takes no writes: the building is dark" in done.output
    assert "'drctl runs resume' goes on to the end" in done.output
    assert earth.writable() == {"north"}


def test_at_a_terminal_it_is_asked_for_and_said_what_it_means(
    earth: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drctl.cli.execution.require_somebody", lambda **_: None)
    done = _abort("--attest-target-down", "the building is dark", typed="south\n")
    assert done.exit_code == 0, done.exception
    assert "You attest that south takes no writes: the building is dark" in done.output
    assert earth.writable() == {"north"}


@pytest.mark.parametrize(
    ("words", "error", "names"),
    [
        ((), Unreachable, "before south is known to be closed"),
        (("--attest-target-down", "dark"), Refused, "nobody is here to be asked"),
        (("--attest-target-down", "dark", "--confirm", "north"), Refused, "north was typed, not south"),
        (("--attest-target-down", " ", "--confirm", "south"), ConfigInvalid, "gives no reason"),
    ],
)
def test_without_it_nothing_is_changed(
    earth: FakeWorld, words: tuple[str, ...], error: type[Exception], names: str
) -> None:
    done = _abort(*words)
    assert isinstance(done.exception, error)
    assert names in str(done.exception)
    assert not earth.writable()
