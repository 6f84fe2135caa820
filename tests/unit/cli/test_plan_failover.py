"""drctl plan failover: what it would cost, what stands in its way, and that what was seen is what runs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from drctl.cli import failover, plan_failover
from drctl.errors import Blocked, Refused
from drctl.model.loss import AcceptedLoss
from drctl.model.run import RunState
from drctl.ports import World
from tests.fakes import FakeWorld, fake_world
from tests.spec.failing import fail_over, lose, some_lag, synced
from tests.spec.harness import killed_at, switch


def typed(earth: FakeWorld, *words: str) -> Result:
    """``plan failover`` or ``failover`` by a new process."""
    world = earth.new_process()

    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield world

    with pytest.MonkeyPatch.context() as patch:
        for module in (failover, plan_failover):
            patch.setattr(module, "opened", opened)
        command = plan_failover.failover if words[0] == "plan" else failover.command
        return CliRunner().invoke(command, ["--to", "south", *words[1:]], obj=Path("plan.yaml"))


def told(earth: FakeWorld, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(typed(earth, "plan", "-o", "json", *words).stdout)
    return found


@pytest.fixture
def lost() -> FakeWorld:
    earth = synced(fake_world())
    some_lag(earth)
    lose(earth, sighted=True)
    earth.effects.names.clear()
    return earth


def test_the_loss_is_stated_and_exits_as_the_failover_does_that_does_not_accept_it(lost: FakeWorld) -> None:
    done = typed(lost, "plan")
    total = told(lost)["forecast"]["loss"]["total"]
    assert total > 0
    assert f"lost: at most about {total} records" in done.stdout
    assert f"remedy: accept them with --accept-loss {total}" in done.stdout
    assert "Nothing stands in the way" not in done.stdout
    assert lost.effects.names == []
    refused = typed(lost, "failover", "--yes")
    assert isinstance(refused.exception, Blocked)
    assert refused.exception.exit_code == done.exit_code == 17


def test_with_the_loss_accepted_nothing_stands_in_the_way_and_what_was_seen_is_what_runs(lost: FakeWorld) -> None:
    words = ("--accept-loss", "10000", "--attest-source-down", "no power", "--by", "anna")
    seen = typed(lost, "plan", *words)
    assert seen.exit_code == 0, seen.output
    assert "Nothing stands in the way" in seen.stdout
    digest = told(lost, *words)["digests"]["plan"]
    assert told(lost, "--accept-loss", "9999", *words[2:])["digests"]["plan"] != digest
    other = typed(lost, "failover", "--yes", "--accept-loss", "9999", *words[2:], "--plan-digest", digest)
    assert isinstance(other.exception, Refused)
    assert "drctl plan failover --to south" in other.exception.remedy
    assert lost.journal.runs()[-1][0].kind != "failover"
    done = typed(lost, "failover", "--yes", *words, "--plan-digest", digest)
    assert done.exit_code == 0, done.exception
    assert lost.routing.site() == "south"


def test_positions_that_were_not_kept_are_worth_knowing() -> None:
    earth = synced(fake_world())
    earth.settle(40)
    for log in earth.south.logs.values():
        for entry in log.entries:
            entry.stamped = True  # so that the fake tells when it was written
    lose(earth, sighted=True)
    warned = [each for each in told(earth, "--accept-loss", "unknown")["warnings"] if each["rule"] == "POSITIONS_STALE"]
    assert len(warned) == 1
    assert "read again, none is skipped" in warned[0]["detail"]


def test_a_source_that_is_well_is_a_reason_to_wait_and_the_switchover_is_named() -> None:
    done = typed(synced(fake_world()), "plan", "--accept-loss", "10000")
    assert done.exit_code == 30
    assert "remedy: 'drctl switchover --to south' loses nothing" in done.stdout
    assert "north answers, and may still take writes" in done.stdout


def test_of_a_failover_that_was_cut_off_it_tells_what_is_done_and_asks_for_its_loss_no_more(lost: FakeWorld) -> None:
    with killed_at(lost, "journal says step-intended confirm-positions"):
        fail_over(lost.ports(), accepted=AcceptedLoss(10_000))
    done, document = typed(lost, "plan"), told(lost)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("UNFINISHED RUN")
    states = {step["name"]: step["state"] for step in document["steps"]}
    assert (states["measure-loss"], states["confirm-positions"], states["unfence-target"]) == ("done", "to-do", "to-do")
    assert typed(lost, "failover", "--yes").exit_code == 0
    assert lost.journal.runs()[-1][1] is RunState.DONE


def test_a_move_whose_fence_was_proven_is_taken_over_and_loses_nothing_by_that_proof() -> None:
    earth = synced(fake_world())
    with killed_at(earth, "journal says step-observed hand-over-positions"):
        switch(earth.ports())
    lose(earth)
    done = typed(earth, "plan")
    assert done.exit_code == 0, done.output
    assert done.stdout.count("UNFINISHED RUN") == 1
    assert "if north is lost: drctl failover --to south takes it over" in done.stdout
    document = told(earth)
    assert document["forecast"]["loss"]["total"] == 0
    assert (document["takesOver"], document["unfinishedRun"]) == (earth.journal.runs()[-1][0].id, None)
    assert typed(earth, "failover", "--yes").exit_code == 0


def test_a_move_that_is_rolling_back_is_taken_over_and_the_steps_shown_are_the_failovers() -> None:
    earth = synced(fake_world())
    earth.consumers["billing"].stubborn = True
    with killed_at(earth, "journal says step-intended resume-link"):
        switch(earth.ports())
    lose(earth, sighted=True)
    done = typed(earth, "plan", "--accept-loss", "unknown")
    assert done.exit_code == 0, done.output
    assert "rolling-back" in done.stdout
    assert "Failover from north to south" in done.stdout
    assert "stop-rest-of-link" in done.stdout


def test_a_move_that_may_have_opened_the_target_is_taken_over_whatever_the_loss() -> None:
    earth = synced(fake_world())
    with killed_at(earth, "journal says step-observed route-clients-to-target"):
        switch(earth.ports())
    earth.settle(1)
    lose(earth)
    done = typed(earth, "plan")
    assert done.exit_code == 0, done.output
    assert typed(earth, "failover", "--yes").exit_code == 0
