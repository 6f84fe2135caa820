"""drctl plan switchover of a run that was cut off: what is done, where going on stops, and nothing that is history."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from drctl.cli import plan, switchover
from drctl.errors import RolledBack, Superseded
from drctl.model.offsets import Committed, TopicPartition
from drctl.ports import World
from tests.fakes import FakeWorld
from tests.fakes.silence import Silence, silence
from tests.spec.bereft import bereft_world, lose_target
from tests.spec.harness import killed_at, switch

READINGS = TopicPartition("turbines.readings", 0)
LAST = "journal says step-intended watch-first-commits"
FENCED = "journal says step-intended close-client-routing"
BEGUN = "journal says step-intended place-sinks"


def cut_off(effect: str) -> FakeWorld:
    """A switchover that was cut off there, with a position at south that it replaces, or has replaced."""
    earth = bereft_world()
    earth.south.group("billing").committed[READINGS] = Committed(1)
    with killed_at(earth, effect):
        switch(earth.ports())
    return earth


def typed(world: World, *words: str) -> Result:
    @contextmanager
    def opened(_: Path, **_more: object) -> Iterator[World]:
        yield world

    with pytest.MonkeyPatch.context() as patch:
        for module in (plan, switchover):
            patch.setattr(module, "opened", opened)
        command = plan.switchover if words[0] == "plan" else switchover.command
        return CliRunner().invoke(command, ["--to", "south", *words[1:]], obj=Path("plan.yaml"))


def shown(earth: FakeWorld) -> Result:
    return typed(earth.new_process(), "plan")


def told(earth: FakeWorld) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(typed(earth.new_process(), "plan", "-o", "json").stdout)
    return found


def states(earth: FakeWorld) -> dict[str, str]:
    return {step["name"]: step["state"] for step in told(earth)["steps"]}


def test_a_target_that_died_behind_the_handover_is_where_it_stops() -> None:
    earth = cut_off(LAST)
    lose_target(earth)
    done = shown(earth)
    assert done.exit_code == 4
    assert "raise-epoch fails, and the run stops there, and south may be open: site south: no broker" in done.stdout
    assert "remedy: start the site" in done.stdout
    assert "Nothing stands in the way" not in done.stdout


def test_what_is_done_is_not_told_as_to_be_done() -> None:
    before, behind = cut_off(BEGUN), cut_off(LAST)
    assert "replaced: billing" in shown(before).stdout
    assert told(before)["replaced"]
    assert "Positions, if the work stopped now" in shown(before).stdout
    done = shown(behind)
    assert done.exit_code == 0
    assert "replaced:" not in done.stdout
    assert "Positions" not in done.stdout
    assert "expected pause" not in done.stdout
    assert (told(behind)["replaced"], told(behind)["digests"]["facts"]) == ([], None)
    assert {name for name, state in states(behind).items() if state != "done"} <= {"watch-first-commits"}


def test_the_steps_tell_how_far_the_run_has_come() -> None:
    found = states(cut_off(FENCED))
    begun = list(found).index("close-client-routing")
    assert set(list(found.values())[:begun]) == {"done"}
    assert set(list(found.values())[begun:]) == {"to-do"}
    assert told(bereft_world())["steps"][0]["state"] is None


def test_a_step_that_only_the_old_site_holds_back_is_left_pending() -> None:
    earth = cut_off("restart link to north")
    earth.north.down = True
    done = shown(earth)
    assert done.exit_code == 0
    assert "Left pending:\n  - reverse-replication, and the run ends without it: site north" in done.stdout
    assert "Nothing stands in the way" in done.stdout


def test_a_step_that_fails_before_the_target_is_open_leads_to_the_rollback_and_what_fails_there() -> None:
    earth = cut_off(FENCED)
    earth.workers["south"].worker_down = earth.mirrors["north", "south"].worker_down = True
    done = shown(earth)
    assert done.exit_code == 4
    assert "place-sinks fails, and the rollback follows: the Connect worker at south" in done.stdout
    assert "on the rollback resume-link fails: the Connect worker at south" in done.stdout


def test_a_run_that_is_rolling_back_shows_its_rollback() -> None:
    earth = bereft_world()
    earth.consumers["billing"].stubborn = True
    with killed_at(earth, "journal says step-intended resume-link"):
        switch(earth.ports())
    done = shown(earth)
    assert done.exit_code == 5
    assert "Rollback of the switchover from north to south" in done.stdout
    assert "hand-over-positions" not in done.stdout
    assert "going on ends that, and north keeps the work" in done.stdout


def test_a_position_that_nothing_proves_turns_the_run_back_where_it_is_handed_over() -> None:
    earth = cut_off(FENCED)
    earth.consumers["billing"].running = False
    earth.north.groups["billing"].committed[READINGS] = Committed(10_000)
    done = shown(earth)
    assert done.exit_code == 5
    assert "hand-over-positions fails, and the rollback follows: billing: the position is beyond" in done.stdout
    moved = typed(earth.new_process(), "switchover", "--yes")
    assert isinstance(moved.exception, RolledBack)
    assert "hand-over-positions" in str(moved.exception)


def test_a_run_behind_a_newer_decision_goes_on_no_more() -> None:
    earth = cut_off(LAST)
    earth.epochs.epoch += 1
    for words in (("plan",), ("switchover", "--yes")):
        assert isinstance(typed(earth.new_process(), *words).exception, Superseded)


@pytest.mark.parametrize("how", [Silence.FROZEN, Silence.HALF_DEAD])
@pytest.mark.parametrize("site", ["north", "south"])
@pytest.mark.parametrize("effect", [BEGUN, FENCED, "lift at south", LAST])
def test_a_site_that_answers_nothing_is_told_like_a_dead_one_and_in_time(effect: str, site: str, how: Silence) -> None:
    dead, silent = cut_off(effect), cut_off(effect)
    expected = typed(silence(dead, site, Silence.DEAD), "plan")
    began = silent.clock.monotonic()
    done = typed(silence(silent, site, how), "plan")
    assert done.exit_code == expected.exit_code, (done.stdout, expected.stdout)
    assert silent.clock.monotonic() - began < 10
