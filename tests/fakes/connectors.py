"""Sink connectors at one site, in memory: while one runs, its group reads and the database gets the records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from threading import Event

from drctl.errors import Conflict, DeadlinePassed, NotFound, Unreachable
from drctl.model.link import Connector, ConnectorState, Task
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.session import Member
from drctl.ports.permit import Permit, always
from tests.fakes.effects import Effects
from tests.fakes.site import FakeSite

type Database = dict[TopicPartition, list[bytes]]
"""What was delivered, in order; shared by the sites. A record delivered twice is there twice."""


@dataclass(slots=True)
class _Sink:
    config: dict[str, str]
    state: ConnectorState = ConnectorState.STOPPED
    lingering: int = 0

    def group(self, name: str) -> str:
        """The group that it reads as."""
        return self.config.get("consumer.override.group.id", f"connect-{name}")


@dataclass(eq=False)
class FakeConnectors:
    """Reads ``pace`` records per partition and tick for every running connector, and commits them.

    While it is ``frozen`` it answers once that is set, and nobody waits for it longer than ``patience`` seconds of the
    real clock. ``broken`` connectors fail for the reason given. ``never_stops`` holds those whose tasks do not end,
    ``lingers`` is how many ticks a member stays in its group after its connector is STOPPED.
    """

    site: FakeSite
    database: Database = field(default_factory=dict)
    effects: Effects = field(default_factory=Effects)
    worker_down: bool = False
    frozen: Event | None = None
    patience: float = 0.1
    broken: dict[str, str] = field(default_factory=dict)
    never_stops: set[str] = field(default_factory=set)
    lingers: int = 0
    pace: int = 3
    links: dict[str, dict[str, str]] = field(default_factory=dict)
    """Configurations of MirrorMaker 2's connectors that run here, by name."""
    links_stand: bool = False
    """Whether these are stopped."""

    def __post_init__(self) -> None:
        self.sinks: dict[str, _Sink] = {}
        self.site.clock.actors.append(self.tick)

    def tick(self) -> None:
        """Join the groups, read a little, or leave."""
        for name, sink in self.sinks.items():
            own = sink.group(name)
            group = self.site.group(own) if own in self.site.groups else None
            if sink.state is ConnectorState.RUNNING and name not in self.broken:
                group = self.site.group(own)
                group.members = (Member(f"connector-consumer-{name}-0", name, "/127.0.0.1"),)
                if not self.site.down:
                    self._deliver(name, sink)
            elif sink.lingering:
                sink.lingering -= 1
            elif group and sink.state is not ConnectorState.PAUSED:  # its tasks stay in their group
                group.members = ()

    def _deliver(self, name: str, sink: _Sink) -> None:
        committed = self.site.group(sink.group(name)).committed
        topics = sink.config.get("topics", "").split(",")
        for partition in sorted(p for p in self.site.logs if p.topic in topics):
            begin = committed[partition].offset if partition in committed else 0
            records = list(islice(self.site.logs[partition].data(begin), self.pace))
            self.database.setdefault(partition, []).extend(payload for _, payload in records)
            if records:
                committed[partition] = Committed(records[-1][0] + 1)

    def _reach(self) -> None:
        if self.worker_down or (self.frozen is not None and not self.frozen.wait(self.patience)):
            raise Unreachable(f"the Connect worker at {self.site.name} does not answer")

    def names(self) -> tuple[str, ...]:
        self._reach()
        return tuple(sorted((*self.links, *self.sinks)))

    def definition(self, name: str) -> Mapping[str, str] | None:
        self._reach()
        if name in self.links:
            return dict(self.links[name])
        return dict(self.sinks[name].config) if name in self.sinks else None

    def state(self, name: str) -> Connector:
        self._reach()
        if name in self.links:
            return Connector(name, ConnectorState.STOPPED if self.links_stand else ConnectorState.RUNNING)
        sink = self.sinks.get(name)
        if sink is None:
            return Connector(name, ConnectorState.ABSENT)
        if sink.state is not ConnectorState.RUNNING:
            return Connector(name, sink.state)
        why = self.broken.get(name, "")
        return Connector(name, sink.state, (Task(0, ConnectorState.FAILED if why else sink.state, why),))

    def put(self, name: str, config: Mapping[str, str], permit: Permit = always) -> None:
        self._reach()
        if name in self.links:
            with self.effects(f"put {name} at {self.site.name}"):
                self.links[name].update(config)
            return
        if "connector.class" not in config:
            raise Conflict(f"the Connect worker at {self.site.name} declines {name}: it has no connector.class")
        wanted = {key: value for key, value in config.items() if key != "name"}
        if name in self.sinks and self.sinks[name].config == wanted:
            return
        permit()
        with self.effects(f"put {name} at {self.site.name}"):
            self.sinks.setdefault(name, _Sink(wanted)).config = wanted

    def stop(self, name: str, permit: Permit = always) -> None:
        self._reach()
        if name in self.never_stops:
            raise DeadlinePassed(f"{name} at {self.site.name} has not stopped")
        if self.state(name).halted:
            return
        permit()
        with self.effects(f"stop {name} at {self.site.name}"):
            self.sinks[name].state, self.sinks[name].lingering = ConnectorState.STOPPED, self.lingers
        self.site.clock.sleep(0.2)

    def resume(self, name: str, permit: Permit = always) -> None:
        self._reach()
        if name not in self.sinks:
            raise NotFound(f"{self.site.name}: there is no connector {name}")
        if self.sinks[name].state is ConnectorState.RUNNING:
            return
        permit()
        with self.effects(f"resume {name} at {self.site.name}"):
            self.sinks[name].state = ConnectorState.RUNNING

    def pause(self, name: str, permit: Permit = always) -> None:
        self._reach()
        if name not in self.sinks:
            raise NotFound(f"{self.site.name}: there is no connector {name}")
        if self.sinks[name].state is ConnectorState.PAUSED:
            return
        permit()
        with self.effects(f"pause {name} at {self.site.name}"):
            self.sinks[name].state = ConnectorState.PAUSED
