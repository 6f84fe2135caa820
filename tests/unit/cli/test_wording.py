"""A thing is called the same everywhere, and one thing is not told in the plural."""

import ast
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

import drctl
from drctl.cli import handover
from drctl.model.wording import counted
from drctl.ports import World
from tests.fakes import FakeWorld, fake_world

NOUNS = "brokers|members|groups|tasks|positions|certificates|sinks|reasons"


@pytest.fixture
def earth(monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    earth = fake_world()

    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield earth.new_process()

    monkeypatch.setattr(handover, "opened", opened)
    monkeypatch.setattr(handover, "require_somebody", lambda: None)
    return earth


def test_who_is_asked_about_a_handover_reads_of_one_member_or_that_the_group_is_absent(earth: FakeWorld) -> None:
    earth.consumers["billing"].running = False
    earth.north.groups.pop("billing", None)
    words = ("--to", "south", "--all-groups")
    asked = CliRunner().invoke(handover.handover, words, obj=Path("plan.yaml"), input="n\n").stderr
    assert "billing at north: absent, 0 members" in asked
    assert "dispatch at north: Stable, 1 member\n" in asked


@pytest.mark.parametrize(("number", "told"), [(0, "0 records"), (1, "1 record"), (2, "2 records")])
def test_only_one_thing_is_told_in_the_singular(number: int, told: str) -> None:
    assert counted(number, "record") == told


def _told_in_the_plural(path: Path) -> Iterator[str]:
    """Every text of that file in which such a noun follows what is put in while it runs."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        parts = node.values if isinstance(node, ast.JoinedStr) else []
        for value, text in pairwise(parts):
            match value, text:
                case ast.FormattedValue(), ast.Constant(value=str(words)) if re.match(rf" ({NOUNS})\b", words):
                    yield f"{path.name}:{value.lineno}"


@pytest.mark.parametrize("package", ["cli", "decide", "plans", "drivers"])
def test_no_number_of_what_may_be_one_is_told_in_the_plural(package: str) -> None:
    files = sorted((Path(drctl.__file__).parent / package).rglob("*.py"))
    assert files
    assert not [each for path in files for each in _told_in_the_plural(path)]
