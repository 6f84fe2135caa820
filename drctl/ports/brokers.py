"""A site's brokers and topics, read only."""

from collections.abc import Collection, Mapping
from typing import Protocol

from drctl.model.cluster import Cluster, Topic
from drctl.model.sight import KafkaView


class Brokers(Protocol):
    """The metadata of one site."""

    def cluster(self) -> Cluster:
        """The cluster as its brokers describe it. Raises Unsupported for ZooKeeper mode and versions before 3.9."""
        ...

    def topics(self, names: Collection[str]) -> Mapping[str, Topic]:
        """Those of ``names`` that exist, with their configuration; names that do not exist are left out."""
        ...

    def names(self) -> frozenset[str]:
        """The names of all topics that drctl's user may see."""
        ...

    def view(self) -> KafkaView:
        """How all partitions of the site stand, the plan's or not."""
        ...
