"""One site's Kafka clients: an admin client and consumers that share one way of failing."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as WaitTimeout
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

from confluent_kafka import Consumer, KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata

from drctl.drivers.kafka.connections import Connections, Place
from drctl.drivers.kafka.consumers import IdleConsumers
from drctl.drivers.kafka.coordinators import Coordinators, Question
from drctl.drivers.kafka.errors import Causes
from drctl.drivers.kafka.listing import ListedGroup
from drctl.drivers.kafka.login import Ask, KeptLogin, Login, LoginSource
from drctl.drivers.kafka.properties import load
from drctl.drivers.kafka.reach import SiteReach
from drctl.errors import DrctlError, NotFound, Unreachable
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
TURN, METADATA_TURN = 0.2, 5.0
"""Seconds between two looks at whether the login was rejected, while an answer is waited for; metadata is waited for
without a look, so it is asked for again after that long, and a large site needs a second or two for it."""
CLOSED_WITHIN = 5.0
"""Seconds for clients to be taken down: librdkafka now and then never ends (confluentinc/confluent-kafka-go#463)."""


class KafkaSite:
    """Connections to one site, made when first needed. Close it when done.

    A site that is ``doubted`` gets little time for its answers, and is taken to be silent for some seconds after any
    of them has failed. It is sought in the background, again and again until it answers: who asks something of it waits
    for the first attempt at most, and is told how the last one ended. Where somebody is only ``looking``, an attempt
    ends as soon as every address refuses connections.

    Its login may be renewed while it is used (:mod:`drctl.drivers.kafka.login`): then its clients give way to others.
    """

    def __init__(
        self,
        name: str,
        config: Mapping[str, str] | Ask | LoginSource,
        *,
        doubted: bool = False,
        looking: bool = False,
    ) -> None:
        """``config`` may be asked for: when the site is first used, again until that is answered, and for renewal."""
        self.name = name
        self.timeout = DOUBTED_TIMEOUT if doubted else TIMEOUT
        self.change_timeout = min(self.timeout, CHANGE_TIMEOUT)
        self._kept = KeptLogin(name, config)
        self._reach = SiteReach(name, self._kept, doubted=doubted, looking=looking)
        self._consumers = IdleConsumers(self._kept, self._reach)
        self._coordinators = Coordinators(Connections(self.settings, self.renewed))

    @staticmethod
    def open(site: Site, discover: Ask | None = None, *, doubted: bool = False, looking: bool = False) -> "KafkaSite":
        """Read the site's client properties; where it has none, ``discover`` tells what is in them once it is needed.

        ConfigInvalid if they are wrong; connects only later.
        """
        file = site.client_properties
        if file is None:
            return KafkaSite(site.name, discover or dict, doubted=doubted, looking=looking)
        source = LoginSource(lambda: {**load(file), "bootstrap.servers": site.bootstrap_servers}, (file,))
        there = KafkaSite(site.name, source, doubted=doubted, looking=looking)
        there._kept.known()
        return there

    @property
    def login(self) -> Login:
        """Return how clients log in, as it was read last. Raises what hinders reading it if it never was."""
        return self._kept.known()

    @property
    def login_asked(self) -> Login | None:
        """Return the same, None if it was never read."""
        return self._kept.asked

    @property
    def config(self) -> dict[str, Any]:
        """Return what clients of the site were made with last."""
        return self.login.settings

    @property
    def causes(self) -> Causes:
        """Return what the site's clients of its present login were told."""
        return self.login.causes

    def settings(self) -> Mapping[str, Any]:
        """Return what a new client of the site is to be made with: read again where it has changed."""
        return self._kept.newest().settings

    def renewed(self, rejected: Mapping[str, Any]) -> bool:
        """Whether there is another login than the one of these settings, which brokers reject; it is read again."""
        login = self.login
        return login.settings is not rejected or self._kept.renew(login)

    def renew_login(self, rejected: Login | None) -> bool:
        """Whether there is another login than this one, which brokers reject; it is read again."""
        return self._kept.renew(rejected)

    def is_outdated(self, login: Login) -> bool:
        """Whether a client of that login is to be replaced. What was rejected is read again, all else if it changed."""
        return self._kept.newest() is not login

    def require_login(self, login: Login) -> None:
        """Unauthenticated if that login was rejected and there is another by now, for its clients get no answers."""
        if self.is_rejected(login):
            raise login.causes.unauthenticated()

    def is_rejected(self, login: Login) -> bool:
        """Whether that login was rejected and there is another by now."""
        return bool(login.causes.rejected) and self.is_outdated(login)

    def client[C](self, kind: Callable[[dict[str, Any]], C], more: Mapping[str, Any]) -> C:
        """A client of another kind, not connected, that belongs to the caller; ``more`` goes over the login."""
        login = self._kept.newest()
        return login.causes.client(kind, {**login.settings, **more})

    def admin(self) -> AdminClient:
        """The admin client, connected. Unreachable or Unauthenticated if it cannot connect."""
        return self._reach.admin()

    def seek(self) -> None:
        """Begin to look for a doubted site, so that its silence is known by the time somebody asks."""
        self._reach.seek()

    def wait[T](self, future: "Future[T]", doing: str, within: float | None = None) -> T:
        """A future's result, its errors translated; ``within`` is what its request was given, if not the usual.

        Unauthenticated at once where the login is rejected and there is another by now.
        """
        login = self.login
        until = time.monotonic() + (self.timeout + 5 if within is None else within + MARGIN)
        while True:
            left = until - time.monotonic()
            try:
                answer = future.result(max(0.0, min(TURN, left)))
                break
            except KafkaException as error:
                raise self._failure(login, error, doing) from error
            except WaitTimeout as error:
                self._reach.hear()
                self.require_login(login)
                if left > TURN:
                    continue
                silent = Unreachable(f"site {self.name}: no answer when asked to {doing}", remedy="check its brokers")
                raise self._reach.failure(silent) from error
        login.causes.rejected = ""
        LOG.debug("site %s: %s: answered", self.name, doing)
        return answer

    def metadata(self, doing: str, topic: str | None = None, within: float | None = None) -> ClusterMetadata:
        """Ask any broker for all topics, or one, and with an empty one for the brokers alone."""
        admin, login = self.admin(), self.login
        until = time.monotonic() + (within or self.timeout)
        asked = {} if topic is None else {"topic": topic}
        while True:
            began = time.monotonic()
            try:
                return admin.list_topics(**asked, timeout=min(until - began, METADATA_TURN))
            except KafkaException as error:
                failure = self._failure(login, error, doing)
                self.require_login(login)
                now = time.monotonic()
                # What fails at once is told at once, as ever; silence was waited for.
                if now >= until or now - began < METADATA_TURN:
                    raise failure from error

    def _failure(self, login: Login, error: KafkaException, doing: str) -> DrctlError:
        if error.args[0].code() < 0:  # the library's own, behind which a rejected login may hide
            self._reach.hear()
        return self._reach.failure(login.causes.translate(error, doing))

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
        told = self.metadata("list its brokers", "")
        return [(str(broker.host), broker.port) for broker in told.brokers.values()]

    def borrow(self) -> AbstractContextManager[Consumer]:
        """A consumer that joins no group and commits nothing, for one thread at a time."""
        return self._consumers.borrow()

    def renew(self) -> None:
        """Close idle consumers, which may believe what they know of a topic that is no more: leaders and epochs."""
        self._consumers.renew()

    def consumer(self, more: dict[str, Any]) -> Consumer:
        """A new consumer, connected, that belongs to the caller; ``more`` goes over how records are read here."""
        return self._consumers.made(more)[1]

    def close(self) -> None:
        """Close every client; one that takes too long is left to the end of the process."""
        self._reach.stop()
        self._coordinators.close()
        self._kept.close()
        with self._reach.lock:
            clients: list[Any] = [*self._consumers.released(), *self._reach.released()]
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
