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

from drctl.drivers.kafka.group_requests import GROUP_RIGHTS
from drctl.drivers.kafka.site import TIMEOUT, KafkaSite
from drctl.errors import Forbidden, NotFound
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
        anywhere = self._at_cluster() & {"CREATE"}
        return {name: _names(topic.authorized_operations) | anywhere for name, topic in found.items()}

    def rights(self, topics: Collection[str], groups: Collection[str]) -> OwnRights:
        name = self.site.config.get("sasl.username")
        principal = f"User:{name}" if name else ""
        return OwnRights(principal, self._at_cluster(), self._with_topics(topics), self._with_groups(groups))

    def _at_cluster(self) -> frozenset[str]:
        told = self.site.admin().describe_cluster(include_authorized_operations=True, request_timeout=TIMEOUT)
        return _names(self.site.wait(told, "ask what it may do").authorized_operations)

    def _with_topics(self, topics: Collection[str]) -> Mapping[str, frozenset[str]]:
        if not topics:
            return {}
        asked, found = TopicCollection(sorted(topics)), dict[str, frozenset[str]]()
        told = self.site.admin().describe_topics(asked, include_authorized_operations=True, request_timeout=TIMEOUT)
        for name, future in told.items():
            try:
                topic = self.site.wait(future, "ask what it may do with topics")
            except Forbidden:
                found[name] = frozenset()
            except NotFound:
                continue
            else:
                found[name] = _names(topic.authorized_operations)
        return found

    def _with_groups(self, groups: Collection[str]) -> Mapping[str, frozenset[str]]:
        found = dict[str, frozenset[str]]()
        for group, (error, operations) in self.site.ask_coordinators(groups, GROUP_RIGHTS).items():
            if error == KafkaError.GROUP_AUTHORIZATION_FAILED:
                found[group] = frozenset()
            elif error or operations is None:
                raise self.site.causes.translate(KafkaError(error), f"ask what it may do with group {group}")
            else:
                found[group] = frozenset(each.name for each in AclOperation if operations >> each.value & 1)
        return found

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
