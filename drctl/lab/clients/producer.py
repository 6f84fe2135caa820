"""A producer: turbine sensors, shop orders in transactions, or prices on a compacted topic.

It obeys nobody but the brokers: it writes until it is denied or its site is lost, and then asks client routing where to
go. A record that was denied has certainly not been written and is sent again under the same sequence; a doubtful one
never is.
"""

import json
import random
import zlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from drctl.drivers.kafka.traffic import Outcome, Outgoing, TransactionalWriter, Writer
from drctl.errors import DrctlError
from drctl.lab.clients.common import STOP, Pace, Surroundings, arguments, end
from drctl.ledger.record import HEADER, Number, Sending, encode
from drctl.model.offsets import TopicPartition

NUMBERS = {"turbines": 1, "orders": 2, "prices": 3}
TOPICS = {"turbines": "turbines.readings", "orders": "shop.orders", "prices": "shop.prices"}
ABORTED_SHARE = 0.25
"""Part of the transactions that is aborted: so many that around each position some markers and gaps lie."""
TOMBSTONE_SHARE = 0.1
"""Part of the prices that is deleted: enough for compaction to take some away while a drill goes on."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """A record with the number that it carries, which tells of its sending once it is sent."""

    record: Outgoing
    number: Number
    key: str

    @property
    def sequence(self) -> int:
        return self.number.sequence

    def sent(self, epoch: int, at: float, site: str) -> Outgoing:
        """Return the record as it is sent then and there; ``at`` in seconds since 1970."""
        number = replace(self.number, sent=Sending(epoch, round(at * 1000), site))
        header = (HEADER, encode(number, self.record.key, self.record.value))
        return replace(self.record, headers=(header, *self.record.headers))

    def place(self, producer: int, *, with_key: bool = False) -> list[object]:
        tp = self.record.partition
        return [producer, tp.topic, tp.partition, self.sequence, *([self.key] if with_key else [])]


class Source:
    """Makes records in the shape of their kind, numbered densely per partition."""

    def __init__(self, kind: str, run: UUID, partitions: int) -> None:
        self.kind = kind
        self.run = run
        self.partitions = partitions
        self.chance = random.Random(kind)  # noqa: S311 - variety, not secrecy
        self.sequences: defaultdict[int, int] = defaultdict(int)
        self.made = 0

    def next(self) -> Numbered:
        self.made += 1
        name, value = getattr(self, f"_{self.kind}")()
        key = name.encode()
        partition = zlib.crc32(key) % self.partitions
        self.sequences[partition] += 1
        number = Number(self.run, NUMBERS[self.kind], partition, self.sequences[partition])
        headers = (("source", self.kind.encode()), ("trace", None))
        where = TopicPartition(TOPICS[self.kind], partition)
        return Numbered(Outgoing(where, key, value, headers), number, name)

    def _turbines(self) -> tuple[str, bytes]:
        reading = {"rpm": round(self.chance.gauss(14, 2), 2), "kilowatts": self.chance.randrange(4200), "n": self.made}
        return f"turbine-{self.chance.randrange(120):03}", json.dumps(reading).encode()

    def _orders(self) -> tuple[str, bytes]:
        order = {"order": self.made, "cents": self.chance.randrange(100, 99_900)}
        return f"customer-{self.chance.randrange(500):03}", json.dumps(order).encode()

    def _prices(self) -> tuple[str, bytes | None]:
        article = f"article-{self.chance.randrange(80):02}"
        if self.chance.random() < TOMBSTONE_SHARE:
            return article, None
        return article, json.dumps({"cents": self.chance.randrange(100, 9_900), "n": self.made}).encode()


def plain(around: Surroundings, source: Source, pace: Pace, burst: int) -> None:
    """Write windows; what was denied stays at the head of the queue."""
    number, with_key = NUMBERS[source.kind], source.kind == "prices"
    waiting, epoch = [source.next() for _ in range(burst)], 0
    while site := around.await_site():
        writer = Writer(around.sites[site])
        epoch += 1
        denied = lost = False
        while not (denied or lost or STOP.is_set()):
            if not waiting:
                size = max(1, int(pace.rate / 10))
                waiting = [source.next() for _ in range(size)]
                pace.wait(size)
            window, waiting = waiting[:500], waiting[500:]
            outcomes = writer.write([each.sent(epoch, around.now(), site) for each in window])
            told: dict[Outcome, list[Numbered]] = {outcome: [] for outcome in Outcome}
            offsets: dict[Outcome, list[int | None]] = {outcome: [] for outcome in Outcome}
            for each, outcome, offset in zip(window, outcomes, writer.offsets, strict=True):
                told[outcome].append(each)
                offsets[outcome].append(offset)
            moments = {"acknowledged": around.time.at(writer.written_at), "doubtful": around.now()}
            for outcome, kind in ((Outcome.WRITTEN, "acknowledged"), (Outcome.DOUBTFUL, "doubtful")):
                if told[outcome]:
                    places = [each.place(number, with_key=with_key) for each in told[outcome]]
                    where = {"offsets": offsets[outcome]} if outcome is Outcome.WRITTEN else {}
                    around.history.write(kind, moments[kind], site, places, **where)
            denied = bool(told[Outcome.DENIED]) or writer.broken
            lost = bool(told[Outcome.DOUBTFUL]) and around.lost(site)
            waiting = told[Outcome.DENIED] + waiting
        if denied:
            around.history.write("denied", around.now(), site)
            STOP.wait(0.5)


def transactional(around: Surroundings, source: Source, pace: Pace, burst: int) -> None:
    """Write transactions, about a quarter of them aborted on purpose."""
    owed, epoch = burst, 0
    while site := around.await_site():
        try:
            writer = TransactionalWriter(around.sites[site], "shop-orders")
            epoch += 1
        except DrctlError:
            STOP.wait(0.5)
            continue
        outcome = Outcome.WRITTEN
        while outcome in (Outcome.WRITTEN, Outcome.ABORTED) and not STOP.is_set():
            size = 200 if owed > 0 else max(2, int(pace.rate / 4))
            if owed <= 0:
                pace.wait(size)
            owed -= size
            window = [source.next() for _ in range(size)]
            commit = source.chance.random() >= ABORTED_SHARE
            sent = [each.sent(epoch, around.now(), site) for each in window]
            outcome = writer.write(sent, commit=commit)
            kind = {Outcome.WRITTEN: "acknowledged", Outcome.DOUBTFUL: "doubtful"}.get(outcome, "aborted")
            places = [each.place(NUMBERS[source.kind]) for each in window]
            where = {"offsets": writer.offsets} if outcome is Outcome.WRITTEN else {}
            around.history.write(kind, around.now(), site, places, **where)
        if not STOP.is_set():
            if not around.lost(site):
                around.history.write("denied", around.now(), site)
            STOP.wait(0.5)


KINDS: dict[str, Callable[[Surroundings, Source, Pace, int], None]] = {
    "turbines": plain,
    "orders": transactional,
    "prices": plain,
}


def main() -> None:
    parser = arguments(__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kind", choices=sorted(KINDS), required=True)
    parser.add_argument("--partitions", type=int, required=True)
    parser.add_argument("--burst", type=int, default=0, help="records to write at once, before keeping to the rate")
    options = parser.parse_args()
    around = Surroundings.of(options)
    source = Source(options.kind, options.run, options.partitions)
    KINDS[options.kind](around, source, Pace(around.clock, options.rate), options.burst)
    around.history.close()


if __name__ == "__main__":
    main()
    end()
