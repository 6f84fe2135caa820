"""A world for a person who waits: whatever is asked of sites is asked under one deadline, and who is late is named.

Commands that only look ask many questions, some of them one after the other. Each has a deadline of its own, and a long
one, since a move must not fail for a broker that is slow. Added up they would keep a person waiting for minutes.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from drctl.errors import DeadlinePassed
from drctl.monitors.readings import beside
from drctl.ports.clock import Clock
from drctl.ports.world import LinkPorts, SitePorts, SurveyPorts, World

LOOKING = 8.0
"""Seconds for all questions, from when the world is hurried. Less than a look at everything may take
(:data:`drctl.monitors.readings.WITHIN`), so that the reason with the site's name is known by then."""
ROUTING = 4.0
"""The same for client routing: which way a command looks may depend on it."""
ALIVE = 5.0
"""Seconds that one question may take beyond that as long as everybody has answered: there is much to be read."""
GRACE = 1.0
"""Seconds that are left for the others once somebody was late."""


SEE = "see who does not answer, and why; what only they tell is unknown until they do"


class _OutOfTime(DeadlinePassed):
    """Nobody is to ask again: the time for it is over."""

    transient: ClassVar[bool] = False


class _Hurry:
    """The deadline, shared by everybody who is asked; ``late`` is who was late, with how it was told."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.began = clock, clock.monotonic()
        self.late_at: float | None = None
        self.late: dict[str, str] = {}

    def ask[T](self, whom: str, seconds: float, question: Callable[[], T]) -> T:
        """Return the answer, or raise what it raises; DeadlinePassed, naming who is late."""
        now, deadline = self.clock.monotonic(), self.began + seconds
        # As long as everybody answers there is time to read much. From the first who was late on there is a
        # second, for those who would have answered at once.
        until = max(deadline, now + min(seconds, ALIVE) if self.late_at is None else self.late_at + GRACE)
        if now >= deadline and whom in self.late:  # the time that is left is for the others
            raise _OutOfTime(self.late[whom], remedy=SEE)
        if now >= until:
            raise _OutOfTime(f"{whom}: not asked, since others took all the time", remedy=SEE)
        answer = beside(question)
        if self.clock.wait_for(answer, until):
            return answer.result()
        if self.late_at is None:
            self.late_at = self.clock.monotonic()
        raise _OutOfTime(self.late.setdefault(whom, f"{whom}: no answer within {until - now:.0f} s"), remedy=SEE)


class _Hurried:
    """Stands before a port: its methods are asked under the deadline."""

    def __init__(self, port: object, whom: str, hurry: _Hurry, seconds: float = LOOKING) -> None:
        self._port, self._whom, self._hurry, self._seconds = port, whom, hurry, seconds

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def asked(*words: Any, **more: Any) -> Any:
            return self._hurry.ask(self._whom, self._seconds, partial(method, *words, **more))

        return asked


def hurried(world: World, *, copies: float = LOOKING) -> World:
    """Return the same world for looking: its deadline begins now. What is on this machine is asked as before.

    ``copies`` is how many seconds all questions about the journal's copies may take.
    """
    hurry = _Hurry(world.clock)

    def site(ports: SitePorts) -> SitePorts:
        return replace(ports, **_asked(ports, hurry, "brokers", "records", "positions", "fence", "tail", "access"))

    def link(ports: LinkPorts) -> LinkPorts:
        worker: Any = _Hurried(ports.replication, f"the Connect worker at {ports.link.target}", hurry)
        topics: Any = _Hurried(ports.mappings, f"the topics of link {ports.link.name}", hurry)
        return replace(ports, replication=worker, mappings=topics)

    routing: Any = _Hurried(world.client_routing, "client routing", hurry, ROUTING)
    kept: dict[str, Any] = {n: _Hurried(copy, f"site {n}", hurry, copies) for n, copy in world.copies.items()}
    return replace(
        world,
        sites={name: site(ports) for name, ports in world.sites.items()},
        links={ends: link(ports) for ends, ports in world.links.items()},
        client_routing=routing,
        copies=kept,
    )


def hurried_surveys(clock: Clock, *sites: SurveyPorts) -> tuple[SurveyPorts, ...]:
    """Return the same sites that no plan file names yet; one deadline for all of them begins now."""
    hurry = _Hurry(clock)
    return tuple(replace(site, **_asked(site, hurry, "brokers", "positions", "access")) for site in sites)


def _asked(ports: SitePorts | SurveyPorts, hurry: _Hurry, *named: str) -> dict[str, Any]:
    """These ports of a site, and its Connect worker, under the deadline."""
    asked: dict[str, Any] = {name: _Hurried(getattr(ports, name), f"site {ports.name}", hurry) for name in named}
    return asked | {"connectors": _Hurried(ports.connectors, f"the Connect worker at {ports.name}", hurry)}
