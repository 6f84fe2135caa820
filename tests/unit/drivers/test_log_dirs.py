"""Answers about log directories, and connections that end badly."""

import socket
import struct
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from drctl.drivers.kafka.log_dirs import KafkaLogDirs, told
from drctl.drivers.kafka.wire_format import Malformed, WireReader
from drctl.errors import DrctlError, Forbidden, Unauthenticated, Unreachable, Unsupported
from drctl.model.cluster import Broker
from drctl.model.upkeep import DiskSpace
from tests.unit.drivers.test_handshake import listening

PLAIN = {"security.protocol": "PLAINTEXT"}


def directory(place: str, total: int, usable: int, *, error: int = 0, cordoned: bool | None = None) -> bytes:
    """With ``cordoned`` as version 5 has it."""
    name = place.encode()
    # One topic with one partition, as a broker tells that was asked for all.
    topic = b"\x02" + b"\x02t" + b"\x02" + struct.pack(">iqqb", 0, 5, 0, 0) + b"\0" + b"\0"
    told = struct.pack(">h", error) + bytes([len(name) + 1]) + name + topic + struct.pack(">qq", total, usable)
    return told + (b"" if cordoned is None else struct.pack(">?", cordoned)) + b"\0"


def answer(*directories: bytes, error: int = 0) -> bytes:
    return struct.pack(">ih", 0, error) + bytes([len(directories) + 1]) + b"".join(directories) + b"\0"


def test_directories_are_told_with_their_space() -> None:
    error, found = told(WireReader(answer(directory("/a", 100, 40), directory("/b", 9, 1)), flexible=True), 4)
    assert (error, found) == (0, {"/a": (0, DiskSpace(100, 40)), "/b": (0, DiskSpace(9, 1))})


@pytest.mark.parametrize(("one", "error"), [(directory("/a", -1, -1), 0), (directory("/a", 100, 40, error=56), 56)])
def test_one_that_is_not_measured_or_offline_has_no_space(one: bytes, error: int) -> None:
    assert told(WireReader(answer(one), flexible=True), 4)[1] == {"/a": (error, None)}


def test_an_answer_that_ends_too_early_is_none() -> None:
    whole = answer(directory("/a", 100, 40))
    for length in range(len(whole)):
        with pytest.raises(Malformed):
            told(WireReader(whole[:length], flexible=True), 4)


def versions(newest: int) -> bytes:
    """The answer of a broker that takes requests about log directories up to that version."""
    return struct.pack(">hi", 0, 2) + struct.pack(">hhh", 1, 4, 18) + struct.pack(">hhh", 35, 1, newest)


def asked(
    replies: list[bytes],
    settings: Mapping[str, str] | None = None,
    *,
    newest: int | None = 4,
    question: Callable[[KafkaLogDirs, Broker], Any] = KafkaLogDirs.space,
) -> Any:
    """What is made of a broker that tells its versions, unless ``newest`` is None, and these replies, then closes."""
    every = replies if newest is None else [versions(newest), *replies]

    def reply(line: socket.socket) -> None:
        for each in every:
            request = line.recv(4096)
            correlation = request[8:12]
            line.sendall(struct.pack(">i", 4 + len(each)) + correlation + each)
        line.recv(4096)

    with listening(reply) as address:
        host, _, port = address.partition(":")
        return question(KafkaLogDirs("north", lambda: settings or PLAIN), Broker(1, host, int(port)))


@pytest.mark.parametrize(
    ("directories", "offline"),
    [
        ([directory("/a", 100, 40), directory("/b", -1, -1)], ()),
        ([directory("/b", -1, -1, error=56), directory("/a", 1, 1), directory("/A", -1, -1, error=56)], ("/A", "/b")),
    ],
)
def test_a_broker_names_the_directories_that_it_took_out_of_service(
    directories: list[bytes], offline: tuple[str, ...]
) -> None:
    assert asked([b"\0" + answer(*directories)], question=KafkaLogDirs.offline) == offline


def test_a_broker_tells() -> None:
    assert asked([b"\0" + answer(directory("/a", 100, 40))]) == {"/a": DiskSpace(100, 40)}


def test_a_newer_broker_tells_which_directories_are_cordoned() -> None:
    both = [directory("/a", 100, 40, cordoned=True), directory("/b", 9, 1, cordoned=False)]
    assert asked([b"\0" + answer(*both)], newest=5) == {"/a": DiskSpace(100, 40, cordoned=True), "/b": DiskSpace(9, 1)}


@pytest.mark.parametrize(
    "reply",
    [struct.pack(">hi", 0, 0), struct.pack(">hi", 35, 1) + struct.pack(">hhh", 35, 1, 5), struct.pack(">hi", 0, 9)],
    ids=["takes none", "an error", "ends too early"],
)
def test_a_broker_that_does_not_say_which_versions_it_takes_is_not_asked(reply: bytes) -> None:
    with pytest.raises(Unsupported):
        asked([reply], newest=None)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (b"\0" + answer(error=31), Forbidden),
        (b"\0" + answer(error=35), DrctlError),
        (b"\0" + answer(directory("/a", -1, -1)), Unsupported),
        (b"\0junk", Unsupported),
        (b"", Unsupported),
    ],
)
def test_what_is_no_answer_is_an_error_of_ours(reply: bytes, kind: type[DrctlError]) -> None:
    with pytest.raises(kind):
        asked([reply])


def test_a_broker_that_closes_or_is_not_there_is_out_of_reach() -> None:
    for newest in (None, 4):
        with pytest.raises(Unreachable, match="does not answer"):
            asked([], newest=newest)
    with socket.create_server(("localhost", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Unreachable, match="broker 1 does not answer"):
        KafkaLogDirs("north", lambda: PLAIN).space(Broker(1, "localhost", port))


SASL = {"security.protocol": "SASL_PLAINTEXT", "sasl.username": "drctl", "sasl.password": "s3cret"}


def test_a_login_that_is_rejected_is_told_without_its_password() -> None:
    refused = struct.pack(">h", 58) + struct.pack(">h", -1) + struct.pack(">i", 0) + struct.pack(">q", 0)
    with pytest.raises(Unauthenticated, match="rejects the login") as error:
        asked([struct.pack(">hi", 0, 0), refused], {**SASL, "sasl.mechanism": "PLAIN"}, newest=None)
    assert "s3cret" not in str(error.value)
    with pytest.raises(Unauthenticated, match="takes no login by PLAIN"):
        asked([struct.pack(">hi", 33, 0)], {**SASL, "sasl.mechanism": "PLAIN"}, newest=None)


def test_a_login_of_another_kind_is_not_tried() -> None:
    with pytest.raises(Unsupported, match="GSSAPI"):
        asked([], {**SASL, "sasl.mechanism": "GSSAPI"}, newest=None)
