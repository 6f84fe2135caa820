"""The contract of Positions, for the fake and the real thing."""

from uuid import uuid4

import pytest

from drctl.drivers.store.clock import SystemClock
from drctl.errors import Conflict, PositionsPending, Refused
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.session import GroupProtocol, GroupState
from drctl.ports.asking import decided
from tests.contract.harness import Harness
from tests.contract.real_site import RealHarness

PROTOCOLS = pytest.mark.parametrize("protocol", [GroupProtocol.CLASSIC, GroupProtocol.CONSUMER])


@pytest.fixture
def group() -> str:
    return f"group-{uuid4().hex}"


def test_a_group_that_does_not_exist_is_dead_and_has_no_positions(harness: Harness, group: str) -> None:
    told = harness.positions.describe([group])[group]
    assert told.state is GroupState.DEAD
    assert told.takes_positions
    assert harness.positions.committed([group]) == {group: {}}
    assert group not in harness.positions.groups()


def test_many_groups_are_described_at_once_with_the_members_of_those_that_have_some(
    harness: Harness, group: str
) -> None:
    partition = TopicPartition(harness.topic(), 0)
    empty = [f"{group}-{number}" for number in range(20)]
    assert not harness.positions.commit_all({name: {partition: Committed(0)} for name in empty}, lambda: None)
    with harness.member(group, partition.topic, GroupProtocol.CLASSIC):
        told = harness.positions.describe([group, "nobody", *empty])
    assert {name: told[name].state for name in empty} == dict.fromkeys(empty, GroupState.EMPTY)
    assert told["nobody"].state is GroupState.DEAD
    assert len(told[group].members) == 1


def test_positions_committed_from_outside_are_read_back(harness: Harness, group: str) -> None:
    topic = harness.topic(partitions=2)
    first, second = TopicPartition(topic, 0), TopicPartition(topic, 1)
    harness.write(first, b"a", b"b")
    harness.positions.commit(group, {first: Committed(1, "by drctl"), second: Committed(0)})
    assert harness.positions.committed([group])[group] == {first: Committed(1, "by drctl"), second: Committed(0)}
    told = harness.positions.describe([group])[group]
    assert told.state is GroupState.EMPTY
    assert told.takes_positions
    assert group in harness.positions.groups()


def test_a_position_may_go_back_and_leaves_the_others_alone(harness: Harness, group: str) -> None:
    topic = harness.topic(partitions=2)
    first, second = TopicPartition(topic, 0), TopicPartition(topic, 1)
    harness.positions.commit(group, {first: Committed(5), second: Committed(6)})
    harness.positions.commit(group, {first: Committed(2)})
    assert harness.positions.committed([group])[group] == {first: Committed(2), second: Committed(6)}


@PROTOCOLS
def test_a_group_with_members_takes_no_position(harness: Harness, group: str, protocol: GroupProtocol) -> None:
    topic = harness.topic()
    with harness.member(group, topic, protocol):
        told = harness.positions.describe([group])[group]
        assert told.protocol is protocol
        assert not told.takes_positions
        assert [member.assignment for member in told.members] == [frozenset({TopicPartition(topic, 0)})]
        with pytest.raises(Conflict, match=group):
            harness.positions.commit(group, {TopicPartition(topic, 0): Committed(0)})


@PROTOCOLS
def test_a_group_takes_positions_once_its_members_left(harness: Harness, group: str, protocol: GroupProtocol) -> None:
    topic = harness.topic()
    with harness.member(group, topic, protocol):
        pass
    assert harness.positions.describe([group])[group].takes_positions
    harness.positions.commit(group, {TopicPartition(topic, 0): Committed(0)})
    assert harness.positions.committed([group])[group] == {TopicPartition(topic, 0): Committed(0)}


@pytest.mark.parametrize("protocol", [GroupProtocol.SHARE, GroupProtocol.STREAMS])
def test_a_share_or_streams_group_is_listed_and_described_as_one_and_takes_no_position(
    harness: Harness, group: str, protocol: GroupProtocol
) -> None:
    topic = harness.topic()
    others = [f"{group}-{number}" for number in range(20)]
    with harness.member(group, topic, protocol):
        assert harness.positions.groups()[group] is protocol
        for asked in ([group], [group, *others]):
            told = harness.positions.describe(asked)
            assert told[group].protocol is protocol
            assert told[group].state in (GroupState.STABLE, GroupState.REBALANCING)
            assert not told[group].members
            assert not told[group].takes_positions
            assert all(told[name].state is GroupState.DEAD for name in asked if name != group)
        assert harness.positions.committed([group]) == {group: {}}
    assert harness.positions.groups()[group] is protocol
    told = harness.positions.describe([group])
    assert (told[group].protocol, told[group].state) == (protocol, GroupState.EMPTY)
    assert not told[group].takes_positions


@pytest.mark.parametrize("site", ["north", "south"])
def test_groups_by_which_connect_workers_agree_are_not_listed(real_sites: dict[str, RealHarness], site: str) -> None:
    positions, workers = real_sites[site].positions, f"connect-{site}"
    assert positions.describe([workers])[workers].members
    assert workers not in positions.groups()


def test_many_groups_are_set_at_once_and_those_with_members_are_named(harness: Harness, group: str) -> None:
    topic = harness.topic()
    partition = TopicPartition(topic, 0)
    others = [f"{group}-{number}" for number in range(70)]
    with harness.member(group, topic, GroupProtocol.CLASSIC):
        wanted = {name: {partition: Committed(7)} for name in [*others, group]}
        refused = harness.positions.commit_all(wanted, lambda: None)
    assert {name: type(error) for name, error in refused.items()} == {group: Conflict}
    found = harness.positions.committed(others)
    assert all(found[name] == {partition: Committed(7)} for name in others)
    assert harness.positions.commit_all({}, lambda: None) == {}


def test_nothing_is_set_without_permission(harness: Harness, group: str) -> None:
    def no() -> None:
        raise Refused("somebody else decides")

    with pytest.raises(Refused):
        harness.positions.commit_all({group: {TopicPartition(harness.topic(), 0): Committed(7)}}, no)
    assert harness.positions.committed([group]) == {group: {}}


def test_a_group_is_forgotten_with_all_its_positions(harness: Harness, group: str) -> None:
    partition = TopicPartition(harness.topic(), 0)
    harness.positions.forget(group)
    harness.positions.commit(group, {partition: Committed(3)})
    harness.positions.forget(group)
    assert harness.positions.committed([group]) == {group: {}}
    assert harness.positions.describe([group])[group].state is GroupState.DEAD


@PROTOCOLS
def test_a_group_with_members_is_not_forgotten(harness: Harness, group: str, protocol: GroupProtocol) -> None:
    with harness.member(group, harness.topic(), protocol), pytest.raises(Conflict, match=group):
        harness.positions.forget(group)


def test_many_groups_are_asked_at_once(harness: Harness, group: str) -> None:
    partition = TopicPartition(harness.topic(), 0)
    names = [f"{group}-{number}" for number in range(70)]
    for number, name in enumerate(names):
        harness.positions.commit(name, {partition: Committed(number)})
    found = harness.positions.committed(names)
    assert [found[name][partition].offset for name in names] == list(range(70))
    assert harness.positions.describe(names).keys() == set(names)
    assert set(names) <= harness.positions.groups().keys()
    assert not harness.positions.committed([])
    assert not harness.positions.describe([])


def test_an_open_transaction_of_one_group_leaves_what_is_decided_known(harness: Harness, group: str) -> None:
    topic, other = harness.topic(partitions=2), f"{group}-other"
    first, second = (TopicPartition(topic, number) for number in range(2))
    for each in (group, other):
        harness.positions.commit(each, {first: Committed(1), second: Committed(2)})
    with harness.committing(group, first, 5):
        with pytest.raises(PositionsPending) as caught:
            harness.positions.committed([group, other])
        assert caught.value.transient
        assert caught.value.found[other] == {first: Committed(1), second: Committed(2)}
        assert first in caught.value.pending[group]
        assert first not in caught.value.found[group]
        assert harness.positions.committed([other]).keys() == {other}
    found, pending = decided(harness.positions, [group, other], SystemClock(), 30)
    assert not pending
    assert found[group] == {first: Committed(5), second: Committed(2)}
