"""Consumers of one site that join no group: lent and taken back, since to connect costs more than most reads do."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from confluent_kafka import Consumer

from drctl.drivers.kafka.asking_again import logged_in
from drctl.drivers.kafka.login import KeptLogin, Login
from drctl.drivers.kafka.reach import SiteReach

READING = {
    "group.id": "drctl-reads-without-a-group",
    "enable.auto.commit": False,
    "enable.partition.eof": True,
    "isolation.level": "read_committed",
    "auto.offset.reset": "error",
    "check.crcs": True,
    "fetch.wait.max.ms": 10,
    "fetch.queue.backoff.ms": 1,
}


class IdleConsumers:
    """Keeps the consumers that nobody uses; those of an earlier login are closed instead of being lent again."""

    def __init__(self, kept: KeptLogin, reach: SiteReach) -> None:
        self._kept, self._reach = kept, reach
        self._idle: list[tuple[Login, Consumer]] = []

    @contextmanager
    def borrow(self) -> Iterator[Consumer]:
        """Lend one, connected, for one thread at a time."""
        login, consumer = self._taken() or self.made({})
        try:
            yield consumer
        finally:
            consumer.unassign()
            with self._reach.lock:
                self._idle.append((login, consumer))

    def made(self, more: Mapping[str, Any]) -> tuple[Login, Consumer]:
        """A new one with its login, connected; ``more`` goes over how records are read."""

        def connected(login: Login) -> tuple[Login, Consumer]:
            consumer = login.causes.client(Consumer, {**login.settings, **READING, **more})
            try:
                self._reach.connect(consumer, login)
            except BaseException:
                consumer.close()
                raise
            return login, consumer

        self._reach.require()
        return logged_in(self._kept, connected)

    def renew(self) -> None:
        """Close all of them."""
        with self._reach.lock:
            idle = self.released()
        for consumer in idle:
            consumer.close()

    def released(self) -> list[Consumer]:
        """Give all of them away to whoever closes them; called with the site's lock held."""
        idle, self._idle = self._idle, []
        return [consumer for _, consumer in idle]

    def _taken(self) -> tuple[Login, Consumer] | None:
        if not self._idle:
            return None
        newest = self._kept.newest()
        with self._reach.lock:
            fit = [each for each in self._idle if each[0] is newest]
            outdated = [consumer for login, consumer in self._idle if login is not newest]
            taken = fit.pop() if fit else None
            self._idle = fit
        for consumer in outdated:
            consumer.close()
        return taken
