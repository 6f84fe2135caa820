"""The contract of StaticMembers, for the fake and the real thing."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from drctl.drivers.store.clock import SystemClock
from drctl.errors import Conflict, Forbidden, Refused
from drctl.lab import Lab
from drctl.model.session import GroupProtocol, GroupState, Member
from tests.contract.harness import FakeHarness
from tests.contract.real_site import RealHarness
from tests.contract.seats import SEAT, FakeSeats, RealSeats, Seats
from tests.contract.waiting import until

PROTOCOLS = pytest.mark.parametrize("protocol", [GroupProtocol.CLASSIC, GroupProtocol.CONSUMER])


@pytest.fixture(params=["fake", "north", "south"])
def seats(request: pytest.FixtureRequest) -> Iterator[Seats]:
    if request.param == "fake":
        yield FakeSeats(FakeHarness())
        return
    yield from _real(request, request.param)


@pytest.fixture
def real_seats(request: pytest.FixtureRequest) -> Iterator[RealSeats]:
    yield from _real(request, "north")


def _real(request: pytest.FixtureRequest, name: str) -> Iterator[RealSeats]:
    sites: dict[str, RealHarness] = request.getfixturevalue("real_sites")
    lab: Lab = request.getfixturevalue("lab")
    canary = lab.site(name).kafka("canary")
    yield RealSeats(sites[name], canary)
    canary.close()


@PROTOCOLS
def test_a_static_member_that_was_killed_is_removed_and_its_group_is_empty_at_once(
    seats: Seats, protocol: GroupProtocol
) -> None:
    member = seats.kill(protocol)
    assert (member.instance_id, member.left) == (SEAT, False)
    assert not seats.positions.describe([seats.group])[seats.group].takes_positions
    assert seats.static_members.remove(seats.group, [member]) == {member.member_id}
    told = seats.positions.describe([seats.group])[seats.group]
    assert told.state in (GroupState.EMPTY, GroupState.DEAD)
    assert told.takes_positions
    assert seats.static_members.remove(seats.group, [member]) == frozenset()


@pytest.mark.parametrize(
    ("protocol", "says_so"), [(GroupProtocol.CLASSIC, False), (GroupProtocol.CONSUMER, True)], ids=str
)
def test_one_that_was_closed_keeps_its_place_and_says_so_only_in_a_kip_848_group(
    seats: Seats, protocol: GroupProtocol, says_so: bool
) -> None:
    member = seats.close(protocol)
    assert (member.instance_id, member.left) == (SEAT, says_so)
    assert seats.static_members.remove(seats.group, [member]) == {member.member_id}
    assert seats.positions.describe([seats.group])[seats.group].takes_positions


@PROTOCOLS
def test_whoever_has_taken_a_static_id_over_stays(seats: Seats, protocol: GroupProtocol) -> None:
    member = seats.kill(protocol)
    before = replace(member, member_id=f"{SEAT}-that-was-before")
    assert seats.static_members.remove(seats.group, [before]) == frozenset()
    assert seats.positions.describe([seats.group])[seats.group].members == (member,)
    assert seats.static_members.remove(seats.group, [before, member]) == {member.member_id}


def test_a_member_without_a_static_id_is_not_removed(seats: Seats) -> None:
    static, dynamic = Member("m-1", "pump", "/127.0.0.1", SEAT), seats.join()
    with pytest.raises(Conflict, match="no static id"):
        seats.static_members.remove(seats.group, [static, dynamic])


def test_nobody_is_removed_by_a_static_id_alone(seats: Seats) -> None:
    member = seats.kill(GroupProtocol.CLASSIC)
    with pytest.raises(Conflict, match="no member id"):
        seats.static_members.remove(seats.group, [replace(member, member_id="")])
    assert seats.positions.describe([seats.group])[seats.group].members == (member,)
    seats.static_members.remove(seats.group, [member])


def test_of_a_group_that_does_not_exist_nobody_is_removed(seats: Seats) -> None:
    assert seats.static_members.remove("nobody", [Member("m-1", "pump", "/127.0.0.1", SEAT)]) == frozenset()


def test_nobody_is_removed_without_permission(seats: Seats) -> None:
    def no() -> None:
        raise Refused("somebody else decides")

    member = seats.kill(GroupProtocol.CLASSIC)
    with pytest.raises(Refused):
        seats.static_members.remove(seats.group, [member], no)
    assert seats.positions.describe([seats.group])[seats.group].members == (member,)
    seats.static_members.remove(seats.group, [member])


def test_nobody_is_removed_without_the_right_to_read_the_group(seats: Seats) -> None:
    member = seats.kill(GroupProtocol.CLASSIC)
    with pytest.raises(Forbidden, match=seats.group):
        seats.unentitled.remove(seats.group, [member])
    assert seats.positions.describe([seats.group])[seats.group].members == (member,)
    seats.static_members.remove(seats.group, [member])


@PROTOCOLS
def test_one_that_lives_can_commit_no_more_and_joins_again(real_seats: RealSeats, protocol: GroupProtocol) -> None:
    seats = real_seats
    with seats.living(protocol) as consumer:
        (member,) = seats.positions.describe([seats.group])[seats.group].members
        assert seats.static_members.remove(seats.group, [member]) == {member.member_id}
        with pytest.raises(KafkaException) as caught:
            consumer.commit(offsets=[TopicPartition(seats.topic, 0, 0)], asynchronous=False)
        assert caught.value.args[0].code() == KafkaError.UNKNOWN_MEMBER_ID

        def is_back() -> bool:
            consumer.poll(0.1)
            return bool(seats.positions.describe([seats.group])[seats.group].static_ids)

        until(SystemClock(), "it is in the group again", is_back)
        assert seats.positions.committed([seats.group]) == {seats.group: {}}
    (member,) = seats.positions.describe([seats.group])[seats.group].members
    seats.static_members.remove(seats.group, [member])
