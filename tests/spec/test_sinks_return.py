"""Sink connectors are again as they were, after a rollback and after a handover's undo."""

from collections.abc import Callable

import pytest

from drctl.errors import Refused, RolledBack
from drctl.model.link import ConnectorState
from drctl.model.run import RunResult, RunState
from drctl.plans import runner, undo
from drctl.plans.selection import UNDO, narrowed
from drctl.plans.sink_groups import told_or_noted
from drctl.ports import World
from tests.fakes import FakeWorld, Killed, fake_world
from tests.spec.harness import RecordingObserver, go_on, switch
from tests.spec.test_sinks import SINK, hand_over, require_delivered_once, states


def paused() -> FakeWorld:
    """The sink keeps still, its tasks stay in its group, and do so for long once it is stopped: the run rolls back."""
    earth = fake_world(SINK)
    earth.workers["north"].pause(SINK)
    earth.workers["north"].lingers = 1_000_000
    earth.settle(1)
    return earth


@pytest.mark.parametrize("move", [switch, hand_over], ids=["switchover", "handover"])
def test_a_sink_that_was_paused_is_paused_again_after_a_rollback(move: Callable[[World], object]) -> None:
    earth = paused()
    delivered = {partition: list(records) for partition, records in earth.database.items()}
    with pytest.raises(RolledBack):
        move(earth.ports())
    assert f"stop {SINK} at north" in earth.effects.names
    assert states(earth) == (ConnectorState.PAUSED, ConnectorState.STOPPED)
    assert earth.database == delivered
    earth.workers["north"].resume(SINK)
    earth.come_to_rest()
    require_delivered_once(earth)


def test_a_paused_sink_that_somebody_lets_run_while_the_run_rolls_back_runs_on() -> None:
    earth = paused()

    def let_it_run(effect: str) -> None:
        if effect == "lift at north":
            earth.workers["north"].resume(SINK)

    earth.effects.watchers.append(let_it_run)
    with pytest.raises(RolledBack):
        switch(earth.ports())
    assert states(earth)[0] is ConnectorState.RUNNING


def take_back(world: World) -> RunResult:
    """As 'drctl groups undo' does."""
    run, kept = undo.last_handover(world, "south", ())
    plan = undo.ordered(run.source, run.target, kept, run.id)
    return runner.run(plan, narrowed(told_or_noted(world), groups=sorted(kept)), RecordingObserver())


def handed_over_in_vain() -> FakeWorld:
    """The sink was handed over to a site at which it cannot work."""
    earth = fake_world(SINK)
    earth.workers["south"].broken[SINK] = "SQLException: no route to the database"
    hand_over(earth.ports())
    assert states(earth) == (ConnectorState.STOPPED, ConnectorState.RUNNING)
    earth.effects.names.clear()
    return earth


def _effects_of_an_undo() -> list[str]:
    earth = handed_over_in_vain()
    take_back(earth.ports())
    return [f"{number} {name}" for number, name in enumerate(earth.effects.names)]


UNDONE = _effects_of_an_undo()


def test_after_the_undo_of_its_handover_a_sink_runs_at_the_source_again_and_delivers_each_record_once() -> None:
    earth = handed_over_in_vain()
    take_back(earth.ports())
    assert states(earth) == (ConnectorState.RUNNING, ConnectorState.STOPPED)
    assert f"connect-{SINK}" not in earth.south.groups
    earth.come_to_rest()
    require_delivered_once(earth)


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("effect", range(len(UNDONE)), ids=UNDONE)
def test_an_undo_killed_anywhere_and_continued_lets_the_sink_run_again(effect: int, before: bool) -> None:
    earth = handed_over_in_vain()
    earth.effects.cut_off(effect, before=before)
    with pytest.raises(Killed):
        take_back(earth.ports())
    world = earth.new_process()
    if earth.journal.runs()[-1][0].kind != UNDO:
        take_back(world)
    elif earth.journal.runs()[-1][1] is RunState.RUNNING:
        go_on(world)
    assert earth.journal.runs()[-1][1] is RunState.DONE
    assert states(earth) == (ConnectorState.RUNNING, ConnectorState.STOPPED)
    earth.come_to_rest()
    require_delivered_once(earth)


@pytest.mark.parametrize("was", [ConnectorState.STOPPED, ConnectorState.PAUSED])
def test_a_sink_that_did_not_run_before_its_handover_does_not_run_after_the_undo(was: ConnectorState) -> None:
    earth = fake_world(SINK)
    worker = earth.workers["north"]
    (worker.stop if was is ConnectorState.STOPPED else worker.pause)(SINK)
    earth.settle(1)
    hand_over(earth.ports())
    take_back(earth.ports())
    assert states(earth) == (was, ConnectorState.STOPPED)


def test_a_sink_that_works_at_the_target_is_not_taken_back_from_under_its_group() -> None:
    earth = fake_world(SINK)
    hand_over(earth.ports())
    earth.settle(1)
    with pytest.raises(Refused, match=f"connect-{SINK} has members"):
        take_back(earth.ports())
    assert states(earth) == (ConnectorState.STOPPED, ConnectorState.RUNNING)


def test_a_source_whose_worker_is_silent_does_not_keep_the_positions_from_being_given_back() -> None:
    earth = handed_over_in_vain()
    earth.workers["north"].worker_down = True
    told = take_back(earth.ports()).evidence["resume-sinks"]
    assert told == {"left as they are": [SINK], "why": "the Connect worker at north does not answer"}
    assert f"connect-{SINK}" not in earth.south.groups
    assert earth.journal.runs()[-1][1] is RunState.DONE
