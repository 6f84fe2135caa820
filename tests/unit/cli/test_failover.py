"""drctl failover: what it takes, whom it asks, and what it tells in the end."""

import re
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import override

import pytest
from click.testing import CliRunner

from drctl.cli import failover
from drctl.cli.status import left_lines
from drctl.errors import ConfigInvalid, Refused
from drctl.model.fence import Attestation
from drctl.model.loss import AcceptedLoss
from drctl.monitors import status
from drctl.plans.failovers import standing
from drctl.plans.forecasting import forecast
from tests.fakes import FakeWorld, fake_world
from tests.spec.failing import fail_over, lose, some_lag, synced

TIMES = {"started": "10:00:00", "finished": "10:00:09"}


class Terminal(StringIO):
    """Somebody who types."""

    @override
    def isatty(self) -> bool:
        return True


@pytest.fixture
def lost() -> FakeWorld:
    earth = synced(fake_world())
    lose(earth)
    return earth


@pytest.mark.parametrize("number", ["-1", "many", "1.5", ""])
def test_a_loss_that_is_no_number_is_refused(number: str) -> None:
    done = CliRunner().invoke(failover.command, ["--to", "south", "--accept-loss", number], obj=Path("nowhere.yaml"))
    assert isinstance(done.exception, ConfigInvalid)
    assert "--accept-loss" in str(done.exception)


def test_a_word_without_a_reason_attests_nothing() -> None:
    words = ["--to", "south", "--attest-source-down", " "]
    done = CliRunner().invoke(failover.command, words, obj=Path("nowhere.yaml"))
    assert isinstance(done.exception, ConfigInvalid)
    assert "gives no reason" in str(done.exception)


def test_nobody_there_to_be_asked_is_a_refusal(lost: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO("south\n"))
    with pytest.raises(Refused, match="nobody is here"):
        failover.ask(lost.ports(), "north", "south", None)


def test_typing_the_targets_name_accepts_the_number_shown_and_no_more(
    lost: FakeWorld, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal("south\n"))
    accepted = failover.ask(lost.ports(), "north", "south", None)
    told = capsys.readouterr().err
    assert accepted is not None
    assert f"at most about {accepted.records} records" in told
    assert told.index("lost: ") < told.index("Type south")
    assert fail_over(lost.ports(), accepted=accepted).state.value == "done"


def test_a_source_that_answers_is_told_before_the_question_with_what_would_lose_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = []
    for answers in (True, False):
        earth = synced(fake_world())
        earth.missing_brokers = {"north": [2, 3]}
        some_lag(earth)
        if not answers:
            lose(earth, sighted=True)
        monkeypatch.setattr(sys, "stdin", Terminal("south\n"))
        failover.ask(earth.ports(), "north", "south", None)
        told = capsys.readouterr().err
        said.append("north answers" in told)
        if answers:
            assert told.index("'drctl plan switchover --to south'") < told.index("Type south")
    assert said == [True, False]


def test_what_is_read_again_and_how_old_positions_are_is_told_before_the_question(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    earth = synced(fake_world())
    for consumer in earth.consumers.values():
        consumer.running = False
    earth.settle(3)
    for log in earth.south.logs.values():
        for entry in log.entries:
            entry.stamped = True  # so that the fake tells when it was written
    lose(earth, sighted=True)
    earth.clock.jump(timedelta(hours=2))
    groups = forecast(earth.ports(), "north", "south", ask=False).groups
    count, age = sum(each.rereads or 0 for each in groups.values()), max(each.age or 0 for each in groups.values())
    assert count > 0
    assert age > 7200
    monkeypatch.setattr(sys, "stdin", Terminal("south\n"))
    failover.ask(earth.ports(), "north", "south", None)
    told = capsys.readouterr().err
    line = f"read again: at most {count} records; the oldest position is {age:.1f} s old"
    assert 0 <= told.find(line) < told.index("Type south")
    assert re.search(r"as seen at 2026-01-01 \d\d:\d\d:\d\d UTC, 7200 s ago", told)


@pytest.mark.parametrize("kept", [True, False])
def test_positions_that_were_not_kept_are_a_warning_before_the_question(
    kept: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    earth = fake_world()
    earth.settle(40)
    earth = synced(earth)
    if not kept:
        earth.settle(40)
    for log in earth.south.logs.values():
        for entry in log.entries:
            entry.stamped = True  # so that the fake tells when it was written
    lose(earth, sighted=True)
    monkeypatch.setattr(sys, "stdin", Terminal("south\n"))
    failover.ask(earth.ports(), "north", "south", None)
    told = capsys.readouterr().err
    assert told.count("warning: south: positions are older than the newest record there: ") == int(not kept)
    assert kept or told.index("warning: ") < told.index("Type south")


@pytest.mark.parametrize("typed", ["y\n", "north\n", "\n"])
def test_anything_else_declines(lost: FakeWorld, monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    with pytest.raises(Refused, match="declined"):
        failover.ask(lost.ports(), "north", "south", AcceptedLoss(10_000))


@pytest.mark.parametrize("accepted", [None, AcceptedLoss(unknown=True)], ids=["nothing", "unknown"])
def test_typing_the_name_accepts_no_unknown_loss_which_is_told_before_the_question(
    lost: FakeWorld,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    accepted: AcceptedLoss | None,
) -> None:
    lost.sightings.known.clear()
    monkeypatch.setattr(sys, "stdin", Terminal("south\n"))
    assert failover.ask(lost.ports(), "north", "south", accepted) is accepted
    told = capsys.readouterr().err
    assert told.count("without --accept-loss unknown it will be refused") == int(accepted is None)
    assert accepted is not None or told.index("it will be refused") < told.index("Type south")


@pytest.mark.parametrize("word", [None, Attestation("anna", "no power")])
def test_the_end_tells_both_moments_the_loss_and_that_the_fence_is_not_proven(
    lost: FakeWorld, capsys: pytest.CaptureFixture[str], word: Attestation | None
) -> None:
    result = fail_over(lost.ports(), accepted=AcceptedLoss(10_000), attestation=word)
    capsys.readouterr()
    failover.show(result, "table", TIMES)
    told = capsys.readouterr()
    state = "attested by anna" if word else "pending"
    lines = [" ".join(line.split()) for line in told.out.splitlines()]
    for start in ("traffic restored 20", "run finished 10:00:09", f"fence of north {state}: ", "lost up to "):
        assert any(line.startswith(start) for line in lines), start
    assert "proven" not in told.out
    assert "not proven: close it" in told.err


def test_status_shouts_only_when_the_left_site_is_back(lost: FakeWorld) -> None:
    fail_over(lost.ports(), accepted=AcceptedLoss(10_000))
    shouted = []
    for down in (True, False):
        lost.north.down = down
        world = lost.ports()
        left = standing(world)
        assert left is not None
        lines = list(left_lines(left, status(world)))
        assert any("fence of north: pending" in line for line in lines)
        shouted.append(any("IS BACK" in line for line in lines))
    assert shouted == [False, True]
