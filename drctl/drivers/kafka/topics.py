"""Settings and partitions of one site's topics, and the topics themselves, through the admin client."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from itertools import starmap

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from drctl.drivers.kafka.asking_again import asked_again, done_again
from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.drivers.kafka.site import TIMEOUT, KafkaSite
from drctl.errors import Conflict, DrctlError, Forbidden, NotFound

DECLINED = (
    "INVALID_CONFIG",
    "INVALID_REQUEST",
    "POLICY_VIOLATION",
    "INVALID_REPLICATION_FACTOR",
    "TOPIC_DELETION_DISABLED",
)


class KafkaTopics:
    """Implements :class:`drctl.ports.Topics`."""

    def __init__(self, site: KafkaSite) -> None:
        self.site = site

    @asked_again
    def own(self, topics: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        if not topics:
            return {}
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in sorted(topics)]
        futures = self.site.admin().describe_configs(resources, request_timeout=TIMEOUT)
        found = self.site.wait_all(futures.items(), "read topic settings")
        own = ConfigSource.DYNAMIC_TOPIC_CONFIG.value
        settings: dict[str, dict[str, str]] = {}
        for resource, entries in found.items():
            settings[resource.name] = {key: str(entry.value) for key, entry in entries.items() if entry.source == own}
        return settings

    @done_again
    def change(self, wanted: Mapping[str, Mapping[str, str | None]]) -> None:
        resources = [
            ConfigResource(ResourceType.TOPIC, topic, incremental_configs=list(starmap(_entry, changes.items())))
            for topic, changes in sorted(wanted.items())
            if changes
        ]
        if resources:
            futures = self.site.admin().incremental_alter_configs(resources, request_timeout=self.site.change_timeout)
            with self._told("ALTER_CONFIGS"):
                self.site.wait_all(futures.items(), "change topic settings", self.site.change_timeout)

    @done_again
    def add_partitions(self, name: str, count: int) -> None:
        found = KafkaBrokers(self.site).topics([name]).get(name)
        if found is None:
            raise NotFound(f"site {self.site.name}: there is no topic {name}", remedy="correct the name, or create it")
        if len(found.partitions) < count:
            wanted = [NewPartitions(name, count)]
            futures = self.site.admin().create_partitions(wanted, request_timeout=self.site.change_timeout)
            with self._told("ALTER"):
                self.site.wait(futures[name], f"add partitions to topic {name}", self.site.change_timeout)

    @done_again
    def create(self, name: str, partitions: int, replicas: int, config: Mapping[str, str]) -> None:
        new = NewTopic(name, partitions, replicas, config=dict(config))
        future = self.site.admin().create_topics([new], request_timeout=self.site.change_timeout)[name]
        with self._told("CREATE"), _passing_over("TOPIC_ALREADY_EXISTS"):
            self.site.wait(future, f"create topic {name}", self.site.change_timeout)

    def delete(self, name: str) -> None:
        future = self.site.admin().delete_topics([name], request_timeout=self.site.change_timeout)[name]
        with self._told("DELETE"), _passing_over("UNKNOWN_TOPIC_OR_PART"):
            self.site.wait(future, f"delete topic {name}", self.site.change_timeout)
        self.site.renew()

    @contextmanager
    def _told(self, right: str) -> Iterator[None]:
        """Name the right that is missing; what the brokers decline is a conflict."""
        try:
            yield
        except Forbidden as denied:
            remedy = f"allow {self.site.causes.user} {right} on the topics that move"
            raise Forbidden(str(denied), remedy=remedy) from denied.__cause__
        except DrctlError as error:
            if _code(error) in DECLINED:
                raise Conflict(f"the brokers decline it: {error}", remedy="see what they say") from error
            raise


@contextmanager
def _passing_over(code: str) -> Iterator[None]:
    """Pass over that answer: the world is already as it is wanted."""
    try:
        yield
    except DrctlError as error:
        if _code(error) != code:
            raise


def _code(error: DrctlError) -> str:
    """Kafka's own name for what went wrong."""
    return error.__cause__.args[0].name() if isinstance(error.__cause__, KafkaException) else ""


def _entry(key: str, value: str | None) -> ConfigEntry:
    operation = AlterConfigOpType.DELETE if value is None else AlterConfigOpType.SET
    return ConfigEntry(key, value, incremental_operation=operation)
