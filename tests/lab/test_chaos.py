"""The shipped experiment on real brokers, through the command line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.early


def test_killing_the_leader_loses_nothing_and_others_saw_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "drctl", "chaos", "run", "experiments/leader-broker-killed.yaml"]
    done = subprocess.run([*command, "--report", str(tmp_path)], capture_output=True, text=True, check=False)
    log = tmp_path / "chaostoolkit.log"
    assert done.returncode == 0, done.stdout + done.stderr + (log.read_text() if log.exists() else "")
    verdict = json.loads((tmp_path / "verdict.json").read_text())
    assert verdict["verdict"] == "proved"
    assert verdict["records"]["lost"] == 0
    (fault,) = verdict["faults"]
    assert fault["observer"] == "the other brokers"
    assert all(verdict["negative_control"].values())
