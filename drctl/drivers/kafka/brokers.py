"""A site's brokers and topics, through the admin client."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from confluent_kafka import TopicCollection, TopicPartitionInfo
from confluent_kafka.admin import ConfigEntry, ConfigResource, ResourceType, TopicDescription

from drctl.drivers.kafka.asking_again import asked_again
from drctl.drivers.kafka.site import KafkaSite
from drctl.errors import Unsupported
from drctl.model.cluster import Broker, Cluster, Partition, Topic
from drctl.model.offsets import TopicPartition
from drctl.model.sight import KafkaView

OLDEST = (3, 9)
"""The bridge to KRaft: the last release that leaves ZooKeeper, so that every site can come at least to it."""


class KafkaBrokers:
    """Implements :class:`drctl.ports.Brokers`."""

    def __init__(self, site: KafkaSite) -> None:
        self.site = site

    @asked_again
    def cluster(self) -> Cluster:
        admin = self.site.admin()
        told = self.site.wait(admin.describe_cluster(request_timeout=self.site.timeout), "describe the cluster")
        brokers = tuple(Broker(node.id, node.host, node.port) for node in sorted(told.nodes, key=lambda n: n.id))
        config = self._broker_config(brokers[0].id) if brokers else {}
        version = supported_version(self.site.name, config)
        controller = told.controller.id if told.controller else -1
        minutes = config.get("offsets.retention.minutes", "")
        retention = timedelta(minutes=int(minutes)) if minutes.isdecimal() else None
        return Cluster(
            told.cluster_id,
            brokers,
            controller,
            kraft=True,
            version=version,
            offsets_retention=retention,
            super_users=super_users(config),
            auto_creates_topics=config.get("auto.create.topics.enable") == "true",
        )

    @asked_again
    def topics(self, names: Collection[str]) -> Mapping[str, Topic]:
        if not names:
            return {}
        admin = self.site.admin()
        listed = self.names()
        present = sorted(name for name in names if name in listed)
        if not present:
            return {}
        # Both asked at the same time, of whatever was listed: what is deleted meanwhile is in neither answer.
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in present]
        asked = admin.describe_topics(TopicCollection(present), request_timeout=self.site.timeout)
        asked_for_configs = admin.describe_configs(resources, request_timeout=self.site.timeout)
        described = self.site.wait_present(asked.items(), "describe topics")
        if not described:
            return {}
        configs = self.site.wait_present(asked_for_configs.items(), "read configs")
        settings = {resource.name: found for resource, found in configs.items()}
        return {name: _topic(name, topic, settings[name]) for name, topic in described.items() if name in settings}

    @asked_again
    def names(self) -> frozenset[str]:
        return frozenset(self.site.metadata("list its topics").topics)

    @asked_again
    def partition(self, place: TopicPartition) -> Partition | None:
        """Return a partition by one metadata request, which any broker answers, also without a quorum; None without."""
        topics = self.site.metadata(f"describe {place}", place.topic).topics
        found = topics[place.topic].partitions.get(place.partition) if place.topic in topics else None
        return None if found is None else Partition(found.leader, tuple(found.replicas), tuple(found.isrs))

    @asked_again
    def view(self) -> KafkaView:
        """One metadata request, and the configuration of topics that miss a replica.

        Log directories and the quorum, for which the client library cannot ask, stay without a signal here.
        """
        told = self.site.metadata("list its topics")
        assigned: set[int] = set()
        out_of_sync: dict[int, int] = {}
        fewest: dict[str, list[int]] = {}
        partitions = leaderless = 0
        for name, topic in told.topics.items():
            for each in topic.partitions.values():
                partitions += 1
                leaderless += each.leader < 0
                assigned.update(each.replicas)
                if len(each.isrs) < len(each.replicas):
                    fewest.setdefault(name, []).append(len(each.isrs))
                    # By broker, not by partition: one that is behind in many partitions is one cause, and
                    # that is what wakes somebody.
                    for broker in set(each.replicas).difference(each.isrs):
                        out_of_sync[broker] = out_of_sync.get(broker, 0) + 1
        alive = frozenset(told.brokers)
        below = self._under_min_isr(fewest)
        return KafkaView(alive, frozenset(assigned), told.controller_id, partitions, out_of_sync, below, leaderless)

    def _under_min_isr(self, in_sync: Mapping[str, list[int]]) -> int:
        """Partitions with fewer replicas in sync than their topic demands, leaderless ones left out."""
        if not in_sync:
            return 0
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in in_sync]
        configs = self.site.wait_present(
            self.site.admin().describe_configs(resources, request_timeout=self.site.timeout).items(), "read configs"
        )
        demanded = {
            each.name: int(found["min.insync.replicas"].value or 1)
            for each, found in configs.items()
            if "min.insync.replicas" in found
        }
        return sum(0 < each < demanded.get(name, 1) for name, counts in in_sync.items() for each in counts)

    def _broker_config(self, broker: int) -> dict[str, str]:
        resource = ConfigResource(ResourceType.BROKER, str(broker))
        future = self.site.admin().describe_configs([resource], request_timeout=self.site.timeout)[resource]
        found = self.site.wait(future, "read the configuration of a broker")
        return {key: str(entry.value or "") for key, entry in found.items()}


def super_users(config: Mapping[str, str]) -> frozenset[str] | None:
    """Whom ``super.users`` names, separated by semicolons; None where the broker keeps the value to itself."""
    told = config.get("super.users", "")
    return frozenset(each.strip() for each in told.split(";") if each.strip()) if told else None


def _topic(name: str, described: TopicDescription, settings: Mapping[str, ConfigEntry]) -> Topic:
    return Topic(
        name,
        # librdkafka writes ids in plain base64, Kafka itself in the form that is safe in names.
        str(described.topic_id).translate(str.maketrans("+/", "-_")),
        tuple(map(_partition, sorted(described.partitions, key=lambda partition: partition.id))),
        {key: entry.value for key, entry in settings.items() if entry.value is not None},
    )


def _partition(told: TopicPartitionInfo) -> Partition:
    leader = getattr(told.leader, "id", -1)  # None where there is no leader, whatever its type says
    return Partition(leader, tuple(node.id for node in told.replicas), tuple(node.id for node in told.isr))


def supported_version(site: str, config: Mapping[str, str]) -> str:
    """The version that a broker's configuration shows; Unsupported unless it is KRaft's, of Kafka 3.9 or newer.

    The Python client shows no broker version, but ``inter.broker.protocol.version`` defaults to the broker's own and
    was removed with ZooKeeper in 4.0: without it the answer is ``4``.
    """
    if config.get("zookeeper.connect") or not config.get("process.roles"):
        raise Unsupported(
            f"site {site} runs on ZooKeeper: its brokers name no process.roles",
            remedy="migrate it to KRaft first (Kafka 3.9 is the bridge)",
        )
    version = config.get("inter.broker.protocol.version", "4").partition("-")[0]
    if tuple(int(part) for part in version.split(".") if part.isdigit()) < OLDEST:
        raise Unsupported(f"site {site} runs Kafka {version}, and drctl needs 3.9", remedy="upgrade its brokers")
    return version
