"""drctl pause, as it is typed: both sites are down, and nobody asks them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drctl.cli.pause import moment
from drctl.errors import ConfigInvalid
from tests.unit.cli.test_runs import drctl, plan

__all__ = ["plan"]
NOW = datetime(2026, 11, 28, 20, 0, tzinfo=UTC)


def test_a_pause_is_begun_shown_and_ended(plan: Path) -> None:
    begun = drctl(plan, "pause", "--until", "2h", "--by", "anna", "--reason", "work on the line", "-o", "json")
    assert begun.returncode == 0, begun.stderr
    assert "20260102T000000-new" in begun.stderr  # unfinished, and not held up
    told = json.loads(begun.stdout)["pause"]
    assert (told["by"], told["reason"]) == ("anna", "work on the line")
    assert json.loads(drctl(plan, "pause", "-o", "json").stdout)["pause"] == told
    ended = drctl(plan, "pause", "--end", "--by", "ben", "--reason", "done")
    assert (ended.returncode, "not paused" in ended.stdout) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "code", "names"),
    [
        (["--until", "2h"], 2, "--reason"),
        (["--until", "soon", "--reason", "x"], 2, "2026-12-01T06:00Z"),
        (["--until", "1000h", "--reason", "x"], 2, "next 7 days"),
        (["--end", "--reason", "x"], 3, "not paused"),
        (["--end", "--until", "2h", "--reason", "x"], 2, "exclude"),
        (["--reason", "x"], 2, "belongs to"),
    ],
)
def test_what_cannot_be_is_refused(plan: Path, arguments: list[str], code: int, names: str) -> None:
    done = drctl(plan, "pause", "--by", "anna", *arguments)
    assert (done.returncode, names in done.stderr) == (code, True), done.stderr


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2h", NOW + timedelta(hours=2)),
        ("2026-12-01T06:00Z", datetime(2026, 12, 1, 6, tzinfo=UTC)),
        ("2026-12-01T06:00+01:00", datetime(2026, 12, 1, 5, tzinfo=UTC)),
    ],
)
def test_a_time_is_a_length_or_has_its_offset(text: str, found: datetime) -> None:
    assert moment(text, NOW) == found


def test_a_time_without_its_offset_is_not_guessed() -> None:
    with pytest.raises(ConfigInvalid):
        moment("2026-12-01T06:00", NOW)
