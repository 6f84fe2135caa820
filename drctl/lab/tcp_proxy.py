"""The wire between two sites: a process that forwards TCP connections, so that cutting it cuts the sites apart.

``python -m drctl.lab.tcp_proxy localhost 19101:19005 19102:19015`` listens on the first port of each pair, on the
loopback, and connects to the second at that host. Stopped (SIGSTOP) it is a black hole; killed it refuses.
"""

import asyncio
import contextlib
import sys


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(1 << 16):
            writer.write(chunk)
            await writer.drain()
    writer.close()


async def _listen(port: int, host: str, to: int) -> asyncio.Server:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(host, to)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))

    return await asyncio.start_server(connected, "127.0.0.1", port)


async def _forward(host: str, pairs: list[str]) -> None:
    ports = [map(int, pair.split(":")) for pair in pairs]
    servers = [await _listen(here, host, there) for here, there in ports]
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(_forward(sys.argv[1], sys.argv[2:]))
