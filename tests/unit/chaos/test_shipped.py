"""The experiments that are shipped: the Chaos Toolkit takes them, they undo what they do, and the list is right."""

import inspect
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from chaoslib.experiment import ensure_experiment_is_valid
from chaoslib.loader import load_experiment
from click.testing import CliRunner

from drctl.chaos import actions
from drctl.chaos.admission import admitted
from drctl.chaos.command import command

FOLDER = Path("experiments")
SHIPPED = sorted(FOLDER.glob("*.yaml"))

FAULTS = {
    "cut_link": ("cut-link", "mend_link"),
    "freeze_controllers": ("pause", "thaw_brokers"),
    "freeze_leader": ("pause", "thaw_brokers"),
    "kill_active_controller": ("kill", "restart_dead_brokers"),
    "kill_brokers": ("kill", "restart_dead_brokers"),
    "kill_coordinator": ("kill", "restart_dead_brokers"),
    "kill_follower": ("kill", "restart_dead_brokers"),
    "kill_leader": ("kill", "restart_dead_brokers"),
    "kill_worker": ("kill", "restart_worker"),
    "lose_site": ("lose-site", "restore_site"),
    "stop_leader": ("stop", "restart_dead_brokers"),
}
"""The kind of fault that each action injects, and what undoes it."""


def read(path: Path) -> dict[str, Any]:
    experiment: dict[str, Any] = load_experiment(str(path))
    return experiment


def calls(activities: list[dict[str, Any]], module: str) -> list[tuple[str, str]]:
    """The functions of one of drctl's modules that these call, each with the site that it is about."""
    found = []
    for provider in (activity["provider"] for activity in activities):
        if provider["module"] == f"drctl.chaos.{module}":
            told = provider.get("arguments", {})
            found.append((provider["func"], told.get("site") or told.get("source") or ""))
    return found


def row(path: Path) -> str:
    """What the list says of an experiment: its description begins with what it proves."""
    text, stated = read(path), admitted(path)
    proves = text["description"].split(". ")[0].rstrip(".")
    again = "some, counted" if stated.repeats else "none"
    return f"| [{path.stem}]({path.name}) | {text['title']} | {proves} | {', '.join(stated.faults)} | {again} |"


def test_a_dozen_are_shipped() -> None:
    assert len(SHIPPED) >= 12


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_an_experiment_is_valid_and_says_what_it_is(path: Path) -> None:
    experiment = read(path)
    ensure_experiment_is_valid(experiment)
    assert admitted(path).title == experiment["title"]
    assert experiment["description"]
    assert "lab" in experiment["tags"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_an_experiment_calls_exists_and_takes_these_arguments(path: Path) -> None:
    experiment = read(path)
    probes = experiment["steady-state-hypothesis"]["probes"]
    for activity in (*experiment["method"], *experiment["rollbacks"], *probes):
        provider = activity["provider"]
        module = import_module(provider["module"])
        assert provider["func"] in module.__all__
        inspect.signature(getattr(module, provider["func"])).bind(**provider.get("arguments", {}))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_an_experiment_undoes_what_it_does_and_waits_for_recovery(path: Path) -> None:
    experiment = read(path)
    ((fault, site),) = calls(experiment["method"], "actions")
    kind, undo = FAULTS[fault]
    assert admitted(path).faults == (kind,)
    assert calls(experiment["method"], "undo")[:2] == [(undo, site), ("await_recovery", "")]
    assert calls(experiment["rollbacks"], "undo") == [(undo, site)]
    probed = {about for _, about in calls(experiment["steady-state-hypothesis"]["probes"], "probes")}
    assert probed <= {site, "north"}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_only_what_leaves_the_primary_alone_expects_no_record_to_be_read_again(path: Path) -> None:
    ((fault, site),) = calls(read(path)["method"], "actions")
    assert admitted(path).repeats == (site == "north" and fault != "cut_link")


def test_every_action_has_an_undo_and_an_experiment() -> None:
    used = {fault for path in SHIPPED for fault, _ in calls(read(path)["method"], "actions")}
    assert used == set(FAULTS) == set(actions.__all__) - {"inject"}


def test_every_action_that_injects_a_fault_lets_it_expire() -> None:
    for name in FAULTS:
        assert inspect.signature(getattr(actions, name)).parameters["expires_after"].default > 0


def test_the_list_of_experiments_is_what_they_say() -> None:
    told = [line for line in (FOLDER / "README.md").read_text("utf-8").splitlines() if line.startswith("| [")]
    assert told == [row(path) for path in SHIPPED], "\n" + "\n".join(row(path) for path in SHIPPED)


def test_the_command_lists_them_by_name_and_title() -> None:
    done = CliRunner().invoke(command, ["list"])
    assert done.exit_code == 0, done.output
    for path in SHIPPED:
        assert any(path.stem in line and admitted(path).title in line for line in done.output.splitlines())


def test_a_folder_without_experiments_is_said_to_have_none(tmp_path: Path) -> None:
    done = CliRunner().invoke(command, ["list", str(tmp_path)])
    assert done.exit_code != 0
    assert "has no experiment" in str(done.exception or done.output)
