"""A site's records that note what is read together and what alone."""

from collections.abc import Mapping
from typing import override

from drctl.model.offsets import RecordId, TopicPartition
from tests.fakes.records import FakeRecords
from tests.fakes.site import FakeSite


class NotedRecords(FakeRecords):
    """Notes which partitions are read together."""

    def __init__(self, site: FakeSite) -> None:
        super().__init__(site)
        self.together: list[set[TopicPartition]] = []
        self.alone: list[TopicPartition] = []

    @override
    def identities_all(
        self, spans: Mapping[TopicPartition, tuple[int, int]]
    ) -> Mapping[TopicPartition, tuple[RecordId, ...]]:
        self.together.append(set(spans))
        return super().identities_all(spans)

    @override
    def following(self, partition: TopicPartition, start: int, count: int) -> tuple[RecordId, ...]:
        self.alone.append(partition)
        return super().following(partition, start, count)
