"""Topics and rights for a new site, made once by its administrator. Used by the lab."""

from collections.abc import Iterable, Mapping

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from drctl.drivers.kafka.site import KafkaSite

type Right = tuple[str, str, str, str]
"""Principal, operation, resource type, and resource: a literal name, ``*`` for all, or ``prefix*``."""


def create_topics(site: KafkaSite, topics: Mapping[str, tuple[int, int, Mapping[str, str]]]) -> None:
    """Create topics (name → partitions, replication factor, configuration); those that exist are left as they are."""
    new = [NewTopic(name, count, replicas, config=dict(config)) for name, (count, replicas, config) in topics.items()]
    for name, future in site.admin().create_topics(new).items():
        try:
            future.result()
        except KafkaException as error:
            if error.args[0].name() != "TOPIC_ALREADY_EXISTS":
                raise site.causes.translate(error, f"create topic {name}") from error


def allow(site: KafkaSite, rights: Iterable[Right]) -> None:
    """Add ALLOW rules for any host."""
    bindings = [binding(right) for right in rights]
    admin: AdminClient = site.admin()
    for future in admin.create_acls(bindings).values():
        site.wait(future, "create rules")


def binding(right: Right) -> AclBinding:
    """The rule that allows it for any host."""
    principal, operation, kind, name = right
    prefixed = name.endswith("*") and name != "*"
    pattern = ResourcePatternType.PREFIXED if prefixed else ResourcePatternType.LITERAL
    return AclBinding(
        ResourceType[kind],
        name.rstrip("*") if prefixed else name,
        pattern,
        principal,
        "*",
        AclOperation[operation],
        AclPermissionType.ALLOW,
    )
