"""Consumer groups of one site and their positions."""

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from drctl.errors import DrctlError
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.session import Group, GroupProtocol


class ConsumerGroups(Protocol):
    """Positions of consumer groups, classic and KIP-848."""

    def groups(self) -> Mapping[str, GroupProtocol]:
        """All groups by name, share and streams groups among them. Unreachable rather than a partial list.

        Groups without positions by which programs agree among themselves, as Connect's workers do, are left out. Where
        brokers do not tell the kind (before Kafka 3.8), it is UNTOLD.
        """
        ...

    def describe(self, groups: Collection[str]) -> Mapping[str, Group]:
        """Every asked group; one that does not exist comes as DEAD. Of share and streams groups no member is told."""
        ...

    def committed(self, groups: Collection[str]) -> Mapping[str, Mapping[TopicPartition, Committed]]:
        """Every asked group's committed positions (stable ones: no pending transactional commit is missed).

        Partitions never committed are left out; a group that does not exist has none. PositionsPending, with all that
        is decided, where open transactions commit for some of them.
        """
        ...

    def commit(self, group: str, positions: Mapping[TopicPartition, Committed]) -> None:
        """Set positions from outside, with leader epoch -1. Conflict if the group has members."""
        ...

    def commit_all(
        self, positions: Mapping[str, Mapping[TopicPartition, Committed]], permit: Callable[[], None]
    ) -> Mapping[str, DrctlError]:
        """The same for many groups, several under way at once; returns those that were not set, with why.

        ``permit`` is asked before the first request and again before at most every 16th, and before one that would be
        sent more than a second later; what it raises ends it all.
        """
        ...

    def forget(self, group: str) -> None:
        """Delete a group with all its positions; one that does not exist is fine. Conflict if it has members."""
        ...
