"""The wire between two sites: a process that forwards TCP connections, so that cutting it cuts the sites apart.

``python -m drctl.lab.tcp_proxy localhost 19101:19005 19102:19015`` listens on the first port of each pair, on the
loopback, and connects to the second at that host. Stopped (SIGSTOP) it is a black hole; killed it refuses. ``HOLD``
lets requests through and holds what comes back, the end of a connection no less; ``SLOW`` lets every piece of it wait;
``OPEN`` ends both, and what was held goes on. With ``--count FILE`` it counts there what it passes on, as told by
:mod:`drctl.lab.wire_bytes`.
"""

import argparse
import asyncio
import contextlib
import signal
from collections.abc import Callable
from pathlib import Path

from drctl.lab.wire_bytes import WireCounter

HOLD, OPEN, SLOW = "SIGUSR1", "SIGUSR2", "SIGHUP"
SLOW_BY = 0.5
"""Seconds: far more than any answer takes on one machine, and far less than any client's time-out."""


class Valve:
    """Every answer passes it on its way back."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._delay = 0.0
        self.open()

    def open(self) -> None:
        """Let everything through at once."""
        self._delay = 0.0
        self._open.set()

    def hold(self) -> None:
        """Let nothing through."""
        self._open.clear()

    def slow(self) -> None:
        """Let each piece through after ``SLOW_BY`` seconds."""
        self._delay = SLOW_BY
        self._open.set()

    async def passed(self) -> None:
        """Wait until a piece may go through."""
        if self._delay:
            await asyncio.sleep(self._delay)
        await self._open.wait()


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, valve: Valve, count: Callable[[int], None]
) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(1 << 16):
            await valve.passed()
            count(len(chunk))
            writer.write(chunk)
            await writer.drain()
    await valve.passed()
    writer.close()


async def _listen(port: int, host: str, to: int, answers: Valve, counter: WireCounter) -> asyncio.Server:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(host, to)
        except OSError:
            writer.close()
            return
        await asyncio.gather(
            _pump(reader, far_writer, Valve(), counter.request), _pump(far_reader, writer, answers, counter.answer)
        )

    return await asyncio.start_server(connected, "127.0.0.1", port)


async def _forward(host: str, pairs: list[str], counter: WireCounter) -> None:
    answers, loop = Valve(), asyncio.get_running_loop()
    for name, turn in ((HOLD, answers.hold), (OPEN, answers.open), (SLOW, answers.slow)):
        loop.add_signal_handler(signal.Signals[name], turn)
    ports = [map(int, pair.split(":")) for pair in pairs]
    servers = [await _listen(here, host, there, answers, counter) for here, there in ports]
    await asyncio.gather(*(server.serve_forever() for server in servers))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="drctl.lab.tcp_proxy")
    parser.add_argument("--count", type=Path)
    parser.add_argument("host")
    parser.add_argument("pairs", nargs="+")
    return parser.parse_args()


if __name__ == "__main__":
    told = _arguments()
    asyncio.run(_forward(told.host, told.pairs, WireCounter(told.count)))
