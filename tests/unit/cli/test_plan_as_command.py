"""drctl plan ends as the command would that it shows."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from drctl.cli import groups, plan, switchover
from drctl.errors import Refused
from drctl.model.link import ConnectorState
from drctl.model.terms import Terms
from drctl.plans.pausing import begin_pause
from tests.fakes import FakeWorld
from tests.spec.harness import killed_at, switch
from tests.unit.cli.terminal import HANDING_OVER, cut_off, typed

HOUR = timedelta(hours=1)


def test_plan_and_command_agree_while_another_run_is_unfinished(earth: FakeWorld) -> None:
    for consumer in earth.consumers.values():
        consumer.running = False
    with killed_at(earth, HANDING_OVER):
        typed(groups.command, "handover", "--to", "south", "--group", "billing", "--yes")
        raise AssertionError("it was not cut off")
    planned, done = typed(plan.switchover, "--to", "south"), typed(switchover.command, "--to", "south", "--yes")
    assert isinstance(planned.exception, Refused)
    assert str(planned.exception) == str(done.exception)


def test_plan_says_that_an_unfinished_run_goes_on_as_the_command_does(earth: FakeWorld) -> None:
    cut_off(earth)
    done = typed(plan.switchover, "--to", "south")
    assert done.exit_code == 0, done.exception
    assert "UNFINISHED RUN" in done.stdout


def _paused(earth: FakeWorld) -> None:
    begin_pause(earth.new_process(), Terms(by="anna"), earth.clock.now() + HOUR, "a storm")


def _cooling(earth: FakeWorld) -> None:
    earth.plan = replace(earth.plan, guards=replace(earth.plan.guards, cool_down=HOUR))
    switch(earth.ports())
    earth.settle(5)


def _cut_off_at_once(earth: FakeWorld) -> None:
    cut_off(earth, "raise epoch to 1")
    earth.mirrors["north", "south"].state = ConnectorState.FAILED


def _edited(earth: FakeWorld) -> None:
    cut_off(earth)
    first, *others = earth.plan.workloads
    earth.plan = replace(earth.plan, workloads=(replace(first, groups=first.groups[:-1]), *others))


@pytest.mark.parametrize(
    ("state", "target"), [(_paused, "south"), (_cooling, "north"), (_cut_off_at_once, "south"), (_edited, "south")]
)
def test_plan_ends_as_the_command_would(earth: FakeWorld, state: Callable[[FakeWorld], None], target: str) -> None:
    state(earth)
    planned = typed(plan.switchover, "--to", target)
    done = typed(switchover.command, "--to", target, "--yes")
    codes = [getattr(each.exception, "exit_code", each.exit_code) for each in (planned, done)]
    assert codes[0] == codes[1] != 0, (planned.exception, planned.stdout, done.exception)
