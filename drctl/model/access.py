"""Who may do what at a site, and who can log in there."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from drctl.model.fence import EVERYONE, MARK

__all__ = ["DELEGATION_TOKEN", "EVERYONE", "USER", "AclRule", "Users", "confined", "writable"]

DELEGATION_TOKEN, USER = "DELEGATION_TOKEN", "USER"
"""Kinds of rules that say who may see or make login tokens: of which token, and of which user."""


class AclRule(NamedTuple):
    """One rule of a site's authorizer, in Kafka's own words.

    ``kind`` is TOPIC, GROUP, TRANSACTIONAL_ID, CLUSTER, DELEGATION_TOKEN or USER, ``pattern`` LITERAL or PREFIXED; a
    literal ``*`` is every name, ``User:*`` every principal, host ``*`` every host.
    """

    principal: str
    host: str
    operation: str
    kind: str
    name: str
    pattern: str
    allow: bool

    def __str__(self) -> str:
        star = "*" if self.pattern == "PREFIXED" else ""
        host = "" if self.host == "*" else f" from {self.host}"
        word = "ALLOW" if self.allow else "DENY"
        return f"{word} {self.principal} {self.operation} on {self.kind.lower()} {self.name}{star}{host}"

    def covers(self, name: str) -> bool:
        """Whether a resource of that name is one of those that it is about."""
        return name.startswith(self.name) if self.pattern == "PREFIXED" else self.name in ("*", name)

    @property
    def lets_write(self) -> bool:
        """Whether whom it allows may write records, or begin transactions."""
        return self.allow and self.operation in ("WRITE", "ALL") and self.kind in _WRITABLE

    @property
    def fences(self) -> bool:
        """Whether it has the shape of drctl's own deny rules."""
        return self._denies_writing("*")

    @property
    def marks(self) -> bool:
        """Whether it says that drctl made the rule of its fence for this principal and kind."""
        return self._denies_writing(MARK)

    def _denies_writing(self, name: str) -> bool:
        everywhere = (self.name, self.pattern, self.host) == (name, "LITERAL", "*")
        return not self.allow and everywhere and self.operation == "WRITE" and self.kind in _WRITABLE


_WRITABLE = ("TOPIC", "TRANSACTIONAL_ID")


type Users = Mapping[str, frozenset[str]]
"""SCRAM users with the mechanisms that they have a credential for; passwords cannot be read, let alone compared."""


def writable(rules: Iterable[AclRule], principal: str, topics: Collection[str]) -> list[str]:
    """Return those of the topics that a principal may write to.

    Deny rules for every topic do not count, since drctl puts up and lifts such: whoever may write without them may.
    """
    about = [r for r in rules if r.kind == "TOPIC" and r.operation in ("WRITE", "ALL")]
    allowed = [r for r in about if r.allow and r.principal in (principal, EVERYONE)]
    denied = [r for r in about if not r.allow and r.name != "*" and r.host == "*" and r.principal == principal]

    def is_writable(topic: str) -> bool:
        return any(rule.covers(topic) for rule in allowed) and not any(rule.covers(topic) for rule in denied)

    return list(filter(is_writable, sorted(topics)))


def writes_topics(rules: Iterable[AclRule], principal: str) -> bool:
    """Whether a rule of its own lets a principal write to a topic; a right to transactions alone writes nowhere."""
    return any(
        rule.allow and rule.principal == principal and rule.kind == "TOPIC" and rule.operation in ("WRITE", "ALL")
        for rule in rules
    )


def confined(rules: Iterable[AclRule], principals: Iterable[str], topics: Collection[str]) -> frozenset[str]:
    """Return those of the principals that may write to none of the topics."""
    known = tuple(rules)
    return frozenset(principal for principal in principals if not writable(known, principal, topics))
