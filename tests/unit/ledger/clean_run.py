"""Make clean histories by the thousand: what clients and a fresh reader tell of brokers that keep every promise.

Each seed is another run: producers side by side, transactions that are aborted, records in doubt that are there or not,
markers and gaps in the logs, a compacted topic, retention that took the oldest records, a site that was lost with its
salvaged tail, acknowledgements that told no offset. Nothing in it is a fault, whatever the seed.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from drctl.ledger.events import Aborted, Acknowledged, Doubtful, Event, LogStart, Processed, Seen, Stranded, Stream
from drctl.ledger.retention import Retention

PARTITIONS = (("readings", 0), ("readings", 1), ("orders", 0), ("prices", 0))
COMPACTED = ("prices",)
GROUPS = {"billing": ("readings", "orders"), "audit": ("readings", "prices")}
READ = 1_800_000_000.0
"""When the fresh reader came; what it reads was written within the hour before."""
FATES = ("kept",) * 8 + ("untold", "doubtful", "gone", "aborted", "marker")

type Partition = tuple[str, int]


@dataclass
class Record:
    """One that a producer sent, and what became of it. ``offset`` is None for one that never came to the log."""

    stream: Stream
    sequence: int
    at: float
    site: str
    fate: str
    offset: int | None
    key: str | None = None

    @property
    def acknowledged(self) -> bool:
        return self.fate in ("kept", "untold", "marker")

    @property
    def visible(self) -> bool:
        """Whether a reader of committed records finds it in the log."""
        return self.acknowledged or self.fate == "doubtful"


@dataclass
class CleanRun:
    """Hold events by who told them; each list may be changed to make it a run that is not clean."""

    sent: list[Event] = field(default_factory=list)
    found: dict[Partition, list[Seen]] = field(default_factory=dict)
    retired: dict[Partition, list[Seen]] = field(default_factory=dict)
    tail: list[Stranded] = field(default_factory=list)
    read: list[Processed] = field(default_factory=list)
    starts: list[LogStart] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    expired: int = 0
    superseded: int = 0

    def events(self) -> list[Event]:
        return [*self.sent, *self.tail, *self.seen(), *self.read, *self.starts]

    def seen(self) -> Iterator[Seen]:
        for log in self.found.values():
            yield from log

    def mirrored(self) -> list[Event]:
        """What a fresh reader finds at a standby: its offsets are others, and it keeps what retention took here."""
        copies: list[Event] = []
        for log, found in self.found.items():
            whole = [*self.retired.get(log, ()), *found]
            copies += (replace(each, offset=number, site="standby") for number, each in enumerate(whole))
        return [*self.sent, *self.tail, *self.read, *copies]

    def end(self, partition: Partition) -> int:
        """Return an offset behind everything in a log."""
        told = [each.offset for each in self.records if each.stream[1:] == partition and each.offset is not None]
        return max([*told, *(each.offset for each in self.found[partition])], default=0) + 1


def clean_run(seed: int) -> CleanRun:
    """Return the run of a seed, the same each time."""
    chance, run = random.Random(seed), CleanRun()
    lost_site = chance.random() < 0.3
    for topic, partition in PARTITIONS:
        records = list(_written(chance, topic, partition, chance.randint(3, 40)))
        survived = _lose_site(chance, run, records) if lost_site and topic not in COMPACTED else records
        run.records += records
        kept = [each for each in survived if each.visible]
        if topic in COMPACTED:
            kept = _compact(chance, run, kept)
        elif not lost_site and chance.random() < 0.3:
            kept = _retire(chance, run, kept)
        # Where a site was lost the survivor is read: what was copied lies there as it lay at the source.
        site = "north" if survived is records else "south"
        run.found[topic, partition] = [_seen(each, site) for each in kept]
        _read_by_groups(run, topic, survived, kept)
    run.sent = [_told(each) for each in run.records]
    chance.shuffle(run.sent)
    return run


def _written(chance: random.Random, topic: str, partition: int, count: int) -> Iterator[Record]:
    sequences, offset, at = Counter[int](), chance.randint(0, 5), READ - 3600
    for _ in range(count):
        producer = chance.randint(1, 3)
        sequences[producer] += 1
        at += chance.uniform(0, 3000 / count)
        fate = chance.choice(FATES)
        if topic in COMPACTED and fate != "aborted":
            fate = "kept"
        key = f"key-{chance.randint(1, 4)}" if topic in COMPACTED else None
        stream = Stream(producer, topic, partition)
        yield Record(stream, sequences[producer], at, "north", fate, None if fate == "gone" else offset, key)
        offset += (fate != "gone") + (fate in ("marker", "aborted"))


def _lose_site(chance: random.Random, run: CleanRun, records: list[Record]) -> list[Record]:
    """Strand what was written last, and let producers go on at the survivor from where its copy ends."""
    copied = chance.randint(1, len(records))
    saved = [each for each in records[copied:] if each.visible]
    run.tail += [Stranded(*each.stream[1:], each.offset or 0, each.stream, each.sequence) for each in saved]
    highest = {each.stream: each.sequence for each in records}
    offset = 1 + max((each.offset for each in records[:copied] if each.offset is not None), default=0)
    for number in range(chance.randint(1, 10)):
        stream = chance.choice(sorted(highest))
        highest[stream] += 1
        records.append(Record(stream, highest[stream], READ - 100, "south", "kept", offset + number))
    return [*records[:copied], *(each for each in records[copied:] if each.site == "south")]


def _compact(chance: random.Random, run: CleanRun, kept: Sequence[Record]) -> list[Record]:
    """Leave out some of the records behind which a newer one of their key and stream was acknowledged."""
    newest = {(each.stream, each.key): each.sequence for each in kept}
    gone = [each for each in kept if each.sequence < newest[each.stream, each.key] and chance.random() < 0.5]
    run.superseded += len(gone)
    return [each for each in kept if each not in gone]


def _retire(chance: random.Random, run: CleanRun, kept: list[Record]) -> list[Record]:
    """Let retention take the oldest records, as old as the topic's settings allow."""
    count = chance.randint(0, len(kept))
    if not count:
        return kept
    youngest = kept[count - 1]
    retention = Retention("delete", int((READ - youngest.at) * 1000), -1, READ)
    run.starts.append(LogStart("north", *youngest.stream[1:], (youngest.offset or 0) + 1, retention))
    run.expired += sum(each.acknowledged for each in kept[:count])
    run.retired[youngest.stream.topic, youngest.stream.partition] = [_seen(each, "north") for each in kept[:count]]
    return kept[count:]


def _seen(record: Record, site: str) -> Seen:
    return Seen(*record.stream[1:], record.offset or 0, record.stream, record.sequence, site=site)


def _read_by_groups(run: CleanRun, topic: str, survived: Sequence[Record], kept: Sequence[Record]) -> None:
    """Let each group read all that is there; what retention took it had read before, what was compacted it had not."""
    there = kept if topic in COMPACTED else [each for each in survived if each.visible]
    for group in sorted(name for name, topics in GROUPS.items() if topic in topics):
        run.read += [Processed(group, each.stream, each.sequence, each.at, each.site, each.offset) for each in there]


def _told(record: Record) -> Event:
    if record.acknowledged:
        offset = None if record.fate == "untold" else record.offset
        return Acknowledged(record.stream, record.sequence, record.at, record.site, record.key, offset)
    kind = Aborted if record.fate == "aborted" else Doubtful
    return kind(record.stream, record.sequence)
