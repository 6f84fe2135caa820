"""Rights and users of one site, through the admin client."""

from collections.abc import Collection, Mapping
from concurrent.futures import Future
from typing import Any, cast

from confluent_kafka import TopicCollection
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from drctl.drivers.kafka.site import TIMEOUT, KafkaSite
from drctl.model.access import AclRule, Users

KINDS = {
    "TOPIC": ResourceType.TOPIC,
    "GROUP": ResourceType.GROUP,
    "TRANSACTIONAL_ID": ResourceType.TRANSACTIONAL_ID,
    "CLUSTER": ResourceType.BROKER,
}
"""Kafka's word and librdkafka's. Asked for one by one: the library cannot read an answer with kinds it does not know,
such as delegation tokens."""


class KafkaAccess:
    """Implements :class:`drctl.ports.Access`."""

    def __init__(self, site: KafkaSite) -> None:
        self.site = site

    def rules(self) -> frozenset[AclRule]:
        # All kinds at the same time: who fences asks this before each of its effects, while clients wait.
        futures = {kind: self._asked(kind) for kind in KINDS}
        told = self.site.wait_all(futures.items(), "read its rules")
        return frozenset(_rule(kind, each) for kind, found in told.items() for each in found)

    def allow(self, rules: Collection[AclRule]) -> None:
        if rules:
            bindings = [_binding(rule) for rule in rules]
            futures = self.site.admin().create_acls(bindings, request_timeout=self.site.change_timeout)
            self.site.wait_all(futures.items(), "add rules", self.site.change_timeout)

    def may(self, topics: Collection[str]) -> Mapping[str, frozenset[str]]:
        if not topics:
            return {}
        admin, asked = self.site.admin(), TopicCollection(sorted(topics))
        told = admin.describe_topics(asked, include_authorized_operations=True, request_timeout=TIMEOUT)
        found = self.site.wait_all(told.items(), "ask what it may do with topics")
        cluster = admin.describe_cluster(include_authorized_operations=True, request_timeout=TIMEOUT)
        anywhere = _names(self.site.wait(cluster, "ask what it may do").authorized_operations) & {"CREATE"}
        return {name: _names(topic.authorized_operations) | anywhere for name, topic in found.items()}

    def users(self) -> Users:
        future = self.site.admin().describe_user_scram_credentials(request_timeout=TIMEOUT)
        told = self.site.wait(cast("Future[Any]", future), "list its SCRAM users")
        users: dict[str, frozenset[str]] = {}
        for user, each in told.items():
            users[user] = frozenset(info.mechanism.name.replace("_", "-") for info in each.scram_credential_infos)
        return users

    def _asked(self, kind: str) -> "Future[Collection[AclBinding]]":
        # The stubs know no None, which is what matches any name, principal and host.
        anything = (KINDS[kind], None, ResourcePatternType.ANY, None, None, AclOperation.ANY, AclPermissionType.ANY)
        wanted = AclBindingFilter(*anything)  # type: ignore[arg-type]
        asked: Future[Collection[AclBinding]] = self.site.admin().describe_acls(wanted, request_timeout=TIMEOUT)
        return asked


def _names(operations: Collection[AclOperation] | None) -> frozenset[str]:
    return frozenset(each.name for each in operations or ())


def _rule(kind: str, told: AclBinding) -> AclRule:
    return AclRule(
        told.principal,
        told.host,
        AclOperation(told.operation).name,
        kind,
        told.name,
        ResourcePatternType(told.resource_pattern_type).name,
        told.permission_type == AclPermissionType.ALLOW,
    )


def _binding(rule: AclRule) -> AclBinding:
    return AclBinding(
        KINDS[rule.kind],
        rule.name,
        ResourcePatternType[rule.pattern],
        rule.principal,
        rule.host,
        AclOperation[rule.operation],
        AclPermissionType.ALLOW,
    )
