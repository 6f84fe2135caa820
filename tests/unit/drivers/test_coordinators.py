"""Coordinators that move, load, fall silent or talk nonsense: one that has the answer gives it, or none."""

import socket
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from drctl.drivers.kafka.connections import Connections
from drctl.drivers.kafka.coordinators import AT_ONCE, COORDINATOR, Coordinators
from drctl.drivers.kafka.group_requests import POSITIONS, HeldPositions, commit_told, positions_told, rights_told
from drctl.drivers.kafka.wire_format import INT16, INT32, Malformed, WireReader, array, string, varint
from drctl.errors import Unreachable, Unsupported
from drctl.model.offsets import Committed, TopicPartition
from tests.unit.drivers.coordinating import NOTHING, Broker, at, broker, coordinators, in_turn, position, positions

LOADING, NOT_AVAILABLE, NOT_COORDINATOR, DENIED, UNSTABLE, TOPIC_DENIED = 14, 15, 16, 30, 88, 29
FIND, FETCH = COORDINATOR.api, POSITIONS.api
ORDERS = TopicPartition("orders", 0)
SOON = 0.6
"""Seconds until a test gives up on what will not come."""


@pytest.fixture
def one() -> Iterator[Broker]:
    with broker() as made:
        made.answers = {FIND: at(made.place), FETCH: positions(position(7))}
        yield made


@pytest.fixture
def other() -> Iterator[Broker]:
    with broker() as made:
        made.answers = {FIND: at(made.place), FETCH: positions(position(9))}
        yield made


@pytest.fixture
def asking() -> Iterator[Coordinators]:
    with coordinators() as made:
        yield made


def held(offset: int) -> tuple[int, HeldPositions]:
    return 0, HeldPositions({ORDERS: Committed(offset)})


def test_groups_of_one_coordinator_are_asked_about_at_once(one: Broker, asking: Coordinators) -> None:
    groups = [f"group-{number:03}" for number in range(AT_ONCE + 6)]
    found = asking.ask(groups, lambda: [one.place], POSITIONS, within=10)
    assert found == dict.fromkeys(groups, held(7))
    assert [len(asked) for kind, asked in one.asked if kind == FETCH] == [AT_ONCE, 6]
    one.asked.clear()
    assert asking.ask(groups[:2], lambda: [one.place], POSITIONS, within=10).keys() == set(groups[:2])
    assert [kind for kind, _ in one.asked] == [FETCH]  # where it is, is known
    assert asking.of(groups[:2]) == [one.place]
    assert asking.of([*groups[:2], "another"]) == []  # of only some of them it would be half an answer


@pytest.mark.parametrize("error", [LOADING, NOT_AVAILABLE, NOT_COORDINATOR])
def test_a_coordinator_that_moves_is_found_where_it_is(
    error: int, one: Broker, other: Broker, asking: Coordinators
) -> None:
    one.answers[FIND] = in_turn(at(one.place), at(other.place))
    one.answers[FETCH] = positions(error=error)
    assert asking.ask(["billing"], lambda: [one.place], POSITIONS, within=10) == {"billing": held(9)}


def test_one_that_is_sought_while_there_is_none_is_sought_again(one: Broker, asking: Coordinators) -> None:
    one.answers[FIND] = in_turn(at(("", -1), error=NOT_AVAILABLE), at(one.place))
    assert asking.ask(["billing"], lambda: [one.place], POSITIONS, within=10) == {"billing": held(7)}


def test_a_coordinator_that_is_gone_is_replaced(one: Broker, other: Broker, asking: Coordinators) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        gone = server.getsockname()
    one.answers[FIND] = in_turn(at(gone), at(other.place))
    assert asking.ask(["billing", "pricing"], lambda: [gone, one.place], POSITIONS, within=10) == {
        "billing": held(9),
        "pricing": held(9),
    }


def test_a_connection_that_was_closed_meanwhile_is_made_again(one: Broker, asking: Coordinators) -> None:
    for _ in range(3):
        assert asking.ask(["billing"], lambda: [one.place], POSITIONS, within=10) == {"billing": held(7)}
        one.close_connections()


def test_what_a_group_is_refused_for_is_told(one: Broker, asking: Coordinators) -> None:
    one.answers[FETCH] = positions(error=DENIED)
    assert asking.ask(["billing"], lambda: [one.place], POSITIONS, within=10)["billing"][0] == DENIED
    one.answers[FIND] = at(("", -1), error=DENIED)
    assert asking.ask(["pricing"], lambda: [one.place], POSITIONS, within=10) == {"pricing": (DENIED, None)}


def test_one_that_never_settles_is_named_with_the_reason(one: Broker, asking: Coordinators) -> None:
    one.answers[FETCH] = positions(error=LOADING)
    with pytest.raises(Unreachable, match="group billing does not answer: it is loading"):
        asking.ask(["billing"], lambda: [one.place], POSITIONS, within=SOON)


def test_a_change_is_not_asked_again_once_its_permission_is_too_old(
    one: Broker, other: Broker, asking: Coordinators
) -> None:
    one.answers[FIND] = in_turn(at(one.place), at(other.place))
    one.answers[FETCH] = positions(error=NOT_COORDINATOR)
    with pytest.raises(Unreachable, match="it is none any more"):
        asking.ask(["billing"], lambda: [one.place], POSITIONS, within=3600, again_within=-1)
    assert not other.asked
    found = asking.ask(["billing"], lambda: [one.place], POSITIONS, within=3600, again_within=3600)
    assert found == {"billing": held(9)}


def test_nobody_to_ask_is_an_error(asking: Coordinators) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        gone = server.getsockname()
    with pytest.raises(Unreachable, match=f"the broker at 127.0.0.1:{gone[1]} does not answer"):
        asking.ask(["billing"], lambda: [gone], POSITIONS, within=SOON)
    with pytest.raises(Unreachable, match="no broker"):
        asking.ask(["billing"], list, POSITIONS, within=SOON)


def test_nothing_is_asked_any_more_once_it_is_closed(one: Broker, asking: Coordinators) -> None:
    one.answers[FETCH] = positions(error=LOADING)
    asking.close()
    with pytest.raises(Unreachable, match="loading"):
        asking.ask(["billing"], lambda: [one.place], POSITIONS, within=3600)


def test_a_connection_that_is_in_use_is_closed_when_it_is_given_back(one: Broker) -> None:
    connections = Connections(lambda: {"security.protocol": "PLAINTEXT"})
    with connections.to("north", one.place, 10) as line:
        connections.close()
    with pytest.raises(Unreachable):
        line.ask(FIND, COORDINATOR.version, COORDINATOR.body(["billing"]), flexible=True)


def test_nonsense_is_told_as_such(one: Broker, asking: Coordinators) -> None:
    one.answers[FETCH] = lambda _: b"junk"
    with pytest.raises(Unsupported, match="not one of Kafka's"):
        asking.ask(["billing"], lambda: [one.place], POSITIONS, within=10)
    one.answers[FETCH] = lambda _: positions(position(1))(["another"])
    with pytest.raises(Unsupported, match="other groups"):
        asking.ask(["billing"], lambda: [one.place], POSITIONS, within=10)


def told(*partitions: bytes) -> HeldPositions:
    _, found = positions_told(WireReader(positions(*partitions)(["billing"]), flexible=True))["billing"]
    return found


def test_positions_never_committed_are_left_out_and_others_told_apart() -> None:
    assert told(position(-1)) == HeldPositions()
    assert told(position(3, error=UNSTABLE)) == HeldPositions(undecided=[ORDERS])
    assert told(position(3, error=TOPIC_DENIED)) == HeldPositions(refused={ORDERS: TOPIC_DENIED})


@pytest.mark.parametrize("metadata", ["", "checkpoint 7", "x" * 300])
def test_metadata_is_told_as_it_was_committed_whether_or_not_a_client_ended_it_with_a_nul(metadata: str) -> None:
    assert told(position(3, metadata=metadata)) == HeldPositions({ORDERS: Committed(3, metadata)})
    assert told(position(3, metadata=f"{metadata}\0")) == HeldPositions({ORDERS: Committed(3, metadata)})


def committed(*errors: int) -> bytes:
    partitions = [INT32.pack(number) + INT16.pack(error) + NOTHING for number, error in enumerate(errors)]
    return INT32.pack(0) + array([string("orders") + array(partitions) + NOTHING]) + NOTHING


def test_an_error_that_all_partitions_have_is_the_groups() -> None:
    for errors, whole in [((0, 0), 0), ((16, 16), 16), ((0, 29), 0)]:
        found = commit_told("billing", WireReader(committed(*errors), flexible=True))
        assert found == {"billing": (whole, {TopicPartition("orders", n): e for n, e in enumerate(errors) if e})}


def described(operations: int, *, error: int = 0) -> bytes:
    """A group that does not exist, and what may be done with it."""
    group = INT16.pack(error) + string("billing") + string("Dead") + string("") + string("") + array([])
    return INT32.pack(0) + array([group + INT32.pack(operations) + NOTHING]) + NOTHING


def test_rights_are_told_of_a_group_that_does_not_exist() -> None:
    assert rights_told(WireReader(described(328), flexible=True)) == {"billing": (0, 328)}
    assert rights_told(WireReader(described(0, error=DENIED), flexible=True)) == {"billing": (DENIED, 0)}


@pytest.mark.parametrize(
    ("whole", "read"),
    [
        pytest.param(described(328), rights_told, id="rights"),
        pytest.param(positions(position(3))(["billing"]), positions_told, id="positions"),
        pytest.param(committed(0, 29), partial(commit_told, "billing"), id="commit"),
        pytest.param(at(("localhost", 9092))(["billing"]), COORDINATOR.told, id="coordinator"),
    ],
)
def test_an_answer_that_ends_too_early_is_none(whole: bytes, read: Callable[[WireReader], object]) -> None:
    read(WireReader(whole, flexible=True))
    for length in range(len(whole)):
        with pytest.raises(Malformed):
            read(WireReader(whole[:length], flexible=True))


@pytest.mark.parametrize("number", [0, 1, 127, 128, 16383, 16384, 2**31 - 1])
def test_lengths_are_written_as_they_are_read(number: int) -> None:
    assert WireReader(varint(number)).varint() == number
