"""One site's Kafka clients: an admin client and consumers that share one way of failing."""

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as WaitTimeout
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any

from confluent_kafka import Consumer, KafkaException
from confluent_kafka.admin import AdminClient

from drctl.drivers.kafka.connections import Connections, Place
from drctl.drivers.kafka.coordinators import Coordinators, Question
from drctl.drivers.kafka.errors import Causes
from drctl.drivers.kafka.listing import ListedGroup
from drctl.drivers.kafka.properties import load, user
from drctl.drivers.kafka.reach import SiteReach
from drctl.errors import NotFound, Unreachable
from drctl.model.session import GroupProtocol
from drctl.model.site import Site

LOG = logging.getLogger("drctl.kafka")
TIMEOUT = 15.0
"""Seconds that a request to the brokers may take."""

CHANGE_TIMEOUT, MARGIN = 10.0, 2.0
"""The same for one that changes something, and what the library has beyond that to say so.

Whoever acts asks before each whether it still may. What is under way then must be over before another one acts, that is
within half the shortest lease (:data:`drctl.service.command.SHORTEST_LEASE`).
"""
DOUBTED_TIMEOUT = 6.0
"""The same for a site that is doubted: it is probably gone, and a person waits."""
CLOSED_WITHIN = 5.0
"""Seconds for clients to be taken down: librdkafka now and then never ends (confluentinc/confluent-kafka-go#463)."""

type Login = Callable[[], dict[str, str]]
"""Asks for what a client is made with."""


class KafkaSite:
    """Connections to one site, made when first needed. Close it when done.

    A site that is ``doubted`` gets little time for its answers, and is taken to be silent for some seconds after any
    of them has failed. It is sought in the background, again and again until it answers: who asks something of it waits
    for the first attempt at most, and is told how the last one ended. Where somebody is only ``looking``, an attempt
    ends as soon as every address refuses connections.
    """

    def __init__(
        self, name: str, config: dict[str, str] | Login, *, doubted: bool = False, looking: bool = False
    ) -> None:
        """``config`` may be a question that is asked when the site is first used, and again until it is answered."""
        self.name = name
        self.timeout = DOUBTED_TIMEOUT if doubted else TIMEOUT
        self.change_timeout = min(self.timeout, CHANGE_TIMEOUT)
        self._given = config
        self._idle: list[Consumer] = []
        self._reach = SiteReach(name, lambda: self.config, lambda: self.causes, doubted=doubted, looking=looking)
        self._coordinators = Coordinators(Connections(lambda: self.config))

    @staticmethod
    def open(site: Site, discover: Login | None = None, *, doubted: bool = False, looking: bool = False) -> "KafkaSite":
        """Read the site's client properties; where it has none, ``discover`` tells what is in them once it is needed.

        ConfigInvalid if they are wrong; connects only later.
        """
        if site.client_properties is None:
            return KafkaSite(site.name, discover or dict, doubted=doubted, looking=looking)
        config = {**load(site.client_properties), "bootstrap.servers": site.bootstrap_servers}
        return KafkaSite(site.name, config, doubted=doubted, looking=looking)

    @cached_property
    def config(self) -> dict[str, Any]:
        """Return what every client of the site is made with."""
        given = self._given if isinstance(self._given, dict) else self._given()
        return {"socket.connection.setup.timeout.ms": 5000, "reconnect.backoff.max.ms": 500, **given}

    @cached_property
    def causes(self) -> Causes:
        """Return what the site's clients were told."""
        return Causes(self.name, self.config["bootstrap.servers"], user(self.config))

    def admin(self) -> AdminClient:
        """The admin client, connected. Unreachable or Unauthenticated if it cannot connect."""
        return self._reach.admin()

    def seek(self) -> None:
        """Begin to look for a doubted site, so that its silence is known by the time somebody asks."""
        self._reach.seek()

    def wait[T](self, future: "Future[T]", doing: str, within: float | None = None) -> T:
        """A future's result, its errors translated; ``within`` is what its request was given, if not the usual."""
        try:
            answer = future.result(self.timeout + 5 if within is None else within + MARGIN)
        except KafkaException as error:
            failure = self.causes.translate(error, doing)
            raise self._reach.failure(failure) from error
        except WaitTimeout as error:
            silent = Unreachable(f"site {self.name}: no answer when asked to {doing}", remedy="check its brokers")
            raise self._reach.failure(silent) from error
        self.causes.rejected = ""
        LOG.debug("site %s: %s: answered", self.name, doing)
        return answer

    def wait_present[K, T](self, futures: Iterable[tuple[K, "Future[T]"]], doing: str) -> dict[K, T]:
        """The same as ``wait_all``, without what was deleted since it was listed."""
        found: dict[K, T] = {}
        for key, future in futures:
            with suppress(NotFound):
                found[key] = self.wait(future, doing)
        return found

    def wait_all[K, T](
        self, futures: Iterable[tuple[K, "Future[T]"]], doing: str, within: float | None = None
    ) -> dict[K, T]:
        """Every future's result by its key."""
        return {key: self.wait(future, doing, within) for key, future in futures}

    def ask_coordinators[T](
        self,
        groups: Collection[str],
        question: Question[T],
        *,
        within: float | None = None,
        again_within: float | None = None,
    ) -> Mapping[str, tuple[int, T | None]]:
        """Every group's error and answer, see :meth:`Coordinators.ask`."""
        if not groups:
            return {}
        with self._naming_the_site():
            return self._coordinators.ask(
                groups, self._brokers, question, within=within or self.timeout, again_within=again_within
            )

    def list_groups(
        self, types: Collection[GroupProtocol] = (), beside: Collection[str] | None = None
    ) -> tuple[int, Mapping[str, ListedGroup]]:
        """Every group of the site, or an error, see :meth:`Coordinators.list_all`.

        ``beside`` are groups that were asked about: then only what the brokers list that coordinate them, or every
        broker where one of them is not known any more.
        """
        brokers = (self._coordinators.of(beside) if beside else ()) or self._brokers()
        with self._naming_the_site():
            return self._coordinators.list_all(brokers, types, within=self.timeout)

    @contextmanager
    def _naming_the_site(self) -> Iterator[None]:
        self.admin()
        try:
            yield
        except Unreachable as error:
            failure = Unreachable(f"site {self.name}: {error}", remedy=error.remedy)
            raise self._reach.failure(failure) from error

    def _brokers(self) -> Sequence[Place]:
        try:
            told = self.admin().list_topics(topic="", timeout=self.timeout)
        except KafkaException as error:
            raise self.causes.translate(error, "list its brokers") from error
        return [(str(broker.host), broker.port) for broker in told.brokers.values()]

    @contextmanager
    def borrow(self) -> Iterator[Consumer]:
        """A consumer that joins no group and commits nothing, for one thread at a time."""
        with self._reach.lock:
            consumer = self._idle.pop() if self._idle else None
        if consumer is None:
            consumer = self.consumer({})
        try:
            yield consumer
        finally:
            consumer.unassign()
            with self._reach.lock:
                self._idle.append(consumer)

    def renew(self) -> None:
        """Close idle consumers, which may believe what they know of a topic that is no more: leaders and epochs."""
        with self._reach.lock:
            idle, self._idle = self._idle, []
        for consumer in idle:
            consumer.close()

    def consumer(self, more: dict[str, Any]) -> Consumer:
        """A new consumer, connected, that belongs to the caller; ``more`` goes over how records are read here."""
        reading = {
            "group.id": "drctl-reads-without-a-group",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            # A position that the log does not hold any more is an answer. Moved to the log's beginning or end
            # in silence, as by the other policies, it would look like records that were never there.
            "auto.offset.reset": "error",
            # librdkafka does not check by default. Bytes that a disk or a wire has changed would be compared,
            # or salvaged, as they are.
            "check.crcs": True,
            # Half a second is the default, to spare brokers of a consumer that is at the end for hours. Here
            # somebody waits for that end.
            "fetch.wait.max.ms": 10,
            "fetch.queue.backoff.ms": 1,
        }
        self._reach.require()
        consumer = self.causes.client(Consumer, {**self.config, **reading, **more})
        try:
            self._reach.connect(consumer)
        except BaseException:
            consumer.close()
            raise
        return consumer

    def close(self) -> None:
        """Close every client; one that takes too long is left to the end of the process."""
        self._reach.stop()
        self._coordinators.close()
        with self._reach.lock:
            clients: list[Any] = [*self._idle, *self._reach.released()]
            self._idle = []
        if clients:
            closing = threading.Thread(target=_take_down, args=(clients,), name=f"close-{self.name}", daemon=True)
            closing.start()
            clients = []
            closing.join(CLOSED_WITHIN)


def _take_down(clients: list[Any]) -> None:
    """Take librdkafka's clients down, of which an admin client has no call for it."""
    while clients:
        client = clients.pop()
        if isinstance(client, Consumer):
            client.close()
        del client
