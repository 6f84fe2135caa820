"""Two sites, a mirror each way, clients, and the ports over them."""

import pickle
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path

from drctl.model.fence import DenyRule, Scope
from drctl.model.guards import Guards, Objectives
from drctl.model.links import Link
from drctl.model.offsets import TopicPartition
from drctl.model.plan_file import PlanFile
from drctl.model.site import Canary, Site
from drctl.model.workloads import Workload
from drctl.monitors.readings import beside
from drctl.plans.copying import CopiedJournal
from drctl.plans.recreations import CurrentMappings
from drctl.plans.sink_groups import with_sink_groups
from drctl.ports import LinkPorts, SitePorts, World
from tests.fakes.arbiter import FakeArbiter
from tests.fakes.brokers import FakeBrokers
from tests.fakes.client_metrics import FakeClientMetrics
from tests.fakes.clients import FakeConsumer, FakeProducer
from tests.fakes.clock import FakeClock
from tests.fakes.commands import FakeCommands
from tests.fakes.connectors import FakeConnectors
from tests.fakes.effects import Effects
from tests.fakes.entry_point import FakeEntryPoint
from tests.fakes.link_tasks import FakeLinkTasks
from tests.fakes.mirror import FakeMappings, FakeMirror, FakeReplication
from tests.fakes.positions import FakePositions, FakeTail
from tests.fakes.records import FakeRecords
from tests.fakes.rights import FakeAccess, FakeFence
from tests.fakes.rollouts import FakeRollouts
from tests.fakes.salvage import FakeContents, FakeVault
from tests.fakes.scaling import FakeScaling
from tests.fakes.schemas import FakeSchemaRegistry
from tests.fakes.site import FakeSite
from tests.fakes.static_members import FakeStaticMembers
from tests.fakes.store import (
    FakeClientRouting,
    FakeCouriers,
    FakeEpochs,
    FakeJournal,
    FakeJournalCopy,
    FakeLease,
    FakeMemory,
    FakeSightings,
    FakeSyncReports,
    Seat,
)
from tests.fakes.topics import FakeTopics
from tests.fakes.upkeep import FakeCertificates, FakeDisk, FakeLogDirs, FakeQuorum, FakeQuotas, FakeTimekeeper
from tests.fakes.witness import FakeWitness

TOPICS = {"turbines.readings": 2, "shop.orders": 2}
GROUPS = {"dispatch": 1, "billing": 2}
"""Each group with the ticks it rests between readings: billing lags."""
NAMES = ("north", "south")
REPLICATION = {"User:mm2"}
APPLICATIONS = ("User:turbines", "User:shop")


def plan_file(sinks: tuple[str, ...] = (), *, prefixed: bool = False) -> PlanFile:
    """The plan file of the fake world; ``prefixed`` under the default replication policy."""
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
            Link(f"{a}-to-{b}", a, b, Path(f"/{a}-to-{b}.json"), "User:mm2", f"{a}." if prefixed else "")
            for a, b in (NAMES, tuple(reversed(NAMES)))
        ),
        workloads=(Workload("wind-farm", tuple(TOPICS), tuple(GROUPS), sinks),),
        objectives=Objectives(timedelta(seconds=60), timedelta(0)),
        guards=Guards(fence_window=timedelta(seconds=1), step_timeout=timedelta(seconds=30), max_lag=1000),
        client_routing=Path("/client-routing.json"),
        state=Path("/state.sqlite"),
    )


class FakeWorld:
    """North serves, south is the fenced standby, the link north to south runs, clients are at work.

    With ``copied`` every line of the journal is brought to both sites at once.

    :meth:`ports` is a new process' view of it all: same sites and stores, a lease of its own. ``through`` puts drctl's
    own drivers in the place of some of them.
    """

    def __init__(self, sinks: tuple[str, ...] = (), *, prefixed: bool = False) -> None:
        self.plan = plan_file(sinks, prefixed=prefixed)
        self.copied = False
        self.through: Callable[[World], World] | None = None
        self.clock, self.effects, self.seat = FakeClock(), Effects(), Seat()
        self.sites = {name: FakeSite(name, {**self._topics(name), "canary": 1}, self.clock) for name in NAMES}
        self.north, self.south = self.sites["north"], self.sites["south"]
        for site in self.sites.values():
            site.allowed |= set(APPLICATIONS)
        self.south.denials = {DenyRule(p, s) for p in (*APPLICATIONS, "User:canary") for s in Scope}
        self.mirrors = {
            ("north", "south"): FakeMirror(
                self.north, self.south, TOPICS, running=True, prefix=self.plan.link("north", "south").prefix
            ),
            ("south", "north"): FakeMirror(
                self.south, self.north, TOPICS, running=prefixed, prefix=self.plan.link("south", "north").prefix
            ),
        }
        self.database: dict[TopicPartition, list[bytes]] = {}
        self.workers = {n: FakeConnectors(s, self.database, self.effects) for n, s in self.sites.items()}
        for (_, at), mirror in self.mirrors.items():
            self.workers[at].links = {f"{kind}-connector": mirror.config for kind in ("source", "checkpoint")}
        for name in sinks:
            self.workers["north"].put(name, {"connector.class": "JdbcSink", "topics": ",".join(TOPICS)})
            self.workers["north"].resume(name)
        self.scaling = {name: FakeScaling(name, self.clock, self.effects) for name in NAMES}
        self.rollouts = FakeRollouts(self.clock, self.effects)
        self.certificates = {name: FakeCertificates(site) for name, site in self.sites.items()}
        self.timekeepers = {name: FakeTimekeeper(self.clock) for name in NAMES}
        self.log_dirs = {name: FakeLogDirs(site) for name, site in self.sites.items()}
        self.quotas = {name: FakeQuotas(site) for name, site in self.sites.items()}
        self.quorums = {name: FakeQuorum(site) for name, site in self.sites.items()}
        self.registries: dict[str, FakeSchemaRegistry] = {}
        self.client_metrics: dict[str, FakeClientMetrics] = {}
        self.disk = FakeDisk()
        self.effects.names.clear()
        self.journal = FakeJournal(self.clock, self.effects)
        self.copies = {name: FakeJournalCopy(site, self.effects) for name, site in self.sites.items()}
        self.epochs = FakeEpochs(self.effects)
        self.commands = FakeCommands(self.clock, self.effects)
        self.memory, self.vault = FakeMemory(), FakeVault(self.effects)
        self.routing = FakeClientRouting("north", self.effects)
        self.entry_point: FakeEntryPoint | None = None
        self.arbiter: FakeArbiter | None = None
        self.witnesses: dict[str, FakeWitness] = {}
        self.sightings, self.sync_reports = FakeSightings(), FakeSyncReports()
        self.missing_brokers: dict[str, list[int]] = {}
        turbines, shop = APPLICATIONS
        self.producers = [
            FakeProducer("turbine", turbines, "turbines.readings", self.routing, self.sites),
            FakeProducer("shop", shop, "shop.orders", self.routing, self.sites, transactional=True),
        ]
        names = tuple({topic for name in NAMES for topic in self._topics(name)})
        self.consumers = {
            group: FakeConsumer(group, names, self.routing, self.sites, pace=1 if rest > 1 else 3, rest=rest)
            for group, rest in GROUPS.items()
        }

    def _topics(self, site: str) -> dict[str, int]:
        """Every topic at that site with its partitions, copies under their names too."""
        prefixes = {"", *(link.prefix for link in self.plan.links if link.target == site)}
        return {prefix + topic: count for topic, count in TOPICS.items() for prefix in prefixes}

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
                FakeAccess(site, self.effects),
                FakeTopics(site, self.effects),
                FakeContents(site, self.effects),
                self.certificates[name],
                {"the Connect worker": self.timekeepers[name]},
                self.log_dirs[name],
                self.quotas[name],
                FakeStaticMembers(site, self.effects),
                scaling=self.scaling[name],
                schemas=self.registries.get(name),
                client_metrics=self.client_metrics.get(name),
                quorum=self.quorums[name],
            )
            for name, site in self.sites.items()
        }
        plan = self.plan
        links = {
            pair: LinkPorts(
                plan.link(*pair),
                FakeReplication(mirror, self.effects),
                CurrentMappings(plan.link(*pair).name, FakeMappings(mirror), self.journal),
                FakeLinkTasks(mirror, self.effects),
            )
            for pair, mirror in self.mirrors.items()
        }
        lease = FakeLease(self.seat)
        for name, missing in self.missing_brokers.items():
            brokers = sites[name].brokers
            assert isinstance(brokers, FakeBrokers)
            brokers.alive = [number for number in brokers.alive if number not in missing]
        journal = CopiedJournal(self.journal, FakeCouriers(self.journal, self.copies if self.copied else {}))
        world = World(
            plan,
            sites,
            links,
            self.routing,
            journal,
            self.epochs,
            lease,
            self.clock,
            memory=self.memory,
            sightings=self.sightings,
            sync_reports=self.sync_reports,
            vault=self.vault,
            journal_file=self.journal,
            commands=self.commands,
            disk=self.disk,
            copies=self.copies,
            entry_point=self.entry_point,
            rollouts=self.rollouts,
            witnesses=self.witnesses,
            arbiter=self.arbiter,
        )
        return with_sink_groups(self.through(world) if self.through else world, beside)

    def sight(self) -> None:
        """The service sees the ends of every site that answers."""
        for name, site in self.sites.items():
            if not site.down:
                ends = {p: log.bounds.high for p, log in site.logs.items() if p.topic in TOPICS}
                known = self.memory.topic_ids(name)
                anew = frozenset(topic for topic, id_ in known.items() if site.topic_id(topic) != id_)
                self.sightings.note(name, ends, self.clock.now(), anew)

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

    def open_sites(self) -> frozenset[str]:
        """The sites at which anybody that a fence can bind may do anything now: write, or end a transaction."""
        return frozenset(name for name, site in self.sites.items() if site.everyone or self._let_in(site))

    def _let_in(self, site: FakeSite) -> bool:
        """Whether any of them may do anything there; asked at every effect, so that no rule is made for it."""
        denied = {(each.principal, each.scope) for each in site.denials}
        who = site.allowed - REPLICATION - site.super_users
        return any((principal, scope) not in denied for principal in who for scope in Scope)

    def writable(self, principal: str = APPLICATIONS[0]) -> frozenset[str]:
        """The sites at which that principal may write now."""
        return frozenset(name for name, site in self.sites.items() if site.may(principal))


def fake_world(*sinks: str, prefixed: bool = False) -> FakeWorld:
    """A world in which everything is well and some seconds of work are done; with sink connectors of these names."""
    world: FakeWorld = pickle.loads(_settled(sinks, prefixed))
    return world


@cache
def _settled(sinks: tuple[str, ...], prefixed: bool) -> bytes:
    """Return such a world, to be read back: that takes a third of the time of its seconds of work."""
    world = FakeWorld(sinks, prefixed=prefixed)
    world.settle()
    return pickle.dumps(world)
