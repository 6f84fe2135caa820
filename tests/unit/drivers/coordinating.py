"""Brokers on sockets that answer about groups as they are told to."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from drctl.drivers.kafka.connections import Connections, Place
from drctl.drivers.kafka.coordinators import COORDINATOR, Coordinators
from drctl.drivers.kafka.group_requests import LEAVE_GROUP
from drctl.drivers.kafka.wire_format import INT16, INT32, INT64, WireReader, array, string

NOTHING = b"\0"
type Answer = Callable[[Sequence[str]], bytes]


class Broker:
    """Answers, by the request's kind, about the groups that it is asked about; ``asked`` keeps kinds and groups."""

    def __init__(self, listener: socket.socket) -> None:
        self.answers: dict[int, Answer] = {}
        self.asked: list[tuple[int, tuple[str, ...]]] = []
        self.host, self.port = listener.getsockname()
        self._lines: list[socket.socket] = []

    @property
    def place(self) -> Place:
        return self.host, self.port

    def serve(self, line: socket.socket) -> None:
        self._lines.append(line)
        with line, suppress(OSError):
            while head := line.recv(4, socket.MSG_WAITALL):
                request = line.recv(INT32.unpack(head)[0], socket.MSG_WAITALL)
                kind, number, groups = _read(request)
                self.asked.append((kind, groups))
                body = INT32.pack(number) + NOTHING + self.answers[kind](groups)
                line.sendall(INT32.pack(len(body)) + body)

    def close_connections(self) -> None:
        """Close what is open, as a broker does that restarts."""
        for line in self._lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        self._lines.clear()


def _read(request: bytes) -> tuple[int, int, tuple[str, ...]]:
    kind, _, number, length = struct.unpack_from(">hhih", request)
    reader = WireReader(request[10 + length + 1 :], flexible=True)
    if kind == LEAVE_GROUP:
        return kind, number, (reader.string(),)
    if kind == COORDINATOR.api:
        reader.taken(1)
    groups = []
    for _ in range(reader.count()):
        groups.append(reader.string())
        if kind != COORDINATOR.api:
            reader.taken(2)
    return kind, number, tuple(groups)


@contextmanager
def broker() -> Iterator[Broker]:
    """One that listens until the end; every connection is served in its own thread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made, threads = Broker(listener), list[threading.Thread]()

        def accept() -> None:
            with suppress(OSError):
                while True:
                    line, _ = listener.accept()
                    threads.append(threading.Thread(target=made.serve, args=(line,)))
                    threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield made
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
            made.close_connections()
            for each in threads:
                each.join()


@contextmanager
def coordinators() -> Iterator[Coordinators]:
    found = Coordinators(Connections(lambda: {"security.protocol": "PLAINTEXT"}))
    yield found
    found.close()


def at(place: Place, *, error: int = 0) -> Answer:
    """Every group's coordinator is there."""
    host, port = place

    def answer(groups: Sequence[str]) -> bytes:
        each = INT32.pack(1) + string(host) + INT32.pack(port) + INT16.pack(error) + NOTHING + NOTHING
        return INT32.pack(0) + array([string(group) + each for group in groups]) + NOTHING

    return answer


def position(offset: int, *, metadata: str = "", error: int = 0) -> bytes:
    """What is told of partition 0."""
    return INT32.pack(0) + INT64.pack(offset) + INT32.pack(-1) + string(metadata) + INT16.pack(error) + NOTHING


def positions(*told: bytes, error: int = 0) -> Answer:
    """Every group has these in the topic orders."""

    def answer(groups: Sequence[str]) -> bytes:
        topics = array([string("orders") + array(told) + NOTHING] if told else [])
        each = [string(group) + topics + INT16.pack(error) + NOTHING for group in groups]
        return INT32.pack(0) + array(each) + NOTHING

    return answer


def in_turn(*answers: Answer) -> Answer:
    """One after the other; the last one again and again."""
    left = list(answers)

    def answer(groups: Sequence[str]) -> bytes:
        now = left.pop(0) if len(left) > 1 else left[0]
        return now(groups)

    return answer
