"""A site's brokers and topics, through the admin client."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import ConfigResource, ResourceType

from drctl.drivers.kafka.site import TIMEOUT, KafkaSite
from drctl.errors import Unsupported
from drctl.model.cluster import Broker, Cluster, Partition, Topic

OLDEST = (3, 9)


class KafkaBrokers:
    """Implements :class:`drctl.ports.Brokers`."""

    def __init__(self, site: KafkaSite) -> None:
        self.site = site

    def cluster(self) -> Cluster:
        admin = self.site.admin()
        told = self.site.wait(admin.describe_cluster(request_timeout=TIMEOUT), "describe the cluster")
        brokers = tuple(Broker(node.id, node.host, node.port) for node in sorted(told.nodes, key=lambda n: n.id))
        config = self._broker_config(brokers[0].id) if brokers else {}
        version = supported_version(self.site.name, config)
        controller = told.controller.id if told.controller else -1
        minutes = config.get("offsets.retention.minutes", "")
        retention = timedelta(minutes=int(minutes)) if minutes.isdecimal() else None
        return Cluster(told.cluster_id, brokers, controller, kraft=True, version=version, offsets_retention=retention)

    def topics(self, names: Collection[str]) -> Mapping[str, Topic]:
        if not names:
            return {}
        admin = self.site.admin()
        try:
            listed = admin.list_topics(timeout=TIMEOUT).topics
        except KafkaException as error:
            raise self.site.causes.translate(error, "list its topics") from error
        present = sorted(name for name in names if name in listed)
        if not present:
            return {}
        described = self.site.wait_all(
            admin.describe_topics(TopicCollection(present), request_timeout=TIMEOUT).items(), "describe topics"
        )
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in present]
        configs = self.site.wait_all(admin.describe_configs(resources, request_timeout=TIMEOUT).items(), "read configs")
        settings = {resource.name: {k: v.value for k, v in found.items()} for resource, found in configs.items()}
        return {
            name: Topic(
                name,
                # librdkafka writes ids in plain base64, Kafka itself in the form that is safe in names.
                str(topic.topic_id).translate(str.maketrans("+/", "-_")),
                tuple(
                    Partition(
                        p.leader.id if p.leader else -1,
                        tuple(node.id for node in p.replicas),
                        tuple(node.id for node in p.isr),
                    )
                    for p in sorted(topic.partitions, key=lambda p: p.id)
                ),
                {key: value for key, value in settings[name].items() if value is not None},
            )
            for name, topic in described.items()
        }

    def _broker_config(self, broker: int) -> dict[str, str]:
        resource = ConfigResource(ResourceType.BROKER, str(broker))
        future = self.site.admin().describe_configs([resource], request_timeout=TIMEOUT)[resource]
        found = self.site.wait(future, "read the configuration of a broker")
        return {key: str(entry.value or "") for key, entry in found.items()}


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
