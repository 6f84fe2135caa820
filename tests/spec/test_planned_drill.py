"""The planned drill's own moves on the fake world: what fails of a link by itself ends no drill."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import pytest

from drctl.drills.lab_drill import LoadProfile
from drctl.drills.switchover import Rehearsal
from drctl.errors import Blocked
from drctl.lab.lab import Lab
from drctl.model.plan_file import PlanFile
from drctl.model.run import RunState
from drctl.model.terms import Terms
from drctl.monitors import observe
from drctl.plans import switchover
from drctl.plans.plan import Plan
from drctl.plans.selection import RESTART
from drctl.ports import Clock, World
from tests.fakes import FakeWorld, fake_world
from tests.spec.harness import require_nothing_lost_or_repeated

OVER, HOME = ("north", "south"), ("south", "north")


@dataclass
class QuietLab:
    """What a planned drill needs of a lab between its moves."""

    earth: FakeWorld

    @property
    def clock(self) -> Clock:
        return self.earth.clock


def rehearsal(earth: FakeWorld) -> Rehearsal:
    @contextmanager
    def open_world(plan: PlanFile, *, doubted: Collection[str] = ()) -> Iterator[World]:
        assert plan is earth.plan
        assert not doubted
        yield earth.ports()

    profile = LoadProfile(rate=1, seconds=1)
    return Rehearsal(
        cast(Lab, QuietLab(earth)), earth.plan, open_world, observe, profile=profile, terms=Terms(account="erin")
    )


def move(drill: Rehearsal, world: World, source: str, target: str) -> RunState:
    def plan() -> Plan:
        return switchover.plan(world, source, target, observe=observe)

    handover = drill.moved(plan, world, source, target)
    assert [span.step for span in handover.spans] == [timing.name for timing in handover.result.timings]
    return handover.result.state


def restarts(earth: FakeWorld) -> int:
    return sum(run.kind == RESTART for run, _ in earth.journal.runs())


def test_a_link_home_that_has_failed_while_work_went_on_is_restarted_before_the_way_home() -> None:
    earth = fake_world()
    drill = rehearsal(earth)
    assert move(drill, earth.ports(), *OVER) is RunState.DONE
    earth.mirrors[HOME].failures = 1
    earth.settle()
    assert move(drill, earth.new_process(), *HOME) is RunState.DONE
    assert restarts(earth) == 1
    assert any("south-to-north is restarted; it had failed: " in told for _, told in drill.phases)
    require_nothing_lost_or_repeated(earth, "north")


def test_one_that_fails_between_the_look_and_the_gate_is_restarted_too() -> None:
    earth = fake_world()
    drill = rehearsal(earth)
    assert move(drill, earth.ports(), *OVER) is RunState.DONE
    world, plans = earth.new_process(), 0

    def plan() -> Plan:
        nonlocal plans
        plans += 1
        if plans == 1:
            earth.mirrors[HOME].failures = 1
            earth.settle()
        return switchover.plan(world, *HOME, observe=observe)

    handover = drill.moved(plan, world, *HOME)
    assert (handover.result.state, plans, restarts(earth)) == (RunState.DONE, 2, 1)
    assert [span.step for span in handover.spans] == [timing.name for timing in handover.result.timings]
    require_nothing_lost_or_repeated(earth, "north")


def test_a_gate_that_no_restart_opens_is_told_once() -> None:
    earth = fake_world()
    drill = rehearsal(earth)
    assert move(drill, earth.ports(), *OVER) is RunState.DONE
    earth.mirrors[HOME].failures = 50
    earth.settle()
    with pytest.raises(Blocked) as refused:
        move(drill, earth.new_process(), *HOME)
    assert any("drctl links restart south-to-north" in reason for reason in refused.value.reasons)
    assert earth.routing.site() == "south"


def test_where_nothing_has_failed_nothing_is_restarted() -> None:
    earth = fake_world()
    assert move(rehearsal(earth), earth.ports(), *OVER) is RunState.DONE
    assert restarts(earth) == 0
