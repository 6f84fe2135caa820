"""drctl runs verify, as it is typed."""

import json
import sqlite3
from pathlib import Path

from tests.unit.cli.test_runs import drctl, plan

__all__ = ["plan"]


def test_a_journal_as_it_was_written_exits_0_with_its_head_and_both_sites_down(plan: Path) -> None:
    done = drctl(plan, "runs", "verify", "-o", "json")
    told = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (told["whole"], told["runs"], told["entries"], len(told["head"])) == (True, 2, 5, 64)


def test_one_changed_byte_is_named_and_exits_12(plan: Path) -> None:
    with sqlite3.connect(plan.parent / "drctl.sqlite") as database:
        database.execute("UPDATE entry SET body = replace(body, 'ben', 'bem') WHERE run LIKE '%new' AND sequence = 1")
    database.close()
    done = drctl(plan, "runs", "verify")
    assert done.returncode == 12
    assert "about 20260102T000000-new, was altered" in done.stderr
    assert "remedy: " in done.stderr
