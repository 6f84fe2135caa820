"""Somebody who types a command on the fake deployment, and a switchover that was cut off there."""

from pathlib import Path

from click.testing import CliRunner, Result

from tests.fakes import FakeWorld
from tests.spec.harness import killed_at, switch

HANDING_OVER = "commit billing at south"


def typed(command: object, *words: str, answers: str | None = None) -> Result:
    """Type that command's words, and answer its questions with these lines."""
    return CliRunner().invoke(command, words, obj=Path("plan.yaml"), input=answers)  # type: ignore[arg-type]


def cut_off(earth: FakeWorld, effect: str = HANDING_OVER) -> str:
    """Let a switchover die right before that effect; the run's id."""
    with killed_at(earth, effect):
        switch(earth.ports())
    earth.new_process()
    return earth.journal.runs()[-1][0].id
