"""The records of a fake site."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import islice

from drctl.errors import Conflict
from drctl.model.offsets import LogBounds, RecordId, TopicPartition
from tests.fakes.site import Entry, FakeSite, identity


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
