"""A worker that hands out the link's tasks just now is no reason to wait for a person: it is looked at again."""

from dataclasses import replace

import pytest

from drctl.errors import Blocked
from drctl.model.facts import Facts
from drctl.model.link import ConnectorState, Task
from drctl.model.run import RunState
from drctl.monitors import observe
from drctl.plans import runner, switchover
from drctl.plans.observing import PATIENCE
from drctl.ports import World
from tests.fakes import fake_world
from tests.spec.clinic import look, well
from tests.spec.harness import RecordingObserver, require_nothing_lost_or_repeated


class HandingOut:
    """Sees the link's copying tasks without anybody who runs them, for so many seconds after the first look."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.began: float | None = None

    def __call__(self, world: World, source: str, target: str) -> Facts:
        now = world.clock.monotonic()
        self.began = now if self.began is None else self.began
        facts = observe(world, source, target)
        status = facts.link.status.value
        if status is None or now - self.began >= self.seconds:
            return facts
        held = replace(status.source, tasks=(Task(0, ConnectorState.UNASSIGNED),))
        seen = replace(facts.link.status, value=replace(status, source=held))
        return replace(facts, link=replace(facts.link, status=seen))


@pytest.mark.parametrize("seconds", [0.5, PATIENCE - 1])
def test_a_switchover_waits_until_tasks_are_handed_out(seconds: float) -> None:
    earth = fake_world()
    world = earth.ports()
    result = runner.run(
        switchover.plan(world, "north", "south", observe=HandingOut(seconds)), world, RecordingObserver()
    )
    assert result.state is RunState.DONE
    require_nothing_lost_or_repeated(earth, "south")


def test_tasks_that_nobody_takes_are_a_reason_to_wait() -> None:
    world = fake_world().ports()
    with pytest.raises(Blocked) as caught:
        runner.run(switchover.plan(world, "north", "south", observe=HandingOut(3600)), world, RecordingObserver())
    assert any("task 0 UNASSIGNED" in reason for reason in caught.value.reasons)


@pytest.mark.parametrize(("seconds", "code"), [(PATIENCE / 2, 0), (3600, 32)])
def test_the_doctor_looks_again_until_tasks_are_handed_out(seconds: float, code: int) -> None:
    earth = well()
    mirror, ready = earth.mirrors["north", "south"], earth.clock.monotonic() + seconds
    mirror.state = ConnectorState.UNASSIGNED

    def hand_out() -> None:
        if earth.clock.monotonic() >= ready:
            mirror.state = ConnectorState.RUNNING

    earth.clock.actors.append(hand_out)
    assert look(earth).exit_code == code
