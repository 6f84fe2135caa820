"""One site's logs, which note what is read of them, grow, end transactions, and may lose their end."""

from collections.abc import Mapping
from typing import override

from drctl.model.offsets import LogBounds, RecordId, TopicPartition
from drctl.plans.known_records import KnownRecords
from tests.fakes.records import FakeRecords
from tests.fakes.site import FakeSite

ORDERS = TopicPartition("orders", 0)
USER = "User:app"
type Spans = Mapping[TopicPartition, tuple[int, int]]


class NotedLog(FakeRecords):
    """Notes the spans that are read, by the partition's number."""

    def __init__(self, partitions: int = 1) -> None:
        super().__init__(FakeSite("north", {"orders": partitions}))
        self.site.allowed.add(USER)
        self.read: list[dict[int, tuple[int, int]]] = []
        self._count = 0

    @override
    def identities_all(self, spans: Spans) -> Mapping[TopicPartition, tuple[RecordId, ...]]:
        self.read.append({p.partition: span for p, span in spans.items()})
        return super().identities_all(spans)

    def write(self, count: int, partition: int = 0) -> None:
        """So many records, each unlike all others."""
        for _ in range(count):
            self._count += 1
            self.site.write(TopicPartition("orders", partition), b"%d" % self._count, USER)

    def end_transaction(self, *, aborted: bool = False) -> None:
        """A record of a transaction, and the marker behind it."""
        transaction = self.site.begin(USER)
        self._count += 1
        transaction.write(ORDERS, b"%d" % self._count)
        if aborted:
            transaction.abort()
        else:
            transaction.commit()

    def lose_end(self, start: int) -> None:
        """As in an unclean election: the log ends there."""
        self.site.logs[ORDERS].lose_end(start)

    def ends(self) -> LogBounds:
        """Return the bounds of the first partition."""
        return self.site.logs[ORDERS].bounds


def asked(log: NotedLog, known: KnownRecords, *spans: Spans, topic_id: str = "id") -> None:
    """Ask as one translation does, which looks at the bounds first; what is told must be what the log holds."""
    partitions = {p for each in spans for p in each}
    bounds = {p: ((topic_id, p.partition), each) for p, each in log.bounds(partitions).items()}
    reader = known.before(log, bounds)
    for each in spans:
        found = {p: tuple(records) for p, records in reader.identities_all(each).items()}
        assert found == FakeRecords(log.site).identities_all(each)
