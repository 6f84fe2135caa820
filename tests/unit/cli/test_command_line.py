"""The command line as a user meets it."""

import re
import subprocess
import sys

import click
import pytest

from drctl import cli, errors
from drctl.decide.readiness import GateCategory
from drctl.lab.faults import FAULTS
from drctl.model.verdict import EXIT_CODES, Verdict

HEAVY = (
    "structlog",
    "confluent_kafka",
    "pydantic",
    "rich",
    "matplotlib",
    "httpx2",
    "ruamel",
    "chaoslib",
    "apscheduler",
)


def drctl(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "drctl", *arguments], capture_output=True, text=True, check=False)


HELP = """
import os, sys, drctl.cli
commands = sys.argv[1:]
for command in commands:
    child = os.fork()
    if not child:
        sys.argv[1:] = [*command.split(), "--help"]
        try: drctl.cli.cli(sys.argv[1:])
        except SystemExit: pass
        print(sorted(sys.modules), end="\\f", flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""
"""Prints a page for each command, each by a process in which nothing but the command line was loaded before."""
LEAVES = ("plan switchover", "plan failover", "lab up", "lab fault", "chaos run", "service run")
HELPED = ("", *cli.COMMANDS, *LEAVES)


def test_help_lists_every_command() -> None:
    told = drctl("--help").stdout
    assert all(command in told for command in cli.COMMANDS)


def test_help_loads_nothing_heavy() -> None:
    """One test of all commands: as one for each they would be loaded again by every process that runs tests."""
    told = subprocess.run([sys.executable, "-c", HELP, *HELPED], capture_output=True, text=True, check=True)
    helped = dict(zip(HELPED, told.stdout.split("\f")[:-1], strict=True))
    assert [command for command, shown in helped.items() if "Usage: " not in shown] == []
    assert [command for command, shown in helped.items() if "'drctl.cli'" not in shown] == []
    heavy = {command: [each for each in HEAVY if f"'{each}'" in shown] for command, shown in helped.items()}
    assert {command: loaded for command, loaded in heavy.items() if loaded} == {}


def test_the_faults_that_help_names_are_those_there_are() -> None:
    told = drctl("lab", "fault", "--help").stdout
    assert all(name in told for name in FAULTS)
    assert drctl("lab", "fault", "nonsense", "north").returncode == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed(shell: str) -> None:
    assert "_DRCTL_COMPLETE" in drctl("completion", shell).stdout


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    found = cli.cli.get_command(click.Context(cli.cli), command)
    assert found is not None
    assert found.help


def classes(root: type[errors.DrctlError]) -> list[type[errors.DrctlError]]:
    return [root, *(each for child in root.__subclasses__() for each in classes(child))]


def test_every_exit_code_is_documented() -> None:
    documented = {int(word) for word in cli.EXIT_CODES.replace("\b", "").split() if word.isdigit()}
    used = {each.exit_code for each in classes(errors.DrctlError)} | set(EXIT_CODES.values()) | set(GateCategory)
    assert used | {130} <= documented


def test_exit_codes_are_listed_one_a_line_in_the_order_of_their_numbers() -> None:
    listed = [int(code) for code in re.findall(r"^ *(\d+)  \S", drctl("--help").stdout, re.MULTILINE)]
    assert listed == sorted(set(listed))
    assert {0, 20, 43, 130} <= set(listed)


def test_a_wrong_verdict_never_shares_a_code_with_an_error() -> None:
    used = {each.exit_code for each in classes(errors.DrctlError)} | set(GateCategory)
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


@pytest.mark.parametrize(("form", "start"), [("json", "{"), ("text", "20")])
def test_log_lines_have_the_form_that_was_asked_for(form: str, start: str) -> None:
    code = (
        f"import structlog; from drctl.cli import logs; logs.configure(1, {form!r}); structlog.get_logger().info('x')"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stderr.startswith(start)
    assert not told.stdout


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
