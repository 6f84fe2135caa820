"""Whatever happened before a site was lost: no position is late, no lost record unstated, no re-read left out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hypothesis import event, given, settings
from hypothesis import strategies as st

from drctl.model.loss import AcceptedLoss
from drctl.model.offsets import TopicPartition
from drctl.monitors import Sessions
from drctl.plans.forecasting import forecast
from drctl.plans.group_sync import GroupSync
from tests.fakes import FakeTail, fake_world
from tests.fakes.site import Ending, FakeTransaction
from tests.spec.failing import fail_over, lose

READINGS = "turbines.readings"
CONFIRMED = "journal says step-observed confirm-positions"
ANY = AcceptedLoss(unknown=True)

type Offered = Mapping[str, Mapping[TopicPartition, int]]
"""By group where it would go on at the target, by the target's names."""


@dataclass
class Past:
    """A source at work, its copy and its synced standby, until the source is lost; what may happen are its methods."""

    prefixed: bool
    happened: list[str] = field(default_factory=list)
    transactions: list[FakeTransaction] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        self.earth = fake_world(prefixed=self.prefixed)
        self.mirror = self.earth.mirrors["north", "south"]
        self.sync = GroupSync(self.earth.ports(), "north", "south")
        self.tail, self.sessions = FakeTail(self.earth.north), Sessions()
        for name, site in self.earth.sites.items():  # as the service does
            self.earth.memory.note_topic_ids(name, {p.topic: site.topic_id(p.topic) for p in site.logs})
        self.partitions = sorted(p for p in self.earth.north.logs if p.topic in self.earth.plan.topics)

    def work(self, ticks: int) -> None:
        self.earth.settle(ticks / 10)

    def copy(self, ticks: int) -> None:
        """The link copies now or not at all (0), and notes a sync every so many records, the last one late."""
        self.mirror.holds = not ticks
        self.mirror.spacing, self.mirror.held_back = 1 + ticks, float(ticks % 2)

    def keep_in_sync(self, _: int) -> None:
        self.sessions.apply(self.tail.poll(0.1).changes)
        moved = self.sessions.take_moved()
        self.sync.note({g: {p: self.sessions.positions(g)[p].committed for p in each} for g, each in moved.items()})
        self.sync.cycle()

    def see(self, _: int) -> None:
        self.earth.sight()

    def rest(self, who: int) -> None:
        """A group stops to read, or begins again."""
        consumer = [*self.earth.consumers.values()][who % 2]
        consumer.running = not consumer.running

    def leave_open(self, where: int) -> None:
        """A transaction is begun beside what others write; it ends some time after, or is aborted after 10 s."""
        transaction = self.earth.north.begin("User:turbines")
        transaction.write(
            self.partitions[where % len(self.partitions)], f"in a transaction {len(self.transactions)}".encode()
        )
        self.transactions.append(transaction)

    def end(self, how: int) -> None:
        for transaction in self.transactions:
            if transaction.ending is Ending.OPEN:
                transaction.end(Ending.COMMITTED if how % 2 else Ending.ABORTED)

    def begin_again(self, back: int) -> None:
        """A worker is killed, and the next one goes on from offsets that were noted earlier."""
        for partition in self.partitions:
            if partition in self.mirror.stored:
                self.mirror.stored[partition] = max(0, self.mirror.stored[partition] - 3 * back)
                self.mirror._unsynced.pop(partition, None)

    def delete(self, share: int) -> None:
        """Retention takes the oldest records at one site."""
        site = (self.earth.north, self.earth.south)[share % 2]
        for log in site.logs.values():
            log.start = max(log.start, log.bounds.stable * share // 12)

    def make_anew(self, where: int) -> None:
        """A topic is deleted at one site and recreated; the positions in it are gone with it."""
        if any(t.ending is Ending.OPEN for t in self.transactions):
            return
        site, name = (
            (self.earth.north, READINGS) if where % 2 else (self.earth.south, f"{self.mirror.prefix}{READINGS}")
        )
        site.drop(name)
        site.make(name, 2, {})

    def image(self, partition: TopicPartition) -> TopicPartition:
        return self.mirror.image(partition)

    def held(self) -> Offered:
        return {
            name: {p: c.offset for p, c in self.earth.south.group(name).committed.items()}
            for name in self.earth.consumers
        }


HAPPENINGS: Sequence[Callable[[Past, int], None]] = (
    *(Past.work, Past.work, Past.work, Past.copy, Past.copy, Past.keep_in_sync, Past.keep_in_sync, Past.see, Past.rest),
    *(Past.leave_open, Past.end, Past.begin_again, Past.delete, Past.make_anew),
)


@st.composite
def pasts(draw: st.DrawFn) -> Past:
    past = Past(draw(st.booleans()))
    for happening, number in draw(st.lists(st.tuples(st.sampled_from(HAPPENINGS), st.integers(0, 9)), max_size=25)):
        past.happened.append(f"{happening.__name__} {number}")
        happening(past, number)
    return past


def unread(past: Past, group: str) -> Mapping[TopicPartition, set[bytes]]:
    """What the group would still have read at the source, by partition."""
    committed = past.earth.north.group(group).committed
    return {
        p: {
            entry.payload
            for offset, entry in enumerate(past.earth.north.logs[p].entries)
            if entry.is_data and entry.payload is not None
            if offset >= max(past.earth.north.logs[p].start, committed[p].offset if p in committed else 0)
        }
        for p in past.partitions
    }


def images(past: Past, partition: TopicPartition) -> list[tuple[int, bytes]]:
    log = past.earth.south.logs[past.image(partition)]
    return [(n, e.payload) for n, e in enumerate(log.entries) if e.is_data and e.payload is not None and n >= log.start]


def late(past: Past, group: str, offered: Mapping[TopicPartition, int]) -> list[bytes]:
    """Records at the target that the group has not read, and would not come to."""
    found = []
    for partition, left in unread(past, group).items():
        if (position := offered.get(past.image(partition))) is not None:
            there = images(past, partition)
            found += sorted({r for n, r in there if n < position} & left - {r for n, r in there if n >= position})
    return found


def again(past: Past, group: str, offered: Mapping[TopicPartition, int]) -> dict[str, int]:
    """How many records it has read and would read once more, by partition at the target."""
    found = {}
    for partition in past.partitions:
        if (position := offered.get(past.image(partition))) is not None:
            read = set(past.earth.consumers[group].processed.get(partition, ()))
            found[str(past.image(partition))] = sum(r in read for n, r in images(past, partition) if n >= position)
    return found


def missing(past: Past, partition: TopicPartition) -> list[int]:
    """Offsets of records at the source that were never copied."""
    log = past.earth.north.logs[partition]
    copied = {entry.payload for entry in past.earth.south.logs[past.image(partition)].entries if entry.payload}
    return [n for n, e in enumerate(log.entries) if e.is_data and e.payload not in copied and n >= log.start]


@settings(max_examples=40, deadline=None)
@given(pasts(), st.booleans())
def test_a_site_that_is_lost_at_any_moment(past: Past, distrusted: bool) -> None:
    earth, twice = past.earth, dict[str, dict[str, int]]()
    if distrusted:
        earth.missing_brokers = {"north": [2, 3]}
    else:
        lose(earth)
    told = forecast(earth.ports(), "north", "south")
    for group, foreseen in told.groups.items():
        assert foreseen.rereads is not None
        assert sum(again(past, group, past.held()[group]).values()) <= foreseen.rereads, group
    assert told.loss is not None
    require_stated(past, told.loss.records, told.loss.total)

    def confirmed(effect: str) -> None:
        if effect == CONFIRMED:
            for group, offered in past.held().items():
                assert late(past, group, offered) == [], group
                twice[group] = again(past, group, offered)

    earth.effects.watchers.append(confirmed)
    result = fail_over(earth.ports(), accepted=ANY)
    loss = result.evidence["measure-loss"]
    require_stated(past, loss["records"], loss["total"])
    for group, confirmed_ in result.evidence["confirm-positions"]["groups"].items():
        for partition, line in confirmed_["positions"].items():
            if "compared" in line or "repeats" in line:
                assert twice[group][partition] <= (line.get("repeats") or 0), (group, partition)
    event("distrusted" if distrusted else "dead")


def require_stated(past: Past, records: Mapping[str, int] | None, total: int | None) -> None:
    """Each record that is lost is stated, as far as the source was seen."""
    sighting = past.earth.sightings.last("north") if past.earth.north.down else None
    lost = {p: missing(past, p) for p in past.partitions}
    if past.earth.north.down and sighting is None:
        assert total is None
        return
    assert records is not None
    for topic in past.earth.plan.topics:
        own = {p: each for p, each in lost.items() if p.topic == topic}
        seen = [n for p, each in own.items() for n in each if sighting is None or n < sighting.ends[p]]
        assert len(seen) <= records.get(topic, 0), topic
    if sighting is None or sighting.at == sighting.silent_since:
        assert total is not None
        assert sum(map(len, lost.values())) <= total
