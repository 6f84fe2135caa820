"""What the sentences about failovers share."""

from drctl.errors import Forbidden, Unreachable
from drctl.model.fence import Attestation
from drctl.model.loss import AcceptedLoss
from drctl.model.offsets import TopicPartition
from drctl.model.run import RunResult, RunState
from drctl.monitors import Sessions, observe
from drctl.plans import failover, runner
from drctl.plans.group_sync import GroupSync
from drctl.ports import World
from tests.fakes import FakeSite, FakeTail, FakeWorld
from tests.spec.harness import RecordingObserver

ANY = AcceptedLoss(10_000)
SOMEBODY = Attestation("anna", "the building is without power")

type Lost = dict[TopicPartition, list[bytes]]


def fail_over(
    world: World,
    source: str = "north",
    target: str = "south",
    *,
    accepted: AcceptedLoss | None = None,
    attestation: Attestation | None = None,
) -> RunResult:
    """One process' attempt to go on at the target."""
    plan = failover.plan(world, source, target, observe=observe, accepted=accepted, attestation=attestation)
    return runner.run(plan, world, RecordingObserver())


def synced(earth: FakeWorld, source: str = "north", target: str = "south", *, sighted: bool = True) -> FakeWorld:
    """The same world after the service has kept the positions for some seconds, and has seen the source's ends."""
    group_sync, tail, sessions = GroupSync(earth.ports(), source, target), FakeTail(earth.sites[source]), Sessions()
    for number in range(15):
        sessions.apply(tail.poll(0.1).changes)
        moved = sessions.take_moved()
        group_sync.note({g: {p: sessions.positions(g)[p].committed for p in each} for g, each in moved.items()})
        group_sync.cycle()
        earth.clock.sleep(0.2)
        if sighted and number % 5 == 4:
            earth.sight()
    earth.effects.names.clear()
    return earth


def some_lag(earth: FakeWorld) -> None:
    """The link falls behind while everybody works."""
    earth.mirrors["north", "south"].holds = True
    earth.settle(1)
    earth.mirrors["north", "south"].holds = False


def lose(earth: FakeWorld, *, sighted: bool = False) -> None:
    """North is gone, brokers and worker; with ``sighted`` its ends were seen a moment before."""
    if sighted:
        earth.sight()
    earth.north.down = True
    earth.workers["north"].worker_down = True
    earth.mirrors["south", "north"].worker_down = True
    earth.sightings.note_silence("north", earth.clock.now())


def distrusted(earth: FakeWorld) -> FakeWorld:
    """North answers, but a partition of it has no leader for drctl's gates: one broker is missing."""
    earth.missing_brokers = {"north": [2, 3]}
    return earth


def watch_two_writers(earth: FakeWorld) -> list[str]:
    """A writer on each side that tries at every tick and around every effect; moments at which both succeeded."""
    found: list[str] = []

    def look(moment: str = "a tick") -> None:
        if len([name for name, site in earth.sites.items() if _takes_a_write(site)]) > 1:
            found.append(moment)

    earth.effects.watchers.append(look)
    earth.clock.actors.append(look)
    return found


def _takes_a_write(site: FakeSite) -> bool:
    try:
        site.write(TopicPartition("canary", 0), b"probe", "User:turbines")
    except (Forbidden, Unreachable):
        return False
    return True


def beyond_the_frontier(earth: FakeWorld) -> Lost:
    """What a reader would find at north and the link has not copied."""
    mirror = earth.mirrors["north", "south"]
    found = {p: [r for _, r in log.data(mirror.stored.get(p, -1) + 1)] for p, log in earth.north.logs.items()}
    return {p: records for p, records in found.items() if records and p.topic != "canary"}


def require_served_by_target(earth: FakeWorld, lost: Lost, *, repeats: bool = True) -> None:
    """South is in use alone, and has every acknowledged record but these; no group has skipped one that is there."""
    assert earth.routing.site() == "south"
    assert not earth.south.denials
    assert not earth.ports().links["north", "south"].replication.status().source.tasks
    earth.come_to_rest()
    for producer in earth.producers:
        for partition, acknowledged in producer.acknowledged.items():
            gone = set(lost.get(partition, ()))
            assert earth.south.payloads(partition) == [each for each in acknowledged if each not in gone], partition
    require_nothing_skipped(earth, repeats=repeats)


def require_as_before(earth: FakeWorld) -> None:
    """North is open and in use, south fenced, the link runs."""
    assert earth.writable() == {"north"}
    assert earth.routing.site() == "north"
    assert earth.ports().links["north", "south"].replication.status().working
    assert earth.journal.runs()[-1][1] is RunState.ROLLED_BACK


def require_nothing_skipped(earth: FakeWorld, *, repeats: bool = True) -> None:
    """Every group has processed every record that is at south; without ``repeats`` each once."""
    earth.come_to_rest()
    for group, consumer in earth.consumers.items():
        for partition, processed in consumer.processed.items():
            there = earth.south.payloads(partition)
            assert set(there) <= set(processed), (group, partition)
            if not repeats:
                own = [each for each in processed if each in set(there)]
                assert own == there, (group, partition)
