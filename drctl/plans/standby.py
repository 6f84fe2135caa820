"""How the standby's positions are looked at while they are kept in sync."""

from collections.abc import Collection, Mapping
from typing import Protocol

from drctl.model.offsets import Committed, TopicPartition
from drctl.ports import ConsumerGroups

type Positions = Mapping[TopicPartition, Committed]
type Held = Mapping[str, Positions]
"""Positions by group."""


class Standby(Protocol):
    """The positions at the standby."""

    def held(self, groups: Collection[str]) -> Held:
        """Every asked group's positions as they are now."""
        ...

    def keep_up(self) -> None:
        """Take in what is at hand, while commits are under way."""
        ...

    def read_back(self, committed: Held) -> Held:
        """The positions of the groups for which these were just committed."""
        ...

    def covered(self, group: str, committed: Positions) -> Positions:
        """Return what was committed for the group after the look and before these; nothing where nobody tells."""
        ...


class AskedStandby:
    """Asks the brokers for every group: always right, and slow for many groups."""

    def __init__(self, positions: ConsumerGroups) -> None:
        self._positions = positions

    def held(self, groups: Collection[str]) -> Held:
        return self._positions.committed(groups)

    def keep_up(self) -> None:
        """There is nothing to take in."""

    def read_back(self, committed: Held) -> Held:
        return self._positions.committed(committed.keys())

    def covered(self, group: str, committed: Positions) -> Positions:  # noqa: ARG002 - the brokers know the last one only
        return {}
