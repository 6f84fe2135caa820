"""Ports of the loopback for what the lab starts: nobody else's, and no outgoing connection's."""

import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from drctl.drivers.store.clock import SystemClock
from drctl.errors import LabError

BLOCK = 32
"""Ports that are taken together: as many as the largest lab needs."""

BLOCKS = range(20000, 32768 - BLOCK, BLOCK)
"""Below the ports that Linux gives to outgoing connections (32768 and above): a client that dials a broker which is
down could be given the broker's very port, and then the broker could not come back."""

CLAIM = 300.0
"""Seconds for which a block is somebody's before anybody listens there: a lab is up in one minute, a cold one in three.
Tests that only write down what a lab would be claim one each, some two hundred within minutes."""


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, and that nobody else is given within the next five minutes.

    LabError if there are not so many.
    """
    for block in _claimed():
        if len(found := [port for port in range(block, block + BLOCK) if _is_free(port)]) >= count:
            return found[:count]
    raise LabError(
        f"no {count} ports are free together between {BLOCKS.start} and {BLOCKS.stop}",
        remedy="stop labs that run no more tests ('drctl lab down'), or wait ten minutes",
    )


def _claimed() -> Iterator[int]:
    """Blocks in any order, each one claimed: two labs that start at once must not find the same ports free."""
    folder = Path(tempfile.gettempdir()) / f"drctl-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    # In random order: labs that start at the same moment would all try for the same first block.
    for block in random.sample(BLOCKS, len(BLOCKS)):
        if _claim(folder / str(block)):
            yield block


def _claim(mark: Path) -> bool:
    """Whether the block was nobody's, and is ours from now on."""
    with mark.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        claimed = os.fstat(file.fileno())
        if claimed.st_size and SystemClock().now().timestamp() - claimed.st_mtime < CLAIM:
            return False
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        return True


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
