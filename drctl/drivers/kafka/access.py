"""Rights and users of one site, through the admin client."""

from collections.abc import Collection, Mapping
from concurrent.futures import Future
from typing import Any, cast

from confluent_kafka import KafkaError, TopicCollection
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from drctl.drivers.kafka.asking_again import asked_again, done_again
from drctl.drivers.kafka.group_requests import GROUP_RIGHTS
from drctl.drivers.kafka.site import KafkaSite
from drctl.errors import Forbidden, NotFound, Unsupported
from drctl.model.access import AclRule, Users
from drctl.model.own_rights import OwnRights

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

    @asked_again
    def rules(self) -> frozenset[AclRule]:
        # All kinds at the same time: who fences asks this before each of its effects, while clients wait.
        futures = {kind: self._asked(kind) for kind in KINDS}
        told = self.site.wait_all(futures.items(), "read its rules")
        return frozenset(_rule(kind, each) for kind, found in told.items() for each in found)

    @done_again
    def allow(self, rules: Collection[AclRule]) -> None:
        if rules:
            bindings = [_binding(rule) for rule in rules]
            futures = self.site.admin().create_acls(bindings, request_timeout=self.site.change_timeout)
            self.site.wait_all(futures.items(), "add rules", self.site.change_timeout)

    @asked_again
    def may(self, topics: Collection[str]) -> Mapping[str, frozenset[str]]:
        if not topics:
            return {}
        admin, asked = self.site.admin(), TopicCollection(sorted(topics))
        told = admin.describe_topics(asked, include_authorized_operations=True, request_timeout=self.site.timeout)
        cluster = self._cluster_asked()
        found = self.site.wait_all(told.items(), "ask what it may do with topics")
        anywhere = self._at_cluster(cluster) & {"CREATE"}
        return {name: _names(topic.authorized_operations) | anywhere for name, topic in found.items()}

    @asked_again
    def rights(self, topics: Collection[str], groups: Collection[str]) -> OwnRights:
        name = self.site.config.get("sasl.username")
        principal = f"User:{name}" if name else ""
        # Begun before the topics are waited for: a broker that is silent is waited for once.
        cluster = self._cluster_asked()
        with_topics = self._with_topics(topics)
        return OwnRights(principal, self._at_cluster(cluster), with_topics, self._with_groups(groups))

    def _cluster_asked(self) -> "Future[Any]":
        admin = self.site.admin()
        asked: Future[Any] = admin.describe_cluster(
            include_authorized_operations=True, request_timeout=self.site.timeout
        )
        return asked

    def _at_cluster(self, asked: "Future[Any]") -> frozenset[str]:
        # None is told of a cluster that may not be described; the library has no other word for operations
        # that a broker keeps to itself, and Kafka's keep none.
        return _names(self.site.wait(asked, "ask what it may do").authorized_operations)

    def _with_topics(self, topics: Collection[str]) -> Mapping[str, frozenset[str]]:
        if not topics:
            return {}
        admin, asked, found = self.site.admin(), TopicCollection(sorted(topics)), dict[str, frozenset[str]]()
        told = admin.describe_topics(asked, include_authorized_operations=True, request_timeout=self.site.timeout)
        for name, future in told.items():
            try:
                topic = self.site.wait(future, "ask what it may do with topics")
            except Forbidden:
                found[name] = frozenset()
            except NotFound:
                continue
            else:
                # A topic that is told of may be described, so that there is one operation at least.
                if not topic.authorized_operations:
                    raise self._untold(f"topic {name}")
                found[name] = _names(topic.authorized_operations)
        return found

    def _with_groups(self, groups: Collection[str]) -> Mapping[str, frozenset[str]]:
        found = dict[str, frozenset[str]]()
        for group, (error, operations) in self.site.ask_coordinators(groups, GROUP_RIGHTS).items():
            if error == KafkaError.GROUP_AUTHORIZATION_FAILED:
                found[group] = frozenset()
            elif error or operations is None:
                raise self.site.causes.translate(KafkaError(error), f"ask what it may do with group {group}")
            elif operations < 0:  # Kafka's own word for operations that are not told: the lowest number that there is
                raise self._untold(f"group {group}")
            else:
                found[group] = frozenset(each.name for each in AclOperation if operations >> each.value & 1)
        return found

    def _untold(self, what: str) -> Unsupported:
        """The error for operations that a broker keeps to itself: which of them are allowed is not known."""
        said = f"site {self.site.name}: its brokers do not tell what drctl may do with {what}"
        return Unsupported(said, remedy="compare its rights with docs/kafka-rights.md")

    @asked_again
    def users(self) -> Users:
        future = self.site.admin().describe_user_scram_credentials(request_timeout=self.site.timeout)
        told = self.site.wait(cast("Future[Any]", future), "list its SCRAM users")
        users: dict[str, frozenset[str]] = {}
        for user, each in told.items():
            users[user] = frozenset(info.mechanism.name.replace("_", "-") for info in each.scram_credential_infos)
        return users

    def _asked(self, kind: str) -> "Future[Collection[AclBinding]]":
        # The stubs know no None, which is what matches any name, principal and host.
        anything = (KINDS[kind], None, ResourcePatternType.ANY, None, None, AclOperation.ANY, AclPermissionType.ANY)
        wanted = AclBindingFilter(*anything)  # type: ignore[arg-type]
        admin = self.site.admin()
        asked: Future[Collection[AclBinding]] = admin.describe_acls(wanted, request_timeout=self.site.timeout)
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
