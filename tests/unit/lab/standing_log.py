"""A partition with three replicas on brokers that only sleep: it does what Kafka does with those that run.

Who runs is what the kernel says. A follower that runs copies its leader at once; one that is gone is out of sync, while
a quorum runs; without a leader one that is in sync leads, or any if that is allowed; the others cut their logs to its.
"""

from dataclasses import dataclass, field
from uuid import UUID

from drctl.errors import LabError
from drctl.lab.lab import Lab
from drctl.lab.replicated_log import LogTail, NamedRecord
from drctl.model.offsets import LogBounds, TopicPartition
from tests.unit.lab.stand_ins import SLEEP, state

RUN = UUID(int=7)
PLACE = TopicPartition("turbines.readings", 0)
EACH = 10
"""Records that the workload writes between two questions, if it may."""
CAREFUL, CARELESS = 1, 9


@dataclass
class StandingLog:
    """Stands in for a replicated log. ``leaks``: a frozen follower copies, too. ``obeys``: settings have an effect."""

    lab: Lab
    site: str = "north"
    place: TopicPartition = PLACE
    leaks: bool = False
    obeys: bool = True
    begins: int = 0
    leads: int = 2
    synced: set[int] = field(default_factory=lambda: {1, 2, 3})
    logs: dict[int, list[NamedRecord]] = field(default_factory=lambda: {1: [], 2: [], 3: []})
    acknowledged: list[NamedRecord] = field(default_factory=list)
    settings: dict[str, str | None] = field(default_factory=dict)

    def process(self, broker: int) -> str:
        return self.lab.layout[self.site].broker(broker)

    def leader(self) -> int:
        self._go_on()
        if not self.leads:
            raise LabError("nobody leads")
        return self.leads

    def followers(self) -> list[int]:
        return sorted({1, 2, 3} - {self.leader()})

    def in_sync(self) -> set[int]:
        self._go_on()
        return self.synced

    def bounds(self) -> LogBounds:
        """Of the log that is led; the workload writes on behind it, with acks=all."""
        end = len(self.logs[self.leader()])
        needed = int(self.settings.get("min.insync.replicas") or 2) if self.obeys else 2
        if len(self.synced) >= needed:
            self._append(CAREFUL)
        return LogBounds(self.begins, end, end)

    def tail(self, begin: int) -> LogTail:
        return LogTail(begin, frozenset(self.logs[self.leader()][begin:]))

    def change(self, settings: dict[str, str | None]) -> None:
        self.settings |= settings

    def delete_below(self, offset: int) -> None:
        self.begins = offset if self.obeys else 0

    def write(self, count: int) -> LogTail:
        """Write with acks=1."""
        begin = len(self.logs[self.leads])
        return LogTail(begin, frozenset(self._append(CARELESS, count)))

    def cut(self, directory: object, partition: str, offset: int) -> int:
        """Take what is from that offset on from the log of the leader that is dead."""
        assert state(self.lab, self.process(self.leads)) == "gone"
        self.logs[self.leads] = self.logs[self.leads][:offset]
        return 1

    def start(self, site: str, names: list[str] | None = None) -> None:
        """Start brokers, or all, in place of :meth:`drctl.lab.lab.Lab.start_brokers`."""
        for name in names or self.lab.layout[site].brokers:
            self.lab.processes.start(name, SLEEP)

    def _append(self, producer: int, count: int = EACH) -> list[NamedRecord]:
        first = len(self.acknowledged)
        new = [NamedRecord(RUN, producer, number) for number in range(first, first + count)]
        self.acknowledged += new
        self.logs[self.leads] += new
        self._go_on()
        return new

    def _go_on(self) -> None:
        states = {broker: state(self.lab, self.process(broker)) for broker in self.logs}
        runs = {broker for broker, told in states.items() if told == "running"}
        if self.leads in runs:
            self.synced -= {broker for broker, told in states.items() if told == "gone"}
        elif len(runs) >= 2:
            allowed = self.obeys and self.settings.get("unclean.leader.election.enable") == "true"
            able = sorted(runs & self.synced) or (sorted(runs) if allowed else [])
            if not able and self.leads:
                return  # whoever was the last in sync is waited for
            self.leads, self.synced = able[0], set(able[:1])
        if self.leads in runs:
            copying = runs | ({broker for broker, told in states.items() if told == "stopped"} if self.leaks else set())
            for broker in copying:
                self.logs[broker] = list(self.logs[self.leads])
