"""The journal's copy at a site: the topic ``drctl.journal``, one partition, never compacted and never expired.

A record's key is the plan file's name, its value a line as JSON; a line that is too long for one record comes in parts,
told by the header ``part`` as ``1/3``. The topic is made by the site's administrator: made by an accidental first write
it would have the brokers' retention.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from drctl.drivers.kafka.asking_again import asked_again
from drctl.drivers.kafka.headers import headers_of
from drctl.drivers.kafka.records import KafkaRecords, read
from drctl.drivers.kafka.site import KafkaSite
from drctl.errors import DrctlError, JournalBroken, NotFound, NotProven, Unreachable
from drctl.model.chain import Change, Line
from drctl.model.documents import json_of
from drctl.model.offsets import LogBounds, TopicPartition
from drctl.model.own_rights import JOURNAL

type Headers = list[tuple[str, str | bytes | None]]
type Delivered = Callable[[KafkaError | None, Message], None]

TOPIC = JOURNAL
PART = 700_000
"""Bytes of a line in one record: below Kafka's default of one megabyte for a batch."""
NEWEST = 50
"""Records at the end among which the newest line is looked for first."""
PATIENCE = 8.0
"""Seconds after which a line that was not acknowledged is given up, to be written again later."""


class KafkaJournalCopy:
    """Implements :class:`drctl.ports.JournalCopy`. Asked again for its newest line, it reads only what is new."""

    def __init__(self, site: KafkaSite, plan: str) -> None:
        self.site, self.plan = site, plan
        self._partition = TopicPartition(TOPIC, 0)
        self._producer: Producer | None = None
        self._newest: Line | None = None
        self._end: int | None = None  # where the topic ended then; None where others may have written in between

    @asked_again
    def last(self) -> Line | None:
        bounds = self._bounds()
        if self._end is None or self._end != bounds.stable:
            found = self._read(max(bounds.start, bounds.stable - NEWEST))
            if not found and bounds.stable - NEWEST > bounds.start:
                found = self._read(bounds.start)
            self._newest, self._end = max(found, key=lambda line: line.number, default=None), bounds.stable
        return self._newest

    @asked_again
    def lines(self) -> tuple[Line, ...]:
        known: dict[int, Line] = {}
        for line in self._read(self._bounds().start):
            # The same line twice is a write that was made again. Two different ones are two histories, and
            # neither may be restored unseen.
            if known.setdefault(line.number, line) != line:
                raise JournalBroken(
                    f"site {self.site.name}: {TOPIC} holds two different lines {line.number} of {self.plan}",
                    remedy="take the copy of the other site",
                )
        return tuple(known[number] for number in sorted(known))

    def write(self, lines: Sequence[Line]) -> None:
        if self._producer is None:
            self._bounds()  # NotFound where the topic is missing: a write might create it
            own = {"acks": "all", "enable.idempotence": True, "linger.ms": 5, "compression.type": "lz4"}
            patience = {"message.timeout.ms": int(PATIENCE * 1000)}
            self._producer = self.site.client(Producer, {**own, **patience})
        faults: list[KafkaError] = []
        offsets: list[int] = []
        began, self._end = self._end, None

        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                faults.append(error)
            else:
                offsets.append(message.offset() or 0)

        try:
            for line in lines:
                for headers, value in _parts(line):
                    self._produce(value, headers, delivered)
            left = self._producer.flush(PATIENCE + 2)
        except (KafkaException, BufferError) as error:
            self._producer = None
            raise self._refused(error) from error
        if faults or left:
            # An idempotent producer that gave a record up numbers the next ones as if it had been written:
            # the broker would refuse all of them.
            self._producer = None  # one that lost its place in the order is of no use any more
            raise self._refused(KafkaException(faults[0]) if faults else BufferError("no acknowledgement"))
        if lines and began is not None and sorted(offsets) == list(range(began, began + len(offsets))):
            self._end = began + len(offsets)  # nobody came between, so that the newest line needs no look
            self._newest = max((*lines, *([self._newest] if self._newest else ())), key=lambda line: line.number)

    def close(self) -> None:
        self._producer = None
        self.site.close()

    def _produce(self, value: bytes, headers: Headers, delivered: Delivered) -> None:
        assert self._producer is not None  # noqa: S101 - write() made it
        for _ in range(50):
            try:
                self._producer.produce(
                    TOPIC, value, self.plan.encode(), partition=0, headers=headers, on_delivery=delivered
                )
                self._producer.poll(0)
                return
            except BufferError:
                self._producer.poll(0.2)
        raise BufferError("the client's queue stays full")

    def _bounds(self) -> LogBounds:
        try:
            return KafkaRecords(self.site).bounds([self._partition])[self._partition]
        except NotFound as error:
            raise NotFound(
                f"site {self.site.name} has no topic {TOPIC}, so the journal is not copied there",
                remedy="create it: 1 partition, cleanup.policy=delete, retention.ms=-1 (docs/kafka-rights.md)",
            ) from error

    def _read(self, start: int) -> list[Line]:
        ours = self.plan.encode()
        mine = (message for message in read(self.site, self._partition, start) if message.key() == ours)
        return list(_joined(self.site.name, mine))

    def _refused(self, error: KafkaException | BufferError) -> DrctlError:
        if isinstance(error, KafkaException):
            return self.site.causes.translate(error, f"write to {TOPIC}")
        return Unreachable(f"site {self.site.name}: {TOPIC}: {error}", remedy="check its brokers")


def _parts(line: Line) -> list[tuple[Headers, bytes]]:
    text = json.dumps(asdict(line), sort_keys=True).encode()
    pieces = [text[at : at + PART] for at in range(0, len(text), PART)]
    count = len(pieces)
    return [
        ([("number", b"%d" % line.number), ("part", b"%d/%d" % (index, count))], piece)
        for index, piece in enumerate(pieces, 1)
    ]


def _joined(site: str, messages: Iterable[Message]) -> Iterable[Line]:
    """Whole lines; of one that was cut off between its parts nothing comes."""
    waiting: dict[tuple[bytes, int], dict[int, bytes]] = {}
    for message in messages:
        try:
            number, part = (_raw(value) for _, value in headers_of(message) or ())
            index, count = (int(each) for each in part.split(b"/"))
            place = (number, count)
            pieces = waiting.setdefault(place, {})
            pieces[index] = _raw(message.value())
            # Parts are kept by line and count, so that a line written a second time, after a part of the
            # first try, is whole as soon as each part was seen once.
            if len(pieces) == count:
                del waiting[place]
                whole = b"".join(pieces[piece] for piece in range(1, count + 1))
                told = json_of(whole, largest=len(whole))
                yield _line(**told)
        except (ValueError, KeyError, TypeError) as error:
            raise NotProven(
                f"site {site}: the record at offset {message.offset()} of {TOPIC} is no line of a journal",
                remedy="find who else writes there; only drctl's user may",
            ) from error


def _line(*, number: object, change: str, about: str, content: str, digest: str) -> Line:
    """A line whose parts are what they should be: a number in letters would end the order of all lines."""
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise TypeError("number")
    if not all(isinstance(each, str) for each in (about, content, digest)):
        raise TypeError("text")
    return Line(number, Change(change), about, content, digest)


def _raw(part: bytes | str | None) -> bytes:
    return part.encode() if isinstance(part, str) else part or b""
