"""Connections to a site's brokers, kept for whoever asks next: to log in costs more than most questions do."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from drctl.drivers.kafka.asking_again import never, with_settings
from drctl.drivers.kafka.raw import RawConnection, Settings, connected

type Place = tuple[str, int]
"""Host and port."""


class Connections:
    """Used by one at a time, each; several threads may ask. ``settings`` are asked for when a connection is made.

    Where brokers reject them, ``renewed`` tells whether there are others by now: then it is made once more, for nothing
    was asked by it yet.
    """

    def __init__(self, settings: Callable[[], Settings], renewed: Callable[[Settings], bool] = never) -> None:
        self._settings, self._renewed = settings, renewed
        self._lock = threading.Lock()
        self._idle: dict[Place, list[tuple[ExitStack, RawConnection]]] = {}
        self._closed = False

    @contextmanager
    def to(self, name: str, place: Place, seconds: float) -> Iterator[RawConnection]:
        """A connection for that long; one that something went wrong on is not used again, nor are its like."""
        stack, line = self._taken(place, seconds) or self._made(name, place, seconds)
        try:
            yield line
        except BaseException:
            stack.close()
            self.drop(place)
            raise
        with self._lock:
            if not self._closed:
                self._idle.setdefault(place, []).append((stack, line))
                return
        stack.close()

    def drop(self, place: Place) -> None:
        """Close those to one broker that nobody uses."""
        with self._lock:
            idle = self._idle.pop(place, [])
        for stack, _ in idle:
            stack.close()

    def close(self) -> None:
        """Close all that nobody uses; the others close when they are given back."""
        with self._lock:
            self._closed = True
        for place in tuple(self._idle):
            self.drop(place)

    def _taken(self, place: Place, seconds: float) -> tuple[ExitStack, RawConnection] | None:
        with self._lock:
            if not (idle := self._idle.get(place)):
                return None
            taken = idle.pop()
        taken[1].give(seconds)
        return taken

    def _made(self, name: str, place: Place, seconds: float) -> tuple[ExitStack, RawConnection]:
        until = time.monotonic() + seconds

        def made(settings: Settings) -> tuple[ExitStack, RawConnection]:
            stack = ExitStack()
            return stack, stack.enter_context(connected(name, *place, settings, max(0.05, until - time.monotonic())))

        return with_settings(self._settings, self._renewed, made)
