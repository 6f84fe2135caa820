"""The command line as a user meets it."""

import subprocess
import sys

import click
import pytest

from drctl import cli, errors
from drctl.model.verdict import EXIT_CODES, Verdict

HEAVY = ("confluent_kafka", "pydantic", "rich", "matplotlib", "httpx2", "ruamel", "chaoslib", "apscheduler")


def drctl(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "drctl", *arguments], capture_output=True, text=True, check=False)


def test_help_lists_every_command_and_loads_nothing_heavy() -> None:
    code = "import sys, drctl.cli\ntry: drctl.cli.cli(['--help'])\nexcept SystemExit: pass\nprint(sorted(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert all(command in told for command in cli.COMMANDS)
    assert not [module for module in HEAVY if f"'{module}'" in told]


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    found = cli.cli.get_command(click.Context(cli.cli), command)
    assert found is not None
    assert found.help


def classes(root: type[errors.DrctlError]) -> list[type[errors.DrctlError]]:
    return [root, *(each for child in root.__subclasses__() for each in classes(child))]


def test_every_exit_code_is_documented() -> None:
    documented = {int(word) for word in cli.EXIT_CODES.replace("\b", "").split() if word.isdigit()}
    used = {each.exit_code for each in classes(errors.DrctlError)} | set(EXIT_CODES.values())
    assert used | {130} <= documented


def test_a_wrong_verdict_never_shares_a_code_with_an_error() -> None:
    used = {each.exit_code for each in classes(errors.DrctlError)}
    assert not used & {EXIT_CODES[v] for v in Verdict if v is not Verdict.PROVED}


def test_a_missing_plan_file_is_an_error_with_a_remedy_and_no_traceback() -> None:
    done = drctl("-f", "nowhere.yaml", "status")
    assert done.returncode == errors.ConfigInvalid.exit_code
    assert done.stderr.startswith("error: nowhere.yaml")
    assert "remedy: " in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


@pytest.mark.parametrize("arguments", [["nonsense"], ["status", "--nonsense"], ["switchover"], ["schema", "x"]])
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    assert drctl(*arguments).returncode == 2


@pytest.mark.parametrize("what", ["plan", "report"])
def test_schemas_are_printed_as_json(what: str) -> None:
    done = drctl("schema", what)
    assert done.returncode == 0
    assert done.stdout.startswith("{")
    assert '"$schema"' in done.stdout


def test_no_lab_is_told_as_such(tmp_path: object) -> None:
    done = drctl("lab", "status", "--dir", str(tmp_path))
    assert done.returncode == errors.LabError.exit_code
    assert "drctl lab up" in done.stderr
