"""The fence of a site whose users Strimzi owns: written into KafkaUsers, and struck at the brokers at once.

The User Operator brings the rules of every user that it finds back to what its KafkaUser says, or deletes them where
there is none, within two minutes. So a rule counts as standing only where it will still stand then. Fences that undo
themselves or do not bite are not offered: scaling brokers to zero is reverted, network policies leave connections as
they are, and a deleted password does not end a session.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from drctl.drivers.strimzi.kinds import served
from drctl.errors import Conflict, NotProven
from drctl.model.fence import MARK, CanaryResult, DenyRule, Scope, Writers
from drctl.model.resources import KAFKA, KAFKA_USER, Object, Where
from drctl.model.site import Strimzi
from drctl.ports import Fence, Resources

IGNORED = "STRIMZI_IGNORED_USERS_PATTERN"
KINDS = {Scope.TOPICS: "topic", Scope.TRANSACTIONAL_IDS: "transactionalId"}
WRITING = {"Write", "All"}


class StrimziFence:
    """Implements :class:`drctl.ports.Fence` over the fence of the brokers."""

    def __init__(self, strike: Fence, resources: Resources, names: Strimzi) -> None:
        self.strike, self.resources, self.names = strike, resources, names

    def writers(self) -> Writers:
        """By the brokers' rules, and by KafkaUsers whose rules the operator has yet to write."""
        seen = self.strike.writers()
        coming = {name for name, user in self._users().items() if any(map(_writes, _rules(user)))}
        return Writers(seen.principals | coming, seen.everyone, self._super_users())

    def standing(self) -> frozenset[DenyRule]:
        users, lasting = self._users(), self._lasting()
        found = set()
        for each in self.strike.standing():
            user = users.get(each.principal)
            if user is None and lasting(each):
                found.add(each)
            elif user is not None and each in _denials(each.principal, user):
                # By what the KafkaUser says, not by the brokers: the operator will have brought them to
                # that within two minutes, whatever stands there now.
                found.add(replace(each, own=each in _denials(each.principal, user, MARK)))
        return frozenset(found)

    def deny(self, denials: Collection[DenyRule], *, adopt: bool = False) -> None:
        """Rehearsed for all users before the first is changed, so that a conflict leaves nothing half done."""
        users, lasting = self._users(), self._lasting()
        undone = sorted({each.principal for each in denials if each.principal not in users and not lasting(each)})
        if undone:
            raise NotProven(
                f"the User Operator of Kafka/{self.names.cluster} would delete deny rules of users it does not own:"
                f" {', '.join(undone)}",
                remedy=f"give them a KafkaUser, or name them in {IGNORED} of its container",
            )
        wanted = defaultdict[str, set[DenyRule]](set)
        for each in denials:
            wanted[each.principal].add(each)
        rules = {name: _rules(users[name]) + _missing(users[name], name, wanted[name], adopt) for name in users}
        # The resources first. Struck at the brokers alone, a rule may be deleted by the operator before its
        # KafkaUser tells it.
        self._change(rules, users)
        self.strike.deny(denials, adopt=adopt)

    def lift(self, denials: Collection[DenyRule]) -> None:
        users = self._users()
        gone = set(denials)
        rules: dict[str, list[Any]] = {}
        for name, user in users.items():
            own = gone & _denials(name, user, MARK)
            rules[name] = [
                rule for rule in _rules(user) if not own & (_denied_by(name, rule) | _denied_by(name, rule, MARK))
            ]
        others = {each for name, user in users.items() for each in _denials(name, user) - _denials(name, user, MARK)}
        self._change(rules, users)
        # Rules that the user's owner wrote into the KafkaUser stay: the operator would bring them back
        # anyway.
        self.strike.lift(gone - others)

    def canary(self) -> CanaryResult:
        return self.strike.canary()

    def _change(self, rules: Mapping[str, list[Any]], users: Mapping[str, Object]) -> None:
        changed = {name: _body(users[name], each) for name, each in rules.items() if each != _rules(users[name])}
        conflicts = []
        for rehearse in (True, False):
            for name, body in changed.items():
                own = str(users[name]["metadata"]["name"])
                try:
                    self.resources.apply(
                        served(self.resources, KAFKA_USER), own, body, take=self.names.take_ownership, rehearse=rehearse
                    )
                except Conflict as conflict:
                    if not rehearse:
                        raise
                    conflicts.append(conflict)
            if conflicts:
                said = "\n".join(str(each) for each in conflicts)
                raise Conflict(said, remedy=conflicts[0].remedy) from conflicts[0]

    def _users(self) -> dict[str, Object]:
        """Every KafkaUser of the site by the principal as which Kafka knows it."""
        where = Where(labels=f"strimzi.io/cluster={self.names.cluster}")
        return {_principal(user): user for user in self.resources.list(served(self.resources, KAFKA_USER), where).items}

    def _super_users(self) -> frozenset[str] | None:
        """By the site's own word to its operator; another authorizer than Kafka's has its own ways."""
        authorization = ((self._kafka().get("spec") or {}).get("kafka") or {}).get("authorization") or {}
        if authorization.get("type") != "simple":
            return None
        return frozenset(f"User:{str(name).removeprefix('User:')}" for name in authorization.get("superUsers") or ())

    def _lasting(self) -> "_Lasting":
        return _Lasting(self._kafka(), self.names.cluster)

    def _kafka(self) -> Object:
        return self.resources.get(served(self.resources, KAFKA), self.names.cluster)


class _Lasting:
    """Whether a rule of a user without KafkaUser stays: no User Operator runs, or it is told to ignore that user."""

    def __init__(self, kafka: Object, cluster: str) -> None:
        operator = (kafka.get("spec") or {}).get("entityOperator") or {}
        self.alone = "userOperator" not in operator
        container = (operator.get("template") or {}).get("userOperatorContainer") or {}
        values = [each.get("value") for each in container.get("env") or () if each.get("name") == IGNORED]
        try:
            self.ignored = re.compile(str(values[-1])) if values and values[-1] else None
        except re.error as error:
            raise NotProven(
                f"Kafka/{cluster}: {IGNORED} is no pattern that drctl understands: {error}", remedy="write it plainer"
            ) from error

    def __call__(self, denial: DenyRule) -> bool:
        name = denial.principal.removeprefix("User:")
        return self.alone or (self.ignored is not None and self.ignored.fullmatch(name) is not None)


def _principal(user: Object) -> str:
    told = (user.get("status") or {}).get("username")
    if told:
        return f"User:{told}"
    kind = str(((user.get("spec") or {}).get("authentication") or {}).get("type") or "")
    name = user["metadata"]["name"]
    # The operator's own rule, for a user whose status it has not written yet.
    return f"User:CN={name}" if kind.startswith("tls") else f"User:{name}"


def _rules(user: Object) -> list[Any]:
    return list(((user.get("spec") or {}).get("authorization") or {}).get("acls") or ())


def _body(user: Object, rules: list[Any]) -> Object:
    authorization = {**((user.get("spec") or {}).get("authorization") or {"type": "simple"}), "acls": deepcopy(rules)}
    # acls is one list, and server-side apply replaces it as a whole: the version keeps us from taking away
    # what somebody added since we looked.
    version = user["metadata"]["resourceVersion"]
    return {"metadata": {"resourceVersion": version}, "spec": {"authorization": authorization}}


def _operations(rule: Mapping[str, Any]) -> set[str]:
    """``operations``, or the single ``operation`` of older resources."""
    return set(rule.get("operations") or ()) | ({str(rule["operation"])} if rule.get("operation") else set())


def _writes(rule: Mapping[str, Any]) -> bool:
    kind = (rule.get("resource") or {}).get("type")
    return rule.get("type", "allow") == "allow" and kind in KINDS.values() and bool(_operations(rule) & WRITING)


def _denied_by(principal: str, rule: Mapping[str, Any], name: str = "*") -> set[DenyRule]:
    """The denial that a rule of drctl's shape is, if it is one, or the one that it marks as drctl's own."""
    resource = rule.get("resource") or {}
    plain = (resource.get("name"), resource.get("patternType", "literal"), rule.get("host", "*")) == (
        name,
        "literal",
        "*",
    )
    if rule.get("type") != "deny" or not plain or _operations(rule) != {"Write"}:
        return set()
    return {DenyRule(principal, scope) for scope, kind in KINDS.items() if kind == resource.get("type")}


def _denials(principal: str, user: Object, name: str = "*") -> set[DenyRule]:
    return {each for rule in _rules(user) for each in _denied_by(principal, rule, name)}


def _missing(user: Object, principal: str, wanted: Collection[DenyRule], adopt: bool) -> list[Any]:
    """Rules to add, each with its mark; one that the user's owner wrote stays without, unless it is to be adopted."""
    present, marked = _denials(principal, user), _denials(principal, user, MARK)
    found = []
    for each in sorted(wanted, key=lambda denial: denial.scope):
        found += [_denying(each, "*")] if each not in present else []
        found += [_denying(each, MARK)] if each not in marked and (adopt or each not in present) else []
    return found


def _denying(denial: DenyRule, name: str) -> dict[str, Any]:
    resource = {"type": KINDS[denial.scope], "name": name, "patternType": "literal"}
    return {"type": "deny", "resource": resource, "operations": ["Write"], "host": "*"}
