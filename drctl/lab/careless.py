"""A client of the workload that takes the leader's word alone (``acks=1``): what it is told is written may be lost."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.kafka.traffic import Outcome, Outgoing, Writer
from drctl.errors import LabError
from drctl.lab.replicated_log import LogTail, NamedRecord
from drctl.ledger.history import HistoryWriter
from drctl.ledger.record import HEADER, Number, Sending, encode
from drctl.model.offsets import TopicPartition

NAME = "producer-careless"
"""Its history, beside those of the workload's own clients."""
PRODUCER = 9
"""Its number: none of the workload's producers has it."""


class CarelessProducer:
    """Writes numbered records of a run to one partition, and writes down what became of them. To be closed.

    LabError if it has written in this run before: its sequences would begin again.
    """

    def __init__(
        self, site: KafkaSite, place: TopicPartition, run: UUID, histories: Path, now: Callable[[], float]
    ) -> None:
        """``now`` tells the run's time, in seconds since 1970."""
        path = histories / f"{NAME}.jsonl"
        if path.exists():
            raise LabError(f"{path} is there already", remedy="use acks=1 once in an experiment")
        self._site, self._place, self._run, self._now = site, place, run, now
        self._history = HistoryWriter(path)
        self._writer = Writer(site, careless=True)
        self._sequence = 0

    def write(self, count: int) -> LogTail:
        """Write so many records and return them. LabError unless all of them are acknowledged."""
        first = self._sequence + 1
        self._sequence += count
        numbers = range(first, first + count)
        outcomes = self._writer.write([self._record(number) for number in numbers])
        offsets = self._writer.offsets
        written = [number for number, each in zip(numbers, outcomes, strict=True) if each is Outcome.WRITTEN]
        told = [offset for offset, each in zip(offsets, outcomes, strict=True) if each is Outcome.WRITTEN]
        self._note("acknowledged", written, offsets=told)
        self._note("doubtful", [number for number in numbers if number not in written])
        if len(written) < count or None in told:
            told_of = f"{len(written)} of {count} records of {self._place} were acknowledged"
            raise LabError(f"{told_of}, {told.count(None)} of them without an offset", remedy="see its leader's log")
        begin = min(offset for offset in told if offset is not None)
        return LogTail(begin, frozenset(NamedRecord(self._run, PRODUCER, number) for number in written))

    def close(self) -> None:
        """Close its history and its connection."""
        self._history.close()
        self._site.close()

    def _record(self, number: int) -> Outgoing:
        key, value = b"careless", b"%d" % number
        sent = Sending(1, round(self._now() * 1000), self._site.name)
        header = encode(Number(self._run, PRODUCER, self._place.partition, number, sent=sent), key, value)
        return Outgoing(self._place, key, value, ((HEADER, header),))

    def _note(self, kind: str, numbers: list[int], **more: object) -> None:
        if numbers:
            places = [[PRODUCER, self._place.topic, self._place.partition, number] for number in numbers]
            self._history.write(kind, self._now(), self._site.name, places, **more)
