"""Whole records of one site: read to be kept, and written again with marks."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from drctl.model.offsets import TopicPartition
from drctl.model.salvage import Content


class Replay(Protocol):
    """Writing stranded records to one partition, each exactly once, however often it is begun again."""

    def reached(self) -> int:
        """The offset behind the last stranded record that is written for certain; 0 if none is."""
        ...

    def write(self, records: Sequence[Content], reached: int) -> None:
        """Write these in order, and together with them note ``reached``: all of it or nothing.

        What a predecessor left open was undone before. Conflict if another one has taken over.
        """
        ...


class Contents(Protocol):
    """Records with their bytes. Nobody else needs them, and nothing of them may be logged."""

    def read(self, partition: TopicPartition, start: int, stop: int) -> Iterator[Content]:
        """Every data record with ``start <= offset < stop`` up to the end of the log, in order, one by one.

        Aborted records and those of open transactions, too.
        """
        ...

    def replay(self, name: str, partition: TopicPartition) -> AbstractContextManager[Replay]:
        """Begin to write, or go on; whoever did so before under that name can write no more.

        ``name`` is the salvage's and the same for everybody who goes on with it. Forbidden, naming the right.
        """
        ...
