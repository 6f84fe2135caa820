"""drctl plan switchover: what it lists is what the switchover would say, and so is how it exits."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drctl.cli import forecast, groups, plan, switchover, translate
from drctl.errors import Blocked
from drctl.model.forecast import Forecast
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.session import GroupProtocol, Member
from drctl.model.sync_report import SyncReport
from drctl.ports import World
from tests.fakes import FakeWorld, fake_world

READINGS = TopicPartition("turbines.readings", 0)


@pytest.fixture
def earth(monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    earth = fake_world()
    earth.come_to_rest()
    earth.consumers["billing"].running = False

    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield earth.new_process()

    for module in (plan, groups, translate, switchover, forecast):
        monkeypatch.setattr(module, "opened", opened)
    return earth


def planned(*words: str) -> Result:
    return CliRunner().invoke(plan.switchover, ["--to", "south", *words], obj=Path("plan.yaml"))


def test_a_position_that_no_waiting_proves_is_listed_and_exits_as_the_switchover_does(earth: FakeWorld) -> None:
    earth.north.groups["billing"].committed[READINGS] = Committed(10_000)
    done = planned()
    assert done.exit_code == 43
    assert "Stands in the way" in done.output
    assert "billing: the position is beyond the source's log end" in done.output
    assert "Nothing stands in the way" not in done.output
    moved = CliRunner().invoke(switchover.command, ["--to", "south", "--yes"], obj=Path("plan.yaml"))
    assert isinstance(moved.exception, Blocked)
    assert moved.exception.exit_code == done.exit_code
    (told,) = json.loads(planned("-o", "json").stdout)["blockers"]
    assert (told["rule"], told["override"]) == ("POSITION_UNPROVEN", "")


def test_positions_that_were_not_kept_are_listed_and_a_person_may_go_on_over_them(earth: FakeWorld) -> None:
    earth.sync_reports.note(SyncReport("north", "south", 0, earth.clock.now() - timedelta(seconds=40)))
    done = planned()
    assert done.exit_code == 43
    assert "south: positions were not kept there: billing for 40 s, dispatch for 40 s" in done.output
    (told,) = json.loads(planned("-o", "json").stdout)["blockers"]
    assert (told["rule"], told["override"]) == ("POSITIONS_STALE", "positions-stale")
    words = ["--to", "south", "--yes"]
    refused = CliRunner().invoke(switchover.command, words, obj=Path("plan.yaml"))
    assert isinstance(refused.exception, Blocked)
    assert refused.exception.exit_code == 43
    words += ["--override", "positions-stale", "--reason", "the service is being moved"]
    assert CliRunner().invoke(switchover.command, words, obj=Path("plan.yaml")).exit_code == 0


def test_a_transaction_that_stays_open_is_a_reason_to_wait_and_the_other_groups_are_shown(earth: FakeWorld) -> None:
    earth.north.pending = {"billing": {READINGS}}
    done = planned("-o", "json")
    assert done.exit_code == 43
    told = {group["name"]: group for group in json.loads(done.stdout)["groups"]}
    assert told["dispatch"]["positions"] == told["dispatch"]["proven"]
    assert told["billing"]["refused"] == ["UNDECIDED"]
    shown = CliRunner().invoke(groups.command, ["translate", "-o", "json"], obj=Path("plan.yaml"))
    assert shown.exit_code == 10
    positions = {g["name"]: g["positions"] for g in json.loads(shown.stdout)["groups"]}
    (undecided,) = [each for each in positions["billing"] if each.get("refused")]
    assert (undecided["position"], undecided["refused"]) == (None, "UNDECIDED")
    assert all(each["translated"] is not None for each in positions["dispatch"])


@pytest.mark.parametrize(
    "words", [("list",), ("show", "billing"), ("list", "-o", "json"), ("show", "billing", "-o", "json")]
)
def test_groups_are_shown_while_a_transaction_of_one_is_open(earth: FakeWorld, words: tuple[str, ...]) -> None:
    earth.north.pending = {"billing": {READINGS}}
    done = CliRunner().invoke(groups.command, words, obj=Path("plan.yaml"))
    assert done.exit_code == 0, done.exception
    assert "unknown" in done.output or "null" in done.output


def test_a_share_group_is_shown_as_one_that_stays(earth: FakeWorld) -> None:
    jobs = earth.north.group("jobs")
    jobs.protocol, jobs.members = GroupProtocol.SHARE, (Member("m", "worker", "/127.0.0.1"),)
    why = "a share group: which records it has acknowledged, one by one, cannot be moved"
    listed = CliRunner().invoke(groups.command, ["list", "-o", "json"], obj=Path("plan.yaml"))
    (told,) = [each for each in json.loads(listed.stdout)["groups"] if each["name"] == "jobs"]
    assert told["moves"] == f"not moved: {why}"
    there = told["sites"]["north"]
    assert (there["protocol"], there["state"], there["members"]) == ("share", "Stable", None)
    shown = CliRunner().invoke(groups.command, ["show", "jobs"], obj=Path("plan.yaml"))
    assert shown.exit_code == 0
    assert "jobs at north: share, Stable" in shown.output
    assert f"jobs: not moved: {why}" in shown.output
    assert f"stays behind: jobs: {why}" in planned().output
    done = CliRunner().invoke(forecast.command, ["--to", "south"], obj=Path("plan.yaml"))
    assert f"stays behind: jobs: {why}" in done.output


def test_why_the_loss_is_unknown_is_why_it_is_unknown_what_stays_behind(earth: FakeWorld) -> None:
    why = "south: the offset syncs cannot be read"
    found = Forecast("north", "south", earth.clock.now(), None, {}, {}, (), why)
    assert forecast.staying(earth.ports(), found) == [("unknown", why)]


def test_a_plan_that_names_a_share_group_does_not_begin(earth: FakeWorld) -> None:
    earth.north.groups["billing"].protocol = GroupProtocol.SHARE
    done = planned()
    assert done.exit_code == 35
    assert "north: billing is a share group" in done.output


def test_nothing_stands_in_the_way_of_what_is_only_not_copied_yet(earth: FakeWorld) -> None:
    earth.mirrors["north", "south"].holds = True
    earth.north.write(READINGS, b"late", "User:turbines")
    end = len(earth.north.logs[READINGS].entries)
    earth.north.groups["billing"].committed[READINGS] = Committed(end)
    done = planned()
    assert done.exit_code == 0, done.output
    assert "the records before the position have not all reached the target yet" in done.output
    assert "NOT_COPIED" not in done.output
    assert "Nothing stands in the way" in done.output
