"""One site's Kafka clients: an admin client and consumers that share one way of failing."""

import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as WaitTimeout
from contextlib import contextmanager
from typing import Any

from confluent_kafka import Consumer, KafkaException
from confluent_kafka.admin import AdminClient

from drctl.drivers.kafka.errors import Causes
from drctl.drivers.kafka.properties import load
from drctl.errors import DrctlError, Unreachable
from drctl.model.site import Site

TIMEOUT = 15.0
"""Seconds that a request to the brokers may take."""

CONNECT = 8.0
"""Seconds that the first answer of a site may take."""
FAILURE_HOLDS = 5.0
"""Seconds for which a site that could not be reached is taken to be still out of reach."""


def user(config: dict[str, str]) -> str:
    """Who a configuration logs in as, for people."""
    certificate = config.get("ssl.certificate.location") or config.get("ssl.keystore.location")
    if "sasl.username" in config:
        return f"user {config['sasl.username']}"
    return f"the holder of {certificate}" if certificate else "the anonymous user"


class KafkaSite:
    """Connections to one site, made when first needed. Close it when done."""

    def __init__(self, name: str, config: dict[str, str]) -> None:
        self.name = name
        self.causes = Causes(name, config["bootstrap.servers"], user(config))
        self.config: dict[str, Any] = {
            "socket.connection.setup.timeout.ms": 5000,
            "reconnect.backoff.max.ms": 500,
            **config,
        }
        self._lock = threading.Lock()
        self._admin: AdminClient | None = None
        self._idle: list[Consumer] = []
        self._failed: tuple[float, DrctlError] | None = None

    @staticmethod
    def open(site: Site) -> "KafkaSite":
        """Read the site's client properties. ConfigInvalid if they are wrong; connects only later."""
        return KafkaSite(site.name, {**load(site.client_properties), "bootstrap.servers": site.bootstrap_servers})

    def admin(self) -> AdminClient:
        """The admin client, connected. Unreachable or Unauthenticated if it cannot connect."""
        with self._lock:
            if self._admin is None:
                admin = AdminClient({**self.config, **self.causes.settings()})
                self._connect(admin)
                self._admin = admin
        return self._admin

    def _connect(self, client: AdminClient | Consumer) -> None:
        """Ask for the list of brokers in short turns, so that a rejected login is told at once.

        A failure is told again for some seconds without trying: a look at a dead site asks many things of it.
        """
        if self._failed is not None and time.monotonic() - self._failed[0] < FAILURE_HOLDS:
            known = self._failed[1]
            raise type(known)(str(known), remedy=known.remedy)
        self.causes.rejected = ""
        deadline = time.monotonic() + CONNECT
        while True:
            try:
                client.list_topics(topic="", timeout=0.7)
                return
            except KafkaException as error:
                if self.causes.rejected or time.monotonic() > deadline:
                    failure = self.causes.translate(error, "connect")
                    self._failed = (time.monotonic(), failure)
                    raise failure from error
            client.poll(0)

    def wait[T](self, future: "Future[T]", doing: str) -> T:
        """A future's result, its errors translated."""
        try:
            answer = future.result(TIMEOUT + 5)
        except KafkaException as error:
            raise self.causes.translate(error, doing) from error
        except WaitTimeout as error:
            raise Unreachable(
                f"site {self.name}: no answer when asked to {doing}", remedy="check its brokers"
            ) from error
        self.causes.rejected = ""
        return answer

    def wait_all[K, T](self, futures: Iterable[tuple[K, "Future[T]"]], doing: str) -> dict[K, T]:
        """Every future's result by its key."""
        return {key: self.wait(future, doing) for key, future in futures}

    @contextmanager
    def borrow(self) -> Iterator[Consumer]:
        """A consumer that joins no group and commits nothing, for one thread at a time."""
        with self._lock:
            consumer = self._idle.pop() if self._idle else None
        if consumer is None:
            consumer = self.consumer({})
        try:
            yield consumer
        finally:
            consumer.unassign()
            with self._lock:
                self._idle.append(consumer)

    def consumer(self, more: dict[str, Any]) -> Consumer:
        """A new consumer, connected, that belongs to the caller; ``more`` goes over how records are read here."""
        reading = {
            "group.id": "drctl-reads-without-a-group",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "auto.offset.reset": "error",
            "check.crcs": True,
            "fetch.wait.max.ms": 10,
            "fetch.queue.backoff.ms": 1,
        }
        consumer = Consumer({**self.config, **reading, **more, **self.causes.settings()})
        try:
            self._connect(consumer)
        except BaseException:
            consumer.close()
            raise
        return consumer

    def close(self) -> None:
        """Close every client."""
        with self._lock:
            idle, self._idle, self._admin = self._idle, [], None
        for consumer in idle:
            consumer.close()
