"""Positions that somebody committed at the target in between: a move replaces them, and names them before it asks."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from drctl.cli import execution, failback, handover, plan, switchover
from drctl.cli.undecided import would_replace
from drctl.errors import Refused, RolledBack
from drctl.model.loss import AcceptedLoss
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.terms import Terms
from drctl.monitors import observe
from drctl.plans.failback import plan as going_home
from drctl.plans.foreign_commits import ForeignCommit, told_of
from drctl.plans.stamp import Stamp
from drctl.ports import World
from tests.fakes import FakeWorld, fake_world
from tests.spec.failing import fail_over, lose, synced
from tests.spec.harness import go_on, killed_at, switch
from tests.spec.test_rolled_back import switch_with_a_broken

GROUP, READINGS = "dispatch", TopicPartition("turbines.readings", 0)


def at_rest() -> FakeWorld:
    earth = fake_world()
    earth.come_to_rest()
    return earth


def place(earth: FakeWorld, site: str = "north") -> int:
    """Where the group stands there in the partition."""
    return earth.sites[site].groups[GROUP].committed[READINGS].offset


def somebody_commits(earth: FakeWorld, offset: int, metadata: str = "", *, at: str = "south") -> None:
    earth.sites[at].group(GROUP).committed[READINGS] = Committed(offset, metadata)


@pytest.fixture
def earth(monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    earth = at_rest()

    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield earth.new_process()

    for module in (plan, switchover, handover):
        monkeypatch.setattr(module, "opened", opened)
    for module in (execution, switchover, handover, failback):
        monkeypatch.setattr(module, "require_somebody", lambda: None)
    return earth


def test_it_is_named_with_both_numbers_and_the_journal_keeps_it() -> None:
    earth = at_rest()
    somebody_commits(earth, 2)
    (line,) = would_replace(earth.ports(), "north", "south")
    assert line.startswith(f"{GROUP}: {READINGS} stands at 2 and will be set to ")
    done = switch(earth.ports()).evidence["hand-over-positions"]
    set_to = done["groups"][GROUP]["positions"][str(READINGS)]["there"]
    assert f"will be set to {set_to}:" in line
    assert [each.partition(": neither")[0] for each in done["replaced"]] == [
        f"{GROUP}: {READINGS} stood at 2 and was set to {set_to}"
    ]


def test_a_position_that_the_move_would_set_anyway_is_none() -> None:
    earth = at_rest()
    done = switch(earth.ports()).evidence["hand-over-positions"]
    assert done["replaced"] == []
    set_to = done["groups"][GROUP]["positions"][str(READINGS)]["there"]
    again = at_rest()
    somebody_commits(again, set_to)
    assert would_replace(again.ports(), "north", "south") == []


def test_what_the_move_has_replaced_is_kept_across_a_cut() -> None:
    earth = at_rest()
    somebody_commits(earth, 2)
    with killed_at(earth, "journal says step-observed hand-over-positions"):
        switch(earth.ports())
    assert place(earth, "south") != 2
    done = go_on(earth.new_process()).evidence["hand-over-positions"]
    assert [f"{READINGS} stood at 2" in each for each in done["replaced"]] == [True]


@pytest.mark.parametrize(("plan_name", "named"), [("fake", False), ("another", True)])
def test_only_this_plan_files_stamp_makes_it_ours(plan_name: str, named: bool) -> None:
    earth = at_rest()
    somebody_commits(earth, 2, str(Stamp(plan_name, "group-sync", 0)))
    assert bool(would_replace(earth.ports(), "north", "south")) is named


@pytest.mark.parametrize(("offset", "named"), [(2, False), (10_000, True)])
def test_the_groups_own_metadata_makes_it_the_syncs_unless_it_is_ahead(offset: int, named: bool) -> None:
    earth = at_rest()
    somebody_commits(earth, place(earth), "their own", at="north")
    somebody_commits(earth, offset, "their own")
    assert bool(would_replace(earth.ports(), "north", "south")) is named


def test_mirrormakers_own_checkpoint_is_not_named() -> None:
    earth = at_rest()
    found = earth.ports().links["north", "south"].mappings.checkpoints([GROUP])[GROUP][READINGS]
    somebody_commits(earth, found.downstream)
    assert would_replace(earth.ports(), "north", "south") == []
    somebody_commits(earth, found.downstream - 1)
    (line,) = would_replace(earth.ports(), "north", "south")
    assert f"will be set to {found.downstream + 1}: " in line, "the checkpoint is not what the move sets"


def test_what_groups_left_when_the_work_moved_away_is_routine_and_a_commit_after_that_is_not() -> None:
    earth = at_rest()
    switch(earth.ports())
    earth.come_to_rest()
    assert place(earth, "south") > place(earth, "north")
    assert would_replace(earth.ports(), "south", "north") == []
    somebody_commits(earth, 1, at="north")
    (line,) = would_replace(earth.ports(), "south", "north")
    assert line.startswith(f"{GROUP}: {READINGS} stands at 1 and ")


def test_of_many_partitions_eight_are_named() -> None:
    found = [ForeignCommit(GROUP, TopicPartition("t", n), n, None) for n in range(11)]
    (line,) = told_of(found, "south")
    assert "t-7 stands at 7 and will be set to what is not proven yet and 3 more: " in line
    assert "t-8" not in line


@pytest.mark.parametrize("answers", [False, True])
def test_a_failback_does_not_name_what_groups_had_when_the_site_was_lost(answers: bool) -> None:
    earth = synced(fake_world())
    if answers:
        earth.missing_brokers = {"north": [2, 3]}
    else:
        lose(earth)
    fail_over(earth.ports(), accepted=AcceptedLoss(10_000))
    earth.settle(2)
    earth.north.down, earth.missing_brokers = False, {}
    assert would_replace(earth.ports(), "south", "north") == []


def asked(command: click.Command, *words: str) -> Result:
    return CliRunner().invoke(command, [*words], obj=Path("plan.yaml"), input="n\n")


def test_it_is_named_before_the_question_of_a_switchover_and_of_a_handover(earth: FakeWorld) -> None:
    somebody_commits(earth, 2)
    for command, words in (
        (switchover.command, ["--to", "south"]),
        (handover.handover, ["--to", "south", "--group", GROUP]),
    ):
        done = asked(command, *words)
        before, question, _ = done.stderr.partition("[y/N]")
        assert question
        assert f"  replaced: {GROUP}: {READINGS} stands at 2 and will be set to" in before
        assert "  never committed: " not in before
    assert earth.journal.runs() == ()


def test_it_is_named_before_the_question_of_a_failback(
    earth: FakeWorld, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    switch(earth.ports())
    earth.come_to_rest()
    somebody_commits(earth, 1, at="north")

    def decline(_: str = "") -> None:
        raise Refused("declined", remedy="")

    monkeypatch.setattr(failback, "confirm", decline)
    with pytest.raises(Refused):
        failback._ask(earth.ports(), going_home(earth.ports(), "south", "north", observe=observe))
    assert f"  replaced: {GROUP}: {READINGS} stands at 1 and will be set to" in capsys.readouterr().err


def test_with_yes_nobody_is_asked_and_it_is_told_all_the_same(earth: FakeWorld) -> None:
    somebody_commits(earth, 2)
    done = asked(switchover.command, "--to", "south", "--yes")
    assert done.exit_code == 0
    assert f"replaced: {GROUP}: {READINGS} stood at 2 and was set to" in done.stderr


def test_the_plan_lists_it_and_nothing_stands_in_the_way(earth: FakeWorld) -> None:
    somebody_commits(earth, 2)
    done = asked(plan.switchover, "--to", "south")
    assert done.exit_code == 0
    assert f"\nreplaced: {GROUP}: {READINGS} stands at 2 and will be set to" in done.output
    told = json.loads(asked(plan.switchover, "--to", "south", "-o", "json").stdout)
    assert told["neverCommitted"] == []
    assert len(told["replaced"]) == 1


def test_where_a_site_fell_silent_it_is_unknown(earth: FakeWorld) -> None:
    earth.south.down = True
    done = asked(plan.switchover, "--to", "south", "-o", "json")
    assert done.exit_code != 0
    (line,) = json.loads(done.stdout)["replaced"]
    assert line.startswith("unknown: ")


@pytest.mark.parametrize("own", ["", "the group's own"])
@pytest.mark.parametrize("metadata", ["", "somebody's", str(Stamp("another", "run", 7))])
def test_a_rollback_gives_back_what_the_move_replaced_and_keeps_what_was_committed_since(
    own: str, metadata: str
) -> None:
    earth = at_rest()
    untouched = TopicPartition("turbines.readings", 1)
    earth.consumers[GROUP].metadata = own
    here = earth.north.groups[GROUP].committed
    here.update({p: Committed(c.offset, own) for p, c in here.items()})
    before = Committed(2, "older")
    earth.south.group(GROUP).committed.update({READINGS: before, untouched: before})

    def decide(effect: str) -> None:
        if effect == "journal says step-observed hand-over-positions":
            assert earth.south.groups[GROUP].committed[untouched] != before
            somebody_commits(earth, 1, metadata)

    earth.effects.watchers.append(decide)
    with pytest.raises(RolledBack):
        switch_with_a_broken("stop-link", earth)
    held = earth.south.groups[GROUP].committed
    assert (held[READINGS], held[untouched]) == (Committed(1, metadata), before)
    (back,) = (e.body for e in earth.journal.entries(earth.journal.runs()[-1][0].id) if "not restored" in e.body)
    assert back["committed by others since"] == [f"{GROUP} {READINGS}"]


def test_a_rollback_of_a_move_that_was_cut_off_gives_back_what_it_had_replaced_until_then() -> None:
    earth = at_rest()
    earth.consumers[GROUP].metadata = "the group's own"
    here = earth.north.groups[GROUP].committed
    here.update({p: Committed(c.offset, "the group's own") for p, c in here.items()})
    before = Committed(2, "older")
    earth.south.group(GROUP).committed[READINGS] = before
    with killed_at(earth, "journal says step-observed hand-over-positions"):
        switch(earth.ports())
    assert earth.south.groups[GROUP].committed[READINGS] != before
    with pytest.raises(RolledBack):
        go_on(earth.new_process(), Terms(abort="we changed our minds"))
    assert earth.south.groups[GROUP].committed[READINGS] == before
