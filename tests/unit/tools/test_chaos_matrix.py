"""The matrix of experiments: green only if each was proved, and none is judged on a lab left broken by another."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

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
    fault = {"fault": "kill", "target": "north-broker-1", "observer": "the other brokers"}
    end = {**fault, "fault": "restart"}
    document = {"verdict": told[0], "reasons": ["because | of"], "faults": [fault, end]}
    document |= {"negative_control": {"lost": True}, "records": {"acknowledged": 4711}}
    (report / "verdict.json").write_text(json.dumps(document))
sys.exit(int(told[1]))
"""
"""A drctl whose experiments say how they end: a verdict and an exit code."""


def matrix(folder: Path, *more: str, **experiments: str) -> "subprocess.CompletedProcess[str]":
    (folder / "drctl.py").write_text(STAND_IN)
    for name, end in experiments.items():
        (folder / f"{name}.yaml").write_text(end)
    words = [*(f"{name}.yaml" for name in experiments), "--report", "reports", *more]
    words += ["--drctl", sys.executable, "drctl.py"]
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


def kept(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "reports" / "matrix.json").read_bytes())
    return document


def test_the_table_tells_each_verdict_with_who_saw_the_fault(tmp_path: Path) -> None:
    matrix(tmp_path, one="proved 0", two="inconclusive 21", three="nothing 1")
    rows = (tmp_path / "reports" / "matrix.md").read_text().splitlines()
    assert [row.split(" | ")[2] for row in rows[2:5]] == ["proved", "inconclusive", "not run"]
    seen = "kill of north-broker-1: the other brokers; restart of north-broker-1: the other brokers"
    assert f"| {seen} | 4711 | all |" in rows[2]
    assert rows[2].endswith("| because / of |")
    assert "| nobody | 0 | no |" in rows[4]
    assert [each["as_stated"] for each in kept(tmp_path)["results"]] == [True, False, False]


def test_only_faults_of_proved_runs_count_towards_the_bound_and_their_ends_do_not(tmp_path: Path) -> None:
    done = matrix(tmp_path, one="proved 0", two="proved 0", three="inconclusive 21")
    assert "2 faults without a loss" in done.stdout
    assert kept(tmp_path)["faults"] == 2
    assert round(kept(tmp_path)["loss_per_fault_below"], 3) == 0.776


def test_once_a_loss_was_found_nothing_is_bounded(tmp_path: Path) -> None:
    done = matrix(tmp_path, one="proved 0", two="refuted 20")
    assert "nothing is bounded" in done.stdout
    assert kept(tmp_path)["loss_per_fault_below"] is None


def test_seeds_run_all_of_them_so_often_in_orders_that_come_again(tmp_path: Path) -> None:
    experiments = dict.fromkeys(("one", "two", "three", "four", "five"), "proved 0")
    matrix(tmp_path, "--seeds", "2", **experiments)
    first = calls(tmp_path)
    assert [line.split()[2] for line in first[1:-1]] != [*experiments, *experiments]
    assert sorted(first[1:6]) == sorted(first[6:11])
    assert first[1:6] != first[6:11]
    assert {(each["name"], each["seed"]) for each in kept(tmp_path)["results"]} == {
        (name, seed) for name in experiments for seed in (1, 2)
    }
    assert (tmp_path / "reports" / "five-seed-2" / "verdict.json").exists()
    (tmp_path / "calls").unlink()
    matrix(tmp_path, "--seeds", "2", **experiments)
    assert calls(tmp_path) == first


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
