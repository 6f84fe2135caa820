"""Candidates for one lease, each with a clock and a way to the API server of its own, in one simulated time.

Every candidate runs in a thread, and exactly one thread runs at a time: whoever waits hands over, so that all
interleavings are possible and each run of a sentence is the same.
"""

import math
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import chain, count, repeat
from typing import Any, NamedTuple

from drctl.decide.leadership import terms
from drctl.errors import Unreachable
from drctl.model.resources import Kind, Object
from drctl.service.election import LEASE, Election
from tests.fakes import FakeApi, FakeResources, Killed

SPANS = terms(30)
UNDER_WAY = 6.0
"""Seconds that a commit may take that was begun while leading: the Kafka driver gives a doubted site no more."""
TICK = 0.5
DAWN = datetime(2026, 1, 1, tzinfo=UTC)


class Way(NamedTuple):
    """Seconds of one request to the server and of its answer back; infinite where it is lost."""

    there: float = 0.01
    back: float = 0.01


SWIFT, UNHEARD, UNANSWERED = Way(), Way(there=math.inf), Way(back=math.inf)


@dataclass
class OwnClock:
    """Implements :class:`drctl.ports.Clock`: monotonic at its own rate, a wall clock that somebody sets."""

    harness: "Harness"
    rate: float = 1.0
    begin: float = 0.0
    wall: timedelta = timedelta(0)
    stopped: bool = False

    def now(self) -> datetime:
        return DAWN if self.stopped else DAWN + timedelta(seconds=self.harness.now) + self.wall

    def monotonic(self) -> float:
        return self.begin + self.rate * self.harness.now

    def sleep(self, seconds: float) -> None:
        raise NotImplementedError("an election never sleeps")

    def wait_for(self, result: Future[Any], until: float) -> bool:
        raise NotImplementedError("an election never waits for a thread")


class Harness:
    """Simulated time, the API server, and the watch over who acts."""

    def __init__(self) -> None:
        self.now = 0.0
        self.api = FakeApi()
        self.api.put(LEASE, {"metadata": {"name": "drctl"}}, namespace="drctl")
        self.candidates: list[Candidate] = []
        self.back = threading.Semaphore(0)
        self.met: list[tuple[float, str, str]] = []
        self.terms_of_office: list[str] = []
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()

    def at(self, when: float, act: Callable[[], None]) -> None:
        heappush(self._events, (when, next(self._numbers), act))

    def candidate(self, name: str, ways: Iterable[Way] = (), *, rate: float = 1.0) -> "Candidate":
        """A new process, from now on; once ``ways`` are used up its requests are swift."""
        made = Candidate(self, name, chain(ways, repeat(SWIFT)), OwnClock(self, rate, begin=1000.0 * rate))
        self.candidates.append(made)
        self.at(self.now, made.go_on)
        return made

    def run(self, seconds: float) -> None:
        """Let that time pass, and look after everything that happens who acts or may have a commit under way."""
        end = self.now + seconds
        for number in range(int(seconds / TICK) + 1):
            self.at(self.now + number * TICK, lambda: None)
        while self._events and self._events[0][0] <= end:
            self.now, _, act = heappop(self._events)
            act()
            self._watch()
        self.now = end

    def _watch(self) -> None:
        for each in self.candidates:
            if each.acts:
                self.met += [
                    (self.now, each.name, other.name)
                    for other in self.candidates
                    if other is not each and other.acted + TICK + UNDER_WAY > self.now
                ]
                each.acted = self.now
                if self.terms_of_office[-1:] != [each.name]:
                    self.terms_of_office.append(each.name)

    @property
    def leader(self) -> str:
        return next((each.name for each in self.candidates if each.acts), "")

    @property
    def lease(self) -> dict[str, Any]:
        return dict(self.api.objects["leases", "drctl", "drctl"].get("spec", {}))

    def close(self) -> None:
        for each in self.candidates:
            each.kill()
            each.go_on()


@dataclass
class Candidate:
    """One process. ``dies``: at its request of that number, counted from 0, and before or after its effect."""

    harness: Harness
    name: str
    ways: Iterator[Way]
    clock: OwnClock
    dies: tuple[int, bool] | None = None
    acted: float = -math.inf
    alive: bool = True
    calls: int = 0
    thread: threading.Thread | None = None
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __post_init__(self) -> None:
        self.api = FakeResources(self.harness.api, namespace="drctl")
        self.election = Election(Line(self), "drctl", self.name, SPANS, self.clock)

    @property
    def acts(self) -> bool:
        return self.alive and self.election.leads()

    def kill(self) -> None:
        self.alive = False

    def go_on(self) -> None:
        """Run it until it waits."""
        if self.thread is None:
            self.thread = threading.Thread(target=self._live, daemon=True)
            self.thread.start()
        elif self.thread.is_alive():
            self.go.release()
        else:
            return
        self.harness.back.acquire()

    def wait(self, seconds: float) -> None:
        self.harness.at(self.harness.now + seconds, self.go_on)
        self.harness.back.release()
        self.go.acquire()
        if not self.alive:
            raise Killed(self.name)

    def _live(self) -> None:
        try:
            while self.alive:
                self.election.turn()
                self.wait(SPANS.renew / self.clock.rate)
        except Killed:
            pass
        finally:
            self.harness.back.release()


class Line(FakeResources):
    """A candidate's way to the API server: what is sent may arrive late, and the answer never."""

    def __init__(self, candidate: Candidate) -> None:
        super().__init__(candidate.api.api, namespace="drctl")
        self.candidate = candidate

    def get(self, kind: Kind, name: str) -> Object:
        return self._ask(lambda: self.candidate.api.get(kind, name))

    def patch(self, kind: Kind, name: str, changes: Object, *, subresource: str = "") -> Object:
        return self._ask(lambda: self.candidate.api.patch(kind, name, changes, subresource=subresource))

    def _ask(self, do: Callable[[], Object]) -> Object:
        candidate, harness, way = self.candidate, self.candidate.harness, next(self.candidate.ways)
        number, answers = candidate.calls, list[Object | Exception]()
        candidate.calls += 1
        if candidate.dies == (number, True):
            candidate.kill()
            raise Killed(candidate.name)

        def arrive() -> None:
            try:
                answers.append(do())
            except Exception as error:  # noqa: BLE001 - raised below, in its own thread
                answers.append(error)
            if candidate.dies == (number, False):
                candidate.kill()

        if way.there < math.inf:
            harness.at(harness.now + way.there, arrive)
        patience = 2 * SPANS.answer
        candidate.wait(min(patience, sum(way)))
        if sum(way) > patience:
            raise Unreachable("the API server does not answer")
        if isinstance(answers[0], Exception):
            raise answers[0]
        return answers[0]
