"""A stand-in for Strimzi's User Operator, which is in no package registry: it reconciles the rules of KafkaUsers only.

It does what Strimzi's documentation says of rules: brings those of every user to what its KafkaUser says, and deletes
all rules of users without a KafkaUser, unless ``STRIMZI_IGNORED_USERS_PATTERN`` matches their name. It knows of a rule
only who may write, or is denied to, in which scope; it makes no credentials and no quotas.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from drctl.model.fence import MARK, DenyRule, Scope
from drctl.model.resources import KAFKA_USER, Where
from drctl.ports import Resources
from tests.fakes.site import FakeSite

SCOPES = {"topic": Scope.TOPICS, "transactionalId": Scope.TRANSACTIONAL_IDS}


class UserOperatorStandIn:
    """``resources`` as the operator, ``ignored`` the pattern of names that it leaves alone.

    One that ``lags`` acts by the KafkaUsers as it knew them before, and by the newest in its next round: what informs
    it may be behind its clock.
    """

    def __init__(
        self, resources: Resources, site: FakeSite, cluster: str, version: str = "v1", ignored: str = ""
    ) -> None:
        self.resources, self.site, self.kind = resources, site, KAFKA_USER.at(version)
        self.where, self.ignored = Where(labels=f"strimzi.io/cluster={cluster}"), ignored
        self.lags = False
        self.deleted: set[str] = set()
        self._known = self._users()

    def reconcile(self) -> None:
        """One round over every user."""
        newest = self._users()
        users, self._known = (self._known if self.lags else newest), newest
        self._delete_others(users)
        for principal, rules in users.items():
            self._bring(principal, rules)

    def _users(self) -> dict[str, list[Mapping[str, Any]]]:
        items = self.resources.list(self.kind, self.where).items
        return {
            f"User:{each['metadata']['name']}": each["spec"].get("authorization", {}).get("acls") or []
            for each in items
        }

    def _delete_others(self, users: Iterable[str]) -> None:
        present = self.site.allowed | {each.principal for each in self.site.denials}
        for principal in present.difference(users):
            if self.ignored and re.fullmatch(self.ignored, principal.removeprefix("User:")):
                continue
            self.deleted.add(principal)
            self.site.allowed.discard(principal)
            self._deny_only(principal, set())

    def _bring(self, principal: str, rules: Iterable[Mapping[str, Any]]) -> None:
        allowed, denied, marked = False, set[DenyRule](), set[DenyRule]()
        for rule in rules:
            resource = rule["resource"]
            if not {"Write", "All"} & set(rule["operations"]):
                continue
            if rule.get("type", "allow") == "allow":
                allowed = True
            elif resource["name"] in ("*", MARK):
                wanted = denied if resource["name"] == "*" else marked
                wanted.add(DenyRule(principal, SCOPES[resource["type"]]))
        (self.site.allowed.add if allowed else self.site.allowed.discard)(principal)
        self._deny_only(principal, denied)
        self.site.of_others |= denied - marked
        self.site.of_others -= marked

    def _deny_only(self, principal: str, wanted: set[DenyRule]) -> None:
        self.site.denials = {each for each in self.site.denials if each.principal != principal} | wanted
        self.site.of_others = {each for each in self.site.of_others if each in self.site.denials}
