"""The shipped negative controls on real brokers: what they lose is really gone, and the checker names it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

CONTROLS = sorted(Path("experiments").glob("control-*.yaml"), key=lambda path: path.stem)


@pytest.mark.parametrize("path", CONTROLS, ids=lambda path: path.stem)
def test_brokers_lose_what_the_experiment_states_and_the_checker_names_it(path: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "drctl", "chaos", "run", str(path), "--report", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    log = tmp_path / "chaostoolkit.log"
    assert done.returncode == 0, done.stdout + done.stderr + (log.read_text() if log.exists() else "")
    verdict = json.loads((tmp_path / "verdict.json").read_text())
    assert (verdict["verdict"], verdict["as_stated"]) == ("refuted", True)
    lost = {**verdict["records"], "skipped": sum(group["skipped"] for group in verdict["groups"])}
    assert all(lost[name] for name in verdict["stated"]["classes"])
    assert [fault["fault"] for fault in verdict["faults"]] == verdict["stated"]["faults"]
    assert all(verdict["negative_control"].values())
