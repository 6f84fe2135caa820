"""A command that goes on with a run that was cut off asks about that run, and announces nothing that has happened."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import click
import pytest
from click.testing import CliRunner, Result

from drctl.cli import execution, failover, fence, runs, salvage, unfence
from drctl.errors import Refused
from drctl.model.fence import DenyRule, Scope
from drctl.model.loss import AcceptedLoss
from drctl.monitors import observe
from drctl.plans.interruption import Interruption, interruption
from drctl.plans.selection import chosen
from drctl.ports import World
from tests.fakes import FakeWorld, fake_world
from tests.fakes.world import APPLICATIONS
from tests.spec.failing import SOMEBODY, fail_over, lose, some_lag, synced
from tests.spec.harness import killed_at, require_served_by, switch
from tests.spec.returning import returned


@pytest.fixture(autouse=True)
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "require_somebody", lambda: None)
    for module in (failover, fence, salvage, unfence):
        monkeypatch.setattr(module, "require_somebody", lambda: None)


@pytest.fixture
def lost() -> FakeWorld:
    earth = synced(fake_world())
    some_lag(earth)
    lose(earth, sighted=True)
    return earth


def typed(earth: FakeWorld, module: ModuleType, *words: str, answers: str = "") -> Result:
    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield earth.new_process()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "opened", opened)
        return CliRunner().invoke(module.command, words, obj=Path("plan.yaml"), input=answers)


def unfinished(earth: FakeWorld) -> Interruption:
    found = interruption(earth.new_process(), observe)
    assert found is not None
    return found


def test_a_failover_that_goes_on_does_not_ask_for_its_loss_again(lost: FakeWorld) -> None:
    with killed_at(lost, "routing to south"):
        fail_over(lost.ports(), accepted=AcceptedLoss(10_000), attestation=SOMEBODY)
    run = unfinished(lost).run.id
    done = typed(lost, failover, "--to", "south", answers="y\n")
    assert done.exit_code == 0, done.exception
    assert f"UNFINISHED RUN {run}" in done.stderr
    assert "will be lost. Type" not in done.stderr
    assert "If north were lost now" not in done.stderr
    assert "attested by anna" in done.stdout
    assert lost.routing.site() == "south"


@pytest.mark.parametrize("effect", ["raise epoch to 1", "routing to south"])
def test_it_keeps_what_was_accepted_and_attested_when_it_was_begun(lost: FakeWorld, effect: str) -> None:
    with killed_at(lost, effect):
        fail_over(lost.ports(), accepted=AcceptedLoss(10_000), attestation=SOMEBODY)
    run = unfinished(lost).run.id
    done = typed(lost, failover, "--to", "south", "--yes")
    assert done.exit_code == 0, done.exception
    assert len(lost.journal.runs()) == len({each.id for each, _ in lost.journal.runs()})
    assert chosen(lost.ports(), run)["accepted loss"].startswith("10000")
    assert "attested by anna" in done.stdout


def test_who_declines_to_go_on_changes_nothing(lost: FakeWorld) -> None:
    with killed_at(lost, "raise epoch to 1"):
        fail_over(lost.ports(), accepted=AcceptedLoss(10_000))
    before = lost.journal.entries(unfinished(lost).run.id)
    done = typed(lost, failover, "--to", "south", answers="n\n")
    assert isinstance(done.exception, Refused)
    assert lost.journal.entries(unfinished(lost).run.id) == before


def test_a_failover_behind_a_fence_that_is_pending_is_not_said_to_have_stopped_writing(lost: FakeWorld) -> None:
    with killed_at(lost, "lift at south"):
        fail_over(lost.ports(), accepted=AcceptedLoss(10_000))
    found = unfinished(lost)
    assert found.fence == "pending"
    assert "the fence of north is pending, not proven; south was not opened yet" in found.lines[1]
    assert "nobody can write" not in "\n".join(found.lines)


@pytest.mark.parametrize(("command", "words"), [(runs.resume, ()), (runs.abort, ("--reason", "it is back"))])
@pytest.mark.parametrize("dead", [True, False])
def test_only_a_site_that_a_failover_leaves_is_not_waited_for_long_when_the_run_goes_on(
    lost: FakeWorld, monkeypatch: pytest.MonkeyPatch, command: click.Command, words: tuple[str, ...], dead: bool
) -> None:
    earth, how = lost if dead else fake_world(), list[dict[str, object]]()
    with killed_at(earth, "raise epoch to 1"):
        if dead:
            fail_over(earth.ports(), accepted=AcceptedLoss(10_000))
        switch(earth.ports())

    @contextmanager
    def opened(_: Path, **said: object) -> Iterator[World]:
        how.append(said)
        yield earth.new_process()

    monkeypatch.setattr(runs, "opened", opened)
    done = CliRunner().invoke(command, words, obj=Path("plan.yaml"))
    assert done.exit_code == 0, done.exception
    assert how[-1] == {"target": "south" if dead else None, "doubting": dead}


def test_a_salvage_that_was_cut_off_is_not_said_to_keep_everybody_from_writing() -> None:
    earth = returned().earth
    with killed_at(earth, "vault gets groups.json"):
        typed(earth, salvage, "--yes")
    lines = "\n".join(unfinished(earth).lines)
    assert "nobody can write" not in lines
    done = typed(earth, salvage, answers="y\n")
    assert done.exit_code == 0, done.exception
    assert "Go on with it?" in done.stderr
    assert "will be closed" not in done.stderr


def test_a_site_whose_name_was_typed_once_is_opened_by_a_yes() -> None:
    earth = fake_world()
    earth.north.denials = {DenyRule(p, s) for p in (*APPLICATIONS, "User:canary") for s in Scope}
    with killed_at(earth, "lift at north"):
        typed(earth, unfence, "north", "--confirm", "north")
    done = typed(earth, unfence, "north", answers="y\n")
    assert done.exit_code == 0, done.exception
    assert "will take writes again" not in done.stderr
    require_served_by(earth, "north")


def test_a_failover_that_takes_a_switchover_over_and_that_one_are_shown_as_one_move() -> None:
    earth = synced(fake_world())
    with killed_at(earth, "journal says step-observed hand-over-positions"):
        switch(earth.ports())
    cut_off = unfinished(earth).run.id
    lose(earth, sighted=True)
    done = typed(earth, failover, "--to", "south", "--yes", "--accept-loss", "0", "-o", "json")
    assert done.exit_code == 0, done.exception
    assert re.search(rf'"continues": \[\s*"{cut_off}"\s*\]', done.stdout)
    listed = json.loads(typed(earth, runs, "list", "-o", "json").stdout)["items"]
    own = listed[0]["id"]
    assert [(run["continues"], run["continuedBy"]) for run in listed] == [([cut_off], None), ([], own)]
    assert f"continues {cut_off}" in typed(earth, runs, "show", own).stdout
    assert f"continued by {own}" in typed(earth, runs, "show", cut_off).stdout
