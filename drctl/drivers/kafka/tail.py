"""The tail of one site's ``__consumer_offsets``."""

import time
from collections.abc import Iterable, Mapping

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from drctl.drivers.kafka.login import Login
from drctl.drivers.kafka.offsets_topic import OffsetsTopic
from drctl.drivers.kafka.records import ends
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.kafka.tail_progress import TailProgress
from drctl.errors import DrctlError, NotFound
from drctl.model import offsets
from drctl.model.changes import Change, TailBatch
from drctl.model.own_rights import OFFSETS

TOPIC = OFFSETS
BATCH = 5000
"""Changes at once: a busy site commits some thousand times a second, and one poll a second has to keep up with it."""


class KafkaTail:
    """Implements :class:`drctl.ports.Tail`. Joins no group; begins at the beginning of the compacted topic.

    Needs READ on the topic and nothing else. Where its login is renewed it goes on behind what it told.
    """

    def __init__(self, site: KafkaSite, begin: Mapping[int, int] | None = None) -> None:
        self.site = site
        self.decoder = OffsetsTopic()
        self._begin = begin
        self._consumer: Consumer | None = None
        self._progress = TailProgress(begin or {})
        self._fault: DrctlError | None = None
        self._login: Login | None = None
        self._goes_on = False

    def poll(self, seconds: float) -> TailBatch:
        changes = self._read(self._opened(), seconds)
        return self._told(changes, self._progress.behind())

    def catch_up(self, seconds: float) -> TailBatch:
        """Read on to the ends as they are now: where the consumer last knew them to be is not enough."""
        consumer, deadline = self._opened(), time.monotonic() + seconds
        changes: list[Change] = []
        wanted = self._ends(self._progress.numbers())
        while missing := {n: end for n, end in wanted.items() if self._progress.next(n) < end}:
            if self._fault is not None or time.monotonic() > deadline:
                break
            changes += self._read(consumer, 0.02)
            if missing.keys() <= self._progress.stuck():
                break  # what an open transaction hides does not come by waiting for it here
        missing = {n: end for n, end in wanted.items() if self._progress.next(n) < end}
        return self._told(changes, sum(end - self._progress.next(n) for n, end in missing.items()))

    def _told(self, changes: list[Change], behind: int | None) -> TailBatch:
        """Return what was read. A fault is raised once all before it was told, so that no change is lost to it."""
        if not changes:
            self._raise_fault()
        left = None if self._fault is not None else behind
        return TailBatch(changes, left, dict(self.decoder.unknown), undecided=self._progress.undecided())

    def from_now(self) -> "KafkaTail":
        """Opened at once, where the topic ends now."""
        tail = KafkaTail(self.site, self._ends(self._partitions()))
        tail._opened()
        return tail

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None
        self._goes_on = False

    def _opened(self) -> Consumer:
        if self._consumer is not None and self._login is not None and self.site.is_outdated(self._login):
            # The one after it goes on behind what was told: to begin again would tell all of a large topic once more.
            self._consumer.close()
            self._consumer, self._goes_on = None, True
        if self._consumer is None:
            self._consumer = self._open()
            self._login, self._goes_on = self.site.login, False
        return self._consumer

    def _read(self, consumer: Consumer, seconds: float) -> list[Change]:
        """The changes at hand, before and after a fault among them, which is raised by the next reading."""
        self._raise_fault()
        # consume() would wait out its whole time on a short batch: so wait for one, then take what is there.
        first = consumer.poll(seconds)
        messages = [] if first is None else [first, *consumer.consume(BATCH, 0.0)]
        changes: list[Change] = []
        for message in messages:
            if message.error() is None:
                changes.extend(self.decoder.changes(_raw(message.key()), _raw(message.value())))
                self._progress.read(message.partition() or 0, message.offset() or 0)
            else:
                self._note(message)
        self._progress.measure(self._highs(consumer), time.monotonic())
        return changes

    def _raise_fault(self) -> None:
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault

    def _highs(self, consumer: Consumer) -> dict[int, int]:
        """The high watermarks that the newest answers told; -1001 before the first one."""
        places = (TopicPartition(TOPIC, number) for number in self._progress.numbers())
        told = {place.partition: consumer.get_watermark_offsets(place, cached=True) for place in places}
        return {number: high for number, (_, high) in told.items() if high >= 0}

    def _open(self) -> Consumer:
        # What was begun now is read to its end soon; a marker at the end of a log shows only in a further fetch.
        patience = 500 if self._begin is None else 100
        consumer = self.site.consumer({"fetch.wait.max.ms": patience, "auto.offset.reset": "earliest"})
        try:
            if self._goes_on:
                begin = {number: self._progress.next(number) for number in self._progress.numbers()}
            else:
                begin = dict(self._begin or dict.fromkeys(self._partitions(), OFFSET_BEGINNING))
                self._progress, self._fault = TailProgress(begin), None
            consumer.assign([TopicPartition(TOPIC, number, offset) for number, offset in begin.items()])
        except KafkaException as error:
            consumer.close()
            raise self.site.causes.translate(error, f"read {TOPIC}") from error
        except BaseException:
            consumer.close()
            raise
        return consumer

    def _partitions(self) -> Iterable[int]:
        topic = self.site.metadata(f"read {TOPIC}", TOPIC).topics[TOPIC]
        if topic.error is not None and topic.error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise self.site.causes.translate(topic.error, f"read {TOPIC}")
        if topic.error is not None or not topic.partitions:
            raise NotFound(
                f"site {self.site.name} has no topic {TOPIC} yet", remedy="it is made when the first group commits"
            )
        return tuple(topic.partitions)

    def _ends(self, numbers: Iterable[int]) -> dict[int, int]:
        found = ends(self.site, [offsets.TopicPartition(TOPIC, number) for number in numbers])
        return {partition.partition: end for partition, end in found.items()}

    def _note(self, message: Message) -> None:
        """Note an end that was told, or the first fault of this batch."""
        fault = message.error()
        if fault is None:
            return
        if fault.code() == KafkaError._PARTITION_EOF:
            self._progress.end(message.partition() or 0, message.offset() or 0)
        elif self._fault is None:
            self._fault = self.site.causes.translate(fault, f"read {TOPIC}")
            self._fault.__cause__ = KafkaException(fault)


def _raw(part: bytes | str | None) -> bytes | None:
    return part.encode() if isinstance(part, str) else part
