"""Two sites, a mirror each way, clients, and the ports over them."""

from datetime import timedelta
from pathlib import Path

from drctl.model.fence import Denial, Scope
from drctl.model.offsets import TopicPartition
from drctl.model.site import Canary, Guards, Link, Objectives, PlanFile, Site, Workload
from drctl.ports import LinkPorts, SitePorts, World
from tests.fakes.clients import FakeConsumer, FakeProducer
from tests.fakes.clock import FakeClock
from tests.fakes.connectors import FakeConnectors
from tests.fakes.effects import Effects
from tests.fakes.kafka import FakeBrokers, FakeFence, FakePositions, FakeRecords, FakeTail
from tests.fakes.mirror import FakeMappings, FakeMirror, FakeReplication
from tests.fakes.site import FakeSite
from tests.fakes.store import FakeEpochs, FakeFrontDoor, FakeJournal, FakeLease, Seat

TOPICS = {"turbines.readings": 2, "shop.orders": 2}
GROUPS = {"dispatch": 1, "billing": 2}
"""Each group with the ticks it rests between readings: billing lags."""
NAMES = ("north", "south")
APPLICATIONS = ("User:turbines", "User:shop")


def plan_file(sinks: tuple[str, ...] = ()) -> PlanFile:
    """The plan file of the fake world."""
    return PlanFile(
        name="fake",
        path=Path("/plan.yaml"),
        digest="0" * 64,
        sites=tuple(
            Site(
                n,
                f"{n}:9092",
                Path(f"/{n}.properties"),
                f"http://{n}:8083",
                Canary(Path("/canary.properties"), "canary"),
            )
            for n in NAMES
        ),
        links=tuple(
            Link(f"{a}-to-{b}", a, b, Path(f"/{a}-to-{b}.json"), "User:mm2") for a, b in (NAMES, tuple(reversed(NAMES)))
        ),
        workloads=(Workload("wind-farm", tuple(TOPICS), tuple(GROUPS), sinks),),
        objectives=Objectives(timedelta(seconds=60), timedelta(0)),
        guards=Guards(fence_window=timedelta(seconds=1), step_timeout=timedelta(seconds=30), max_lag=1000),
        front_door=Path("/front-door.json"),
        state=Path("/state.sqlite"),
    )


class FakeWorld:
    """North serves, south is the fenced standby, the link north to south runs, clients are at work.

    :meth:`ports` is a new process' view of it all: same sites and stores, a lease of its own.
    """

    def __init__(self, sinks: tuple[str, ...] = ()) -> None:
        self.plan = plan_file(sinks)
        self.clock, self.effects, self.seat = FakeClock(), Effects(), Seat()
        self.sites = {name: FakeSite(name, {**TOPICS, "canary": 1}, self.clock) for name in NAMES}
        self.north, self.south = self.sites["north"], self.sites["south"]
        for site in self.sites.values():
            site.allowed |= set(APPLICATIONS)
        self.south.denials = {Denial(p, s) for p in (*APPLICATIONS, "User:canary") for s in Scope}
        self.mirrors = {
            ("north", "south"): FakeMirror(self.north, self.south, TOPICS, running=True),
            ("south", "north"): FakeMirror(self.south, self.north, TOPICS),
        }
        self.database: dict[TopicPartition, list[bytes]] = {}
        self.workers = {n: FakeConnectors(s, self.database, self.effects) for n, s in self.sites.items()}
        for name in sinks:
            self.workers["north"].put(name, {"connector.class": "JdbcSink", "topics": ",".join(TOPICS)})
            self.workers["north"].resume(name)
        self.effects.names.clear()
        self.journal = FakeJournal(self.clock, self.effects)
        self.epochs = FakeEpochs(self.effects)
        self.door = FakeFrontDoor("north", self.effects)
        turbines, shop = APPLICATIONS
        self.producers = [
            FakeProducer("turbine", turbines, "turbines.readings", self.door, self.sites),
            FakeProducer("shop", shop, "shop.orders", self.door, self.sites, transactional=True),
        ]
        self.consumers = {
            group: FakeConsumer(group, tuple(TOPICS), self.door, self.sites, pace=1 if rest > 1 else 3, rest=rest)
            for group, rest in GROUPS.items()
        }

    def ports(self) -> World:
        """The ports for a new process."""
        sites = {
            name: SitePorts(
                name,
                FakeBrokers(site),
                FakeRecords(site),
                FakePositions(site, self.effects),
                FakeFence(site, self.effects),
                FakeTail(site),
                self.workers[name],
            )
            for name, site in self.sites.items()
        }
        plan = self.plan
        links = {
            pair: LinkPorts(plan.link(*pair), FakeReplication(mirror, self.effects), FakeMappings(mirror))
            for pair, mirror in self.mirrors.items()
        }
        lease = FakeLease(self.seat)
        return World(plan, sites, links, self.door, self.journal, self.epochs, lease, self.clock)

    def new_process(self) -> World:
        """The old process is gone, and its lease with it; a new one sees this."""
        self.effects.go_on()
        self.seat.owner, self.seat.holder = None, ""
        return self.ports()

    def settle(self, seconds: float = 5.0) -> None:
        """Let everybody work on for a while."""
        self.clock.sleep(seconds)

    def come_to_rest(self) -> None:
        """Producers end; mirror and consumers finish what there is."""
        for producer in self.producers:
            producer.running = False
        self.clock.sleep(60)

    def writable(self, principal: str = APPLICATIONS[0]) -> frozenset[str]:
        """The sites at which that principal may write now."""
        return frozenset(name for name, site in self.sites.items() if site.may(principal))


def fake_world(*sinks: str) -> FakeWorld:
    """A world in which everything is well and some seconds of work are done; with sink connectors of these names."""
    world = FakeWorld(sinks)
    world.settle()
    return world
