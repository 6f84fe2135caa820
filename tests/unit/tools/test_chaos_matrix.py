"""The matrix of experiments: green only if each was proved, and none is judged on a lab left broken by another."""

import subprocess
import sys
from pathlib import Path

import pytest

MATRIX = Path(__file__).parents[3] / "tools" / "chaos_matrix.py"

STAND_IN = """
import json, pathlib, sys
words = sys.argv[1:]
with pathlib.Path("calls").open("a") as file:
    print(" ".join(words[:2]), pathlib.Path(words[2]).stem if words[0] == "chaos" else "", file=file)
if words[0] == "lab":
    sys.exit(pathlib.Path("no-lab").exists() and words[1] == "up")
told = pathlib.Path(words[2]).read_text().split()
report = pathlib.Path(words[words.index("--report") + 1])
report.mkdir(parents=True, exist_ok=True)
if told[0] != "nothing":
    (report / "verdict.json").write_text(json.dumps({"verdict": told[0], "reasons": ["because"]}))
sys.exit(int(told[1]))
"""
"""A drctl whose experiments say how they end: a verdict and an exit code."""


def matrix(folder: Path, **experiments: str) -> "subprocess.CompletedProcess[str]":
    (folder / "drctl.py").write_text(STAND_IN)
    for name, end in experiments.items():
        (folder / f"{name}.yaml").write_text(end)
    words = [*(f"{name}.yaml" for name in experiments), "--report", "reports", "--drctl", sys.executable, "drctl.py"]
    return subprocess.run(
        [sys.executable, str(MATRIX), *words], cwd=folder, capture_output=True, text=True, check=False
    )


def calls(folder: Path) -> list[str]:
    return [line.strip() for line in (folder / "calls").read_text().splitlines()]


def test_all_that_are_proved_share_one_lab(tmp_path: Path) -> None:
    done = matrix(tmp_path, one="proved 0", two="proved 0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert calls(tmp_path) == ["lab up", "chaos run one", "chaos run two", "lab down"]
    assert "2 of 2 proved as stated" in done.stdout


@pytest.mark.parametrize(
    "end", ["refuted 20", "inconclusive 21", "vacuous 22", "proved 1", "inconclusive 0", "nothing 0"]
)
def test_one_that_is_not_proved_fails_all_and_costs_the_lab(tmp_path: Path, end: str) -> None:
    done = matrix(tmp_path, one=end, two="proved 0")
    assert done.returncode == 1
    assert calls(tmp_path) == ["lab up", "chaos run one", "lab down", "lab up", "chaos run two", "lab down"]
    assert "1 of 2 proved as stated" in done.stdout


def test_a_verdict_of_an_earlier_run_does_not_count(tmp_path: Path) -> None:
    assert matrix(tmp_path, one="proved 0").returncode == 0
    done = matrix(tmp_path, one="nothing 0")
    assert done.returncode == 1
    assert "not run" in done.stdout


def test_without_a_lab_nothing_was_run(tmp_path: Path) -> None:
    (tmp_path / "no-lab").touch()
    done = matrix(tmp_path, one="proved 0")
    assert done.returncode == 1
    assert "the lab did not start" in done.stdout
    assert calls(tmp_path) == ["lab up"]
