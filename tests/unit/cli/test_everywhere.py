"""What holds for every command: options before or behind it, names to complete, versions, files that are checked."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result

from drctl import __version__
from drctl.cli import cli, lab
from drctl.cli.everywhere import prepare
from drctl.cli.kubectl_completion import complete
from drctl.cli.parameters import DURATION
from drctl.errors import ConfigInvalid
from tests.unit.cli.test_output import plan
from tests.unit.cli.test_runs import plan as plan_with_runs

__all__ = ["plan", "plan_with_runs"]


def typed(*words: str) -> Result:
    return CliRunner().invoke(cli, words)


@pytest.mark.parametrize(
    "words", [("-f", "{}", "runs", "list"), ("runs", "-f", "{}", "list"), ("runs", "list", "-f{}")]
)
def test_the_plan_file_may_be_named_before_a_command_or_behind_it(plan: Path, words: tuple[str, ...]) -> None:
    done = typed(*(word.format(plan) for word in words))
    assert done.exit_code == 0, done.exception
    assert done.stdout.startswith("Runs")


def test_what_is_said_last_counts(plan: Path) -> None:
    done = typed("-f", "nowhere.yaml", "runs", "list", "-f", str(plan))
    assert done.exit_code == 0, done.exception


@pytest.mark.parametrize("words", [("-vv", "{}"), ("{}", "-vv"), ("-v", "{}", "-v")])
def test_log_lines_may_be_asked_for_behind_a_command(words: tuple[str, ...]) -> None:
    found = {}

    @click.command("look")
    @click.pass_context
    def look(ctx: click.Context) -> None:
        found["verbose"] = ctx.find_root().params["verbose"]

    @click.group()
    @click.option("-v", "--verbose", count=True)
    def root(verbose: int) -> None:
        """Commands."""

    root.add_command(prepare(look, "look"))
    done = CliRunner().invoke(root, [word.format("look") for word in words])
    assert (done.exit_code, found) == (0, {"verbose": 2}), done.exception


def test_options_of_another_program_are_left_to_it() -> None:
    lab = cli.get_command(click.Context(cli), "lab")
    assert isinstance(lab, click.Group)
    kube = lab.commands["kube"]
    assert isinstance(kube, click.Group)
    assert not [each for each in kube.commands["kubectl"].params if "-f" in each.opts]
    assert [each for each in kube.commands["up"].params if "-f" in each.opts]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["swichover"], "switchover"),
        (["runs", "lst"], "list"),
        (["groups", "shw"], "show"),
        (["status", "--wach"], "--watch"),
    ],
)
def test_a_word_that_is_nearly_right_is_met_with_the_right_one(words: list[str], meant: str) -> None:
    done = typed(*words)
    assert done.exit_code == 2
    assert "Did you mean" in done.output
    assert meant in done.output


def completed(plan_file: Path, *words: str, begun: str = "") -> list[str]:
    found = ShellComplete(cli, {}, "drctl", "_DRCTL_COMPLETE").get_completions(["-f", str(plan_file), *words], begun)
    return [item.value for item in found]


@pytest.mark.parametrize(
    ("words", "begun", "names"),
    [
        (("switchover", "--to"), "", ["north", "south"]),
        (("sessions", "--site"), "n", ["north"]),
        (("unfence",), "s", ["south"]),
        (("groups", "show"), "", ["billing"]),
        (("groups", "handover", "--group"), "b", ["billing"]),
        (("groups", "handover", "--workload"), "", ["all"]),
        (("failback", "--recreate"), "r", ["readings"]),
        (("runs", "show"), "20260102", ["20260102T000000-new"]),
    ],
)
def test_names_of_the_plan_file_are_completed(
    plan_with_runs: Path, words: tuple[str, ...], begun: str, names: list[str]
) -> None:
    assert completed(plan_with_runs, *words, begun=begun) == names


def test_verbs_are_completed_and_a_plan_file_that_is_not_there_completes_nothing(tmp_path: Path) -> None:
    assert {"list", "show", "translate", "handover", "undo"} <= set(completed(tmp_path / "no.yaml", "groups"))
    assert completed(tmp_path / "no.yaml", "switchover", "--to") == []


class RunningLab:
    def status(self) -> tuple[SimpleNamespace, ...]:
        return tuple(SimpleNamespace(name=name) for name in ("north-broker-1", "north-connect", "south-broker-1"))


@pytest.mark.parametrize(
    ("words", "begun", "names"),
    [
        (("lab", "logs"), "north-b", ["north-broker-1"]),
        (("lab", "fault"), "cut", ["cut-link"]),
        (("lab", "fault", "kill"), "south", ["south-broker-1"]),
        (("lab", "fault", "lose-site"), "", ["north", "south"]),
    ],
)
def test_processes_faults_and_sites_of_the_lab_are_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], begun: str, names: list[str]
) -> None:
    monkeypatch.setattr(lab, "_running", lambda _: RunningLab())
    assert completed(tmp_path / "no.yaml", *words, begun=begun) == names


def test_where_no_lab_runs_no_process_is_completed(tmp_path: Path) -> None:
    assert completed(tmp_path / "no.yaml", "lab", "logs", "--dir", str(tmp_path)) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("switchover", "--to", "n"), "north\n:4\n"),
        (("runs", "show", "20260102"), "20260102T000000-new\n:4\n"),
        (("-f", ""), ":0\n"),
    ],
)
def test_kubectl_completes_the_same_words(
    plan_with_runs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    told: str,
) -> None:
    monkeypatch.setenv("DRCTL_PLAN", str(plan_with_runs))
    monkeypatch.setattr(sys, "argv", ["kubectl_complete-drctl", *words])
    complete()
    assert capsys.readouterr().out == told


@pytest.mark.parametrize(("text", "seconds"), [("15s", 15), ("1m30s", 90), ("500ms", 0.5), ("7.5", 7.5)])
def test_a_time_is_written_with_its_unit_and_a_bare_number_counts_seconds(text: str, seconds: float) -> None:
    assert DURATION.convert(text, None, None) == seconds


def test_a_time_that_is_none_is_wrong_usage() -> None:
    done = typed("status", "--interval", "soon")
    assert done.exit_code == 2
    assert "write it as 500ms, 15s or 1m30s" in done.output


def test_the_version_is_told_to_people_and_programs() -> None:
    assert typed("version").stdout.splitlines()[0] == f"drctl {__version__}"
    assert json.loads(typed("version", "-o", "json").stdout)["version"] == __version__


def test_a_plan_file_is_validated_without_any_site(plan_with_runs: Path) -> None:
    done = typed("validate", "-f", str(plan_with_runs))
    assert done.exit_code == 0, done.exception
    assert done.stdout == f"{plan_with_runs}: valid: 2 sites, 2 links, 1 workload\n"


def test_every_wrong_file_that_a_plan_file_names_is_told(plan_with_runs: Path) -> None:
    plan_with_runs.with_name("north-south").write_text("{}")
    plan_with_runs.with_name("c").write_text("sasl.mechanism=\n")
    done = typed("validate", "-f", str(plan_with_runs), "-o", "json")
    assert isinstance(done.exception, ConfigInvalid)
    told = json.loads(done.stdout)
    assert not told["valid"]
    assert len(told["errors"]) == 2
    assert all(error["remedy"] for error in told["errors"])
