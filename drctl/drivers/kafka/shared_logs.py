"""Topics of one site, read by a group of checkers: the brokers spread the partitions, positions are the checkers' own.

Nothing is committed: where a checker stands is kept with its state, and not in the group. Partitions are spread by the
classic protocol's ``range``, where each member gives up all of them before any are spread again.
"""

from collections.abc import Callable, Iterable, Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from drctl.drivers.kafka.errors import fault_of
from drctl.drivers.kafka.headers import headers_of
from drctl.drivers.kafka.site import KafkaSite
from drctl.errors import Conflict
from drctl.model import offsets
from drctl.model.checking import RecordBatch

AT_ONCE = 2000
"""Records at once: fewer cost calls into the client, more cost memory."""
SESSION = 10.0
"""Seconds after which the group goes on without a member that is silent, as lab and applications have it."""
PASSING = (
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TRANSPORT,
    KafkaError._RESOLVE,
    KafkaError._TIMED_OUT,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
)
"""Errors that the client gets over by itself once brokers answer again."""

type Begin = Callable[[offsets.TopicPartition], int]
type GiveUp = Callable[[offsets.TopicPartition], None]


class KafkaSharedLogs:
    """Implements :class:`drctl.ports.SharedLogs`. ``header`` has the ledger's numbers."""

    def __init__(
        self, site: KafkaSite, group: str, topics: Sequence[str], header: str, *, session: float = SESSION
    ) -> None:
        self.site, self.group, self.topics, self.header, self.session = site, group, topics, header, session

    def join(self, begin: Begin, give_up: GiveUp) -> "KafkaSharedReader":
        return KafkaSharedReader(self, begin, give_up)


class KafkaSharedReader:
    """Implements :class:`drctl.ports.SharedReader`."""

    def __init__(self, logs: KafkaSharedLogs, begin: Begin, give_up: GiveUp) -> None:
        self.logs, self._begin, self._give_up = logs, begin, give_up
        own = {
            "group.id": logs.group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "partition.assignment.strategy": "range",
            "session.timeout.ms": int(logs.session * 1000),
            "heartbeat.interval.ms": int(logs.session * 200),
        }
        self._own = own
        self._next: dict[offsets.TopicPartition, int] = {}
        self._spread_anew = False
        self._failed: Exception | None = None
        self._join()

    def _join(self) -> None:
        self.consumer = self.logs.site.client(Consumer, self._own)
        self._login = self.logs.site.login
        self.consumer.subscribe(
            list(self.logs.topics), on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
        )

    def _assigned(self, consumer: Consumer, given: list[TopicPartition]) -> None:
        self._spread_anew = True
        try:
            places = [offsets.TopicPartition(each.topic, each.partition) for each in given]
            self._next = {place: self._begin(place) for place in places}
        except Exception as error:  # noqa: BLE001 - raised by read(): the client would swallow it
            self._failed = error
            return
        consumer.assign([TopicPartition(*place, offset) for place, offset in self._next.items()])

    def _revoked(self, _: Consumer, given: list[TopicPartition]) -> None:
        self._spread_anew = True
        try:
            for each in given:
                place = offsets.TopicPartition(each.topic, each.partition)
                if self._next.pop(place, None) is not None:
                    self._give_up(place)
        except Exception as error:  # noqa: BLE001 - as above
            self._failed = error

    def read(self, seconds: float) -> Sequence[RecordBatch]:
        self._spread_anew = False
        if self.logs.site.is_rejected(self._login):
            # As another member would take over: what it had is given up, and begun again by whoever is given it.
            self.close()
            self._join()
        first = self.consumer.poll(seconds)
        messages = [] if first is None else [first, *self.consumer.consume(AT_ONCE, 0.0)]
        if self._failed is not None:
            failed, self._failed = self._failed, None
            raise failed
        if self._spread_anew:
            # Among them may be some that came before: of a partition that another one has meanwhile, or
            # from a later place than it was now given.
            self._seek_back()
            return ()
        return [batch for batch in self._batches(messages) if batch.partition in self._next]

    def _seek_back(self) -> None:
        for place, offset in self._next.items():
            try:
                self.consumer.seek(TopicPartition(*place, offset))
            except KafkaException as error:
                # Not fetched from yet: it begins where it was assigned to.
                if fault_of(error).code() != KafkaError._STATE:
                    raise self.logs.site.causes.translate(error, f"read on in {place}") from error

    def _batches(self, messages: Iterable[Message]) -> list[RecordBatch]:
        by_place: dict[offsets.TopicPartition, list[Message]] = {}
        ends: dict[offsets.TopicPartition, int] = {}
        for message in messages:
            place = offsets.TopicPartition(message.topic() or "", message.partition() or 0)
            fault = message.error()
            if fault is None:
                by_place.setdefault(place, []).append(message)
            elif fault.code() == KafkaError._PARTITION_EOF:
                ends[place] = message.offset() or 0
            elif fault.fatal() or fault.code() not in PASSING:
                self._refuse(fault)
        found = []
        for place in {**by_place, **ends}:
            batch = batch_of(place, by_place.get(place, ()), self.logs.header, end=ends.get(place, 0))
            if place in self._next:
                self._next[place] = max(batch.following, self._next[place])
            found.append(batch)
        return found

    def _refuse(self, fault: KafkaError) -> None:
        if fault.fatal() or fault.code() == KafkaError._FATAL:
            said = f"site {self.logs.site.name}: a member of group {self.logs.group} can never go on: {fault.str()}"
            raise Conflict(said, remedy="begin again")
        error = KafkaException(fault)
        raise self.logs.site.causes.translate(error, f"read as a member of group {self.logs.group}") from error

    def close(self) -> None:
        self.consumer.close()
        if self._failed is not None:
            raise self._failed


def batch_of(place: offsets.TopicPartition, messages: Sequence[Message], header: str, *, end: int = 0) -> RecordBatch:
    """Return records of one partition as columns; ``end``: the log was read up to there, behind them."""
    places = [message.offset() or 0 for message in messages]
    numbers = [dict(headers_of(message) or ()).get(header) for message in messages]
    keys, values = [message.key() for message in messages], [message.value() for message in messages]
    return RecordBatch(place, max(end, places[-1] + 1 if places else 0), places, numbers, keys, values)
