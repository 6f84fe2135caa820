"""drctl status: what a failover now would cost, in one line that is what drctl forecast tells."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from drctl.cli import status
from drctl.cli.forecast import forecast
from drctl.ports import World
from tests.fakes import FakeWorld, fake_world
from tests.spec.failing import lose, some_lag, synced


def shown(earth: FakeWorld, *words: str) -> str:
    world = earth.new_process()

    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield world

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(status, "opened", opened)
        done = CliRunner().invoke(status.command, words, obj=Path("plan.yaml"))
    assert done.exit_code == 0, done.exception
    return done.stdout


def document(earth: FakeWorld) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shown(earth, "-o", "json"))["forecast"]
    return found


@pytest.mark.parametrize("dead", [False, True])
def test_the_loss_is_the_one_that_is_forecast(dead: bool) -> None:
    earth = synced(fake_world())
    some_lag(earth)
    if dead:
        lose(earth, sighted=True)
    found = forecast(earth.new_process(), "south")
    assert found.loss is not None
    assert found.loss.total
    told = document(earth)
    assert (told["source"], told["target"], told["lossRecords"]) == ("north", "south", found.loss.total)
    assert (told["uncoveredGroups"], told["lossUnknown"], told["groupsUnknown"]) == (0, None, None)
    line = f"if north were lost now: lost {'at most ' if dead else ''}{found.loss.total} records"
    assert line in shown(earth)
    assert "no groups without a position at south; no failover was measured yet" in shown(earth)


def test_what_nobody_can_tell_is_unknown_and_never_zero() -> None:
    earth = fake_world()
    lose(earth)
    told = document(earth)
    assert (told["lossRecords"], told["lossSeconds"], told["uncoveredGroups"]) == (None, None, 2)
    assert "lost an unknown number of records" in shown(earth)
    assert "2 groups without a position at south" in shown(earth)


def test_a_target_that_tells_nothing_hides_the_groups_and_the_loss_is_unknown_with_the_reason() -> None:
    earth = synced(fake_world())
    earth.south.down = earth.mirrors["north", "south"].worker_down = True
    told = document(earth)
    assert (told["lossRecords"], told["uncoveredGroups"]) == (None, None)
    assert told["lossUnknown"]
    assert "south" in told["groupsUnknown"]


def test_while_clients_are_sent_nowhere_there_is_no_site_to_lose() -> None:
    earth = synced(fake_world())
    earth.routing.route_to(None)
    assert document(earth) is None
    assert "were lost now" not in shown(earth)
