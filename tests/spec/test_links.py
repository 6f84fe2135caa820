"""A link counts as begun only if drctl has set it, and as running or stopped only with all three of its connectors."""

import pytest

from drctl.model.link import ConnectorState
from drctl.model.offsets import TopicPartition
from drctl.model.run import RunState
from drctl.model.salvage import Decision
from drctl.plans.linking import was_set
from drctl.plans.losing import frozen, measure
from tests.fakes import FakeWorld, Killed, fake_world
from tests.spec.harness import make_up, require_nothing_lost_or_repeated, switch
from tests.spec.returning import decide_all, go_home, returned, salve

FAR = 10_000
"""Beyond every log's end."""
RESUMED = ("resume link to north", "resume checkpoint connector to north", "resume heartbeat connector to north")


def _offsets_of_somebody(earth: FakeWorld) -> None:
    """The link home is stopped, and its stored offsets are from another life of its topics."""
    home = earth.mirrors["south", "north"]
    home.state = ConnectorState.STOPPED
    home.stored = dict.fromkeys((p for p in earth.south.logs if p.topic in home.topics), FAR)


def _require_same_records(earth: FakeWorld) -> None:
    earth.come_to_rest()
    for p in earth.north.logs:
        assert earth.north.payloads(p) == earth.south.payloads(p), p


def test_a_link_home_that_somebody_else_started_does_not_count() -> None:
    earth = fake_world()
    home = earth.mirrors["south", "north"]

    def start(effect: str) -> None:
        if effect == "routing to south" and home.state is ConnectorState.ABSENT:
            home.start()

    earth.effects.watchers.append(start)
    (told,) = switch(earth.ports()).exceptions
    assert "reverse-replication is pending" in told
    assert "source-connector is RUNNING, and drctl has not set it to the handover point" in told


def test_it_is_set_to_the_point_once_it_was_stopped_before_it_copied_anything() -> None:
    earth = fake_world()
    home = earth.mirrors["south", "north"]

    def start(effect: str) -> None:
        if effect == "routing to south" and home.state is ConnectorState.ABSENT:
            home.holds = True
            home.start()

    earth.effects.watchers.append(start)
    assert switch(earth.ports()).exceptions
    home.state, home.holds = ConnectorState.STOPPED, False
    assert make_up(earth.new_process()).state is RunState.DONE
    _require_same_records(earth)


def test_stored_offsets_above_the_handover_point_are_not_believed() -> None:
    earth = fake_world()
    _offsets_of_somebody(earth)
    assert not switch(earth.ports()).exceptions
    earth.settle()
    _require_same_records(earth)
    require_nothing_lost_or_repeated(earth, "south")


def test_nor_by_a_failback() -> None:
    after = returned()
    earth = after.earth
    salve(earth.ports())
    decide_all(earth, Decision.HAND_OVER)
    earth.settle(12)
    _offsets_of_somebody(earth)
    assert go_home(earth.new_process()).state is RunState.DONE
    for p, end in after.ends.items():
        written = [each for _, each in earth.south.logs[p].data(end)]
        assert written
        assert [each for each in earth.north.payloads(p) if each in set(written)] == written


@pytest.mark.parametrize("effect", RESUMED)
def test_a_cut_inside_resume_leaves_no_connector_stopped(effect: str) -> None:
    earth = fake_world()
    switch(earth.ports())
    number = earth.effects.names.index(effect)
    earth = fake_world()
    earth.effects.cut_off(number, before=False)
    with pytest.raises(Killed):
        switch(earth.ports())
    assert not switch(earth.new_process()).exceptions
    states = {c.state for c in earth.ports().links["south", "north"].replication.status().connectors}
    assert states == {ConnectorState.RUNNING}


def test_what_was_set_is_journaled_with_the_run_whose_point_it_is() -> None:
    earth = fake_world()
    switch(earth.ports())
    world = earth.new_process()
    home = world.links["south", "north"]
    run, _ = world.journal.runs()[-1]
    assert was_set(world, home, run.id)
    assert not was_set(world, home, "another-run")
    assert not was_set(world, world.links["north", "south"], run.id)


def test_a_frontier_beyond_the_sources_end_proves_no_record_to_be_copied() -> None:
    earth = fake_world()
    link = earth.mirrors["north", "south"]
    link.holds = True
    earth.settle(1)
    p = TopicPartition("turbines.readings", 0)
    link.stored[p] = FAR
    held = len(earth.north.payloads(p))
    loss = measure(earth.ports(), "north", "south")
    assert p not in loss.frontier
    assert loss.records["turbines.readings"] >= held
    ends = {p: earth.north.logs[p].bounds.stable}
    assert frozen(earth.ports(), "north", "south", ends, None).records["turbines.readings"] == ends[p]
