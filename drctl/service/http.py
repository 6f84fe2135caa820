"""Answer over HTTP, by waitress: one thread holds all connections, and a few answer requests.

``/metrics`` for Prometheus; ``/healthz`` for whoever keeps it alive; ``/readyz`` for whoever sends somebody here;
``/sightings`` for drctl at other places. A request that never ends costs a connection for some seconds, and no thread.
"""

import errno
import json
import logging
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from waitress import wasyncore
from waitress.server import TcpWSGIServer

from drctl.errors import ConfigInvalid

type Health = Callable[[], tuple[bool, dict[str, Any]]]
type Answer = tuple[int, str, bytes]
"""Status, content type, body."""

REASONS = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 503: "Service Unavailable"}

THREADS = 4
"""Requests that are answered at once: a scrape and the probes of a kubelet."""
CONNECTIONS = 512
"""At most; more wait until one is free. Half of the file descriptors that a process has where nothing else is said."""
IDLE = 10
"""Seconds in which nothing comes, after which a connection is closed."""
LIFETIME = 60.0
"""Seconds after which one is closed in any case between two requests: who sends a byte now and then is never idle."""
CLEANING = 5
"""Seconds between two looks for such connections."""
HEADER, BODY = 16_384, 1024
"""Bytes of a request at most. Prometheus sends a few hundred, and nobody has a body to send."""
IN_MEMORY = 1 << 30
"""Bytes of an answer up to which waitress makes no file of it: it stands in memory anyway. Such a file of a connection
that is cut off while the server ends is left open."""
TURN = 1.0
"""Seconds after which the serving thread looks whether it is to end, if nothing wakes it."""
LAST_TURNS = 100
"""Turns, of a tenth of a second if nothing happens, in which what is under way may be answered at the end."""


class _Limited(TcpWSGIServer):  # type: ignore[misc] # the library has no types
    """Closes connections by their age, too."""

    def maintenance(self, now: float) -> None:
        """Close what was idle for long or is too old; who does not take the answer is given twice as long."""
        super().maintenance(now)
        for channel in self.active_channels.values():
            age = now - channel.creation_time
            if not channel.requests and age > (2 * LIFETIME if channel.total_outbufs_len else LIFETIME):
                channel.will_close = True


class Served:
    """A server that listens. It answers from :meth:`start` until :meth:`close`."""

    def __init__(self, listening: socket.socket, answers: Mapping[str, Callable[[], Answer]]) -> None:
        self._answers = answers
        self._ended = threading.Event()
        self._connections: dict[int, Any] = {}
        # Who connects and goes, and how many wait, is not worth a line.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self.server = _Limited(
            self._answer,
            map=self._connections,
            _sock=listening,
            bind_socket=False,
            sockinfo=(listening.family, listening.type, listening.proto, listening.getsockname()),
            sockets=[listening],
            threads=THREADS,
            connection_limit=CONNECTIONS,
            channel_timeout=IDLE,
            cleanup_interval=CLEANING,
            max_request_header_size=HEADER,
            max_request_body_size=BODY,
            outbuf_overflow=IN_MEMORY,
            log_socket_errors=False,
            ident=None,
        )
        self._thread = threading.Thread(target=self._serve, name="http", daemon=True)

    @property
    def address(self) -> str:
        """Where it is reached: ``http://host:port``."""
        host, port = self.server.effective_host, self.server.effective_port
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def port(self) -> int:
        """The port, also where any free one was asked for."""
        return int(self.server.effective_port)

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def close(self) -> None:
        """Take no more connections, answer what is under way, and end."""
        self._ended.set()
        if self._thread.is_alive():
            self.server.pull_trigger()
            self._thread.join()
        else:
            self._end()

    def _serve(self) -> None:
        while not self._ended.is_set():
            self._turn(TURN)
        self._end()

    def _end(self) -> None:
        wasyncore.dispatcher.close(self.server)  # the listening socket alone: others are still answered
        for _ in range(LAST_TURNS):
            if not any(each.requests or each.total_outbufs_len for each in self.server.active_channels.values()):
                break
            self._turn(TURN / 10)
        self.server.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(self._connections)

    def _turn(self, seconds: float) -> None:
        wasyncore.loop(timeout=seconds, use_poll=True, map=self._connections, count=1)

    def _answer(
        self, request: Mapping[str, Any], begin: Callable[[str, list[tuple[str, str]]], Any]
    ) -> Iterable[bytes]:
        """The WSGI application."""
        status, kind, body = self._found(request["REQUEST_METHOD"], request["PATH_INFO"])
        begin(f"{status} {REASONS[status]}", [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [] if request["REQUEST_METHOD"] == "HEAD" else [body]

    def _found(self, method: str, path: str) -> Answer:
        if method not in ("GET", "HEAD"):
            return 405, "text/plain", b"only GET\n"
        if path not in self._answers:
            return 404, "text/plain", f"{', '.join(self._answers)}\n".encode()
        return self._answers[path]()


def listen(
    address: str,
    registry: CollectorRegistry,
    health: Health,
    ready: Health,
    sightings: Callable[[], object] = dict,
) -> Served:
    """A server for ``host:port`` that is not answering yet. ConfigInvalid if the address cannot be used."""
    return Served(
        _listening(address),
        {
            "/metrics": lambda: (200, CONTENT_TYPE_LATEST, generate_latest(registry)),
            "/healthz": lambda: _judged(*health()),
            "/readyz": lambda: _judged(*ready()),
            "/sightings": lambda: (200, "application/json", json.dumps(sightings()).encode()),
        },
    )


def _judged(well: bool, told: dict[str, Any]) -> Answer:
    return 200 if well else 503, "application/json", json.dumps(told).encode()


def _listening(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, _number(port)), family=family)
    except (OSError, ValueError) as error:
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        remedy = (
            "end what listens there, or choose another port with --listen"
            if taken
            else "give --listen as host:port, for example 127.0.0.1:8080"
        )
        raise ConfigInvalid(f"cannot listen on {address}: {error}", remedy=remedy) from error


def _number(port: str) -> int:
    if not 0 <= int(port) < 65536:
        raise ValueError(f"{port} is no port")
    return int(port)
