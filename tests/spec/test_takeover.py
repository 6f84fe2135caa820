"""A failover takes over whatever was unfinished when a site died, and loses nothing that was drained."""

import pytest

from drctl.errors import Blocked, Refused, StepFailed
from drctl.model.fence import FenceState
from drctl.model.loss import AcceptedLoss
from drctl.model.run import RunState
from drctl.monitors import observe
from drctl.plans.interruption import interruption
from drctl.plans.standing import RunStanding, told_runs
from drctl.ports import World
from tests.fakes import FakeWorld, Killed, fake_world
from tests.spec.failing import (
    beyond_the_frontier,
    fail_over,
    lose,
    require_served_by_target,
    synced,
    watch_two_writers,
)
from tests.spec.handing_over import hand_over, stop
from tests.spec.harness import killed_at, switch

ANY = AcceptedLoss(10_000)


def _switchover_cut_off(effect: int) -> FakeWorld:
    earth = synced(fake_world())
    earth.effects.names.clear()
    earth.effects.cut_off(effect, before=False)
    with pytest.raises(Killed):
        switch(earth.ports())
    lose(earth)
    return earth


def _number_of_effects() -> int:
    earth = synced(fake_world())
    earth.effects.names.clear()
    switch(earth.ports())
    return len(earth.effects.names)


@pytest.mark.parametrize("effect", range(_number_of_effects() - 1))
def test_a_switchover_whose_source_died_is_taken_over_wherever_it_was(effect: int) -> None:
    earth = _switchover_cut_off(effect)
    both_open = watch_two_writers(earth)
    opened = not earth.south.denials
    result = fail_over(earth.new_process(), accepted=ANY)
    assert result.state is RunState.DONE
    states = [(run.kind, state) for run, state in earth.journal.runs() if run.kind != "group-sync"]
    assert states == [("switchover", RunState.SUPERSEDED), ("failover", RunState.DONE)]
    assert both_open == []
    ends = result.evidence["record-handover-point"]["ends"]
    if opened:
        switched = next(run for run, _ in earth.journal.runs() if run.kind == "switchover")
        recorded = [e.body for e in earth.journal.entries(switched.id) if e.step == "record-handover-point"]
        assert ends == recorded[-1]["ends"]
    require_served_by_target(earth, beyond_the_frontier(earth))


def test_a_switchover_whose_target_died_after_it_was_opened_is_taken_back_with_what_was_written_there_lost() -> None:
    earth = synced(fake_world())
    with killed_at(earth, "journal says step-observed route-clients-to-target"):
        switch(earth.ports())
    copied = {p: set(earth.north.payloads(p)) for p in earth.north.logs}
    earth.settle(2)
    earth.sight()
    earth.south.down = earth.workers["south"].worker_down = earth.mirrors["north", "south"].worker_down = True
    earth.sightings.note_silence("south", earth.clock.now())
    both_open = watch_two_writers(earth)
    told = fail_over(earth.new_process(), "south", "north", accepted=AcceptedLoss(unknown=True)).evidence
    written = sum(len(set(earth.south.payloads(p)) - old) for p, old in copied.items() if p.topic != "canary")
    assert 0 < written <= told["measure-loss"]["total"] < 3 * written
    assert both_open == []
    assert earth.routing.site() == "north"
    assert not earth.north.denials


def test_a_switchover_that_was_fenced_and_drained_loses_nothing() -> None:
    earth = synced(fake_world())
    with killed_at(earth, "journal says step-observed hand-over-positions"):
        switch(earth.ports())
    lose(earth)
    result = fail_over(earth.new_process(), accepted=AcceptedLoss(0))
    assert result.evidence["fence-what-answers"]["fence"] == FenceState.PROVEN
    assert result.evidence["measure-loss"]["total"] == 0
    assert result.evidence["measure-loss"]["exact"]
    require_served_by_target(earth, {}, repeats=False)


@pytest.mark.parametrize("killed", ["raise epoch to 2", "journal says step-observed raise-epoch"])
def test_a_move_and_the_failover_that_takes_it_over_are_told_as_one(killed: str) -> None:
    earth = synced(fake_world())
    with killed_at(earth, "journal says step-observed hand-over-positions"):
        switch(earth.ports())
    lose(earth)
    with killed_at(earth, killed):
        fail_over(earth.new_process(), accepted=AcceptedLoss(0))
    world = earth.new_process()
    cut_off = interruption(world, observe)
    assert cut_off is not None
    failed_over, switched = linked(world)
    assert f"  it continues {switched}, which it has taken over" in cut_off.lines
    fail_over(world, accepted=AcceptedLoss(0))
    world = earth.new_process()
    assert linked(world) == (failed_over, switched)
    assert [each.standing for each in told_runs(world)] == [RunStanding.DONE, RunStanding.SUPERSEDED]


def linked(world: World) -> tuple[str, str]:
    """The failover's id, then the switchover's, each linked with the other one and with nothing else."""
    failed_over, switched = told_runs(world)
    assert (failed_over.continues, failed_over.continued_by) == ((switched.run.id,), None)
    assert (switched.continues, switched.continued_by) == ((), failed_over.run.id)
    return failed_over.run.id, switched.run.id


@pytest.mark.parametrize("step", ["fence-writes", "prove-fence", "drain-link", "hand-over-positions"])
def test_a_switchover_whose_source_dies_under_it_names_the_failover_that_takes_it_over(step: str) -> None:
    earth = synced(fake_world())
    both_open = watch_two_writers(earth)

    def die(effect: str) -> None:
        said = [f"journal says step-{how} {step}" for how in ("observed", "found-done")]
        if effect in said and not earth.north.down:
            lose(earth)

    earth.effects.watchers.append(die)
    with pytest.raises(StepFailed) as stopped:
        switch(earth.ports())
    assert "where north is lost, 'drctl failover --to south' takes the run over" in stopped.value.remedy
    world = earth.new_process()
    cut_off = interruption(world, observe)
    assert cut_off is not None
    assert "  if north is lost: drctl failover --to south takes it over" in cut_off.lines
    result = fail_over(world, accepted=AcceptedLoss(unknown=True))
    assert result.state is RunState.DONE
    assert both_open == []
    require_served_by_target(earth, beyond_the_frontier(earth))


def test_a_failover_that_is_refused_leaves_the_unfinished_switchover_as_it_was() -> None:
    earth = synced(fake_world())
    earth.effects.cut_off(len(earth.effects.names) + 20, before=False)
    with pytest.raises(Killed):
        switch(earth.ports())
    with pytest.raises(Blocked, match=r"reasons? to wait"):
        fail_over(earth.new_process(), accepted=ANY)
    result = switch(earth.new_process())
    assert result.state is RunState.DONE


def test_a_refused_loss_after_the_source_died_can_be_accepted_in_a_second_try() -> None:
    earth = synced(fake_world())
    lose(earth)
    earth.sightings.known.clear()
    with pytest.raises(Blocked):
        fail_over(earth.ports(), accepted=ANY)
    assert fail_over(earth.new_process(), accepted=AcceptedLoss(unknown=True)).state is RunState.DONE


def test_a_failover_to_where_clients_are_at_work_hides_no_move_that_was_cut_off_before_it_closed_anything() -> None:
    earth = fake_world()
    with killed_at(earth, "raise epoch to 1"):
        switch(earth.ports())
    with pytest.raises(Refused, match="clients are at work at north"):
        fail_over(earth.new_process(), "south", "north")
    assert [run.kind for run, _ in earth.journal.runs()] == ["switchover"]


def test_nor_a_handover_that_was_cut_off() -> None:
    """The failover would be left unfinished behind it, and turn the direction of what is asked next around."""
    earth = fake_world()
    stop(earth, "billing")
    with killed_at(earth, "raise epoch to 1"):
        hand_over(earth.ports(), "billing")
    with pytest.raises(Refused, match="clients are at work at north"):
        fail_over(earth.new_process(), "south", "north")
    assert [run.kind for run, _ in earth.journal.runs()] == ["handover"]
