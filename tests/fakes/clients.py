"""Clients that act while time passes: they write until denied, read where client routing sends them, and keep score."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice

from drctl.errors import Forbidden, Unreachable
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.session import GroupProtocol, Member
from tests.fakes.site import FakeSite, FakeTransaction
from tests.fakes.store import FakeClientRouting


class FakeProducer:
    """Writes one record to every partition per tick, where it is until denied, then where client routing points.

    ``acknowledged`` is what was written for good, per partition. With ``transactional`` it writes for two ticks and
    commits in the third; what it could not commit it sends again.
    """

    def __init__(
        self,
        name: str,
        principal: str,
        topic: str,
        routing: FakeClientRouting,
        sites: Mapping[str, FakeSite],
        *,
        transactional: bool = False,
    ) -> None:
        self.name, self.principal, self.routing, self.sites = name, principal, routing, sites
        self.transactional = transactional
        self.running = True
        self.at = routing.site() or ""
        self.acknowledged: dict[TopicPartition, list[bytes]] = {
            partition: [] for partition in sites[self.at].logs if partition.topic == topic
        }
        self._transaction: FakeTransaction | None = None
        self._pending: list[tuple[TopicPartition, bytes]] = []
        sites[self.at].clock.actors.append(self.tick)

    def tick(self) -> None:
        """Write a little, or look where to go."""
        if not self.running:
            return
        try:
            (self._tick_in_transaction if self.transactional else self._tick_plainly)()
        except (Forbidden, Unreachable):
            self._give_up()
            self.at = self.routing.site() or self.at

    def _tick_plainly(self) -> None:
        for partition, done in self.acknowledged.items():
            payload = self._payload(partition, len(done))
            self.sites[self.at].write(partition, payload, self.principal)
            done.append(payload)

    def _tick_in_transaction(self) -> None:
        if self._transaction is None:
            self._transaction = self.sites[self.at].begin(self.principal)
        if len(self._pending) < 2 * len(self.acknowledged):
            for partition, done in self.acknowledged.items():
                own = sum(p == partition for p, _ in self._pending)
                payload = self._payload(partition, len(done) + own)
                self._transaction.write(partition, payload)
                self._pending.append((partition, payload))
            return
        self._transaction.commit()
        for partition, payload in self._pending:
            self.acknowledged[partition].append(payload)
        self._transaction, self._pending = None, []

    def _give_up(self) -> None:
        transaction, self._transaction, self._pending = self._transaction, None, []
        if transaction is not None:
            try:
                transaction.abort()
            except (Forbidden, Unreachable):
                return  # the coordinator will, after the transaction's timeout

    def _payload(self, partition: TopicPartition, number: int) -> bytes:
        return f"{self.name} {partition} {number}".encode()


class FakeConsumer:
    """A group's only member: every ``rest`` ticks it reads ``pace`` records per partition and commits.

    It goes where client routing points; one that is ``stubborn`` never leaves, one that ``never_returns`` never
    joins again. Without a position it begins at the log start. With an ``instance_id`` its place in a group that it has
    left is kept for ``session`` ticks; one that ``says_so`` tells the coordinator that it leaves.
    ``processed`` is what it has read, in order.
    """

    def __init__(
        self,
        group: str,
        topics: tuple[str, ...],
        routing: FakeClientRouting,
        sites: Mapping[str, FakeSite],
        *,
        pace: int = 3,
        rest: int = 1,
    ) -> None:
        self.group, self.topics, self.routing, self.sites = group, topics, routing, sites
        self.pace, self.rest, self._ticks = pace, rest, 0
        self.stubborn = self.never_returns = False
        self.running = True
        self.metadata = ""
        self.instance_id: str | None = None
        self.host = "/127.0.0.1"
        self.session, self.says_so = 0, False
        self._places: dict[str, int] = {}
        self.at: str | None = None
        self.processed: dict[TopicPartition, list[bytes]] = {}
        next(iter(sites.values())).clock.actors.append(self.tick)

    def tick(self) -> None:
        """Follow client routing, then read on."""
        self._ticks += 1
        self._time_out()
        if self._ticks % self.rest:
            return
        where = self.routing.site() if self.running else None
        if self.at and self.at != where and not self.stubborn:
            self._leave(self.sites[self.at])
            self.at = None
        elif self.at is None and where and not (self.never_returns and self.processed):
            self.at = where
            member = Member(f"{self.group}-1", self.group, self.host, self.instance_id)
            self.sites[where].group(self.group).members = (member,)
            self._places.pop(where, None)
        elif self.at and not self.sites[self.at].down:
            self._read(self.sites[self.at])

    def _leave(self, site: FakeSite) -> None:
        group = site.group(self.group)
        if not (self.instance_id and self.session):
            group.members = ()
            return
        self._places[site.name] = self._ticks + self.session
        if self.says_so:
            group.protocol = GroupProtocol.CONSUMER
            group.members = tuple(replace(member, left=True) for member in group.members)

    def _time_out(self) -> None:
        for name in [name for name, until in self._places.items() if until <= self._ticks]:
            del self._places[name]
            self.sites[name].group(self.group).members = ()

    def _read(self, site: FakeSite) -> None:
        group = site.group(self.group)
        for partition, log in site.logs.items():
            if partition.topic not in self.topics:
                continue
            position, done = group.committed.get(partition), self.processed.setdefault(partition, [])
            begin = 0 if position is None else position.offset
            # Most of the time there is nothing to read, and the specs tick a million times.
            if begin < len(log.entries) and (records := list(islice(log.data(begin), self.pace))):
                done.extend(payload for _, payload in records)
                group.committed[partition] = Committed(records[-1][0] + 1, self.metadata)
                group.committed_at[partition] = int(site.clock.now().timestamp() * 1000)
