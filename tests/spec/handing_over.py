"""Groups that are handed over alone and given back, for whoever tells of them."""

from drctl.model.offsets import TopicPartition
from drctl.model.run import RunResult
from drctl.monitors import Sessions, observe
from drctl.plans import handover, runner, undo
from drctl.plans.group_sync import SOON, GroupSync
from drctl.plans.selection import narrowed
from drctl.ports import World
from tests.fakes import FakeClientRouting, FakeTail, FakeWorld
from tests.spec.harness import RecordingObserver

READINGS = TopicPartition("turbines.readings", 0)


def stop(earth: FakeWorld, group: str) -> FakeClientRouting:
    """Its consumer leaves, and from now on follows only the routing that is returned."""
    consumer = earth.consumers[group]
    routing = consumer.routing = FakeClientRouting(None)
    earth.settle(1)
    assert consumer.at is None
    return routing


def hand_over(world: World, *groups: str) -> RunResult:
    plan = handover.ordered("north", "south", observe=observe)
    return runner.run(plan, narrowed(world, groups=groups), RecordingObserver())


def take_back(world: World, *groups: str) -> RunResult:
    run, kept = undo.last_handover(world, "south", groups)
    plan = undo.ordered(run.source, run.target, kept, run.id)
    return runner.run(plan, narrowed(world, groups=sorted(kept)), RecordingObserver())


def synced(earth: FakeWorld) -> GroupSync:
    """A cycle of a service that has just begun."""
    keeper, sessions = GroupSync(earth.ports(), "north", "south"), Sessions()
    sessions.apply(FakeTail(earth.north).poll(0.1).changes)
    held = {g: {p: h.committed for p, h in sessions.positions(g).items()} for g in sessions.take_moved()}
    keeper.note(held)
    keeper.cycle()
    earth.clock.sleep(SOON)
    keeper.cycle()
    return keeper
