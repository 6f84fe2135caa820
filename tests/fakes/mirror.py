"""MirrorMaker 2 on one link, in memory: copies in transactions, so that offsets drift, and leaves sparse syncs."""

import re
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from itertools import islice

from drctl.errors import Conflict, NotFound, Unreachable
from drctl.model.link import Connector, ConnectorState, LinkStatus, Task
from drctl.model.offsets import Checkpoint, Mark, OffsetSync, TopicPartition
from drctl.model.sync_history import SyncHistory
from drctl.ports.permit import Permit, always
from tests.fakes.effects import Effects
from tests.fakes.site import Ending, FakeSite

_SOURCE_CONFIG = {
    "exactly.once.support": "required",
    "header.converter": "org.apache.kafka.connect.converters.ByteArrayConverter",
    "offset-syncs.topic.location": "target",
    "replication.policy.class": "org.apache.kafka.connect.mirror.IdentityReplicationPolicy",
    "source.consumer.isolation.level": "read_committed",
}


COPYING = "source"
BESIDE = ("checkpoint", "heartbeat")
"""The connectors of a link that copy no records, in the order in which they are resumed."""
TOPIC_ID = "id-of-the-syncs"
RACED = "org.apache.kafka.common.errors.InvalidTxnStateException: The producer attempted an operation in a wrong state"


@cache  # it is asked for every partition in every tick
def _named(patterns: str, topic: str) -> bool:
    return re.fullmatch(patterns.replace(",", "|"), topic) is not None


class FakeMirror:
    """Copies ``topics`` from one site to the other, ``batch`` records per partition and tick, while it runs.

    A sync is written for every ``spacing``-th record and for the last one when it has caught up, that one ``held_back``
    seconds later, as by a worker that commits its offsets seldom: ``late`` are those, with when they are due.
    ``holds`` keeps it from copying without showing; ``slow_to_stop`` is how many ticks it runs on after ``stop``,
    and ``slow_to_start`` how many it is told as STOPPED after ``start``.
    Stopped while its source is down it is ``clinging``: told as RUNNING, without a task. ``checkpoints_on``: only the
    source connector was stopped; ``idle`` are those that stay stopped beside a source connector that runs. Its
    configuration's ``topics`` and ``topics.exclude`` narrow what it copies. Topics that begin with one of ``finds`` it
    copies, too, and makes them at the target. ``failures`` is how often the source connector's task still fails, each
    time that it runs; ``failed`` is why it has, empty while it runs.
    """

    def __init__(
        self, source: FakeSite, target: FakeSite, topics: Iterable[str], *, running: bool = False, prefix: str = ""
    ) -> None:
        self.source, self.target, self.topics, self.prefix = source, target, frozenset(topics), prefix
        self.principal = "User:mm2"
        self.state = ConnectorState.RUNNING if running else ConnectorState.ABSENT
        self.stored: dict[TopicPartition, int] = {}
        self.syncs: dict[TopicPartition, list[OffsetSync]] = {}
        self.places: dict[tuple[TopicPartition, OffsetSync], int] = {}
        self.written = 0
        self.topic_missing = ""
        self.worker_down = False
        self.holds = False
        self.finds: tuple[str, ...] = ()
        self.batch, self.spacing, self.slow_to_stop, self.slow_to_start = 5, 7, 2, 0
        self.config = dict(_SOURCE_CONFIG)
        if prefix:
            self.config["replication.policy.class"] = "org.apache.kafka.connect.mirror.DefaultReplicationPolicy"
            self.config["source.cluster.alias"] = source.name
        self.tasks_held = ""
        self.failures, self.failed, self.restarts_itself = 0, "", False
        self.clinging = False
        self.checkpoints_on = False
        self.idle: set[str] = set()
        self.held_back = 0.0
        self.late: dict[TopicPartition, tuple[float, OffsetSync]] = {}
        self._stopping = self._starting = 0
        self._unsynced: dict[TopicPartition, int] = {}
        target.clock.actors.append(self.tick)

    def tick(self) -> None:
        """Copy a little, unless stopped, held or cut off from a site."""
        if self.clinging and not self.source.down:
            self.clinging, self.state = False, ConnectorState.STOPPED
        self._stop_slowly()
        self._start_slowly()
        if self._stands() or self._fail():
            return
        if not self.target.may(self.principal):
            self.state = ConnectorState.FAILED
            return
        for partition in self._behind():
            found = bool(self.finds) and partition.topic.startswith(self.finds)
            if (found or partition.topic in self.topics) and self._takes(partition.topic):
                if found and self.image(partition) not in self.target.logs:
                    count = sum(p.topic == partition.topic for p in self.source.logs)
                    self.target.make(self.image(partition).topic, count, {})
                self._copy(partition)
        self._note_what_is_due()

    def _behind(self) -> list[TopicPartition]:
        """Return the partitions in which there may be something to copy or, where topics are found, to make.

        Most of the time there is none, and the specs tick a million times.
        """
        logs, stored = self.source.logs, self.stored
        return sorted(p for p, log in logs.items() if self.finds or stored.get(p, -1) + 1 != len(log.entries))

    def _note_what_is_due(self) -> None:
        for partition, (due, sync) in tuple(self.late.items()):
            if due <= self.target.clock.monotonic():
                self._note(partition, sync)
                del self.late[partition]

    def _takes(self, topic: str) -> bool:
        wanted, excluded = self.config.get("topics", ".*"), self.config.get("topics.exclude", "")
        return _named(wanted, topic) and not _named(excluded, topic)

    def _copy(self, partition: TopicPartition) -> None:
        log = self.source.logs[partition]
        begin = self.stored.get(partition, -1) + 1
        if begin > len(log.entries):
            begin = log.start  # out of range: auto.offset.reset=earliest
        records = list(islice(log.data(begin), self.batch)) if begin < len(log.entries) else []
        if not records:
            return
        transaction = self.target.begin(self.principal)
        for upstream, payload in records:
            downstream = transaction.write(self.image(partition), payload)
            original, copy = log.entries[upstream], self.target.logs[self.image(partition)].entries[downstream]
            copy.key, copy.headers, copy.tombstone = original.key, original.headers, original.tombstone
            copy.stamped = original.untimed
            self._unsynced[partition] = self._unsynced.get(partition, self.spacing - 1) + 1
            last = upstream == records[-1][0] and not any(True for _ in log.data(upstream + 1))
            if self._unsynced[partition] < self.spacing and last and self.held_back:
                self.late[partition] = self.target.clock.monotonic() + self.held_back, OffsetSync(upstream, downstream)
            elif self._unsynced[partition] >= self.spacing or last:
                self.late.pop(partition, None)
                self._note(partition, OffsetSync(upstream, downstream))
                self._unsynced[partition] = 0
        transaction.end(Ending.COMMITTED)
        self.stored[partition] = records[-1][0]

    def _note(self, partition: TopicPartition, sync: OffsetSync) -> None:
        self.syncs.setdefault(partition, []).append(sync)
        self.places[partition, sync] = self.written
        self.written += 1

    def image(self, partition: TopicPartition) -> TopicPartition:
        """What the target calls it."""
        return TopicPartition(self.prefix + partition.topic, partition.partition)

    def halt(self, *, copying_only: bool = False) -> None:
        """Begin to stop. One that has not begun yet does not begin."""
        self._starting = 0
        self.checkpoints_on = copying_only and self.state is not ConnectorState.ABSENT
        if self.state is ConnectorState.RUNNING and self.source.down:
            self.clinging = True
            return
        runs = (ConnectorState.RUNNING, ConnectorState.FAILED, ConnectorState.PAUSED)
        if self.state in runs and not self._stopping:
            self._stopping = self.slow_to_stop

    def pause(self) -> None:
        """Stay as a connector that is ready to run, and copy nothing."""
        self._starting = self._stopping = 0
        self.state = ConnectorState.PAUSED

    def start(self) -> None:
        """Run from the stored offsets. As in Connect, a task that has failed stays so unless it was stopped."""
        self._stopping = 0
        if self.slow_to_start and self.state is ConnectorState.STOPPED:
            self._starting = self._starting or self.slow_to_start
            return
        self._run()

    def _run(self) -> None:
        if self.state is not ConnectorState.RUNNING:
            self.failed = ""
        self.clinging = self.checkpoints_on = False
        self.state = ConnectorState.RUNNING
        self.idle.clear()
        self._fail()

    def restart(self) -> None:
        """Let what has failed run again."""
        self.failed, self.state = "", ConnectorState.RUNNING
        self._fail()

    def _stop_slowly(self) -> None:
        if self._stopping:
            self._stopping -= 1
            if not self._stopping:
                self.state, self.failed = ConnectorState.STOPPED, ""

    def _start_slowly(self) -> None:
        if self._starting:
            self._starting -= 1
            if not self._starting:
                self._run()

    def _stands(self) -> bool:
        stopped = self.state is not ConnectorState.RUNNING or self.clinging
        return stopped or self.holds or self.source.down or self.target.down

    def _fail(self) -> bool:
        """Whether its task has failed, now or before."""
        if self.failures and not self.failed:
            self.failures, self.failed = self.failures - 1, RACED
        return bool(self.failed)

    def prepare(self, ends: Mapping[TopicPartition, int]) -> None:
        """Be stopped, with copying to begin at ``ends``."""
        self.state = ConnectorState.STOPPED
        for partition, end in ends.items():
            self.stored[partition] = end - 1
            self._unsynced.pop(partition, None)  # a task writes a sync of the first record that it copies
            if not end:
                del self.stored[partition]


class FakeReplication:
    """The link's connectors."""

    def __init__(self, mirror: FakeMirror, effects: Effects | None = None) -> None:
        self.mirror = mirror
        self._effects = effects or Effects()

    def _reach(self) -> None:
        if self.mirror.worker_down:
            raise Unreachable(f"the Connect worker at {self.mirror.target.name} does not answer")

    def status(self) -> LinkStatus:
        self._reach()
        state = self.mirror.state
        runs = state in (ConnectorState.RUNNING, ConnectorState.FAILED)
        tasks = (Task(0, state),) if runs and not self.mirror.clinging else ()
        config = {} if state is ConnectorState.ABSENT else self.mirror.config
        own = (Task(0, ConnectorState.FAILED, self.mirror.failed),) if tasks and self.mirror.failed else tasks
        source = Connector("source-connector", state, own, config, restarts_itself=self.mirror.restarts_itself)
        if self.mirror.checkpoints_on:
            state, tasks = ConnectorState.RUNNING, (Task(0, ConnectorState.RUNNING),)
        stopped = state if state is ConnectorState.ABSENT else ConnectorState.STOPPED
        others = [
            Connector(f"{kind}-connector", *((stopped, ()) if kind in self.mirror.idle else (state, tasks)), config)
            for kind in BESIDE
        ]
        return LinkStatus(source, *others)

    def frontier(self) -> Mapping[TopicPartition, int]:
        self._reach()
        if self.mirror.state is ConnectorState.ABSENT:
            raise NotFound(f"{self.mirror.target.name}: there is no connector")
        return {partition: stored + 1 for partition, stored in self.mirror.stored.items()}

    def stop(self, permit: Permit = always, *, copying_only: bool = False) -> None:
        self._reach()
        wanted = (COPYING,) if copying_only else (COPYING, *BESIDE)
        with self._effects(f"stop link to {self.mirror.target.name}") as parts:
            for kind in parts(wanted, in_order=True):
                permit()
                self.mirror.halt(copying_only=kind == COPYING)

    def stop_checkpoints(self, permit: Permit = always) -> None:
        self._reach()
        with self._effects(f"stop checkpoints to {self.mirror.target.name}") as parts:
            for kind in parts(BESIDE, in_order=True):
                permit()
                self.mirror.idle.add(kind)

    def resume(self, permit: Permit = always) -> None:
        self._reach()
        permit()
        idle = set(BESIDE) if self.mirror.state is not ConnectorState.RUNNING else set(self.mirror.idle)
        with self._effects(f"resume link to {self.mirror.target.name}"):
            self.mirror.start()
            self.mirror.idle = idle
        for kind in BESIDE:
            if kind in idle:
                permit()
                with self._effects(f"resume {kind} connector to {self.mirror.target.name}"):
                    self.mirror.idle.discard(kind)

    def restart_failed(self, permit: Permit = always) -> Mapping[str, str]:
        failed = self.status().failed
        if failed:
            permit()
            with self._effects(f"restart what has failed of the link to {self.mirror.target.name}"):
                self.mirror.restart()
        return failed

    def restart_from(self, ends: Mapping[TopicPartition, int], permit: Permit = always) -> None:
        self._reach()
        if not self.status().source.halted:
            raise Conflict("the source connector is not stopped", remedy="stop it first")
        with self._effects(f"restart link to {self.mirror.target.name}") as parts:
            permit()
            self.mirror.prepare({})
            for partition in parts(ends):
                self.mirror.prepare({partition: ends[partition]})


class FakeMappings:
    """What the link left in its topics at the target."""

    def __init__(self, mirror: FakeMirror) -> None:
        self.mirror = mirror

    def _reach(self) -> None:
        self.mirror.target.reach()
        if self.mirror.topic_missing:
            raise NotFound(f"{self.mirror.target.name}: there is no topic {self.mirror.topic_missing}")

    def syncs(
        self, partitions: Collection[TopicPartition], since: Mapping[str, Mark] | None = None
    ) -> Mapping[TopicPartition, tuple[OffsetSync, ...]]:
        self._reach()
        begin = {t: mark.offset for t, mark in (since or {}).items() if mark.topic_id == TOPIC_ID}
        found = {p: self._history(p).since(begin.get(p.topic, 0)) for p in partitions}
        return {p: syncs for p, syncs in found.items() if syncs}

    def _history(self, partition: TopicPartition) -> SyncHistory:
        history = SyncHistory()
        for sync in self.mirror.syncs.get(partition, ()):
            history.add(self.mirror.places[partition, sync], sync)
        return history

    def mark(self) -> Mark | None:
        self.mirror.target.reach()
        return None if self.mirror.topic_missing else Mark(TOPIC_ID, self.mirror.written)

    def checkpoints(self, groups: Collection[str]) -> Mapping[str, Mapping[TopicPartition, Checkpoint]]:
        self._reach()
        found: dict[str, dict[TopicPartition, Checkpoint]] = {}
        for group in groups:
            committed = self.mirror.source.groups[group].committed if group in self.mirror.source.groups else {}
            for partition, position in committed.items():
                below = [s for s in self.mirror.syncs.get(partition, []) if s.upstream <= position.offset]
                if below:
                    late = int(below[-1].upstream < position.offset)
                    translated = Checkpoint(position.offset, below[-1].downstream + late)
                    found.setdefault(group, {})[self.mirror.image(partition)] = translated
        return found
