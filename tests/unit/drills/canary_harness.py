"""The canary on two fake sites with a link, and everything that the tests of it do there."""

from dataclasses import dataclass, field
from uuid import UUID

from drctl.drills.canary.judging import CanaryVerdict
from drctl.drills.canary.loop import LOOK, TURN, CanaryLoop, CanaryTerms
from drctl.model.canary import CANARY_RECORDS
from drctl.model.fence import DenyRule, Scope
from drctl.model.offsets import TopicPartition
from drctl.ports import CanaryPorts
from tests.fakes import FakeCanarySite, FakeClientRouting, FakeClock, FakeMirror, FakeSite

TERMS = CanaryTerms(rate=5.0, window=20.0, settle=60.0)
RUN = UUID(int=7)
PLACE = TopicPartition(CANARY_RECORDS, 0)


@dataclass
class CanaryHarness:
    """North serves, the link copies to south, and the canary is at work."""

    clock: FakeClock = field(default_factory=FakeClock)
    routing: FakeClientRouting = field(default_factory=lambda: FakeClientRouting("north"))
    told: list[CanaryVerdict] = field(default_factory=list)

    def __post_init__(self) -> None:
        names = ("north", "south")
        self.sites = {name: FakeSite(name, {CANARY_RECORDS: 3}, self.clock) for name in names}
        self.north, self.south = self.sites["north"], self.sites["south"]
        self.link = FakeMirror(self.north, self.south, [CANARY_RECORDS], running=True)
        self.link.batch = 50
        self.home = FakeMirror(self.south, self.north, [CANARY_RECORDS])
        self.fakes = {name: FakeCanarySite(site) for name, site in self.sites.items()}
        self.loop = self.canary()

    def canary(self, run: UUID = RUN, terms: CanaryTerms = TERMS) -> CanaryLoop:
        other = {"north": ("south",), "south": ("north",)}
        ports = CanaryPorts(self.fakes, self.routing, self.clock)
        loop = CanaryLoop(ports, other.__getitem__, run, terms)
        loop.begin()
        return loop

    def work(self, seconds: float) -> list[CanaryVerdict]:
        """Let it work, and return what was judged meanwhile."""
        found = []
        for _ in range(round(seconds / TURN)):
            found += self.loop.turn()
            self.clock.sleep(TURN)
        self.told += found
        return found

    def end(self, patience: float = 30.0) -> list[CanaryVerdict]:
        return self.loop.finish(patience, lambda: False)

    def move(self) -> None:
        """Move clients to south as a switchover does, with the group's positions."""
        self.routing.pointer = None
        self.north.denials = {DenyRule("User:canary", Scope.TOPICS)}
        self.work(LOOK + 1)
        self.link.halt()
        self.work(1)
        self.home.prepare({p: len(log.entries) - 1 for p, log in self.south.logs.items()})
        self.home.start()
        for partition, position in self.north.group(CANARY_RECORDS).committed.items():
            behind = sum(1 for _ in self.north.logs[partition].data(position.offset))
            offsets = [offset for offset, _ in self.south.logs[partition].data(0)]
            self.south.group(CANARY_RECORDS).committed[partition] = type(position)(
                offsets[len(offsets) - behind] if behind else len(self.south.logs[partition].entries)
            )
        self.routing.pointer = "south"
