"""What reaches a terminal: text and nothing else, whatever sites call their groups, and never a bare traceback."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import drctl as drctl_package
from drctl.cli.output import document, echo, show_document, show_table
from drctl.cli.progress import ProgressDisplay
from drctl.cli.tracebacks import formatted, place
from drctl.config import duration
from drctl.errors import DrctlError
from drctl.plans.runner import Progress, StepState
from tests.unit.config.plan_files import GOOD, written

NAMES = [
    "[/10.0.0.7:9092] failed",
    "billing[/prod]",
    "audit[red]",
    "Scheduler`1[[Acme.Jobs.Sync, Acme.Jobs, Version=1.0]]",
    "[a, b]",
    "[link=http://x]x[/link]",
    ":smile: \\[x]",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_with_brackets_is_shown_as_it_is(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    show_table(f"Groups of {name}", ("GROUP", "SITE"), [(name, "north")])
    echo(f"left alone: {name}")
    assert capsys.readouterr().out.count(name) == 3


def test_a_name_commands_no_terminal_and_makes_no_rows(capsys: pytest.CaptureFixture[str]) -> None:
    evil = "mill\x1b]0;owned\x07\x1b[2K\r\x9b1A\u202e7\nsouth  RUNNING"
    show_table("Clients", ("CLIENT", "SITE"), [(evil, "north")])
    echo(f"client {evil}", err=True)
    show_document({"client": evil}, "yaml")
    told = capsys.readouterr()
    assert "mill7 south  RUNNING" in told.out
    for text in (told.out, told.err):
        assert not {"\x1b", "\x07", "\r", "\x9b", "\u202e"} & set(text)


def test_progress_shows_the_details_of_a_site_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressDisplay() as display:
        display.announce(
            Progress(1, 2, "x", "Do [it]", StepState.FAILED, 1.0, "client \x1b[8mhidden\x1b[0m [/x]", False)
        )
    assert "✗  1/2 Do [it] (1.0 s): client hidden [/x]" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_a_document_keeps_names_and_loses_what_is_secret(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    body = {"groups": NAMES, "why": "http://me:s3cret@h: refused", "config": {"sasl.password": "s3cret"}, "lag": 5}
    show_document(document("X", body), form)
    told = capsys.readouterr().out
    assert "s3cret" not in told
    if form == "json":
        assert json.loads(told)["groups"] == NAMES
        assert json.loads(told)["lag"] == 5


def _failed(act: Callable[[], object]) -> Exception:
    try:
        act()
    except Exception as error:  # noqa: BLE001 - whatever it is
        return error
    raise AssertionError("it did not fail")


LOCAL = "s3cret-local"


def _chained() -> None:
    password = LOCAL
    try:
        int(password)
    except ValueError as error:
        raise DrctlError(f"north: no number at http://me:{password}@h") from error


def test_a_traceback_has_every_error_of_the_chain_and_no_values() -> None:
    told = formatted(_failed(_chained))
    assert told.count("Traceback (most recent call last)") == 2
    assert "ValueError" in told
    assert "DrctlError: north: no number at http://***@h" in told
    assert LOCAL not in told


def test_a_place_of_ours_is_named() -> None:
    assert place(_failed(lambda: duration("soon"))).startswith("config/__init__.py:")
    assert place(_failed(_chained)) == ""


LOGS = """
import logging, structlog, sys
from drctl.cli import logs
logs.configure(1, sys.argv[1])
config = {"sasl.password": "s3cret"}
try:
    config["tasks"], int("s3cret")
except Exception:
    told = {"why": "at http://me:s3cret@h", "config": config, "client": "a\\x1b]0;t\\x07b"}
    structlog.get_logger().exception("look-failed", **told)
logging.getLogger("scheduler").error("password=s3cret at %s", "http://me:s3cret@h")
try:
    int("s3cret")
except ValueError:
    logging.getLogger("scheduler").exception("job raised")
"""


@pytest.mark.parametrize("form", ["json", "text"])
def test_logs_have_tracebacks_without_locals_and_libraries_take_the_same_way(form: str) -> None:
    done = subprocess.run([sys.executable, "-c", LOGS, form], capture_output=True, text=True, check=True)
    assert "s3cret" not in done.stderr.replace('int("s3cret")', "")
    assert done.stderr.count("Traceback (most recent call last)") == 2
    assert "\x1b]" not in done.stderr
    if form == "json":
        lines = [json.loads(line) for line in done.stderr.splitlines()]
        assert [line["event"] for line in lines] == ["look-failed", "library-logged", "library-logged"]
        assert "KeyError" in lines[0]["exception"]
        assert not any("exc_info" in line for line in lines)


def drctl(words: str, redirected: str, **more: str) -> "subprocess.CompletedProcess[str]":
    command = f'exec "{sys.executable}" -m drctl {words} {redirected}'
    environment = {**os.environ, **more}
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False, env=environment)


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A plan file whose journal can be listed without any site."""
    path = written(tmp_path, GOOD.replace('"n:1,m:2"', '"127.0.0.1:1"').replace('"s:1"', '"127.0.0.1:2"'))
    (tmp_path / "state").mkdir()
    (tmp_path / "c").write_text("security.protocol=PLAINTEXT\n")
    classes = {
        kind: f"org.apache.kafka.connect.mirror.Mirror{kind}Connector" for kind in ("Source", "Checkpoint", "Heartbeat")
    }
    for name, source, target in (("n-s", "north", "south"), ("s-n", "south", "north")):
        aliases = {"source.cluster.alias": source, "target.cluster.alias": target}
        config = {kind: {"connector.class": name, **aliases} for kind, name in classes.items()}
        (tmp_path / f"{name}.json").write_text(json.dumps(config))
    text = path.read_text()
    for name in ("n-s", "s-n"):
        at = text.index("connectors: c,", text.index(f"name: {name}"))
        text = text[:at] + f"connectors: {name}.json," + text[at + len("connectors: c,") :]
    path.write_text(text)
    return path


@pytest.mark.parametrize(("redirected", "why"), [(">&-", "it is closed"), ("> /dev/full", "No space left on device")])
def test_output_that_nobody_takes_is_told_and_is_no_bug(plan: Path, redirected: str, why: str) -> None:
    for words in ("runs list --own", "runs list --own -o json"):
        done = drctl(f"-f {plan} {words}", redirected)
        assert done.returncode == 1
        assert done.stderr.startswith(f"error: standard output cannot be written: {why}\nremedy: ")
        assert len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize("redirected", ["2>&-", "2> /dev/full", "<&- 2>&-"])
def test_a_command_ends_as_it_would_where_nobody_takes_its_side_notes(plan: Path, redirected: str) -> None:
    done = drctl(f"-v -f {plan} runs list", redirected)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Runs" in done.stdout
    assert drctl("-f nowhere.yaml status", redirected).returncode == 2


def test_a_bug_is_told_by_place_and_not_by_value(plan: Path) -> None:
    code = (
        "import sys, drctl.wiring.world\n"
        "def broken(*_, **__): int('s3cret')\n"
        "drctl.wiring.world.FileVault = broken\n"
        f"sys.argv = ['drctl', '-f', {str(plan)!r}, 'runs', 'list']\n"
        "from drctl import cli\n"
        "cli.main()\n"
    )
    for more in ({}, {"DRCTL_DEBUG": "1"}):
        environment = {**os.environ, **more}
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
        )
        assert done.returncode == 1
        assert "error: this is a bug in drctl: ValueError (at wiring/world.py:" in done.stderr
        assert "s3cret" not in done.stderr
        assert ("Traceback (most recent call last)" in done.stderr) is bool(more)


UNCHANGED = {"output.py", "schema.py", "completion.py", "lab_kube.py"}
"""Where click prints itself: behind :func:`echo`, and what is not ours or holds nothing from outside."""


def test_whatever_the_command_line_prints_goes_through_one_place() -> None:
    files = Path(drctl_package.__file__).parent.glob("cli/*.py")
    printing = {path.name for path in files if re.search(r"click\.s?echo\(|\bprint\(", path.read_text("utf-8"))}
    assert printing <= UNCHANGED


def test_progress_that_is_too_long_keeps_what_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    display = ProgressDisplay()
    display.live = True
    display.announce(
        Progress(14, 25, "drain-consumers", "Close the source's consumers", StepState.WAITING, 1.0, "billing is Stable")
    )
    assert "… 14/25 billing is Stable" in capsys.readouterr().err
