"""A wire counts what it passes on, to be read whatever has become of it."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drctl.errors import LabError
from drctl.lab import Lab
from drctl.lab.injecting import connects
from drctl.lab.layout import wire
from drctl.lab.ports import free_ports
from drctl.lab.tcp_proxy import Valve, _listen
from drctl.lab.wire_bytes import Carried, WireCounter, carried
from tests.unit.lab.stand_ins import await_state, sleeping_lab


@contextmanager
def answering(port: int, question: int, answer: bytes) -> Iterator[None]:
    """Give that answer to whoever has sent a question of so many bytes, and then nothing until they hang up."""
    with socket.create_server(("127.0.0.1", port)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    if received(connection, question):
                        connection.sendall(answer)
                        connection.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def received(connection: socket.socket, count: int) -> bool:
    """Whether so many bytes arrive before the other end hangs up."""
    left = count
    while left and (part := connection.recv(left)):
        left -= len(part)
    return not left


def ask(port: int, question: int, answer: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.sendall(b"?" * question)
        assert received(connection, answer)


QUESTION, ANSWER = 1_000, 300_000


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """A lab with the real wire from north, and one behind it who answers at length."""
    with sleeping_lab(tmp_path / "lab") as lab, answering(lab.layout["north"].nodes[0].link, QUESTION, b"!" * ANSWER):
        end(lab)
        begin(lab)
        try:
            yield lab
        finally:
            end(lab)  # whoever answers waits until the wire hangs up, which it does not while it is stopped


def begin(lab: Lab) -> None:
    lab.start_wire("north")
    deadline = lab.clock.monotonic() + 60
    while not connects(lab.layout["north"].nodes[0].wire):
        assert lab.clock.monotonic() < deadline
        lab.clock.sleep(0.05)


def end(lab: Lab) -> None:
    lab.processes.signal(wire("north"), "SIGKILL")
    lab.processes.wait_gone(wire("north"))


def test_a_wire_counts_each_way_for_itself_and_of_all_its_connections(lab: Lab) -> None:
    assert lab.carried("north") == Carried(requests=0, answers=0)
    for times in (1, 2):
        ask(lab.layout["north"].nodes[0].wire, QUESTION, ANSWER)
        assert lab.carried("north") == Carried(requests=times * QUESTION, answers=times * ANSWER)


def test_the_counts_of_a_wire_outlast_it_and_its_successor_goes_on_from_them(lab: Lab) -> None:
    ask(lab.layout["north"].nodes[0].wire, QUESTION, ANSWER)
    lab.processes.signal(wire("north"), "SIGSTOP")
    await_state(lab, "stopped", wire("north"))
    assert lab.carried("north") == Carried(QUESTION, ANSWER)
    end(lab)
    assert lab.carried("north") == Carried(QUESTION, ANSWER)
    begin(lab)
    assert lab.carried("north") == Carried(QUESTION, ANSWER)
    ask(lab.layout["north"].nodes[0].wire, QUESTION, ANSWER)
    assert lab.carried("north") == Carried(2 * QUESTION, 2 * ANSWER)


def test_a_wire_that_never_listened_has_no_counts_rather_than_none(lab: Lab) -> None:
    with pytest.raises(LabError, match=r"no wire has counted in .*wire-south-to-north"):
        lab.carried("south")


def test_an_empty_file_is_no_count(tmp_path: Path) -> None:
    (tmp_path / "wire.bytes").touch()
    with pytest.raises(LabError, match="no wire has counted"):
        carried(tmp_path / "wire.bytes")


def test_a_count_goes_beyond_what_a_smaller_word_holds(tmp_path: Path) -> None:
    counter = WireCounter(tmp_path / "wire.bytes")
    counter.answer(1 << 40)
    counter.answer(1)
    counter.request(2)
    assert carried(tmp_path / "wire.bytes") == Carried(2, (1 << 40) + 1)


class HeldValve(Valve):
    """Tells when the first piece has come to it."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = asyncio.Event()
        self.hold()

    async def passed(self) -> None:
        self.reached.set()
        await super().passed()


def test_an_answer_that_is_held_back_counts_once_it_is_let_through(tmp_path: Path) -> None:
    near, far = free_ports(2)
    file = tmp_path / "wire.bytes"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(QUESTION)
        writer.write(b"!" * 10)
        await reader.read()
        writer.close()

    async def ask_once() -> tuple[Carried, Carried]:
        answers, counter = HeldValve(), WireCounter(file)
        server = await asyncio.start_server(answer, "127.0.0.1", far)
        async with server, await _listen(near, "127.0.0.1", far, answers, counter):
            reader, writer = await asyncio.open_connection("127.0.0.1", near)
            writer.write(b"?" * QUESTION)
            await asyncio.wait_for(answers.reached.wait(), 30)
            held = carried(file)
            answers.open()
            await asyncio.wait_for(reader.readexactly(10), 30)
            through = carried(file)
            writer.write_eof()
            assert await asyncio.wait_for(reader.read(), 30) == b""
            writer.close()
            await writer.wait_closed()
        return held, through

    assert asyncio.run(ask_once()) == (Carried(QUESTION, 0), Carried(QUESTION, 10))
