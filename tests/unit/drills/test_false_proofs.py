"""All ways to a false *proved* that are known, each with the history of a drill that took it: ``tests/histories``."""

from pathlib import Path

import pytest

from drctl.errors import JournalBroken
from drctl.model.verdict import Verdict
from tests.unit.drills.stored import HISTORIES, stored

PROVED = tuple(HISTORIES / f"{name}.jsonl" for name in ("proved", "unplanned-proved", "home-proved"))
WAYS = sorted(path for path in HISTORIES.glob("*.jsonl") if path not in PROVED)


@pytest.mark.parametrize("path", WAYS, ids=lambda path: path.stem)
def test_no_known_way_leads_to_a_false_proof(path: Path, tmp_path: Path) -> None:
    drill = stored(path)
    if "error" in drill.head:
        with pytest.raises(JournalBroken, match=drill.head["error"]):
            drill.written(tmp_path)
        return
    found = drill.judged(drill.written(tmp_path))
    assert found.verdict is not Verdict.PROVED
    assert found.verdict == drill.head["verdict"], found.reasons
    assert any(drill.head["reason"] in reason for reason in found.reasons), found.reasons


@pytest.mark.parametrize("path", PROVED, ids=lambda path: path.stem)
def test_the_history_that_all_ways_start_from_is_proved(path: Path, tmp_path: Path) -> None:
    """Or they would prove nothing."""
    drill = stored(path)
    found = drill.judged(drill.written(tmp_path))
    assert found.verdict is Verdict.PROVED, found.reasons
    assert drill.head["reason"] in found.reasons[0]
