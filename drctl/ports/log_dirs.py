"""Free space on the disks of one site's brokers."""

from collections.abc import Mapping
from typing import Protocol

from drctl.model.cluster import Broker
from drctl.model.upkeep import DiskSpace


class LogDirs(Protocol):
    """Log directories as their broker tells of them."""

    def offline(self, broker: Broker) -> tuple[str, ...]:
        """Return those that the broker took out of service, as when a disk fails. Forbidden without DESCRIBE."""
        ...

    def space(self, broker: Broker) -> Mapping[str, DiskSpace]:
        """The file system of each of its log directories, by path. Unsupported where one is offline or not measured."""
        ...
