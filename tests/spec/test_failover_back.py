"""The site that took over is lost as well: a failover back to the first."""

import pytest

from drctl.errors import Blocked
from drctl.model.link import ConnectorState
from drctl.model.loss import AcceptedLoss
from drctl.model.run import RunState
from drctl.model.terms import Terms
from drctl.monitors import observe
from drctl.plans import failover, runner
from tests.fakes import FakeWorld, fake_world
from tests.spec.failing import fail_over, lose, some_lag, synced
from tests.spec.harness import RecordingObserver, switch


def test_a_second_failover_back_to_a_site_that_got_nothing_since_is_refused_and_may_be_overridden() -> None:
    earth = synced(fake_world())
    some_lag(earth)
    lose(earth, sighted=True)
    fail_over(earth.ports(), accepted=AcceptedLoss(1000))
    earth.settle(3)
    earth.north.down = earth.workers["north"].worker_down = earth.mirrors["south", "north"].worker_down = False
    lose_south(earth)
    before = len(earth.effects.names)
    with pytest.raises(Blocked, match=r"reasons? to wait") as told:
        fail_over(earth.new_process(), "south", "north", accepted=AcceptedLoss(unknown=True))
    assert "was never begun: north has nothing of what was written at south since" in told.value.reasons[0]
    assert told.value.exit_code == 32
    assert len(earth.effects.names) == before
    world, any_loss = earth.new_process(), AcceptedLoss(unknown=True)
    plan = failover.plan(world, "south", "north", observe=observe, accepted=any_loss)
    result = runner.run(plan, world, RecordingObserver(), Terms(overrides={"link-unproven": "south burnt down"}))
    assert result.state is RunState.DONE
    assert "link-unproven" in earth.journal.entries(result.run.id)[0].body["overridden"]


def test_a_failover_back_over_a_link_home_that_was_begun_asks_for_no_override() -> None:
    earth = fake_world()
    switch(earth.ports())
    earth.settle(5)
    lose_south(earth)
    earth.mirrors["south", "north"].state = ConnectorState.FAILED  # its source is dead
    assert fail_over(earth.new_process(), "south", "north", accepted=AcceptedLoss(unknown=True)).run.target == "north"


def lose_south(earth: FakeWorld) -> None:
    """South is gone, brokers and worker."""
    earth.south.down = True
    earth.workers["south"].worker_down = True
    earth.mirrors["north", "south"].worker_down = True
    earth.sightings.note_silence("south", earth.clock.now())
