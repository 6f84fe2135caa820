"""Who may do what at a site, and who can log in there."""

from collections.abc import Mapping
from typing import NamedTuple

from drctl.model.fence import EVERYONE, MARK

__all__ = ["EVERYONE", "AclRule", "Users"]


class AclRule(NamedTuple):
    """One rule of a site's authorizer, in Kafka's own words.

    ``kind`` is TOPIC, GROUP, TRANSACTIONAL_ID or CLUSTER, ``pattern`` LITERAL or PREFIXED; a literal ``*`` is every
    name, ``User:*`` every principal, host ``*`` every host.
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
