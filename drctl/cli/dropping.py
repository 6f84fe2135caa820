"""Standard output and error that hold up no run.

Whoever writes to a terminal that does not read (a frozen SSH session, ^S, a pager that nobody scrolls) is blocked until
it does. A run that is blocked behind the fence leaves a site to which nobody can write. So, while a run is under way, a
thread writes, and what a terminal takes too slowly is dropped; afterwards what is shown is waited for, within bounds.
"""

import errno
import os
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO, cast

ROOM = 1000
"""Texts that wait to be written: all that a plan's steps say several times over, and some seconds of log at -vv."""
PATIENCE = 15.0
"""Seconds without one text taken until a terminal is given up: longer than one reads a page; programs wait as well."""


class DroppingWriter:
    """Stands in for a text stream: ``write`` never waits, and drops the oldest text where there is no more room.

    How many lines were dropped is shown as soon as output goes again. ``flush`` returns at once unless ``waits``; then
    it waits until all is written, and ``complains`` if that is wanted: OSError where the stream does not take it,
    TimeoutError once it was given up.
    """

    def __init__(self, stream: TextIO, *, complains: bool) -> None:
        self.stream, self.complains = stream, complains
        self.encoding, self.errors = stream.encoding, stream.errors
        self.waits = False
        self._changed = threading.Condition()
        self._texts: deque[str] = deque()
        self._busy = False
        self._taken, self._dropped, self._given_up = 0, 0, -1
        self._failure: OSError | None = None

    def write(self, text: str) -> int:
        """Leave the text to the thread that writes."""
        text.count("\n")  # bytes are refused here, as by every stream of text
        with self._changed:
            # The oldest goes: what matters to who looks again is how the run stands now.
            if len(self._texts) >= ROOM:
                self._dropped += self._texts.popleft().count("\n")
            self._texts.append(text)
            if not self._busy:
                self._busy = True
                # A daemon, since a write to a terminal that does not read cannot be interrupted: the
                # process would never end.
                threading.Thread(target=self._work, name="drctl-output", daemon=True).start()
        return len(text)

    def flush(self) -> None:
        """Wait for what was written, if it is to be waited for; Ctrl-C ends the waiting, and nothing else."""
        if not self.waits:
            return
        with self._changed:
            while self._busy and self._given_up != self._taken:
                before = self._taken
                try:
                    # What wakes us may be the text that was taken in front of the look above: that is no time-out.
                    if not self._changed.wait(PATIENCE) and self._taken == before:
                        self._given_up = self._taken
                except KeyboardInterrupt:  # what was run has ended, and its exit code is known
                    self._given_up = self._taken
            stuck, failure, self._failure = self._busy, self._failure, None
        if failure is not None and self.complains:
            raise failure
        if stuck and self.complains:
            raise TimeoutError(errno.ETIMEDOUT, "nobody reads it")

    def forget(self) -> None:
        """Let what could not be written go: from now on everything is taken, and shown nowhere."""
        with suppress(OSError):  # a stream in memory has no number
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())

    @property
    def stuck(self) -> bool:
        """Whether something is not written yet."""
        return self._busy

    def isatty(self) -> bool:
        """Whether a terminal shows it."""
        return self.stream.isatty()

    def fileno(self) -> int:
        """Return the number of the stream's file."""
        return self.stream.fileno()

    def _work(self) -> None:
        """Write what there is, and end: no thread is left where nothing is to be shown."""
        while True:
            with self._changed:
                if not self._texts:
                    self._busy = False
                    self._changed.notify_all()
                    return
                text, dropped, self._dropped = self._texts.popleft(), self._dropped, 0
            failure = self._written(f"… {dropped} lines were not shown: nobody read\n{text}" if dropped else text)
            with self._changed:
                self._failure = failure or self._failure
                self._taken += 1
                self._changed.notify_all()

    def _written(self, text: str) -> OSError | None:
        try:
            self.stream.write(text)
            self.stream.flush()
        except OSError as error:
            return error
        except ValueError:  # it was closed
            return OSError(errno.EBADF, "it is closed")
        return None


@contextmanager
def unheld() -> Iterator[None]:
    """Let nothing that is shown hold up what is run inside; what is shown afterwards is waited for, within bounds.

    Standard output and error stay this way until the process ends: its exit code then tells how the run ended, whether
    or not that could be shown.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, DroppingWriter):
            setattr(sys, name, cast("TextIO", DroppingWriter(stream, complains=name == "stdout")))
    _wait(for_it=False)
    try:
        yield
    finally:
        _wait(for_it=True)
        sys.stderr.flush()


def writers() -> tuple[DroppingWriter, ...]:
    """Return those that stand in for standard output and error; empty in a process that has run nothing."""
    streams: tuple[object, ...] = (sys.stdout, sys.stderr)
    return tuple(stream for stream in streams if isinstance(stream, DroppingWriter))


def _wait(*, for_it: bool) -> None:
    for writer in writers():
        writer.waits = for_it
