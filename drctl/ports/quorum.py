"""The controllers of one site."""

from typing import Protocol

from drctl.model.cluster import Broker
from drctl.model.sight import QuorumView


class Quorum(Protocol):
    """The quorum of controllers as the one that leads tells of it, through any broker."""

    def told(self, broker: Broker) -> QuorumView:
        """Return who leads and who is behind. Unreachable where nobody leads, Forbidden without DESCRIBE."""
        ...
