"""What the plan file allows drills: nothing, unless it says so."""

from pathlib import Path

import pytest

from drctl.config import load
from drctl.errors import ConfigInvalid
from tests.unit.config.test_plan_file import GOOD, written


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
