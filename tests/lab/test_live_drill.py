"""A live drill on two real sites under load: there, a stay, and home again, proved by itself and again by others."""

import json
from pathlib import Path
from uuid import uuid4

import pytest

from drctl.errors import ApprovalMissing
from drctl.lab import Lab
from tests.lab.test_switchover import Reader, Writer, opened, some_writes, total
from tests.lab.usage import drctl, restarted, serving, wait

ALLOWED = {
    "isolated: {createTopics: true}": "live: {stay: 45s, arriveWithin: 40s, lagAtMost: 60s}",
    "maxLag: 100000": "maxLag: 100000, calendar: {timeZone: UTC}",
}
"""What the lab's plan file says, and is to say instead; a calendar without windows lets all begin at any time."""


@pytest.fixture(scope="module")
def lab(own_lab: Lab) -> Lab:
    """A lab whose plan file allows a live drill."""
    text = own_lab.plan_file.read_text()
    for was, becomes in ALLOWED.items():
        assert text.count(was) == 1
        text = text.replace(was, becomes)
    own_lab.plan_file.write_text(text)
    return own_lab


@pytest.mark.long
def test_all_work_goes_there_and_home_again_by_itself_and_it_is_proved(lab: Lab, tmp_path: Path) -> None:
    prefix = uuid4().hex
    words = ["drill", "--level", "live", "--to", "south", "--yes", "--by", "anna", "--report", str(tmp_path)]
    with opened(lab) as world, Writer(lab, world, prefix) as writer, Reader(lab, world, "dispatch", prefix) as reader:
        wait("the reader has joined", reader.joined.is_set, 30)
        some_writes(world, writer)
        run = _refused_for_want_of_an_approval(lab, words)
        approved = drctl(lab, "approve", run, "--by", "ben", "--reason", "the window is open", "--yes")
        assert approved.returncode == 0, approved.stderr
        done = drctl(lab, *words)
        assert (tmp_path / "live.json").exists(), (done.stdout, done.stderr)
        told = json.loads((tmp_path / "live.json").read_text())
        assert done.returncode == 0, (done.stdout, done.stderr, told["reasons"])
        assert [(each["source"], each["target"]) for each in told["moves"]] == [("north", "south"), ("south", "north")]
        assert (told["phase"], told["stay"]["ended"]["why"]) == ("home", "time")
        assert serving(lab) == ("north", "south")
        wait("the writer is home", lambda: writer.moves == 2, 30)
        some_writes(world, writer)
        writer.end()
        wait("everything is read", lambda: total(reader.processed) >= total(writer.acknowledged), 60)
        reader.end()
    assert reader.processed == writer.acknowledged
    checked = drctl(lab, "verify", str(tmp_path), "-o", "json")
    assert checked.returncode == 0, checked.stderr
    assert json.loads(checked.stdout)["verdict"] == "proved"


def _refused_for_want_of_an_approval(lab: Lab, words: list[str]) -> str:
    """Ask for the drill until only its approval is missing; returns the id of the run that waits for it."""
    said = ""

    def is_refused() -> bool:
        nonlocal said
        done = drctl(lab, *words)
        said = done.stderr
        restarted(lab, said)
        return done.returncode == ApprovalMissing.exit_code

    try:
        wait("it asks for an approval", is_refused, 90)
    except AssertionError as never:
        raise AssertionError(f"{never}: {said}") from never
    runs = json.loads(drctl(lab, "runs", "list", "-o", "json").stdout)["items"]
    return str(next(each["id"] for each in runs if each["run"] == "switchover"))
