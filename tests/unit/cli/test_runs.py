"""drctl runs and approve with both sites down: the journal alone answers."""

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple, NoReturn

import click
import pytest
from click.testing import CliRunner

from drctl import cli
from drctl.config import load
from drctl.drivers.store.clock import SystemClock
from drctl.drivers.store.journal import SqliteJournal
from drctl.model.run import Event, Evidence, Run, RunState
from drctl.plans import copying

PLAN = """\
apiVersion: drctl.io/v1alpha1
kind: DisasterRecoveryPlan
metadata: {name: plant}
spec:
  sites:
    - name: north
      kafka: {bootstrapServers: "127.0.0.1:1", clientProperties: c, canary: {clientProperties: c, topic: canary}}
      connect: {url: "http://127.0.0.1:1"}
    - name: south
      kafka: {bootstrapServers: "127.0.0.1:2", clientProperties: c, canary: {clientProperties: c, topic: canary}}
      connect: {url: "http://127.0.0.1:1"}
  links:
    - {name: n-s, source: north, target: south, connectors: north-south, replicationPrincipal: "User:mm2"}
    - {name: s-n, source: south, target: north, connectors: south-north, replicationPrincipal: "User:mm2"}
  workloads:
    - {name: all, topics: [readings], groups: [billing]}
  objectives: {recoveryTime: 1h30m, recoveryPoint: 0s}
  clientRouting: {file: client-routing.json}
  state: {file: drctl.sqlite}
"""

KINDS = ("Source", "Checkpoint", "Heartbeat")
CLASS = "org.apache.kafka.connect.mirror.Mirror{}Connector"


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A plan file of two dead sites with a run that failed after its point of no return."""
    for name, text in (("c", "client.id=drctl\n"), ("client-routing.json", '{"site": "north"}'), ("plan.yaml", PLAN)):
        (tmp_path / name).write_text(text)
    for source, target in (("north", "south"), ("south", "north")):
        ends = {"source.cluster.alias": source, "target.cluster.alias": target}
        links = {f"{source}.{kind}": ends | {"connector.class": CLASS.format(kind)} for kind in KINDS}
        (tmp_path / f"{source}-{target}").write_text(json.dumps(links))
    journal = SqliteJournal(tmp_path / "drctl.sqlite", SystemClock())
    journal.begin(Run("20260101T000000-old", "switchover", "plant", "d", "north", "south", 1))
    journal.append("20260101T000000-old", Event.RUN_STARTED, body={"by": "anna", "groups": ["billing"]})
    journal.append("20260101T000000-old", Event.RUN_ENDED, body={"state": "stopped"})
    journal.end("20260101T000000-old", RunState.STOPPED)
    journal.begin(Run("20260102T000000-new", "switchover", "plant", "d", "north", "south", 1))
    for event, step, body in (
        (Event.RUN_STARTED, "", {"by": "ben"}),
        (Event.STEP_INTENDED, "unfence-target", {}),
        (Event.STEP_FAILED, "unfence-target", {"message": "no answer from south"}),
    ):
        journal.append("20260102T000000-new", event, step, body)
    return tmp_path / "plan.yaml"


class Typed(NamedTuple):
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def drctl(plan: Path, *arguments: str, patience: float = 0.1) -> Typed:
    """Type it: the command line from its beginning to its exit code, in this process, where all is loaded already.

    The journal's copies, whose sites are dead, have ``patience`` seconds where whoever writes waits for them.
    """

    def leave(code: int) -> NoReturn:
        raise SystemExit(code)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["drctl", "-f", str(plan), *arguments])
        patch.setattr(cli, "_end", leave)
        for seconds in ("IN_STEP", "LEAVING"):
            patch.setattr(copying, seconds, patience)
        # What it sets for a process that is its own is set back, or not set.
        patch.setattr(sys, "excepthook", sys.excepthook)
        patch.setattr(threading, "excepthook", threading.excepthook)
        patch.setattr(signal, "signal", lambda *_: signal.SIG_DFL)
        done = CliRunner().invoke(click.Command("typed", callback=cli.main), [])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert "Traceback" not in done.stderr
    assert "this is a bug" not in done.stderr
    return Typed(done.exit_code, done.stdout, done.stderr)


def started(plan: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The same in a process of its own."""
    command = [sys.executable, "-m", "drctl", "-f", str(plan), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert "Traceback" not in done.stderr
    assert "this is a bug" not in done.stderr
    return done


def test_runs_are_listed_newest_first_with_who_and_why(plan: Path) -> None:
    done = started(plan, "runs", "list", "-o", "json")
    assert done.returncode == 0, done.stderr
    for site in ("north", "south"):
        assert f"copy at {site} was not read: site {site}: cannot connect: connections are refused" in done.stderr
    runs = json.loads(done.stdout)["items"]
    assert [(run["id"][-3:], run["state"], run["by"]) for run in runs] == [
        ("new", "paused-by-failed-step", "ben"),
        ("old", "stopped", "anna"),
    ]
    assert (runs[0]["step"], runs[0]["why"]) == ("unfence-target", "no answer from south")
    assert "paused-by-failed-step" in drctl(plan, "runs", "list").stdout


def test_a_run_is_shown_by_the_beginning_of_its_id_with_evidence_on_demand(plan: Path) -> None:
    told = json.loads(drctl(plan, "runs", "show", "20260101", "-o", "json", "--evidence").stdout)
    assert (told["id"], told["entries"][0]["evidence"]["groups"]) == ("20260101T000000-old", ["billing"])
    assert "evidence" not in json.loads(drctl(plan, "runs", "show", "20260101", "-o", "json").stdout)["entries"][0]
    assert "unfence-target" in drctl(plan, "runs", "show").stdout


def test_who_takes_a_run_over_gives_brokers_that_refuse_the_time_to_start(plan: Path) -> None:
    told = drctl(plan, "runs", "resume", "20260101", patience=copying.IN_STEP).stderr
    assert "the journal's copy at north was not read" in told
    assert "are refused" not in told


@pytest.mark.parametrize(
    ("arguments", "code", "names"),
    [
        (["runs", "show", "2026"], 9, "2 runs begin with 2026"),
        (["runs", "show", "x"], 9, "there is no run x"),
        (["runs", "resume", "20260101"], 3, "run 20260101T000000-old has ended"),
        (["runs", "abort", "--reason", "no"], 3, "there is no rollback"),
        (["runs", "abort", "--reason", " "], 2, "--reason: is empty"),
        (["runs", "restore", "--from", "west"], 9, "names no site west"),
        (["approve", "20260101", "--reason", "c"], 3, "waits for no approval: it is stopped"),
        (["approve", "x", "--reason", "c"], 9, "there is no run x"),
        (["approve", "--plan-digest", "a", "--facts-digest", "b", "--reason", "c"], 2, "'a' is no plan digest"),
        (
            ["switchover", "--to", "south", "--override", "source-fenced", "--reason", "x"],
            2,
            "source-fenced: cannot be",
        ),
        (["switchover", "--to", "south", "--override", "nonsense", "--reason", "x"], 2, "no rule of that name"),
        (["switchover", "--to", "south", "--override", "lag-too-high"], 2, "without a reason"),
        (["switchover", "--to", "south", "--expect", "primary:north"], 2, "is not understood"),
    ],
)
def test_what_cannot_be_is_refused_with_its_code(plan: Path, arguments: list[str], code: int, names: str) -> None:
    done = drctl(plan, *arguments)
    assert (done.returncode, names in done.stderr) == (code, True), done.stderr
    assert "remedy: " in done.stderr


@pytest.fixture
def waiting(plan: Path) -> str:
    """The id of anna's run that was refused for want of an approval; it is a run of the file as it is."""
    identity = "20260103T000000-asks"
    journal = SqliteJournal(plan.parent / "drctl.sqlite", SystemClock())
    journal.begin(Run(identity, "failover", "plant", load(plan).digest, "north", "south", 1))
    begun: Evidence = {"by": "anna", "account": "a", "host": "h", "topics": ["readings"], "groups": ["billing"]}
    begun |= {"accepted loss": "12 records", "overrides": {"source-healthy": "it burns"}}
    awaited = {"plan": "2" * 64, "facts": "3" * 64, "warnings": ["one broker less"]}
    journal.append(identity, Event.RUN_STARTED, body=begun)
    journal.append(identity, Event.STEP_FAILED, "check-gates", {"message": "no", "awaited approval": awaited})
    journal.append(identity, Event.RUN_ENDED, body={"state": "stopped"})
    journal.end(identity, RunState.STOPPED)
    return identity


def test_a_waiting_run_is_approved_by_its_id_and_shows_what_that_binds_to(plan: Path, waiting: str) -> None:
    give = ["approve", waiting[:10], "--reason", "fine", "--by"]
    asked = drctl(plan, *give, "ben")
    assert (asked.returncode, "nobody is here to be asked" in asked.stderr) == (3, True)
    own = drctl(plan, *give, "anna", "--yes")
    assert (own.returncode, "somebody else approves it" in own.stderr) == (3, True)
    done = drctl(plan, *give, "ben", "--yes")
    assert done.returncode == 0, done.stderr
    assert "approved by ben" in done.stdout
    for shown in (
        f"run {waiting}: failover from north to south, to epoch 1",
        "asked for by anna (account a on h)",
        "topics: readings",
        "groups: billing",
        "accepted loss: 12 records",
        "overrides source-healthy: it burns",
        "worth knowing: one broker less",
        f"plan digest {'2' * 64}, facts digest {'3' * 64}",
    ):
        assert shown in done.stderr
    told = json.loads(drctl(plan, "runs", "show", "approval-", "-o", "json", "--evidence").stdout)
    body = told["entries"][0]["evidence"]
    assert (body["run"], body["plan"], body["facts"]) == (waiting, "2" * 64, "3" * 64)


def test_who_asked_may_decline_and_take_it_back(plan: Path, waiting: str) -> None:
    done = drctl(plan, "approve", waiting, "--reason", "not now", "--by", "anna", "--decline", "--yes")
    assert (done.returncode, "declined by anna" in done.stdout) == (0, True), done.stderr


@pytest.mark.parametrize(
    "given", [[], ["2026", "--plan-digest", "a"], ["--plan-digest", "a"]], ids=["nothing", "both", "half"]
)
def test_an_approval_is_of_a_run_or_of_two_digests(plan: Path, given: list[str]) -> None:
    done = drctl(plan, "approve", *given, "--reason", "fine")
    assert (done.returncode, "give RUN, or both" in done.stderr) == (2, True)


def test_an_approval_is_written_with_both_sites_down(plan: Path) -> None:
    digests = ["--plan-digest", "0" * 64, "--facts-digest", "1" * 64]
    done = drctl(plan, "approve", *digests, "--by", "ben", "--reason", "fine")
    assert done.returncode == 0, done.stderr
    assert "approved by ben" in done.stdout
    (approval,) = (run for run in json.loads(drctl(plan, "runs", "list", "--all", "-o", "json").stdout)["items"][:1])
    assert approval["run"] == "approval"
