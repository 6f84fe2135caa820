"""The 19 points at which drctl once let a new user down, typed at a terminal on a real lab, judged by what is printed.

Each point is held where drctl is tested without Kafka, too; here it is seen as an operator does. The points about pages
(18, 19) are judged by their text alone. Any order will do: each test moves the work, or hurts the lab, by itself, and
leaves it whole.
"""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from drctl.lab import Lab
from drctl.lab.repairs import REPAIRS
from drctl.model.run import RunState
from tests.lab.operator import ANY, CLOCK, GATES, TRANSCRIPT, Installation, Operator, at_a_terminal
from tests.lab.usage import metric, wait

pytestmark = pytest.mark.long
AWAY = 4.0
"""Seconds between Ctrl-C and going on: far more than a last attempt's pause could hide."""
UNPROVEN = 10
"""Exit code of translations while a record is on its way: under load that may be at any moment."""
ON_THE_PAGE = (
    "prefers-color-scheme", "@media print", "width=device-width", "overflow-wrap", "objective", "journal", "SHA-256",
)  # fmt: skip


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A lab of one broker per site under load, brought up by what an operator types."""
    found = Installation.into(tmp_path_factory.mktemp("operator"))
    TRANSCRIPT.unlink(missing_ok=True)
    try:
        with at_a_terminal(found) as operator:
            operator.point = "16"
            operator.types("drctl lab up --small --load", has=("plan file:", "every group is at work"), seconds=500)
        yield found
    finally:
        found.take_lab_down()
    assert not found.lab.exists()


@pytest.fixture
def operator(installation: Installation) -> Iterator[Operator]:
    try:
        with at_a_terminal(installation) as found:
            yield found
    finally:
        installation.settle()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def document(operator: Operator, command: str, *codes: int) -> Any:
    """Return what a command tells programs."""
    operator.types(f"{command} -o json > document.json", codes=codes or (0,))
    found = json.loads((operator.at.work / "document.json").read_text())
    operator.judges("apiVersion" in found and "schema_version" not in found, f"{command}: {found.keys()}")
    return found


def is_done(operator: Operator, target: str) -> None:
    """The last run was done to its end, and status says so."""
    run, state = operator.at.runs()[-1]
    operator.judges(state is RunState.DONE, f"the {run.kind} to {run.target} is {state}")
    operator.types("drctl status | head -4", has=(f"client routing: {target}",), lacks=("UNFINISHED",))


def test_names_words_and_what_needs_no_doing(operator: Operator) -> None:
    at, to = operator.at.serving()
    operator.point = "14"
    operator.types("drctl switchover --to mars --yes", codes=(9,), has=("remedy: use one of north, south",), at_most=2)
    operator.types("drctl groups show nobody", codes=(9,), has=("remedy: see 'drctl groups list'",), at_most=2)
    operator.types(f"drctl switchover --to {at} --yes", has=("there is nothing to do",), at_most=2)
    operator.types("drctl groups list", is_table=True, has=("billing", "MOVES"), lacks=("Dead", "NOT_COPIED"))
    operator.types("drctl status", is_table=True, has=("BROKERS", "Health"), lacks=("1 brokers", "Dead"))
    operator.point = "5"
    handover = f"drctl groups handover --to {at} --group billing"
    operator.types(handover, codes=(3,), has=(f"clients are at {at} already",), lacks=("stop the link",), at_most=2)
    operator.types(f"drctl plan switchover --to {at}", has=("there is nothing to do",), at_most=2)
    operator.types(f"drctl groups --to {at}", codes=(3,), lacks=("delete it",), at_most=2)
    operator.point = "13"
    operator.types(f"drctl plan switchover --to {to}", has=("expected pause:", "the objective"), again=True)


def test_documents_tell_what_tables_tell(operator: Operator) -> None:
    operator.point = "12"
    operator.types("drctl status -o wide", is_table=True, has=("CLUSTER ID", "DENIED", "OFFSET SYNCS"))
    seen = document(operator, "drctl status")
    for site in seen["sites"]:
        operator.judges(bool(site["clusterId"]), f"{site['name']} has no cluster id")
        operator.judges(isinstance(site["denied"]["value"], list), f"denied: {site['denied']}")
        operator.judges(isinstance(site["undenied"]["value"], list), f"undenied: {site['undenied']}")
    operator.judges(all("offsetSyncs" in link for link in seen["links"]), f"links: {seen['links']}")
    operator.types("drctl groups", codes=(0, UNPROVEN), is_table=True, has=("MM2", "COMPARED"), lacks=("NOT_COPIED",))
    for group in document(operator, "drctl groups", 0, UNPROVEN)["groups"]:
        operator.judges(bool(group["positions"]), f"{group['name']} has no position")
        for each in group["positions"]:
            theirs, ours = each["mirrorMaker"], each["translated"]
            operator.judges(None in (theirs, ours) or theirs <= ours, f"MirrorMaker's lies above: {each}")


def test_words_are_taken_anywhere_and_completed(operator: Operator) -> None:
    operator.point = "15"
    operator.types('drctl status -f "$DRCTL_PLAN" | head -3', has=("client routing:",))
    operator.types("drctl version -v", has=("plan file drctl.io/",))
    operator.types("drctl validate", has=("valid: 2 sites, 2 links",))
    operator.types("drctl statsu", codes=(2,), has=("Did you mean 'status'?",))
    operator.types("drctl switchover --help | tail -12", has=("Examples:", "drctl switchover --to south"))
    operator.types("drctl status --help | grep -A 1 interval", has=("5s",), lacks=("5.0",))
    operator.types('eval "$(drctl completion bash)"')
    operator.completes("drctl groups ", ("handover", "list", "show", "translate", "undo"))
    operator.completes("drctl groups show ", ("billing", "dispatch", "forecast", "pricing", "reporting"))
    operator.completes("drctl switchover --to ", ("north", "south"))
    operator.completes("drctl lab fault kill north-", ("north-broker-1", "north-connect"))
    operator.types("kubectl_complete-drctl groups show ''", has=("billing", ":4"))
    operator.point = "16"
    operator.types("drctl lab up", codes=(13,), has=("runs already", "3 per site were asked for", "remedy:"))
    operator.types("drctl lab fault restart client-dispatch", codes=(13,), has=("remedy: use one of north-broker-1",))
    operator.types("drctl lab status", is_table=True, has=("client-dispatch", "north-broker-1"))
    operator.point = "17"
    operator.types('grep -A 12 "^## Installing" "$CHECKOUT/README.md"', has=(".venv/bin/drctl", "pipx install"))
    operator.types("drctl status >&-", codes=(1,), has=("standard output cannot be written", "remedy:"))
    operator.types("drctl status > /dev/full", codes=(1,), has=("No space left on device", "remedy:"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        service = f"drctl service run --listen 127.0.0.1:{taken.getsockname()[1]}"
        operator.types(service, codes=(2,), has=("remedy: end what listens there",), lacks=("host:port",))


def test_a_switchover_outlives_the_terminal_and_the_pipe(operator: Operator) -> None:
    at, to = operator.at.serving()
    operator.point = "1"
    operator.closes_terminal(f"drctl switchover --to {to} --yes", "prove-fence")
    is_done(operator, to)
    operator.types("drctl runs list", is_table=True, has=("switchover", "done"))
    piped = f"drctl switchover --to {at} --yes 2>&1 | head -8; (exit ${{PIPESTATUS[0]}})"
    operator.types(piped, again=True, seconds=240)
    is_done(operator, at)
    operator.point = "19"
    operator.types(f"drctl plan runbooks --to {to} pages", has=("begin with: pages/README.md",))
    operator.types("grep '^## ' pages/README.md", has=("Which situation is this?", "Exit codes", "Without drctl"))
    operator.types("grep -l -E '[$](SOURCE|TARGET)' pages/*.md", codes=(1,))
    operator.types("grep -c 'Done looks like: .*; usually' pages/switchover.md")
    operator.types("grep -c -e --command-config pages/README.md pages/switchover.md")
    operator.types("grep -h -o 'curl .*' pages/*.md | grep -v -E 'curl (-X PUT )?\"'", codes=(1,))


def test_a_run_that_was_cut_off_is_told_first_and_can_be_given_up(operator: Operator) -> None:
    at, to = operator.at.serving()
    operator.point = "2"
    operator.cuts_off(f"drctl switchover --to {to}", "prove-fence")
    told = ("nobody can write", "go on: drctl runs resume", "give up: drctl runs abort")
    shown = operator.types("drctl status", is_table=True, has=told)
    operator.judges(shown.screen.rows[0].startswith("UNFINISHED RUN"), "it is not told first")
    seen = document(operator, "drctl status")
    run = seen["unfinishedRun"]
    operator.judges(run["mayAbort"] and bool(run["noWritesSince"]) and run["stepNumber"] > 8, f"unfinishedRun: {run}")
    operator.judges(all(site["groups"] for site in seen["sites"]), "a site's groups are gone")
    operator.point = "3"
    title = f"Positions at {at} and translated to {to}"
    operator.types("drctl groups", codes=(0, UNPROVEN), has=(title,), lacks=("delete it", "delete them"))
    operator.point = "4"
    operator.types(f"drctl plan switchover --to {to}", has=("UNFINISHED RUN", "prove-fence", "to do"))
    _say_the_same(operator, f"switchover --to {at}")
    operator.point = "11"
    again, asked = f"drctl switchover --to {to}", ("UNFINISHED RUN", "Go on with it?")
    operator.types(again, codes=(3,), answers=(("[y/N]", "n"),), has=asked, lacks=(f"Writing at {at} stops",))
    operator.point = "2"
    operator.types("drctl runs abort --reason 'the window is over'", has=(f"{at} is open again",))
    operator.types("drctl status", has=(f"client routing: {at}",), lacks=("UNFINISHED",))


def test_a_run_is_gone_on_with_and_told_of(operator: Operator) -> None:
    at, to = operator.at.serving()
    operator.point = "11"
    operator.cuts_off(f"drctl switchover --to {to}", "drain-consumers")
    CLOCK.sleep(AWAY)
    ended = ("pause of writes:", "the objective of", "its report: drctl runs report")
    not_said = (f"Writing at {at} stops", "was so already")
    line, yes = f"drctl switchover --to {to}", (("[y/N]", "y"),)
    done = operator.types(line, answers=yes, has=ended, lacks=not_said, seconds=300)
    is_done(operator, to)
    operator.point = "13"
    pause = re.search(r"pause of writes: ([\d.]+) s", done.screen.words)
    operator.judges(pause is not None and float(pause[1]) >= AWAY, "the pause is that of the last attempt alone")
    operator.point = "18"
    operator.types("drctl runs report", has=("report: reports/", "run.html"))
    page = (operator.at.work / "reports" / operator.at.runs()[-1][0].id / "run.html").read_text()
    for word in ON_THE_PAGE:
        operator.judges(word in page, f"the page lacks {word}")
    operator.point = "8"
    _is_off_on_purpose(operator, f"{at}-to-{to}")


def _is_off_on_purpose(operator: Operator, name: str) -> None:
    """The link that was turned off has no lag, neither in status nor in the metrics, by which alerts fire."""
    links = {each["name"]: each for each in document(operator, "drctl status")["links"]}
    lag = links[name]["lagRecords"]["value"]
    operator.judges(links[name]["offOnPurpose"] and lag is None, f"{name}: {links[name]}")
    port = free_port()
    operator.shell.begin(f"drctl service run --watch-only --interval 3s --listen 127.0.0.1:{port} 2> off.log")
    wait("the service has looked", lambda: metric(port, "drctl_last_cycle_timestamp_seconds") > 0, 120)
    for other in links:
        figures = [metric(port, f'drctl_link_{what}{{link="{other}"}}') for what in ("up", "lag_records")]
        operator.judges((figures == [-1, -1]) is (other == name), f"{other}: up and lag are {figures}")
    operator.shell.send("\x03")
    operator.judges(operator.shell.prompt(60) == 0, "the service does not end as it was told to")


def test_a_handover_that_was_cut_off_stands_in_the_way_of_both_alike(operator: Operator) -> None:
    _, to = operator.at.serving()
    operator.point = "4"
    operator.cuts_off(f"drctl groups handover --to {to} --group billing", "drain-consumers")
    _say_the_same(operator, f"switchover --to {to}")
    operator.types("drctl runs abort --reason 'not today'")
    operator.types("drctl status | head -1", lacks=("UNFINISHED",))


def _say_the_same(operator: Operator, move: str) -> None:
    """A plan and the command are refused with the same words while another run is unfinished."""
    plan = operator.types(f"drctl plan {move}", codes=(3,), has=("is unfinished", "drctl runs resume"))
    command = operator.types(f"drctl {move} --yes", codes=(3,), has=("is unfinished", "drctl runs resume"))
    operator.judges(plan.screen.words == command.screen.words, f"plan {move} and {move} give different answers")


def test_a_connect_worker_is_down(operator: Operator) -> None:
    at, to = operator.at.serving()
    operator.point = "9"
    operator.types(f"drctl lab fault kill {to}-connect")
    try:
        why = f"{at}-to-{to} unknown"
        operator.types("drctl status", is_table=True, is_looking=True, has=(why, "Connect worker http://"))
        plan = f"drctl plan switchover --to {to}"
        operator.types(plan, codes=GATES, is_looking=True, has=("remedy: bring its Connect worker back",))
    finally:
        operator.types(f"drctl lab fault restart {to}-connect")
    operator.types(f"drctl plan switchover --to {to}", again=True)


@contextmanager
def _lost(operator: Operator, site: str, other: str) -> Iterator[None]:
    """The site may be hurt within; then all of it runs again, and its clients, and the link."""
    try:
        yield
    finally:
        REPAIRS["restore-site"](Lab.attach(operator.at.lab), site)
        operator.types("drctl lab up --small --load", has=("every group is at work",), seconds=300)
        operator.types(f"drctl plan switchover --to {other}", codes=ANY, again=True)


def test_a_site_is_silent(operator: Operator) -> None:
    at, to = operator.at.serving()
    with _lost(operator, at, to):
        operator.point = "6"
        operator.types(f"drctl lab fault pause {at}-broker-1")
        silent, told = f"{at} unknown unknown unknown", f"billing {to}"
        operator.types("drctl status", is_looking=True, has=(silent, told))
        operator.types("drctl groups list", codes=(6,), is_looking=True, has=("dispatch", f"{at} is unknown:"))
        operator.types(f"drctl lab fault lose-site {at}")
        operator.types("drctl status", is_looking=True, has=(silent, told))
        plan, in_the_way = f"drctl plan switchover --to {to}", ("Stands in the way:", "prove-fence")
        operator.types(plan, codes=GATES, is_looking=True, has=in_the_way)
        operator.types("drctl groups list", codes=(6,), is_looking=True, has=("dispatch", f"{at} is unknown:"))
        operator.types("drctl groups", codes=(6,), is_looking=True, has=("dispatch",))
        costs = f"If {at} were lost now"
        operator.types(f"drctl forecast --to {to}", codes=(0, 6), is_looking=True, has=(costs,))
        operator.types(f"drctl doctor --to {to}", codes=GATES, is_looking=True, has=("Not compared:",))
        operator.point = "10"
        move = operator.types(f"drctl switchover --to {to} --yes", codes=GATES, has=("remedy:",))
        errors = [line for line in move.screen.lines if line.startswith(("error:", "{", "["))]
        operator.judges(len(errors) == 1, "it tells of the failure more than once")
        operator.types('drctl -vv status 2>&1 > /dev/null | grep -c \'"level": "debug"\'')
        operator.point = "7"
        _logs_what_changes(operator)


def _logs_what_changes(operator: Operator) -> None:
    """A service at work while a site is silent: JSON and nothing else, its address, and no line over and over."""
    address = f"127.0.0.1:{free_port()}"
    service = f"timeout -s INT 20 drctl service run --interval 3s --listen {address} 2> service.log"
    operator.types(service, codes=(0, 124))
    lines = (operator.at.work / "service.log").read_text().splitlines()
    events = [json.loads(line)["event"] for line in lines if line.startswith("{")]
    foreign = [line for line in lines if not line.startswith("{")]
    operator.judges(not foreign, f"no JSON: {foreign[:3]}")
    operator.judges(any(address in line for line in lines), "it does not tell its address")
    often = {event for event in events if events.count(event) > 6}
    operator.judges(not often, f"told again and again: {often}")
