"""The whole unplanned drill on a small lab, through the command line, judged by its report."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from drctl.drills.report.schema import report_schema


@pytest.mark.long
def test_a_lost_site_costs_exactly_its_tail_and_takes_the_work_back_with_nothing_repeated(tmp_path: Path) -> None:
    options = ["--unplanned", "--small", "--seconds", "8", "--keep", "--report", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "drctl", "drill", *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verdict: proved" in done.stdout
    document = json.loads((tmp_path / "report.json").read_text())
    jsonschema.validate(document, report_schema())
    outage, records = document["outage"], document["records"]
    assert [records[name] for name in ("lost", "duplicated", "corrupt", "phantom")] == [0, 0, 0, 0]
    assert 0 < records["stranded"] == outage["recovery_point"]["records"] <= outage["stated_loss"]
    assert outage["recovery_point"]["seconds"] > 0
    assert outage["recovery_time"]["detection"] < outage["recovery_time"]["seconds"] < 180
    assert (outage["fence_at_failover"], outage["fence_after_return"]) == ("pending", "proven")
    assert {group["skipped"] for group in document["groups"]} == {0}
    assert len(document["groups"]) == 5
    assert all(document["evidence"].values())
    assert all(document["negative_control"].values())
    saved = sum(part["records"] for part in outage["stranded"])
    assert saved >= records["stranded"]
    assert {part["decision"] for part in outage["stranded"] if part["records"]} <= {"hand-over"}
    home, (move,) = outage["way_home"], document["handovers"]
    assert (move["run"], move["source"], move["target"]) == (home["run"], "south", "north")
    assert home["copied"] > 0
    assert home["read_again"] == 0
    assert {part["topic"] for part in home["recreated"]} <= {"shop.prices"}
    assert move["longest_pause"] is not None
    assert move["not_arrived"] == []
    assert any(group["lag"] for group in move["groups"])
    assert document["standby"]["lost"] == document["standby"]["duplicated"] == 0
    assert (tmp_path / outage["files"] / "manifest.json").exists()
    assert "<script" not in (tmp_path / "report.html").read_text()
    again = subprocess.run(
        [sys.executable, "-m", "drctl", "verify", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert again.returncode == 0, again.stdout + again.stderr
