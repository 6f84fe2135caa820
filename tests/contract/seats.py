"""Static members as the contract suite plays on them, in memory or real."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Protocol
from uuid import uuid4

from confluent_kafka import Consumer

from drctl.drivers.kafka.static_members import KafkaStaticMembers
from drctl.model.session import GroupProtocol, Member
from drctl.ports import ConsumerGroups, StaticMembers
from tests.contract.harness import FakeHarness
from tests.contract.real_site import RealHarness, client
from tests.contract.sitting import killed
from tests.fakes import FakeStaticMembers

SEAT = "pump-7"


class Seats(Protocol):
    """The ports are the drctl user's, ``unentitled`` somebody's without rights to groups. A group has a new name."""

    @property
    def static_members(self) -> StaticMembers: ...

    @property
    def unentitled(self) -> StaticMembers: ...

    @property
    def positions(self) -> ConsumerGroups: ...

    @property
    def group(self) -> str: ...

    def kill(self, protocol: GroupProtocol) -> Member:
        """A static member that was killed."""

    def close(self, protocol: GroupProtocol) -> Member:
        """One that was closed in order."""

    def join(self) -> Member:
        """One without a static id, which is closed in order and is in no group then."""


class FakeSeats:
    """The fakes."""

    def __init__(self, harness: FakeHarness) -> None:
        self.site, self.positions, self.group = harness.site, harness.positions, "pumps"
        self.static_members = FakeStaticMembers(harness.site)
        other = FakeHarness()
        other.site.withheld.add("READ group")
        self.unentitled = FakeStaticMembers(other.site)

    def kill(self, protocol: GroupProtocol) -> Member:
        member = Member(uuid4().hex, "pump", "/127.0.0.1", SEAT)
        self.site.group(self.group).protocol = protocol
        self.site.group(self.group).members = (member,)
        return member

    def close(self, protocol: GroupProtocol) -> Member:
        member = replace(self.kill(protocol), left=protocol is GroupProtocol.CONSUMER)
        self.site.group(self.group).members = (member,)
        return member

    def join(self) -> Member:
        return Member("a-member", "a-client", "/127.0.0.1")


class RealSeats:
    """One site of the lab."""

    def __init__(self, harness: RealHarness, canary: Any) -> None:
        self.harness, self.positions, self.group = harness, harness.positions, f"pumps-{uuid4().hex}"
        self.static_members, self.unentitled = KafkaStaticMembers(harness.site), KafkaStaticMembers(canary)
        self.topic = harness.topic()

    def config(self, protocol: GroupProtocol) -> dict[str, Any]:
        """Of a static member. That nobody waits for its session is what the suite is about."""
        own = {"group.id": self.group, "group.protocol": protocol.value, "group.instance.id": SEAT}
        return own | ({"session.timeout.ms": 300_000} if protocol is GroupProtocol.CLASSIC else {})

    def kill(self, protocol: GroupProtocol) -> Member:
        with killed({**self.harness.admin.config, **self.config(protocol)}, self.topic) as told:
            member = self._only()
            assert member.member_id == told
        return member

    def close(self, protocol: GroupProtocol) -> Member:
        with self.living(protocol) as consumer:
            consumer.close()
        return self._only()

    @contextmanager
    def living(self, protocol: GroupProtocol) -> Iterator[Consumer]:
        """A static member that has partitions."""
        consumer = Consumer({**client(self.harness.admin), **self.config(protocol)})
        try:
            consumer.subscribe([self.topic])
            for _ in range(300):
                if consumer.assignment():
                    break
                consumer.poll(0.1)
            assert consumer.assignment()
            yield consumer
        finally:
            consumer.close()

    def join(self) -> Member:
        with self.harness.member(self.group, self.topic, GroupProtocol.CLASSIC):
            return self._only()

    def _only(self) -> Member:
        (member,) = self.positions.describe([self.group])[self.group].members
        return member
