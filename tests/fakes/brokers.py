"""A fake site's brokers and topics, as they tell of themselves."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from drctl.model.cluster import Broker, Cluster, Partition, Topic
from drctl.model.sight import KafkaView
from tests.fakes.site import FakeSite

RETENTION = timedelta(days=7)
BROKERS = 3


class FakeBrokers:
    """Three brokers; every partition led by one and in sync on all."""

    def __init__(self, site: FakeSite) -> None:
        self.site = site
        self.alive = [1, 2, 3]

    def cluster(self) -> Cluster:
        self.site.reach()
        brokers = tuple(Broker(n, "localhost", 9000 + n) for n in self.alive)
        return Cluster(
            f"id-of-{self.site.name}",
            brokers,
            controller=self.alive[0],
            kraft=True,
            version="4.3",
            offsets_retention=RETENTION,
            auto_creates_topics=self.site.auto_creates,
        )

    def topics(self, names: Collection[str]) -> Mapping[str, Topic]:
        self.site.reach()
        counts: dict[str, int] = {}
        for partition in self.site.logs:
            counts[partition.topic] = counts.get(partition.topic, 0) + 1
        replica = Partition(self.alive[0], (1, 2, 3), tuple(self.alive))
        return {
            name: Topic(name, self.site.topic_id(name), (replica,) * counts[name], self.site.topic_config.get(name, {}))
            for name in names
            if name in counts
        }

    def names(self) -> frozenset[str]:
        self.site.reach()
        return frozenset(partition.topic for partition in self.site.logs)

    def view(self) -> KafkaView:
        self.site.reach()
        gone = {1, 2, 3}.difference(self.alive)
        count = len(self.site.logs)
        return KafkaView(
            frozenset(self.alive),
            frozenset({1, 2, 3}),
            self.alive[0],
            count,
            dict.fromkeys(gone, count) if count else {},
        )
