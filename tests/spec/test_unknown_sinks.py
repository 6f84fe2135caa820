"""Sinks of which no worker tells the group: nothing is guessed, and the group that Connect would name stays."""

from collections.abc import Callable
from threading import Event

import pytest

from drctl.errors import Blocked
from drctl.model.link import ConnectorState
from drctl.model.loss import AcceptedLoss
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.run import RunResult, RunState
from drctl.monitors import observe
from drctl.plans import fence, handover, runner
from drctl.plans.forecasting import forecast
from drctl.plans.selection import SINK_GROUPS, chosen, narrowed
from drctl.plans.sink_groups import as_it_moves, told_or_noted
from drctl.ports import World
from tests.fakes import FakeWorld, Killed, fake_world
from tests.spec.failing import fail_over, lose, synced
from tests.spec.harness import RecordingObserver, killed_at, switch
from tests.spec.test_sinks import OWN, SINK, with_a_group_of_its_own

STALE = f"connect-{SINK}"
ANY = AcceptedLoss(unknown=True)

type Held = dict[TopicPartition, Committed]


def held(earth: FakeWorld, site: str, group: str) -> Held:
    groups = earth.sites[site].groups
    return dict(groups[group].committed) if group in groups else {}


def silenced(earth: FakeWorld, how: str) -> FakeWorld:
    """North's worker answers nobody: it is dead, or frozen; its brokers do."""
    if how == "dead":
        earth.workers["north"].worker_down = True
    else:
        earth.workers["north"].frozen = Event()
    return earth


def not_started(result: RunResult) -> str:
    return str(result.evidence["start-sinks"]["not working"][SINK])


def hand_over_all(world: World) -> RunResult:
    return runner.run(handover.ordered("north", "south", observe=observe), world, RecordingObserver())


@pytest.mark.parametrize("how", ["dead", "frozen"])
def test_a_switchover_and_a_handover_wait_for_the_worker_and_change_nothing(how: str) -> None:
    earth = silenced(with_a_group_of_its_own(), how)
    stale = held(earth, "north", STALE)
    earth.effects.names.clear()
    moves: tuple[Callable[[World], RunResult], ...] = (switch, hand_over_all)
    for move in moves:
        with pytest.raises(Blocked) as told:
            move(earth.new_process())
        assert told.value.exit_code == 31
        reason = f"{SINK}: the group that it reads as is unknown: north: the Connect worker at north does not answer"
        assert any(each.startswith(reason) for each in told.value.reasons)
        assert any("start the Connect worker at north" in each for each in told.value.reasons)
    assert not [name for name in earth.effects.names if not name.startswith("journal")]
    assert held(earth, "north", STALE) == stale
    assert not held(earth, "south", STALE)


@pytest.mark.parametrize("how", ["dead", "frozen"])
@pytest.mark.parametrize("group", [OWN, STALE])
def test_a_group_that_may_be_the_one_of_a_sink_is_not_handed_over_and_not_called_unknown(how: str, group: str) -> None:
    earth = silenced(with_a_group_of_its_own(), how)
    with pytest.raises(Blocked, match="which groups its sinks read as is not known") as told:
        narrowed(earth.ports(), groups=[group])
    assert told.value.exit_code == 31


def test_a_group_of_the_plan_file_goes_on_alone_whatever_the_worker_says() -> None:
    earth = silenced(with_a_group_of_its_own(), "dead")
    world = narrowed(earth.ports(), groups=["billing"])
    assert (world.plan.groups, world.plan.sinks) == (("billing",), ())


@pytest.mark.parametrize("how", ["dead", "frozen"])
def test_the_standby_is_not_kept_at_a_stale_position_while_the_worker_is_silent(how: str) -> None:
    earth = synced(silenced(with_a_group_of_its_own(), how))
    assert held(earth, "south", "billing")
    assert not held(earth, "south", STALE)
    assert not held(earth, "south", OWN)


def test_a_failover_takes_the_group_that_was_noted_last() -> None:
    earth = synced(with_a_group_of_its_own())
    earth.workers["south"].put(SINK, earth.workers["north"].definition(SINK) or {})
    lose(earth, sighted=True)
    result = fail_over(earth.ports(), accepted=ANY)
    assert OWN in result.evidence["confirm-positions"]["groups"]
    assert STALE not in result.evidence["confirm-positions"]["groups"]
    assert result.evidence["start-sinks"]["not working"] == {}
    assert earth.workers["south"].state(SINK).state is ConnectorState.RUNNING
    assert chosen(earth.ports(), result.run.id)[SINK_GROUPS] == {SINK: OWN}


def test_of_two_notes_the_newer_one_counts() -> None:
    earth = fake_world(SINK)
    synced(earth)
    worker = earth.workers["north"]
    worker.sinks[SINK].config["consumer.override.group.id"] = OWN
    earth.workers["south"].put(SINK, {"connector.class": "JdbcSink", "topics": "shop.orders"})
    # Its gates refuse it, and it has noted what it was told.
    with pytest.raises(Blocked):
        switch(earth.ports())
    lose(earth, sighted=True)
    result = fail_over(earth.new_process(), accepted=ANY)
    assert chosen(earth.ports(), result.run.id)[SINK_GROUPS] == {SINK: OWN}


@pytest.mark.parametrize("how", ["dead", "frozen"])
def test_a_failover_without_a_note_does_not_start_the_sink_and_says_so(how: str) -> None:
    earth = with_a_group_of_its_own()
    earth.workers["south"].put(SINK, earth.workers["north"].definition(SINK) or {})
    earth.south.group(STALE).committed.update(held(earth, "north", STALE))
    stale = held(earth, "south", STALE)
    lose(earth, sighted=True)
    if how == "frozen":
        earth.workers["north"].worker_down, earth.workers["north"].frozen = False, Event()
    foreseen = forecast(earth.ports(), "north", "south").unknown_sinks
    assert "north: the Connect worker at north does not answer" in foreseen[SINK]
    result = fail_over(earth.ports(), accepted=ANY)
    assert result.state is RunState.DONE
    assert not_started(result).startswith("not started: the group that it reads as is unknown: north: ")
    (warned,) = (each for each in result.evidence["check-gates"]["warnings"] if SINK in each)
    assert "so it is not started at south" in warned
    assert STALE not in result.evidence["confirm-positions"]["groups"]
    assert held(earth, "south", STALE) == stale
    assert earth.workers["south"].state(SINK).state is ConnectorState.STOPPED


def test_a_sink_that_would_read_as_another_group_at_the_target_is_not_started_by_a_failover() -> None:
    earth = synced(with_a_group_of_its_own())
    earth.workers["south"].put(SINK, {"connector.class": "JdbcSink", "topics": "shop.orders"})
    lose(earth, sighted=True)
    result = fail_over(earth.ports(), accepted=ANY)
    assert not_started(result) == f"not started: there it reads as {STALE}, and its position is that of {OWN}"
    assert earth.workers["south"].state(SINK).state is ConnectorState.STOPPED


def test_a_run_goes_on_with_the_groups_that_it_began_with() -> None:
    earth = with_a_group_of_its_own()
    with killed_at(earth, "routing to south"):
        switch(earth.ports())
    silenced(earth, "dead")
    world = earth.new_process()
    assert world.plan.group_of(SINK) == OWN
    assert switch(world).state is RunState.DONE
    assert not held(earth, "south", STALE)


def test_what_was_unknown_when_a_failover_began_stays_so_to_its_end() -> None:
    earth = with_a_group_of_its_own()
    earth.workers["south"].put(SINK, earth.workers["north"].definition(SINK) or {})
    lose(earth, sighted=True)
    earth.effects.cut_off(6, before=False)
    with pytest.raises(Killed):
        fail_over(earth.ports(), accepted=ANY)
    earth.workers["north"].worker_down = False
    result = fail_over(earth.new_process(), accepted=ANY)
    assert OWN not in result.evidence["confirm-positions"]["groups"]
    assert "it was not known when run" in not_started(result)


def test_who_moves_nothing_waits_for_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    earth, asked = fake_world(SINK), list[str]()
    for worker in earth.workers.values():
        monkeypatch.setattr(worker, "definition", asked.append)
    world = as_it_moves(fence.ordered("north", "south"), earth.ports())
    assert world.plan.groups == ("billing", "dispatch")
    assert asked == []


def test_what_a_handover_has_noted_is_enough_to_undo_it() -> None:
    earth = with_a_group_of_its_own()
    world = narrowed(earth.ports(), groups=[OWN])
    runner.run(handover.ordered("north", "south", observe=observe), world, RecordingObserver())
    silenced(earth, "dead")
    assert narrowed(told_or_noted(earth.new_process()), groups=[OWN]).plan.groups == (OWN,)
