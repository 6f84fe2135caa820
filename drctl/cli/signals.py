"""Handle what a terminal or another process sends to a run that is under way.

| signal                   | sent by                       | the run                                            |
| ------------------------ | ----------------------------- | -------------------------------------------------- |
| SIGINT, SIGTERM, SIGQUIT | Ctrl-C, ``kill``, quit key    | is cut off, and it is said how to go on            |
| SIGTSTP                  | Ctrl-Z                        | goes on, and it is said how to end it              |
| SIGHUP                   | a terminal that is closed     | goes on; the journal has what is no longer shown   |
| SIGTTOU, SIGTTIN         | a terminal, to its background | goes on                                            |
| SIGSTOP                  | ``kill -STOP``, a debugger    | stands still: no process can do anything about it  |

A run that stood still behind the fence, or ended without a word, would leave a site to which nobody can write, and
nobody who knows. Before a run and behind it each signal does what it does everywhere.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

import click

NOT_SUSPENDED = (
    "Ctrl-Z does not suspend a run, for nobody may be able to write meanwhile: it goes on."
    " Press Ctrl-C to end it, and read how to go on or give up."
)


@contextmanager
def outliving_the_terminal() -> Iterator[None]:
    """Go on, to the command's end, when the terminal is gone (an SSH session that broke) or is another job's.

    What is told behind the run must not end or suspend the command either: its exit code is still to come.
    """
    handlers = {signal.SIGHUP: _nothing, signal.SIGTTOU: signal.SIG_IGN, signal.SIGTTIN: signal.SIG_IGN}
    with _taking(handlers, to_the_end=True):
        yield


@contextmanager
def unsuspended(tell: Callable[[str], None]) -> Iterator[None]:
    """Go on at Ctrl-Z and ``tell`` so, which a thread does; let the quit key end the run as Ctrl-C does."""
    pressed: SimpleQueue[bool] = SimpleQueue()  # its put may interrupt another put, as a signal handler does

    def work() -> None:
        while pressed.get():
            tell(NOT_SUSPENDED)

    teller = threading.Thread(target=work, name="drctl-not-suspended", daemon=True)
    teller.start()
    try:
        with _taking({signal.SIGTSTP: lambda *_: pressed.put(True), signal.SIGQUIT: signal.default_int_handler}):
            yield
    finally:
        pressed.put(False)
        teller.join()


@contextmanager
def counted_requests_to_end() -> Iterator[Callable[[], int]]:
    """Count each Ctrl-C and SIGTERM instead of being cut off: who asks the count ends in an order of its own."""
    requests: list[int] = []
    with _taking(dict.fromkeys((signal.SIGINT, signal.SIGTERM), lambda number, _: requests.append(number))):
        yield lambda: len(requests)


@contextmanager
def deaf() -> Iterator[None]:
    """Let no second Ctrl-C take away what the first one leaves behind."""
    with _taking(dict.fromkeys((signal.SIGINT, signal.SIGTERM, signal.SIGQUIT), signal.SIG_IGN)):
        yield


def _nothing(*_: object) -> None:
    """Be interrupted, and go on."""


@contextmanager
def _taking(handlers: dict[signal.Signals, Any], *, to_the_end: bool = False) -> Iterator[None]:
    """Handle these signals so; ``to_the_end`` of the command, or of the block."""
    # Python lets only the main thread handle signals; elsewhere the command is run by a test or by another
    # program, whose signals they are.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    try:
        yield
    finally:
        command = click.get_current_context(silent=True)
        if to_the_end and command is not None:
            command.find_root().call_on_close(restore)
        else:
            restore()
