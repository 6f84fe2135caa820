"""Every way in which the Chaos Toolkit passes without having tested anything is a gap. The real toolkit runs here."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from drctl.chaos.campaign import checked
from drctl.chaos.judgement import gaps
from drctl.errors import ConfigInvalid

TRUE = {"type": "python", "module": "builtins", "func": "bool", "arguments": {}}


def python(func: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "python", "module": "tests.unit.chaos.activities", "func": func, "arguments": arguments}


def action(func: str, **more: Any) -> dict[str, Any]:
    return {"type": "action", "name": func, "provider": python(func), **more}


def probe(func: str, tolerance: Any, **arguments: Any) -> dict[str, Any]:
    return {"type": "probe", "name": func, "tolerance": tolerance, "provider": python(func, **arguments)}


def experiment(**changes: Any) -> dict[str, Any]:
    return {
        "title": "t",
        "description": "d",
        "steady-state-hypothesis": {"title": "h", "probes": [probe("say", True, value=True)]},
        "method": [action("act")],
        "rollbacks": [action("act")],
        **changes,
    }


def run(folder: Path, text: dict[str, Any]) -> dict[str, Any]:
    file, journal = folder / "experiment.json", folder / "journal.json"
    file.write_text(json.dumps(text))
    command = [sys.executable, "-m", "drctl.chaos.child", str(file), str(journal)]
    subprocess.run(command, check=False, capture_output=True)
    document: dict[str, Any] = json.loads(journal.read_text())
    return document


def test_an_experiment_that_ran_as_written_has_no_gap(tmp_path: Path) -> None:
    assert list(gaps(run(tmp_path, experiment()))) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"method": [action("fail")]}, "activity 'fail' failed"),
        ({"method": []}, "no method"),
        ({"method": [action("fail", background=True)]}, "activity 'fail' failed"),
        ({"method": [action("act"), probe("say", True, value=False)]}, "not held against its tolerance"),
        ({"method": [action("interrupt"), action("act")]}, "interrupted"),
        ({"rollbacks": [action("fail")]}, "rollback activity 'fail' failed"),
        (
            {"steady-state-hypothesis": {"title": "h", "probes": [probe("say", True, value=False)]}},
            "not met before the method",
        ),
        ({"steady-state-hypothesis": {"title": "h", "probes": [probe("fail", True)]}}, "ended as failed"),
        ({"steady-state-hypothesis": {"title": "h", "probes": [probe("flip", True)]}}, "not met after the method"),
    ],
)
def test_what_the_toolkit_lets_pass_is_a_gap(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    assert said in "; ".join(gaps(run(tmp_path, experiment(**changes))))


def test_an_experiment_without_hypothesis_is_a_gap(tmp_path: Path) -> None:
    without = experiment()
    del without["steady-state-hypothesis"]
    assert "no steady-state hypothesis" in "; ".join(gaps(run(tmp_path, without)))


def test_a_deviation_during_the_method_is_a_gap_though_it_recovered(tmp_path: Path) -> None:
    journal = run(tmp_path, experiment())
    journal["steady_states"]["during"] = [{"steady_state_met": False}, {"steady_state_met": True}]
    assert "not met 1 times during" in "; ".join(gaps(journal))


def test_a_status_that_was_rewritten_does_not_help(tmp_path: Path) -> None:
    journal = run(tmp_path, experiment(method=[action("fail")]))
    assert list(gaps({**journal, "status": "completed", "deviated": False}))


def test_no_journal_is_a_gap() -> None:
    assert list(gaps(None)) == ["the experiment left no journal"]


def test_an_experiment_that_would_install_something_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "e.yaml"
    with path.open("w") as file:
        YAML().dump(experiment(runtime={"python": {"dependencies": ["x"]}}), file)
    with pytest.raises(ConfigInvalid, match="installs dependencies"):
        checked(path)


@pytest.mark.parametrize("text", ["", "[1]", "a: [", "title: x"])
def test_what_is_no_experiment_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "e.yaml"
    path.write_text(text)
    with pytest.raises(ConfigInvalid):
        checked(path)


def test_the_shipped_experiments_may_be_run() -> None:
    found = sorted(Path("experiments").glob("*.yaml"))
    assert found
    for path in found:
        checked(path)
