"""What the plan file allows drills: nothing, unless it says so."""

from pathlib import Path

import pytest

from drctl.config import load
from drctl.errors import ConfigInvalid
from tests.unit.config.plan_files import GOOD, written


@pytest.mark.parametrize(
    ("said", "allowed"),
    [
        ("", False),
        ("  drills: {}\n", False),
        ("  drills: {isolated: {}}\n", False),
        ("  drills: {isolated: {createTopics: false}}\n", False),
        ("  drills: {isolated: {createTopics: true}}\n", True),
    ],
)
def test_topics_of_drills_are_allowed_by_name_only(tmp_path: Path, said: str, *, allowed: bool) -> None:
    assert load(written(tmp_path, GOOD + said)).drill_topics is allowed


def test_another_spelling_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r"drills\.isolated\.createtopics"):
        load(written(tmp_path, f"{GOOD}  drills: {{isolated: {{createtopics: true}}}}\n"))


WATCHES = "watches: [{name: errors, command: [./errors]}]"
LIVE = f"  drills: {{live: {{stay: 30m, arriveWithin: 2m, lagAtMost: 45s, {WATCHES}}}}}\n"


def test_a_live_drill_is_allowed_by_its_stay(tmp_path: Path) -> None:
    assert load(written(tmp_path, GOOD)).live_drills is None
    terms = load(written(tmp_path, GOOD + LIVE)).live_drills
    assert terms is not None
    told = [each.total_seconds() for each in (terms.stay, terms.arrive_within, terms.lag_at_most)]
    assert told == [1800, 120, 45]
    assert [(each.name, each.command, each.timeout.total_seconds()) for each in terms.watches] == [
        ("errors", ("./errors",), 10)
    ]
    assert "./errors" not in repr(terms)


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("live: {}", r"drills\.live\.stay is missing"),
        ("live: {stay: 9h}", "longer than 8h"),
        ("live: {stay: 5m}", "ends before arriveWithin 5m has passed"),
        (
            "live: {stay: 1h, watches: [{name: errors, command: [a]}, {name: errors, command: [b]}]}",
            "the name errors is used twice",
        ),
        ("live: {stay: 1h, watches: [{name: errors, command: []}]}", "command"),
    ],
    ids=["no stay", "too long", "too short", "twice", "no command"],
)
def test_a_live_drill_that_cannot_be_meant_is_refused_with_its_line(tmp_path: Path, said: str, names: str) -> None:
    with pytest.raises(ConfigInvalid, match=names):
        load(written(tmp_path, f"{GOOD}  drills: {{{said}}}\n"))
