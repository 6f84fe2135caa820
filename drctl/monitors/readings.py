"""A look that fails is an unknown reading with its reason, never a missing one.

Looks are made in turn, or side by side under one deadline: a person in trouble is shown what is known by then, and is
not kept waiting by what does not answer.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, cast

from drctl.errors import DrctlError, Unauthenticated, Unreachable
from drctl.model.reading import Reading
from drctl.ports.clock import Clock

LOG = logging.getLogger("drctl.looks")

WITHIN = 8.5
"""Seconds for one look at everything: every read-only command is to answer within ten, with its start and its end."""

UNHURRIED = 3600.0
"""The same in a world that is hurried itself (:mod:`drctl.monitors.hurrying`): as long as everybody answers, much is
to be read."""

LATE = "drctl-late-look"
"""Name of the threads that look: one that is still alive at the end of a command waits for a site that is silent."""

type Begun[T] = Callable[[], Reading[T]]
"""A look that was begun: gives what it saw, waiting for it."""


class Looks(Protocol):
    """How looks are made."""

    def begin[T](self, question: Callable[[], T]) -> Begun[T]:
        """Begin to look."""
        ...


type Pace = Callable[[float], Looks]
"""Makes looks, given the seconds that they may take where they have a deadline at all."""


class InTurn:
    """One look after the other, each for as long as it takes: for gates, which do not hurry."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def begin[T](self, question: Callable[[], T]) -> Begun[T]:
        """Look at once."""
        seen = reading_of(self.clock, question)
        return lambda: seen


class SideBySide:
    """All looks at the same time, under one deadline that begins now; what is not seen by then is unknown.

    A look that is late is left alone: its thread ends with its own deadline, or with the process.
    """

    def __init__(self, clock: Clock, seconds: float = WITHIN) -> None:
        self.clock, self.seconds = clock, seconds
        self.deadline = clock.monotonic() + seconds

    def begin[T](self, question: Callable[[], T]) -> Begun[T]:
        """Look in a thread of its own; not at all once the deadline has passed."""
        # No thread is begun for what nobody will wait for: each asks a site that is silent for as long as
        # its own deadline allows.
        if self.clock.monotonic() >= self.deadline:
            return self._late
        seen = beside(lambda: reading_of(self.clock, question))
        return lambda: seen.result() if self.clock.wait_for(seen, self.deadline) else self._late()

    def _late[T](self) -> Reading[T]:
        return Reading(None, self.clock.now(), f"no answer within {self.seconds:.0f} s", silent=True)


def beside[T](ask: Callable[[], T]) -> "Future[T]":
    """Ask in a thread of its own, which nobody has to wait for."""
    answer: Future[T] = Future()

    def work() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:  # noqa: BLE001 - raised where the answer is waited for
            answer.set_exception(error)

    # A daemon: a look that hangs in a client library must not keep the command from ending. A pool would
    # wait for its threads.
    threading.Thread(target=work, name=LATE, daemon=True).start()
    return answer


def after[A, B](looks: Looks, first: Begun[A], question: Callable[[A], B]) -> Begun[B]:
    """Begin to look at what another look leads to; where that one saw nothing, neither does this, for its reason."""

    def onward() -> B:
        seen = first()
        if not seen.known:
            raise (Unreachable if seen.silent else DrctlError)(seen.unknown)
        return question(cast(A, seen.value))

    return looks.begin(onward)


def in_turn(clock: Clock) -> Pace:
    """Return the pace of a gate: one look after the other, each for as long as it takes."""
    return lambda _: InTurn(clock)


def side_by_side(clock: Clock) -> Pace:
    """Return the pace of a person who waits: all at once, under a deadline."""
    return lambda seconds: SideBySide(clock, seconds)


def are_late() -> bool:
    """Whether a look is still under way that nobody waits for any more."""
    return any(thread.name == LATE for thread in threading.enumerate())


def reading_of[T](clock: Clock, question: Callable[[], T]) -> Reading[T]:
    """Return the answer to ``question`` as of now, or why there is none."""
    try:
        seen = Reading(question(), clock.now())
        LOG.debug("%s: seen", _name(question))
        return seen
    except DrctlError as error:
        LOG.debug("%s: unknown: %s", _name(question), error)
        return Reading(None, clock.now(), str(error) or type(error).__name__, is_silence(error))


def _name(question: Callable[[], object]) -> str:
    """A partial is told as what it calls: its arguments hold all that was ever seen of a site."""
    called = getattr(question, "func", question)
    return getattr(called, "__qualname__", type(called).__name__)


def is_silence(error: DrctlError) -> bool:
    """Whether nobody answered. Who rejects us, or is known to start, is there."""
    return isinstance(error, Unreachable) and not isinstance(error, Unauthenticated)
