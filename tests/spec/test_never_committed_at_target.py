"""Partitions in which a group has no position where a failover leads: an empty one gets its end, others are named."""

import sys
from io import StringIO
from typing import override

import pytest

from drctl.cli import failover
from drctl.cli.forecast import as_document, told
from drctl.errors import RolledBack
from drctl.model.loss import AcceptedLoss
from drctl.model.run import Run, RunState
from drctl.model.salvage import Decision
from drctl.model.session import Member
from drctl.plans.forecasting import forecast
from drctl.plans.plan import StepContext
from drctl.plans.selection import FAILOVER
from drctl.plans.stamp import Stamp
from drctl.plans.steps.confirm_positions import ConfirmPositions
from tests.fakes import FakeWorld, fake_world
from tests.spec.failing import fail_over, lose, synced
from tests.spec.harness import require_served_by, switch
from tests.spec.returning import decide_all, go_home, salve
from tests.spec.test_rolled_back import switch_with_a_broken
from tests.spec.test_uncommitted import EMPTY, FULL, GROUP, with_an_empty_partition

ANY = AcceptedLoss(unknown=True)
EMPTY_LINE = f"{GROUP}: {EMPTY}: empty at south, so its end is committed"


class Terminal(StringIO):
    """Somebody who types."""

    @override
    def isatty(self) -> bool:
        return True


def without_a_commit() -> FakeWorld:
    """South is in sync but for a partition with records, in which no group ever committed."""
    earth = fake_world()
    earth.come_to_rest()
    for consumer in earth.consumers.values():
        consumer.running = False
    synced(earth)
    for site in earth.sites.values():
        for group in site.groups.values():
            group.committed.pop(FULL, None)
    return earth


def test_the_end_of_an_empty_partition_is_committed_and_was_forecast() -> None:
    earth = synced(with_an_empty_partition())
    found = forecast(earth.ports(), "north", "south")
    assert EMPTY_LINE in found.never_committed
    assert found.uncovered == {}
    assert as_document(found)["neverCommitted"] == list(found.never_committed)
    assert f"    never committed: {EMPTY_LINE}" in list(told(found))
    lose(earth)
    result = fail_over(earth.ports(), accepted=ANY)
    confirmed = result.evidence["confirm-positions"]
    assert list(found.never_committed) == confirmed["never committed"]
    assert confirmed["groups"][GROUP]["positions"][str(EMPTY)] == {
        "here": None,
        "there": 0,
        "metadata": str(Stamp("fake", result.run.id, result.run.epoch)),
        "proof": "empty",
    }
    assert earth.south.groups[GROUP].committed[EMPTY].offset == 0


def test_a_partition_with_records_is_named_and_no_place_is_guessed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    earth = without_a_commit()
    lose(earth, sighted=True)
    monkeypatch.setattr(sys, "stdin", Terminal("south\n"))
    accepted = failover.ask(earth.ports(), "north", "south", ANY)
    shown = capsys.readouterr().err
    line = f"never committed: {GROUP}: {FULL}: at most "
    assert shown.index(line) < shown.index("Type south")
    result = fail_over(earth.ports(), accepted=accepted)
    assert FULL not in earth.south.groups[GROUP].committed
    capsys.readouterr()
    failover.show(result, "table", {"started": "10:00:00", "finished": "10:00:09"})
    assert line in capsys.readouterr().err


def test_a_group_that_cannot_be_set_is_named_and_holds_nothing_up() -> None:
    earth = synced(with_an_empty_partition())
    lose(earth)

    def somebody_comes(effect: str) -> None:
        if effect == "journal says step-intended confirm-positions":
            earth.south.group(GROUP).members = (Member("m", "a-laptop", "/10.0.0.9"),)

    earth.effects.watchers.append(somebody_comes)
    result = fail_over(earth.ports(), accepted=ANY)
    assert result.state is RunState.DONE
    lines = result.evidence["confirm-positions"]["never committed"]
    assert any(each.startswith(f"{GROUP}: the end of what is empty was not committed: ") for each in lines)
    assert EMPTY_LINE not in lines
    assert "billing: shop.orders-1: empty at south, so its end is committed" in lines
    assert str(EMPTY) not in result.evidence["confirm-positions"]["groups"][GROUP]["positions"]


@pytest.mark.parametrize("past", [False, True])
def test_nothing_is_committed_once_the_target_may_be_open(past: bool) -> None:
    earth = synced(with_an_empty_partition())
    world = earth.ports()
    run = Run("r", FAILOVER, "fake", "0", "north", "south", 1)
    seen = {"fence-what-answers": {"answered": False}, "check-gates": {}, "measure-loss": {}}
    ctx = StepContext(world, run, seen, {}, past, lambda _: None, lambda: None)
    done = ConfirmPositions().do(ctx)
    assert (EMPTY in earth.south.groups[GROUP].committed) is not past
    assert (EMPTY_LINE in done["never committed"]) is not past
    assert any(str(EMPTY) in each for each in done["never committed"])


def test_the_service_forecasts_without_reading_and_leaves_it_out() -> None:
    earth = synced(with_an_empty_partition())
    assert forecast(earth.ports(), "north", "south", deep=False).never_committed == ()


def test_what_was_lost_of_such_a_partition_does_not_keep_the_work_from_going_home() -> None:
    earth = synced(with_an_empty_partition())
    earth.mirrors["north", "south"].holds = True
    earth.north.write(EMPTY, b"stranded", "User:shop")
    lose(earth, sighted=True)
    fail_over(earth.ports(), accepted=ANY)
    assert earth.south.groups[GROUP].committed[EMPTY].offset == 0
    earth.mirrors["north", "south"].holds = False
    earth.north.down = earth.workers["north"].worker_down = earth.mirrors["south", "north"].worker_down = False
    earth.south.write(EMPTY, b"new", "User:shop")
    salve(earth.ports())
    decide_all(earth, Decision.HAND_OVER)
    earth.settle(12)
    go_home(earth.ports())
    require_served_by(earth, "north")
    earth.settle(12)
    assert b"stranded" not in earth.consumers[GROUP].processed[EMPTY]
    assert earth.consumers[GROUP].processed[EMPTY].count(b"new") == 1


def test_an_end_that_a_rollback_leaves_at_the_target_stands_in_nobodys_way() -> None:
    earth = with_an_empty_partition()
    with pytest.raises(RolledBack):
        switch_with_a_broken("record-handover-point", earth)
    assert earth.south.groups[GROUP].committed[EMPTY].offset == 0
    assert EMPTY not in earth.north.groups[GROUP].committed
    switch(earth.ports())
    require_served_by(earth, "south")
