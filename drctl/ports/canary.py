"""The canary's topic at one site, as an ordinary client writes and reads it. Nothing here waits for a silent site."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from drctl.model.canary import CanaryRecord, WriteAnswer
from drctl.ports.client_routing import ClientRouting
from drctl.ports.clock import Clock


class CanaryProducer(Protocol):
    """An idempotent producer with ``acks=all`` that never repeats a write of its own accord."""

    def send(self, ticket: int, partition: int, number: bytes, value: bytes) -> None:
        """Hand a record over; what becomes of it is reported under ``ticket``, at the latest after some seconds."""
        ...

    def answers(self) -> Sequence[tuple[int, WriteAnswer]]:
        """Return what has become known since the last call, each ticket once."""
        ...

    def close(self) -> None:
        """End it; what it has not told by then is doubtful."""
        ...


class CanaryReader(Protocol):
    """A read_committed reader without a group, of the topic and of its copies from other sites."""

    def read(self) -> Sequence[CanaryRecord]:
        """Return what has come since the last call; records of one partition in log order."""
        ...

    def has_all(self) -> bool:
        """Whether everything that is in the logs now was read. Unreachable where no broker says what is there."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class CanaryMember(Protocol):
    """The member of the canary's group."""

    def read(self) -> Sequence[CanaryRecord]:
        """Return what has come; what came before is processed and will be committed. Conflict if it cannot go on."""
        ...

    def is_alone(self) -> bool:
        """Whether no other member has a part of the topic, as far as the group has told this one."""
        ...

    def trouble(self) -> str:
        """Return what it was refused last, empty if nothing; asked for where records are not read."""
        ...

    def close(self) -> None:
        """Commit and leave; a coordinator that is silent is not waited for."""
        ...


class CanarySite(Protocol):
    """Makes the canary's clients. A reader connects when it is made."""

    def partitions(self) -> int:
        """How many partitions the topic has. NotFound where there is none."""
        ...

    def producer(self) -> CanaryProducer:
        """Make a producer."""
        ...

    def reader(self, since: float) -> CanaryReader:
        """Make a reader of every record not older than ``since``, seconds since 1970. NotFound without any topic."""
        ...

    def member(self) -> CanaryMember:
        """Join the group; one without a position begins with the oldest record."""
        ...


@dataclass(frozen=True, slots=True)
class CanaryPorts:
    """Bundle what the canary works with; ``sites`` by name."""

    sites: Mapping[str, CanarySite]
    client_routing: ClientRouting
    clock: Clock
