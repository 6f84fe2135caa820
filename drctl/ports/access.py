"""Rights and users of one site."""

from collections.abc import Collection, Mapping
from typing import Protocol

from drctl.model.access import AclRule, Users
from drctl.model.cluster import Broker
from drctl.model.own_rights import OwnRights


class Access(Protocol):
    """The authorizer's rules, and the users that the brokers keep credentials for."""

    def rules(self) -> frozenset[AclRule]:
        """Every rule for topics, groups, transactional ids and the cluster, read back from a broker."""
        ...

    def token_rules(self, broker: Broker) -> frozenset[AclRule]:
        """Return every rule about delegation tokens and users, as that broker tells; any knows all of them.

        Forbidden without DESCRIBE on the cluster, Unreachable where that broker does not answer.
        """
        ...

    def allow(self, rules: Collection[AclRule]) -> None:
        """Add ALLOW rules; those that stand already are no error. A broker may show them a moment later."""
        ...

    def may(self, topics: Collection[str]) -> Mapping[str, frozenset[str]]:
        """Return what we ourselves may do with these topics, as Kafka names its operations.

        CREATE is among it, too, where we may create any topic. NotFound for a topic that does not exist.
        """
        ...

    def rights(self, topics: Collection[str], groups: Collection[str]) -> OwnRights:
        """Return what we ourselves may do with the cluster, these topics and these groups, by asking only."""
        ...

    def users(self) -> Users:
        """SCRAM users with their mechanisms; empty where clients log in otherwise, for example by certificate."""
        ...
