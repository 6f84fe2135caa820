"""Sink connectors move with their workload: sentences about what reaches the database."""

from dataclasses import replace

import pytest

from drctl.errors import Blocked, RolledBack
from drctl.model.link import ConnectorState
from drctl.model.offsets import Committed
from drctl.model.run import RunState
from drctl.model.scaling import DEPLOYMENT, Carrier, Scalable
from drctl.monitors import observe
from drctl.plans import handover, runner
from drctl.plans.selection import narrowed
from drctl.ports import World
from tests.fakes import FakeWorld, fake_world
from tests.spec.harness import RecordingObserver, cut_then_resumed, require_nothing_lost_or_repeated, switch

SINK = "orders-to-lake"


def _undisturbed() -> list[str]:
    earth = fake_world(SINK)
    switch(earth.ports())
    return [f"{number} {name}" for number, name in enumerate(earth.effects.names)]


EFFECTS = _undisturbed()
"""Every effect of a switchover with a sink, in order."""


def require_delivered_once(earth: FakeWorld) -> None:
    for producer in earth.producers:
        for partition, acknowledged in producer.acknowledged.items():
            assert earth.database[partition] == acknowledged, partition


def states(earth: FakeWorld) -> tuple[ConnectorState, ConnectorState]:
    return earth.workers["north"].state(SINK).state, earth.workers["south"].state(SINK).state


def hand_over(world: World) -> None:
    plan = handover.ordered("north", "south", observe=observe)
    runner.run(plan, narrowed(world, groups=[f"connect-{SINK}"]), RecordingObserver())


def test_a_switchover_takes_the_sinks_along_and_every_record_reaches_the_database_once() -> None:
    earth = fake_world(SINK)
    result = switch(earth.ports())
    assert states(earth) == (ConnectorState.STOPPED, ConnectorState.RUNNING)
    assert result.evidence["start-sinks"] == {"not working": {}}
    earth.settle(5)
    require_nothing_lost_or_repeated(earth, "south")
    require_delivered_once(earth)


def test_there_and_home_again_nothing_is_delivered_twice() -> None:
    earth = fake_world(SINK)
    switch(earth.ports())
    earth.settle(4)
    switch(earth.ports(), "south", "north")
    assert states(earth) == (ConnectorState.RUNNING, ConnectorState.STOPPED)
    earth.come_to_rest()
    require_delivered_once(earth)


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("effect", range(len(EFFECTS) - 1), ids=EFFECTS[:-1])
def test_cut_off_anywhere_and_continued_the_database_gets_every_record_once(effect: int, before: bool) -> None:
    earth = fake_world(SINK)
    cut_then_resumed(earth, effect, before=before)
    assert earth.journal.runs()[-1][1] is RunState.DONE
    assert states(earth) == (ConnectorState.STOPPED, ConnectorState.RUNNING)
    earth.come_to_rest()
    require_delivered_once(earth)


def test_a_sink_is_handed_over_alone_while_all_else_stays() -> None:
    earth = fake_world(SINK)
    hand_over(earth.ports())
    assert states(earth) == (ConnectorState.STOPPED, ConnectorState.RUNNING)
    assert earth.consumers["billing"].at == "north"
    earth.come_to_rest()
    require_delivered_once(earth)


def test_a_failure_lets_the_sinks_run_on_at_the_source() -> None:
    earth = fake_world(SINK)
    earth.consumers["dispatch"].stubborn = True
    with pytest.raises(RolledBack):
        switch(earth.ports())
    assert states(earth) == (ConnectorState.RUNNING, ConnectorState.STOPPED)
    earth.come_to_rest()
    require_delivered_once(earth)


def test_a_task_that_lingers_is_waited_for() -> None:
    earth = fake_world(SINK)
    earth.workers["north"].lingers = 12
    switch(earth.ports())
    earth.come_to_rest()
    require_delivered_once(earth)


def test_a_connector_that_exists_at_the_target_keeps_its_own_configuration() -> None:
    earth = fake_world(SINK)
    own = {"connector.class": "JdbcSink", "topics": "turbines.readings,shop.orders", "url": "south's"}
    earth.workers["south"].put(SINK, own)
    switch(earth.ports())
    assert earth.workers["south"].definition(SINK) == own


def test_a_sink_that_was_stopped_at_the_source_is_placed_and_not_started() -> None:
    earth = fake_world(SINK)
    earth.workers["north"].stop(SINK)
    earth.settle(1)
    switch(earth.ports())
    assert states(earth) == (ConnectorState.STOPPED, ConnectorState.STOPPED)


def test_a_sink_that_fails_at_the_target_is_told_with_its_reason_and_the_run_ends() -> None:
    earth = fake_world(SINK)
    earth.workers["south"].broken[SINK] = "SQLException: no route to the database"
    result = switch(earth.ports())
    assert result.state is RunState.DONE
    assert result.evidence["start-sinks"]["not working"] == {SINK: "SQLException: no route to the database"}


@pytest.mark.parametrize(
    ("code", "why"), [(39, "orders-to-lake is RUNNING"), (35, "no sink connector"), (31, "does not answer")]
)
def test_gates_about_sinks(code: int, why: str) -> None:
    earth = fake_world(SINK)
    if code == 39:
        earth.workers["south"].put(SINK, {"connector.class": "JdbcSink", "topics": ""})
        earth.workers["south"].resume(SINK)
    elif code == 35:
        earth.workers["north"].sinks.clear()
    else:
        earth.workers["south"].worker_down = True
    with pytest.raises(Blocked) as refused:
        switch(earth.ports())
    assert refused.value.exit_code == code, refused.value.reasons
    assert any(why in reason for reason in refused.value.reasons)


def test_a_sink_handed_over_is_left_out_of_the_switchover() -> None:
    earth = fake_world(SINK)
    hand_over(earth.ports())
    switch(earth.ports())
    assert states(earth) == (ConnectorState.STOPPED, ConnectorState.RUNNING)
    earth.come_to_rest()
    require_delivered_once(earth)


OWN = "team-a.ledger"


def with_a_group_of_its_own() -> FakeWorld:
    """The sink got it later: the group that Connect gave it at first still holds an older position."""
    earth = fake_world(SINK)
    worker = earth.workers["north"]
    worker.stop(SINK)
    earth.settle(1)
    stale = earth.north.groups[f"connect-{SINK}"]
    earth.north.group(OWN).committed.update(stale.committed)
    for partition, held in stale.committed.items():
        stale.committed[partition] = Committed(held.offset // 2)
    worker.put(SINK, {**(worker.definition(SINK) or {}), "consumer.override.group.id": OWN})
    worker.resume(SINK)
    earth.settle(3)
    return earth


def test_a_sink_moves_with_the_group_that_its_configuration_sets_and_a_stale_one_stays() -> None:
    earth = with_a_group_of_its_own()
    stale = dict(earth.north.groups[f"connect-{SINK}"].committed)
    result = switch(earth.ports())
    assert OWN in result.evidence["hand-over-positions"]["groups"]
    assert f"connect-{SINK}" not in result.evidence["hand-over-positions"]["groups"]
    earth.settle(5)
    assert f"connect-{SINK}" not in earth.south.groups
    assert earth.north.groups[f"connect-{SINK}"].committed == stale
    switch(earth.ports(), "south", "north")
    earth.come_to_rest()
    require_delivered_once(earth)


def test_a_sink_that_would_read_as_another_group_at_the_target_blocks_before_anything_is_changed() -> None:
    earth = with_a_group_of_its_own()
    earth.workers["south"].put(SINK, {"connector.class": "JdbcSink", "topics": "shop.orders"})
    with pytest.raises(Blocked) as blocked:
        switch(earth.ports())
    assert f"south: {SINK} reads as group connect-{SINK}, not as {OWN}" in str(blocked.value.reasons)
    assert not earth.epochs.current()


def test_a_group_that_only_connect_can_read_blocks() -> None:
    earth = fake_world(SINK)
    earth.workers["north"].sinks[SINK].config["consumer.override.group.id"] = "${file:/etc/sink:group}"
    with pytest.raises(Blocked) as blocked:
        switch(earth.ports())
    assert "which only Connect can read" in str(blocked.value.reasons)


def carried(earth: FakeWorld, *groups: str) -> Scalable:
    """The Deployment of the Connect workers, of which the plan file names these groups; none is the workload's own."""
    workers = Scalable(DEPLOYMENT, "lake-workers")
    carriers = (Carrier(workers, groups, groups),)
    earth.plan = replace(earth.plan, workloads=tuple(replace(w, carriers=carriers) for w in earth.plan.workloads))
    for name, replicas in (("north", 2), ("south", 0)):
        earth.scaling[name].create(workers, replicas)
    return workers


def test_a_deployment_moves_with_the_group_that_its_sink_is_told_to_read_as() -> None:
    earth = with_a_group_of_its_own()
    workers = carried(earth, OWN)
    assert switch(earth.ports()).evidence["scale-up-target"]["replicas"] == {str(workers): 2}


def test_a_deployment_with_a_group_that_no_sink_reads_as_blocks_before_anything_is_changed() -> None:
    earth = with_a_group_of_its_own()
    workers = carried(earth, OWN, f"connect-{SINK}")
    with pytest.raises(Blocked) as blocked:
        switch(earth.ports())
    assert f"{workers}: its group connect-{SINK} is none of its workload's" in str(blocked.value.reasons)
    assert f"the sinks read as {OWN})" in str(blocked.value.reasons)
    assert not earth.epochs.current()
