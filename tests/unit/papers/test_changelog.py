"""The changelog tells each change under its kind, one sentence a line."""

import re
from pathlib import Path

CHANGELOG = Path(__file__).parents[3] / "CHANGELOG.md"
KINDS = ("Renamed", "Added", "Changed", "Deprecated", "Fixed", "Removed", "Security")
SECOND = re.compile(r"(?<!e\.g)\. (?=[A-Z`])")


def _lines() -> list[str]:
    return [line for line in CHANGELOG.read_text(encoding="utf-8").splitlines() if line.startswith(("- ", "  "))]


def test_every_part_has_a_kind_in_its_order() -> None:
    versions = CHANGELOG.read_text(encoding="utf-8").split("\n## ")[1:]
    assert versions
    for version in versions:
        kinds = re.findall(r"^### (.+)$", version, re.MULTILINE)
        assert kinds == [kind for kind in KINDS if kind in kinds]


def test_a_line_is_one_sentence() -> None:
    lines = _lines()
    assert len(lines) > 300
    assert [line for line in lines if SECOND.search(line)] == []


def test_a_second_sentence_is_noticed() -> None:
    assert SECOND.search("- It waits. `drctl status` tells for what.")
