"""A run's whole life through the command line on two real sites: approved, hooked, copied, lost and restored."""

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from drctl.config import load
from drctl.drivers.store.clock import SystemClock
from drctl.drivers.store.journal import SqliteJournal
from drctl.errors import ApprovalMissing, JournalBroken
from drctl.lab import Lab
from drctl.model.offsets import Committed, TopicPartition
from drctl.wiring.world import open_world
from tests.lab.usage import drctl

CLOCK = SystemClock()
READINGS = TopicPartition("turbines.readings", 0)
MORE = """\
  hooks:
    pre: [{{command: [{python}, -c, "import sys; open('facts.json', 'w').write(sys.stdin.read())"]}}]
    post: [{{command: [{python}, -c, "import sys; sys.exit(7)"]}}]
"""
ROUTING = """\
  clientRouting:
    command:
      routeTo: [{python}, turn.py]
      read: [{python}, -c, "import json; print(json.load(open('client-routing.json'))['site'] or '')"]
"""
TURN = """
import json, os, sys
with open("client-routing.new", "w") as file:
    json.dump({"site": sys.argv[1] or None}, file)
os.replace("client-routing.new", "client-routing.json")
"""


@pytest.fixture(scope="module")
def lab(own_lab: Lab) -> Lab:
    """A lab whose plan file asks for approvals, has hooks and routes clients by commands; groups have positions."""
    text = own_lab.plan_file.read_text()
    text = text.replace("maxLag: 100000", "maxLag: 100000, approval: required")
    text = text.replace("  clientRouting: {file: client-routing.json}\n", ROUTING.format(python=sys.executable))
    (own_lab.folder / "turn.py").write_text(TURN)
    own_lab.plan_file.write_text(text + MORE.format(python=sys.executable))
    with open_world(load(own_lab.plan_file)) as world:
        for group in world.plan.groups:
            world.sites["north"].positions.commit(group, {READINGS: Committed(0)})
    return own_lab


def _until(done: Callable[[], "subprocess.CompletedProcess[str]"]) -> "subprocess.CompletedProcess[str]":
    """The link needs a moment until its lag is known."""
    deadline = CLOCK.monotonic() + 90
    while (last := done()).returncode in range(30, 41) and CLOCK.monotonic() < deadline:
        CLOCK.sleep(1)
    return last


@pytest.mark.long
def test_a_run_is_approved_told_copied_lost_and_restored(lab: Lab) -> None:
    shown = _until(lambda: drctl(lab, "plan", "switchover", "--to", "south", "-o", "json"))
    assert shown.returncode == 0, shown.stderr
    document = json.loads(shown.stdout)
    digests = ["--plan-digest", document["digests"]["plan"], "--facts-digest", document["digests"]["facts"]]
    move = ["switchover", "--to", "south", "--yes", "--by", "anna", "--run-key", "change-1"]

    refused = drctl(lab, *move[:-2])
    assert refused.returncode == ApprovalMissing.exit_code, refused.stderr
    assert document["digests"]["facts"] in refused.stderr
    assert drctl(lab, "switchover", "--to", "south", "--yes", "--expect", "primary=south").returncode == 3

    approved = drctl(lab, "approve", *digests, "--by", "ben", "--reason", "the window is open")
    assert approved.returncode == 0, approved.stderr
    seen = ["--expect", "primary=north,epoch=0", "--plan-digest", document["digests"]["plan"]]
    done = drctl(lab, *move, *seen, "-o", "json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["state"] == "completed-with-exceptions"
    assert result["exceptions"] == ["hook post-1 ended with 7"]
    assert result["evidence"]["check-gates"]["approval"]["by"] == "ben"
    facts = json.loads((lab.folder / "facts.json").read_text())
    assert (facts["run"]["id"], facts["by"], facts["hook"]) == (result["id"], "anna", "pre-1")
    assert json.loads((lab.folder / "client-routing.json").read_text()) == {"site": "south"}

    again = drctl(lab, *move, "-o", "json")
    assert (again.returncode, json.loads(again.stdout)["id"]) == (0, result["id"]), again.stderr
    _restored_from_south(lab, result["id"])


def _restored_from_south(lab: Lab, run: str) -> None:
    plan = load(lab.plan_file)
    before = SqliteJournal(plan.state, CLOCK).lines()
    lost = lab.folder / "lost"
    plan.state.parent.rename(lost)
    assert json.loads(drctl(lab, "runs", "list", "--own", "-o", "json").stdout)["items"] == []
    copied = json.loads(drctl(lab, "runs", "list", "-o", "json").stdout)["items"]
    assert copied[0]["id"] == run  # behind it stands the one that was not approved
    assert {each["copy"] for each in copied} <= {"north", "south"}
    blind = drctl(lab, "switchover", "--to", "north", "--yes", "--break-glass", "alone")
    assert blind.returncode == JournalBroken.exit_code, blind.stderr
    assert "drctl runs restore --from" in blind.stderr
    restored = drctl(lab, "runs", "restore", "--from", "south")
    assert restored.returncode == 0, restored.stderr
    assert "epoch 1" in restored.stdout
    assert SqliteJournal(plan.state, CLOCK).lines() == before
    told = json.loads(drctl(lab, "runs", "show", "-o", "json", "--evidence").stdout)
    assert (told["id"], told["state"], told["by"]) == (run, "completed-with-exceptions", "anna")
    assert drctl(lab, "runs", "restore", "--from", "north").stdout.startswith("0 lines")
