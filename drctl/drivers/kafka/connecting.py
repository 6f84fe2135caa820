"""The first answer of a site, and how it is told apart who gives none: brokers that are silent, or not there at all.

librdkafka says of both that it has no connection, and goes on trying until its time is over. A port at which nobody
listens refuses at once, so that who only looks need not wait to hear it. Who acts does wait: brokers that start refuse
for a moment.
"""

import errno
import socket
import time
from collections.abc import Callable
from typing import Protocol

from confluent_kafka import KafkaException

from drctl.drivers.kafka.errors import Causes
from drctl.drivers.kafka.site_certificates import ADDRESS
from drctl.errors import Unreachable

TURN, FIRST_LOOK = 0.7, 0.25
"""Seconds for one try to get an answer, and for the first try of who only looks: a refusal is known by then."""
REFUSED_WITHIN = 0.5
"""Seconds for one address: a refusal takes a round trip, and who says nothing for that long is silent."""
NOT_FROM_HERE = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.ENETUNREACH})
"""How a connection fails at once where this machine has no network of that kind, such as one of IPv6."""


class Connecting(Protocol):
    """A client of the library, as far as it is needed here."""

    def list_topics(self, topic: str, timeout: float) -> object:
        """Ask for the list of brokers; KafkaException where none answers in that many seconds."""
        ...

    def poll(self, timeout: float) -> object:
        """Let the client report what it has heard."""
        ...


def first_answer(
    client: Connecting, causes: Causes, seconds: float, given_up: Callable[[], bool], *, looking: bool
) -> None:
    """Wait for the list of brokers, in short turns, so that a rejected login is reported at once.

    ``looking`` ends it as soon as every address refuses connections, and ``given_up`` with the turn. A login that was
    just renewed may be rejected for a moment. Unreachable, Unauthenticated or what else :meth:`Causes.translate` makes
    of it where there is no answer.
    """
    causes.rejected, causes.unconnected = "", False
    deadline, turn = time.monotonic() + seconds, FIRST_LOOK if looking else TURN
    while True:
        try:
            client.list_topics(topic="", timeout=turn)
            causes.rejected = ""
            return
        except KafkaException as error:
            rejected = causes.rejected and time.monotonic() > causes.settled_at
            if rejected or given_up() or time.monotonic() > deadline:
                raise causes.translate(error, "connect") from error
            client.poll(0)
            if looking and _is_refused(causes):
                raise Unreachable(
                    f"site {causes.site}: cannot connect: connections are refused ({causes.servers})",
                    remedy="check that the brokers run, and that these are their addresses",
                ) from error
        turn = TURN


def _is_refused(causes: Causes) -> bool:
    """Whether nobody listens at the site, asked only if the client has told of a connection that it did not get."""
    # It tells of one address, and there may be more; and of each only once, so that a site that is silent is
    # not asked in every turn.
    told, causes.unconnected = causes.unconnected, False
    return told and all_addresses_refuse(causes.servers)


def all_addresses_refuse(servers: str, seconds: float = REFUSED_WITHIN) -> bool:
    """Whether nobody listens at any address of any of these bootstrap servers (``host:port,…``), asked right now.

    False as soon as one of them takes a connection, is silent for so many seconds, or has a name that is not known.
    """
    found = [ADDRESS.fullmatch(each.strip()) for each in servers.split(",")]
    return all(place and _refuses(place["v6"] or place["host"], int(place["port"]), seconds) for place in found)


def _refuses(host: str, port: int, seconds: float) -> bool:
    try:
        # All errors, since a name may stand for several addresses: the last one alone says nothing of the others.
        socket.create_connection((host, port), seconds, all_errors=True).close()
    except ExceptionGroup as failed:
        numbers = {each.errno for each in failed.exceptions if isinstance(each, OSError)}
        return errno.ECONNREFUSED in numbers and numbers <= NOT_FROM_HERE | {errno.ECONNREFUSED}
    except (OSError, UnicodeError):  # a name that is not known, or that cannot be one
        return False
    return False
