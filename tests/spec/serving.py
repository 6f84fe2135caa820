"""A service that looks and acts by itself, for the sentences about what it does."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta

from prometheus_client import generate_latest

from drctl.monitors import status
from drctl.ports import World
from drctl.service.acting import led
from drctl.service.watch import Watch
from tests.fakes import FakeWorld

EVERY = timedelta(seconds=15)


class Service:
    """One process of it. ``look`` is one cycle and what follows from it, one after the other."""

    def __init__(self, earth: FakeWorld, *, watch_only: bool = False, leads: Callable[[], bool] = lambda: True) -> None:
        self.earth = earth

        @contextmanager
        def opened(_: Collection[str]) -> Iterator[World]:
            yield earth.ports()

        self.watch = Watch(earth.ports(), status, EVERY, opened=None if watch_only else led(opened, leads))

    def look(self) -> None:
        self.watch.cycle()
        self.watch.acting.act()

    def shown(self) -> str:
        return generate_latest(self.watch.metrics.registry).decode()
