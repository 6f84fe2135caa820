"""Model what a site's Kafka tells about itself."""

from dataclasses import dataclass, field
from datetime import timedelta

from drctl.model.offsets import TopicPartition


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker as listed in the cluster's metadata: one that is down is not listed."""

    id: int
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition's replicas by broker id; ``leader`` is -1 when there is none."""

    leader: int
    replicas: tuple[int, ...]
    in_sync: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic with its partitions (by number) and its effective configuration."""

    name: str
    topic_id: str
    partitions: tuple[Partition, ...]
    config: dict[str, str] = field(default_factory=dict)

    @property
    def compacted(self) -> bool:
        """Whether old records of a key may vanish between others."""
        return "compact" in self.config.get("cleanup.policy", "delete")

    def spread(self) -> tuple[TopicPartition, ...]:
        """All partitions, in order."""
        return tuple(TopicPartition(self.name, n) for n in range(len(self.partitions)))


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Kafka cluster: its id, its brokers, who is controller, and whether it runs on KRaft.

    ``version`` is the broker version as far as it can be told, for example ``4.3``; empty when unknown.
    ``offsets_retention`` is how long the positions of an empty group are kept after its last commit; None if unknown.
    ``super_users`` are those that the brokers' configuration names; None if it tells nobody, as Apache Kafka's does not
    (it takes ``super.users`` for a secret, since the authorizer reads it and not the broker). ``auto_creates_topics``:
    brokers make a topic that a client asks for; False if unknown.
    """

    cluster_id: str
    brokers: tuple[Broker, ...]
    controller: int
    kraft: bool
    version: str = ""
    offsets_retention: timedelta | None = None
    super_users: frozenset[str] | None = None
    auto_creates_topics: bool = False
