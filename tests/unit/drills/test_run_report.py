"""The report of a run: what it says of moves that were done, cut off, rolled back and made in an emergency."""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from drctl.cli import runs
from drctl.cli.examples import EXAMPLES
from drctl.drills.report.run import run_report
from drctl.drills.report.run_page import as_json, render
from drctl.errors import ConfigInvalid, RolledBack
from drctl.model.loss import AcceptedLoss
from drctl.model.offsets import TopicPartition
from drctl.model.terms import Terms
from drctl.plans.standing import told_run
from drctl.ports import World
from tests.fakes import FakeWorld, fake_world
from tests.spec.failing import SOMEBODY, fail_over, lose, some_lag, synced
from tests.spec.harness import go_on, killed_at, switch
from tests.unit.drills.test_report import Page


def report(earth: FakeWorld) -> dict[str, Any]:
    world = earth.new_process()
    return run_report(world.plan, told_run(world, ""))


@pytest.fixture
def moved() -> FakeWorld:
    earth = fake_world()
    switch(earth.ports())
    return earth


@pytest.fixture
def failed_over() -> FakeWorld:
    earth = synced(fake_world())
    some_lag(earth)
    lose(earth, sighted=True)
    fail_over(earth.ports(), accepted=AcceptedLoss(10_000), attestation=SOMEBODY)
    return earth


def test_a_switchover_is_told_with_its_pause_its_fence_and_what_proves_the_positions(moved: FakeWorld) -> None:
    body = report(moved)
    assert (body["run"], body["source"], body["target"], body["state"]) == ("switchover", "north", "south", "done")
    assert body["pause"]["seconds"] >= 0
    assert body["pause"].items() >= {"objectiveSeconds": 60.0, "withinObjective": True}.items()
    assert (body["recovery"], body["loss"]) == (None, None)
    assert (body["fence"]["site"], body["fence"]["state"]) == ("north", "proven")
    assert [group["name"] for group in body["groups"]] == ["billing", "dispatch"]
    assert all(sum(group["proofs"].values()) == group["positions"] == 4 for group in body["groups"])
    assert body["steps"][0]["name"] == "check-gates"
    entries = moved.journal.entries(body["id"])
    assert body["journal"] == {"lines": len(entries), "head": entries[-1].digest}


def test_a_run_that_was_cut_off_counts_its_attempts_and_all_of_its_pause() -> None:
    earth = fake_world()
    with killed_at(earth, "commit billing at south"):
        switch(earth.ports())
    unfinished = report(earth)
    assert (unfinished["state"], unfinished["ended"], unfinished["pause"]["seconds"]) == ("interrupted", None, None)
    assert "Unfinished (interrupted)" in render(unfinished)
    earth.settle(600)
    go_on(earth.new_process())
    body = report(earth)
    assert {step["name"]: step["attempts"] for step in body["steps"]}["hand-over-positions"] == 2
    assert body["pause"]["seconds"] > 600
    assert body["pause"]["withinObjective"] is False
    assert "beyond the objective of 60 s" in render(body)


def test_a_run_that_went_back_says_so_and_names_the_cause() -> None:
    earth = fake_world()
    earth.north.begin("User:shop", timeout=900).write(TopicPartition("shop.orders", 0), b"open")
    with pytest.raises(RolledBack):
        switch(earth.ports())
    body = report(earth)
    page = render(body)
    assert body["state"] == "rolled-back"
    assert body["why"]
    assert "Rolled back: a step failed, and the work stayed at north." in page
    assert "pause of writes" not in page


def test_a_failover_is_told_with_its_recovery_time_its_loss_and_how_surely_the_source_is_closed(
    failed_over: FakeWorld,
) -> None:
    body = report(failed_over)
    assert body["recovery"]["seconds"] > 0
    assert body["loss"]["records"] > 0
    assert body["loss"]["exact"] is False
    assert (body["fence"]["state"], body["fence"]["by"]) == ("attested", "anna")
    page = render(body)
    for told in ("recovery time: ", "≤ ", "records lost", "attested"):
        assert told in page, told


def test_a_loss_that_was_only_sighted_says_when_and_how_much_of_it_is_estimated(failed_over: FakeWorld) -> None:
    sighting = failed_over.sightings.known["north"]
    loss = report(failed_over)["loss"]
    assert loss["seenAt"] == sighting.at.isoformat()
    assert loss["records"] == sum(loss["topics"].values()) + loss["unseen"]
    text = render(report(failed_over) | {"loss": loss | {"unseen": 12}})
    assert f"(sighting of {sighting.at:%H:%M:%S}" in text
    assert "12 of them estimated" in text


def test_a_source_that_was_closed_late_is_told_as_pending_first_and_for_how_long_it_was_open() -> None:
    earth = synced(fake_world())
    lose(earth)
    with killed_at(earth, "journal says step-observed unfence-target"):
        fail_over(earth.ports(), accepted=AcceptedLoss(10_000))
    earth.north.down = False
    earth.settle(3)
    go_on(earth.new_process())
    body = report(earth)
    fence = body["fence"]
    assert (fence["state"], fence["open"], fence["later"]["state"]) == ("pending", None, "proven")
    seconds = fence["later"]["open"]["secondsAtLeast"]
    assert seconds >= 0
    told = render(body)
    assert told.index("Pending: north does not answer") < told.index("It came back: Proven by drctl")
    assert f"It was seen open for {seconds:.1f} s" in told


def test_every_process_that_went_on_with_the_run_is_told_with_where_it_ran() -> None:
    earth = fake_world()
    first, second = Terms(by="anna", account="root", host="bastion-1"), Terms(by="ben", account="ben", host="laptop-7")
    with killed_at(earth, "commit billing at south"):
        switch(earth.ports(), terms=first)
    go_on(earth.new_process(), second)
    body = report(earth)
    assert [(each["event"], each["by"], each["account"], each["host"]) for each in body["processes"]] == [
        ("run-started", "anna", "root", "bastion-1"),
        ("run-resumed", "ben", "ben", "laptop-7"),
    ]
    assert re.search(r"bastion-1, root on .*; laptop-7, ben went on on ", render(body))


@pytest.mark.parametrize("which", ["moved", "failed_over"])
def test_the_page_is_whole_needs_nothing_but_itself_and_its_checksum_is_that_of_the_file(
    request: pytest.FixtureRequest, which: str
) -> None:
    body = report(request.getfixturevalue(which))
    text = render(body)
    found = Page(text)
    assert (found.misplaced, found.open, found.loaded) == ([], [], [])
    assert not re.search(r"<script|<link|<iframe|@import|url\((?!#)", text)
    assert hashlib.sha256(as_json(body).encode()).hexdigest() in text
    assert render(body) == text


def test_what_a_person_wrote_is_text_and_never_markup(moved: FakeWorld) -> None:
    text = render(report(moved) | {"why": "<script>alert(1)</script>", "by": "<b>eve</b>"})
    assert "<script>" not in text
    assert "<b>eve" not in text


def test_the_command_writes_page_and_document_and_asks_no_site(
    moved: FakeWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for site in moved.sites.values():
        site.down = True

    @contextmanager
    def opened(_: Path) -> Iterator[World]:
        yield moved.new_process()

    monkeypatch.setattr(runs, "opened", opened)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(runs.command, ["report"], obj=Path("plan.yaml"))
    assert done.exit_code == 0, done.exception
    identity = moved.journal.runs()[-1][0].id
    folder = tmp_path / "reports" / identity
    assert done.stdout == f"report: reports/{identity}/run.html\n"
    document = json.loads((folder / "run.json").read_text())
    assert (document["kind"], document["id"]) == ("RunReport", identity)
    assert hashlib.sha256((folder / "run.json").read_bytes()).hexdigest() in (folder / "run.html").read_text()
    named = CliRunner().invoke(runs.command, ["report", identity[:8], "--to", "x", "-o", "json"], obj=Path("plan.yaml"))
    assert json.loads(named.stdout)["id"] == identity
    assert (tmp_path / "x" / "run.html").exists()
    (tmp_path / "file").write_text("")
    refused = CliRunner().invoke(runs.command, ["report", "--to", "file/x"], obj=Path("plan.yaml"))
    assert isinstance(refused.exception, ConfigInvalid)


def test_the_examples_name_the_command() -> None:
    assert any(line.startswith("drctl runs report") for line in EXAMPLES["runs report"])


def test_a_failover_and_the_move_that_it_took_over_each_name_the_other() -> None:
    earth = synced(fake_world())
    with killed_at(earth, "journal says step-observed hand-over-positions"):
        switch(earth.ports())
    cut_off = report(earth)["id"]
    lose(earth, sighted=True)
    fail_over(earth.new_process(), accepted=AcceptedLoss(0))
    body = report(earth)
    assert (body["continues"], body["continuedBy"]) == ([cut_off], None)
    assert f"It continues run {cut_off}, which was cut off" in render(body)
    world = earth.new_process()
    before = run_report(world.plan, told_run(world, cut_off))
    assert (before["continues"], before["continuedBy"]) == ([], body["id"])
    assert f"Superseded: run {body['id']} has taken it over" in render(before)
