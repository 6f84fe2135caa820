"""All that the service does by itself, apart from looking: in one thread, with connections of its own.

Each :class:`Deputy` is asked after every look. It acts through a run like any person's: under the lease, with a
journal, and as the same plan that a command would run.
"""

import socket
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Protocol

import structlog

from drctl.errors import Locked
from drctl.model.facts import Status
from drctl.model.terms import Terms
from drctl.ports import Lease, World
from drctl.redaction import describe
from drctl.service.telling import Telling

type Opened = Callable[[Collection[str]], AbstractContextManager[World]]
"""A world with connections of its own, in which these sites are doubted: not waited for long."""

BEAT = 1.0
"""Seconds after which the thread looks whether it is to end."""


class Deputy(Protocol):
    """One thing that is done by itself."""

    def note(self, seen: Status) -> None:
        """Remember of a look what the next ones no longer tell. Never waits for anything."""
        ...

    def act(self, seen: Status) -> None:
        """Act on the newest look if nothing stands against it."""
        ...


class Acting:
    """Hands every look to the deputies. ``may`` says whether this service is the one that acts, asked each time."""

    def __init__(self, deputies: Iterable[Deputy], may: Callable[[], bool] = lambda: True) -> None:
        self.deputies = tuple(deputies)
        self.may = may
        self.log = structlog.get_logger("drctl.service")
        self._newest: Status | None = None
        self._come = threading.Event()
        self._telling = Telling()

    def take(self, seen: Status) -> None:
        """Note a look, and let it be acted on at once; while something is under way only the newest one waits."""
        for deputy in self.deputies:
            # All of them, also where this service does not lead: who takes over has to know since when a
            # site is silent.
            deputy.note(seen)
        # Replaced, not queued: a run may take minutes, and what was seen before it is no ground to act on
        # behind it.
        self._newest = seen
        self._come.set()

    def act(self) -> None:
        """Act on the newest look, if there is a new one. What fails is logged; the next look brings the next try."""
        self._come.clear()
        seen, self._newest = self._newest, None
        if seen is None or not self.may():
            return
        for deputy in self.deputies:
            name = type(deputy).__name__
            try:
                deputy.act(seen)
            # One that fails keeps no other from acting: a link that cannot be restarted has nothing to do
            # with a lost site that is open again.
            except Exception as error:
                if self._telling.changed(name, describe(error)):
                    self.log.exception("acting-failed", deputy=name)
            else:
                self._telling.changed(name, None)

    def run(self, ended: threading.Event) -> None:
        """Act until ``ended``. May be cut off at any moment, as every run may."""
        while not ended.is_set():
            if self._come.wait(BEAT):
                self.act()


class LedLease:
    """Implements :class:`drctl.ports.Lease`: held only while this service leads, so that a run stops when that ends."""

    def __init__(self, lease: Lease, leads: Callable[[], bool]) -> None:
        self.lease, self.leads = lease, leads

    def acquire(self, holder: str) -> None:
        if not self.leads():
            raise Locked("another service leads", remedy="leave it to that one")
        self.lease.acquire(holder)

    def held(self) -> bool:
        # Against two dangers: leadership keeps the services of other pods out, the lease every other process
        # on this state file, a person's command included.
        return self.leads() and self.lease.held()

    def holder(self) -> str:
        return self.lease.holder()

    def release(self) -> None:
        self.lease.release()


def led(opened: Opened, leads: Callable[[], bool]) -> Opened:
    """Worlds in which a run goes on only while this service leads: it is asked right before every effect."""

    @contextmanager
    def leading(doubted: Collection[str]) -> Iterator[World]:
        with opened(doubted) as world:
            yield replace(world, lease=LedLease(world.lease, leads))

    return leading


def own_terms() -> Terms:
    """Who acts."""
    return Terms(by="drctl service", host=socket.gethostname())
