"""Share logs, which brokers spread over checkers, and the states that checkers leave to each other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from drctl.model.checking import CheckedPartition, RecordBatch
from drctl.model.offsets import TopicPartition
from drctl.ports.brokers import Brokers
from drctl.ports.clock import Clock
from drctl.ports.records import Records


class SharedReader(Protocol):
    """A member of a group over whose members the brokers spread the partitions; it reads what is committed."""

    def read(self, seconds: float) -> Sequence[RecordBatch]:
        """Return what has come, waiting so long for the first of it: a batch per partition, gapless from its position.

        Only of partitions that are this member's when it returns. Conflict if this member can never go on.
        """
        ...

    def close(self) -> None:
        """Give every partition up and leave."""
        ...


class SharedLogs(Protocol):
    """The topics of one site that a group of checkers reads."""

    def join(self, begin: Callable[[TopicPartition], int], give_up: Callable[[TopicPartition], None]) -> SharedReader:
        """Join the group. Both are called while :meth:`SharedReader.read` or ``close`` runs.

        ``begin``: a partition has become this member's; returns the offset to read from. ``give_up``: it no longer is,
        or will not be in a moment.
        """
        ...


class CheckerStates(Protocol):
    """Where checkers keep their states, partition by partition, for whoever goes on."""

    def load(self, partition: TopicPartition) -> CheckedPartition | None:
        """Return what was saved last; None if nothing was. JournalBroken if that is damaged."""
        ...

    def save(self, partition: TopicPartition, checked: CheckedPartition) -> None:
        """Replace what was saved, in one write: whoever loads has the old or the new one. JournalBroken if it fails."""
        ...

    def everything(self) -> Mapping[TopicPartition, CheckedPartition]:
        """Return all that was saved, by partition. JournalBroken as ``load``."""
        ...


@dataclass(frozen=True, slots=True)
class CheckerPorts:
    """Bundle what one checker needs of a site: the logs that are shared, their bounds, and how many there are."""

    logs: SharedLogs
    records: Records
    brokers: Brokers
    clock: Clock
