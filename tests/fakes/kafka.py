"""The ports of one site over a :class:`FakeSite`."""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import islice

from drctl.errors import Conflict, DrctlError, Forbidden, NotFound, PositionsPending
from drctl.model.access import AclRule, Users
from drctl.model.changes import (
    Change,
    GroupForgotten,
    GroupSeen,
    PositionForgotten,
    PositionMoved,
    TailBatch,
    UndecidedPartitions,
    partition_of,
)
from drctl.model.cluster import Broker, Cluster, Partition, Topic
from drctl.model.fence import MARK, CanaryResult, DenyRule, Scope, Writers
from drctl.model.offsets import Committed, LogBounds, RecordId, TopicPartition
from drctl.model.own_rights import OwnRights
from drctl.model.session import Group, GroupProtocol, GroupState, Member
from drctl.model.sight import KafkaView
from tests.fakes.effects import Effects
from tests.fakes.site import COORDINATORS, Entry, FakeSite, Log, identity

RETENTION = timedelta(days=7)
BROKERS = 3
MAY = ("READ", "DESCRIBE", "DESCRIBE_CONFIGS", "ALTER", "ALTER_CONFIGS", "DELETE")
"""What drctl may do with a topic."""


class FakeBrokers:
    """Three brokers; every partition led by one and in sync on all."""

    def __init__(self, site: FakeSite) -> None:
        self.site = site
        self.alive = [1, 2, 3]

    def cluster(self) -> Cluster:
        self.site.reach()
        brokers = tuple(Broker(n, "localhost", 9000 + n) for n in self.alive)
        return Cluster(
            f"id-of-{self.site.name}",
            brokers,
            controller=self.alive[0],
            kraft=True,
            version="4.3",
            offsets_retention=RETENTION,
            auto_creates_topics=self.site.auto_creates,
        )

    def topics(self, names: Collection[str]) -> Mapping[str, Topic]:
        self.site.reach()
        counts: dict[str, int] = {}
        for partition in self.site.logs:
            counts[partition.topic] = counts.get(partition.topic, 0) + 1
        replica = Partition(self.alive[0], (1, 2, 3), tuple(self.alive))
        return {
            name: Topic(name, self.site.topic_id(name), (replica,) * counts[name], self.site.topic_config.get(name, {}))
            for name in names
            if name in counts
        }

    def names(self) -> frozenset[str]:
        self.site.reach()
        return frozenset(partition.topic for partition in self.site.logs)

    def view(self) -> KafkaView:
        self.site.reach()
        gone = {1, 2, 3}.difference(self.alive)
        count = len(self.site.logs)
        return KafkaView(
            frozenset(self.alive),
            frozenset({1, 2, 3}),
            self.alive[0],
            count,
            dict.fromkeys(gone, count) if count else {},
        )


class FakeRecords:
    """Reads the site's logs as a read_committed consumer."""

    def __init__(self, site: FakeSite) -> None:
        self.site = site

    def bounds(self, partitions: Collection[TopicPartition]) -> Mapping[TopicPartition, LogBounds]:
        self.site.reach()
        return {partition: self.site.log(partition).bounds for partition in partitions}

    def identities(self, partition: TopicPartition, start: int, stop: int) -> tuple[RecordId, ...]:
        log = self.site.log(partition)
        end = min(stop, log.bounds.stable)
        if log.readable is not None and max(start, log.readable) < end:
            raise Conflict(f"site {self.site.name}: {partition} ends at {log.readable}, and was to reach {end}")
        return tuple(self._told(*record, log.entries[record[0]]) for record in log.data(start, stop))

    def _told(self, offset: int, payload: bytes, entry: Entry) -> RecordId:
        told = identity(offset, payload, entry)
        timed = self.site.tells_time and not entry.untimed
        return replace(told, milliseconds=entry.milliseconds) if timed else told

    def identities_all(
        self, spans: Mapping[TopicPartition, tuple[int, int]]
    ) -> Mapping[TopicPartition, tuple[RecordId, ...]]:
        return {partition: self.identities(partition, *span) for partition, span in spans.items()}

    def following(self, partition: TopicPartition, start: int, count: int) -> tuple[RecordId, ...]:
        log = self.site.log(partition)
        found = tuple(self._told(*record, log.entries[record[0]]) for record in islice(log.data(start), count))
        if found:
            self.identities(partition, start, found[-1].offset + 1)
        return found


class FakePositions:
    """The site's consumer groups."""

    def __init__(self, site: FakeSite, effects: Effects | None = None) -> None:
        self.site = site
        self._effects = effects or Effects()

    def groups(self) -> Mapping[str, GroupProtocol]:
        self.site.reach()
        return {name: group.protocol for name, group in self.site.groups.items()}

    def describe(self, groups: Collection[str]) -> Mapping[str, Group]:
        self.site.reach()
        return {name: self._describe(name) for name in groups}

    def _describe(self, name: str) -> Group:
        group = self.site.groups.get(name)
        if group is None:
            return Group(name, GroupProtocol.OTHER, GroupState.DEAD)
        state = GroupState.STABLE if group.members else GroupState.EMPTY
        told = () if group.protocol in (GroupProtocol.SHARE, GroupProtocol.STREAMS) else group.members
        return Group(name, group.protocol, state, told)

    def committed(self, groups: Collection[str]) -> Mapping[str, Mapping[TopicPartition, Committed]]:
        self.site.reach()
        found = {name: dict(self.site.groups[name].committed) if name in self.site.groups else {} for name in groups}
        pending = {name: self.site.pending[name] for name in found if self.site.pending.get(name)}
        if pending:
            decided = {n: {p: c for p, c in held.items() if p not in pending.get(n, ())} for n, held in found.items()}
            raise PositionsPending(f"{self.site.name}: transactions are open", found=decided, pending=pending)
        return found

    def commit(self, group: str, positions: Mapping[TopicPartition, Committed]) -> None:
        self.site.reach()
        if self.site.group(group).members:
            raise Conflict(f"{self.site.name}: group {group} has members", remedy="stop its consumers first")
        with self._effects(f"commit {group} at {self.site.name}") as parts:
            now = self.site.clock.now().timestamp()
            for partition in parts(positions):
                self.site.group(group).committed[partition] = positions[partition]
                self.site.group(group).committed_at[partition] = int(now * 1000)

    def commit_all(
        self, positions: Mapping[str, Mapping[TopicPartition, Committed]], permit: Callable[[], None]
    ) -> Mapping[str, DrctlError]:
        refused: dict[str, DrctlError] = {}
        for group, each in positions.items():
            permit()
            try:
                self.commit(group, each)
            except DrctlError as error:
                refused[group] = error
        return refused

    def forget(self, group: str) -> None:
        self.site.reach()
        if self.site.group(group).members:
            raise Conflict(f"{self.site.name}: group {group} has members", remedy="stop its consumers first")
        with self._effects(f"forget {group} at {self.site.name}"):
            del self.site.groups[group]


class FakeTail:
    """Tells the site's history, then how its groups differ from what it told before; what is hidden it counts."""

    def __init__(self, site: FakeSite) -> None:
        self.site = site
        self._history = deque(site.history)
        self._told: dict[str, tuple[dict[TopicPartition, tuple[Committed, int]], tuple[Member, ...]]] = {}

    def poll(self, seconds: float) -> TailBatch:
        self.site.reach()
        if self._history:
            self.site.clock.sleep(seconds)
            return TailBatch(self._history.popleft(), None)
        told = self.catch_up(seconds)
        if not told.changes:
            self.site.clock.sleep(seconds)
        return told

    def catch_up(self, seconds: float) -> TailBatch:
        del seconds
        self.site.reach()
        changes: list[Change] = [change for batch in self._history for change in batch]
        self._history.clear()
        open_ = {partition_of(group, COORDINATORS) for group in self.site.pending}
        hidden, count = UndecidedPartitions(frozenset(self.site.hidden | open_), COORDINATORS), len(open_)
        for name in sorted(self._told.keys() | self.site.groups.keys()):
            if hidden.hides(name):
                count += self._told.get(name) != self._now(name)
            else:
                changes.extend(self._differences(name))
        return TailBatch(changes, count, undecided=replace(hidden, records=count))

    def _now(self, name: str) -> tuple[dict[TopicPartition, tuple[Committed, int]], tuple[Member, ...]] | None:
        group = self.site.groups.get(name)
        return None if group is None else (group.with_times(), group.members)

    def from_now(self) -> "FakeTail":
        tail = FakeTail(self.site)
        tail.catch_up(0.0)
        return tail

    def _differences(self, name: str) -> Iterator[Change]:
        group = self.site.groups.get(name)
        now = self._now(name) or ({}, ())
        before = self._told.pop(name, ({}, ()))
        for partition, (committed, at) in now[0].items():
            if before[0].get(partition) != (committed, at):
                told_at = at or int(self.site.clock.now().timestamp() * 1000)
                yield PositionMoved(name, partition, committed, told_at, self.site.topic_id(partition.topic))
        yield from (PositionForgotten(name, p) for p in before[0] if p not in now[0])
        if group is None:
            yield GroupForgotten(name)
            return
        if now[1] != before[1]:
            yield GroupSeen(name, group.protocol, group.members)
        self._told[name] = now

    def close(self) -> None:
        """Nothing is open."""


class FakeFence:
    """The site's deny rules; the canary writes as ``User:canary``."""

    def __init__(self, site: FakeSite, effects: Effects | None = None) -> None:
        self.site = site
        self._effects = effects or Effects()

    def writers(self) -> Writers:
        self.site.reach()
        return Writers(frozenset(self.site.allowed | self.site.platform), self.site.everyone)

    def standing(self) -> frozenset[DenyRule]:
        self.site.reach()
        return frozenset(replace(d, own=d not in self.site.of_others) for d in self.site.denials)

    def deny(self, denials: Collection[DenyRule], *, adopt: bool = False) -> None:
        self.site.reach()
        with self._effects(f"{'adopt' if adopt else 'deny'} at {self.site.name}") as parts:
            for each in parts(sorted(denials, key=str)):
                if adopt or each not in self.site.denials:
                    self.site.of_others.discard(each)
                self.site.denials.add(each)

    def lift(self, denials: Collection[DenyRule]) -> None:
        self.site.reach()
        with self._effects(f"lift at {self.site.name}") as parts:
            for each in parts(sorted(set(denials) - self.site.of_others, key=str)):
                self.site.denials.discard(each)

    def canary(self) -> CanaryResult:
        self.site.reach()
        if self.site.canary_fails is not None:
            raise self.site.canary_fails
        if self.site.may("User:canary"):
            return CanaryResult(refused=False, answer="written at offset 0")
        return CanaryResult(refused=True, answer="TOPIC_AUTHORIZATION_FAILED")


class FakeAccess:
    """The site's rules and users; the fence's deny rules and the writers are among the rules, as with Kafka."""

    def __init__(self, site: FakeSite, effects: Effects | None = None) -> None:
        self.site = site
        self._effects = effects or Effects()

    def rules(self) -> frozenset[AclRule]:
        self.site.reach()
        kinds = {Scope.TOPICS: "TOPIC", Scope.TRANSACTIONAL_IDS: "TRANSACTIONAL_ID"}
        denied = {
            AclRule(d.principal, "*", "WRITE", kinds[d.scope], name, "LITERAL", allow=False)
            for d in self.site.denials
            for name in ("*", MARK)
            if name == "*" or d not in self.site.of_others
        }
        allowed = {AclRule(p, "*", "WRITE", "TOPIC", "*", "LITERAL", allow=True) for p in self.site.allowed}
        own = {AclRule(p, "*", "WRITE", "TOPIC", "connect-", "PREFIXED", allow=True) for p in self.site.platform}
        return frozenset(self.site.rules | denied | allowed | own)

    def allow(self, rules: Collection[AclRule]) -> None:
        self.site.reach()
        for rule in rules:
            with self._effects(f"allow at {self.site.name}: {rule}"):
                self.site.rules.add(rule)
                self.site.allowed |= {rule.principal} if rule.lets_write else set()

    def may(self, topics: Collection[str]) -> Mapping[str, frozenset[str]]:
        self.site.reach()
        for name in topics:
            if not any(p.topic == name for p in self.site.logs):
                raise NotFound(f"{self.site.name}: there is no topic {name}")
        return dict.fromkeys(topics, self._left("", *MAY, "CREATE"))

    def rights(self, topics: Collection[str], groups: Collection[str]) -> OwnRights:
        self.site.reach()
        there = {partition.topic for partition in self.site.logs}
        return OwnRights(
            "User:drctl",
            self._left(" cluster", "DESCRIBE", "DESCRIBE_CONFIGS", "ALTER"),
            {name: self._left("", *MAY) for name in topics if name in there},
            {name: self._left(" group", "READ", "DESCRIBE", "DELETE") for name in groups},
        )

    def _left(self, of: str, *operations: str) -> frozenset[str]:
        return frozenset(each for each in operations if f"{each}{of}" not in self.site.withheld)

    def users(self) -> Users:
        self.site.reach()
        return dict(self.site.users)


class FakeTopics:
    """Changes the site's topics."""

    def __init__(self, site: FakeSite, effects: Effects | None = None) -> None:
        self.site = site
        self._effects = effects or Effects()

    def own(self, topics: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        for name in topics:
            self._exists(name)
        return {name: dict(self.site.topic_config.get(name, {})) for name in topics}

    def change(self, wanted: Mapping[str, Mapping[str, str | None]]) -> None:
        for name, changes in wanted.items():
            self._exists(name)
            if not (changes.get("min.insync.replicas") or "1").isdecimal():
                raise Conflict(f"{self.site.name}: {name}: {changes} is declined")
        with self._effects(f"settings at {self.site.name}") as parts:
            for name in parts(wanted):
                own = {**self.site.topic_config.get(name, {}), **wanted[name]}
                self.site.topic_config[name] = {key: value for key, value in own.items() if value is not None}

    def add_partitions(self, name: str, count: int) -> None:
        there = self._exists(name)
        if there < count:
            with self._effects(f"add partitions to {name} at {self.site.name}: {count}"):
                self.site.logs |= {TopicPartition(name, n): Log() for n in range(there, count)}

    def create(self, name: str, partitions: int, replicas: int, config: Mapping[str, str]) -> None:
        self._require("CREATE", name)
        if replicas > BROKERS:
            raise Conflict(f"{self.site.name}: {name}: {replicas} replicas are declined")
        if not any(p.topic == name for p in self.site.logs):
            with self._effects(f"create {name} at {self.site.name}"):
                self.site.make(name, partitions, config)

    def delete(self, name: str) -> None:
        self._require("DELETE", name)
        if any(p.topic == name for p in self.site.logs):
            with self._effects(f"delete {name} at {self.site.name}"):
                self.site.drop(name)

    def _require(self, operation: str, name: str) -> None:
        self.site.reach()
        if operation in self.site.withheld:
            raise Forbidden(f"{self.site.name}: User:drctl may not {operation} {name}")

    def _exists(self, name: str) -> int:
        self.site.reach()
        there = sum(p.topic == name for p in self.site.logs)
        if not there:
            raise NotFound(f"{self.site.name}: there is no topic {name}")
        return there
