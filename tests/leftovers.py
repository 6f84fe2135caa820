"""Proves after each test that what it began has ended: what is left of one test makes another fail by chance."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from drctl.drivers.store.clock import SystemClock

CLOCK = SystemClock()
ENDING = 10.0
"""Seconds for what was told to end."""
ENDED = "ZX"
"""States of a process that runs no more."""


@contextmanager
def no_thread_is_left() -> Iterator[None]:
    """AssertionError naming the threads that began within and do not end."""
    before = set(threading.enumerate())
    yield
    _await_none("threads", lambda: [each.name for each in threading.enumerate() if each not in before])


@contextmanager
def no_process_is_left() -> Iterator[None]:
    """AssertionError naming the child processes that began within and do not end."""
    before = children()
    yield
    _await_none("processes", lambda: [_command(pid) for pid in children() - before])


def _await_none(what: str, left: Callable[[], list[str]]) -> None:
    deadline = CLOCK.monotonic() + ENDING
    while still := left():
        assert CLOCK.monotonic() < deadline, f"{what} outlive this test: {', '.join(still)}"
        CLOCK.sleep(0.05)


def children() -> set[int]:
    """Return the running processes that this one has started."""
    mine = str(os.getpid())
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return {pid for pid in pids if (seen := _stat(pid)) and seen[1] == mine and seen[0] not in ENDED}


def alive(pids: Iterable[int]) -> list[int]:
    """Return those that run; one may go between two looks at it, and then reading about it fails."""
    return [pid for pid in pids if (seen := _stat(pid)) and seen[0] not in ENDED]


def _stat(pid: int) -> list[str]:
    """State and parent of a process; nothing if it has gone. Its name, in brackets before them, may hold anything."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return []


def _command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        words = []
    return f"{pid} {os.fsdecode(b' '.join(words))[:120]}"
