"""Lists of groups as brokers of several ages tell them, and brokers that cannot tell theirs."""

import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress

import pytest

from drctl.drivers.kafka import coordinators as asking
from drctl.drivers.kafka.connections import Connections, Place
from drctl.drivers.kafka.coordinators import Coordinators
from drctl.drivers.kafka.listing import LIST_GROUPS, ListedGroup, groups_in
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.kafka.wire_format import INT16, INT32, Malformed, WireReader, array, string
from drctl.errors import Unreachable, Unsupported
from drctl.model.session import GroupProtocol, GroupState
from tests.unit.drivers.coordinating import NOTHING
from tests.unit.drivers.test_handshake import listening

LOADING, BROKEN = 14, -1
SOON = 0.4
"""Seconds until a test gives up on what will not come."""
SHARE = ListedGroup(GroupProtocol.SHARE, GroupState.STABLE)


def listed(*told: str) -> bytes:
    """A group as a broker lists it: name, protocol type and what its version has beyond that."""
    return b"".join(map(string, told)) + NOTHING


def answer(*groups: bytes, error: int = 0) -> bytes:
    return INT32.pack(0) + INT16.pack(error) + array(groups) + NOTHING


def read(version: int, *groups: bytes) -> dict[str, ListedGroup]:
    error, found = groups_in(WireReader(answer(*groups), flexible=True), version)
    assert error == 0
    return found


@pytest.mark.parametrize(
    ("told", "protocol", "state"),
    [
        (("consumer", "Empty", "classic"), GroupProtocol.CLASSIC, GroupState.EMPTY),
        (("", "Empty", "Classic"), GroupProtocol.CLASSIC, GroupState.EMPTY),
        (("consumer", "Reconciling", "consumer"), GroupProtocol.CONSUMER, GroupState.REBALANCING),
        (("share", "Stable", "share"), GroupProtocol.SHARE, GroupState.STABLE),
        (("streams", "NotReady", "Streams"), GroupProtocol.STREAMS, GroupState.REBALANCING),
        (("consumer", "Strange", "consumer"), GroupProtocol.CONSUMER, GroupState.UNKNOWN),
        (("swarm", "Stable", "swarm"), GroupProtocol.OTHER, GroupState.STABLE),
    ],
    ids=lambda each: each[-1] if isinstance(each, tuple) else str(each),
)
def test_a_group_is_listed_as_what_it_is(told: tuple[str, ...], protocol: GroupProtocol, state: GroupState) -> None:
    assert read(5, listed("billing", *told)) == {"billing": ListedGroup(protocol, state)}


def test_a_broker_that_tells_no_type_leaves_open_which_of_the_two_it_is() -> None:
    untold = ListedGroup(GroupProtocol.UNTOLD, GroupState.EMPTY)
    assert read(4, listed("billing", "consumer", "Empty"), listed("w", "connect", "Stable")) == {"billing": untold}
    unknown = ListedGroup(GroupProtocol.UNTOLD, GroupState.UNKNOWN)
    assert read(3, listed("billing", ""), listed("w", "connect")) == {"billing": unknown}


@pytest.mark.parametrize("spoken", ["connect", "sr"])
def test_programs_that_agree_among_themselves_are_no_consumers(spoken: str) -> None:
    workers = listed("workers", spoken, "Stable", "classic")
    assert read(5, workers, listed("jobs", "share", "Stable", "share")) == {"jobs": SHARE}


def test_a_list_that_ends_too_early_is_none() -> None:
    whole = answer(listed("jobs", "share", "Stable", "share"))
    for length in range(len(whole)):
        with pytest.raises(Malformed):
            groups_in(WireReader(whole[:length], flexible=True), 5)


@contextmanager
def broker(newest: int, *replies: bytes, slow: float = 0) -> Iterator[tuple[Place, list[bytes]]]:
    """One that tells its versions whenever it is asked, and else these replies; and what else it was asked.

    ``slow`` is after how many seconds it tells of groups.
    """
    versions = struct.pack(">hi", 0, 1) + struct.pack(">hhh", LIST_GROUPS, 0, newest)
    left, asked = list(replies), list[bytes]()

    def reply(line: socket.socket) -> None:
        while request := line.recv(4096):
            key = INT16.unpack_from(request, 4)[0]
            if key == LIST_GROUPS:
                asked.append(request[4:])
                threading.Event().wait(slow)
                body = NOTHING + left.pop(0)
            else:
                body = versions
            if body == NOTHING:
                return
            with suppress(OSError):  # who asked may have given up
                line.sendall(INT32.pack(4 + len(body)) + request[8:12] + body)

    with listening(reply) as address:
        host, _, port = address.partition(":")
        yield (host, int(port)), asked


def ask(places: Sequence[Place], *types: GroupProtocol, within: float = SOON) -> tuple[int, object]:
    with closing(Coordinators(Connections(lambda: {"security.protocol": "PLAINTEXT"}))) as made:
        return made.list_all(places, types, within=within)


def test_what_every_broker_lists_is_brought_together() -> None:
    with (
        broker(5, answer(listed("jobs", "share", "Stable", "share"))) as (one, asked),
        broker(4, answer(listed("billing", "consumer", "Empty"))) as (other, of_other),
    ):
        assert ask([one, other]) == (
            0,
            {"jobs": SHARE, "billing": ListedGroup(GroupProtocol.UNTOLD, GroupState.EMPTY)},
        )
    # No state and no type is left out, in each of the two versions.
    assert [request[-3:] for request in asked] == [array([]) + array([]) + NOTHING]
    assert [request[-2:] for request in of_other] == [array([]) + NOTHING]


def test_one_kind_alone_is_asked_for_where_kinds_are_told() -> None:
    with broker(6, answer(listed("jobs", "share", "Stable", "share"))) as (place, asked):
        assert ask([place], GroupProtocol.SHARE) == (0, {"jobs": SHARE})
    assert INT16.unpack_from(asked[0], 2)[0] == 5
    assert asked[0].endswith(array([]) + array([string("share")]) + NOTHING)
    with broker(4) as (place, asked):
        assert ask([place], GroupProtocol.SHARE) == (0, {})
    assert not asked


def test_a_broker_that_loads_or_has_closed_the_connection_is_asked_again() -> None:
    whole = answer(listed("jobs", "share", "Stable", "share"))
    with broker(5, answer(error=LOADING), b"", whole) as (place, asked):
        assert ask([place]) == (0, {"jobs": SHARE})
    assert len(asked) == 3


def test_a_list_that_takes_its_time_is_waited_for_once_it_is_clear_that_the_connection_is_alive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking, "ANSWER", 0.05)
    whole = answer(listed("jobs", "share", "Stable", "share"))
    with broker(5, *[whole] * 99, slow=0.2) as (place, _):
        assert ask([place], within=10) == (0, {"jobs": SHARE})


def test_every_broker_is_asked_where_the_coordinator_of_one_group_is_not_known_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with (
        broker(5, answer(listed("jobs", "share", "Stable", "share"))) as (place, _),
        closing(KafkaSite("north", {"bootstrap.servers": "localhost:1"})) as site,
    ):
        monkeypatch.setattr(site, "admin", lambda: None)
        monkeypatch.setattr(site, "_brokers", lambda: [place])
        assert site.list_groups([GroupProtocol.SHARE], ["jobs"]) == (0, {"jobs": SHARE})


def test_without_one_of_the_brokers_there_is_no_list() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        gone = server.getsockname()
    with broker(5, *[answer()] * 9) as (place, _), pytest.raises(Unreachable, match=str(gone[1])):
        ask([place, gone])
    with broker(5, *[answer(error=LOADING)] * 9) as (place, _), pytest.raises(Unreachable, match="loading"):
        ask([place])


def test_an_error_that_does_not_pass_is_told() -> None:
    with broker(5, answer(error=BROKEN)) as (place, _):
        assert ask([place]) == (BROKEN, {})


def test_a_broker_too_old_to_ask_or_no_broker_at_all_is_not_supported() -> None:
    with broker(2) as (place, _), pytest.raises(Unsupported, match=r"2\.4") as caught:
        ask([place])
    assert caught.value.remedy == "update its brokers"
    with broker(5, answer()[:-1]) as (place, _), pytest.raises(Unsupported, match="one of Kafka's") as caught:
        ask([place])
    assert "who answers" in caught.value.remedy


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        pytest.param(b"HTTP/1.1 400 Bad Request", "who answers", id="another protocol"),
        pytest.param(INT32.pack(8) + INT32.pack(1) + INT16.pack(0) * 2, "who answers", id="half an answer"),
        pytest.param(INT32.pack(10) + INT32.pack(1) + INT16.pack(0) + INT32.pack(0), "update", id="no such request"),
    ],
)
def test_who_does_not_tell_its_versions_as_kafka_does_is_not_supported_and_what_to_do_is_told(
    said: bytes, remedy: str
) -> None:
    def reply(line: socket.socket) -> None:
        if line.recv(4096):
            line.sendall(said)

    with listening(reply) as address:
        host, _, port = address.partition(":")
        with pytest.raises(Unsupported) as caught:
            ask([(host, int(port))])
    assert remedy in caught.value.remedy
