"""What the service answers over HTTP: ``/metrics`` for Prometheus, ``/healthz`` for whoever keeps it alive, and

``/sightings`` for drctl at other places.
"""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from drctl.errors import ConfigInvalid

type Health = Callable[[], tuple[bool, dict[str, Any]]]


def listen(
    address: str, registry: CollectorRegistry, health: Health, sightings: Callable[[], object] = dict
) -> ThreadingHTTPServer:
    """A server for ``host:port`` that is not serving yet. ConfigInvalid if the address cannot be used."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, generate_latest(registry))
            elif self.path == "/healthz":
                healthy, told = health()
                self._answer(200 if healthy else 503, "application/json", json.dumps(told).encode())
            elif self.path == "/sightings":
                self._answer(200, "application/json", json.dumps(sightings()).encode())
            else:
                self._answer(404, "text/plain", b"/metrics, /healthz or /sightings\n")

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Requests are not worth a line each."""

    host, _, port = address.rpartition(":")
    try:
        return ThreadingHTTPServer((host, int(port)), Answers)
    except (OSError, ValueError, OverflowError) as error:
        remedy = "give --listen as host:port, for example 127.0.0.1:8080"
        raise ConfigInvalid(f"cannot listen on {address}: {error}", remedy=remedy) from error
