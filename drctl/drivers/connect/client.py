"""Kafka Connect's REST interface: one worker, errors translated."""

import logging
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote

import httpx2

from drctl.errors import ConfigInvalid, Conflict, DrctlError, NotFound, Unreachable, Unsupported
from drctl.model.documents import json_of
from drctl.redaction import redact_foreign, without_login

LOG = logging.getLogger("drctl.connect")
CHANGE = 7.0, 3.0
"""Seconds for which a worker may keep silent about a change, and for a connection to it; see the brokers' limit."""
LARGEST = 64_000
"""Letters of an answer that are looked through when it is told."""
MOST = 64 << 20
"""Bytes of an answer that are taken in: a connector's offsets on ten thousand partitions are a fiftieth of it."""


class NotSettled(Unreachable):
    """The worker answers, and cannot yet: its group rebalances, or it is about to stop."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """Hold what a worker answered; ``kind`` is the content type, ``date`` its time as the answer carries it."""

    status: int
    kind: str
    raw: bytes
    date: str = ""

    @property
    def value(self) -> Any:
        """Decoded. A ValueError where it is no JSON."""
        return json_of(self.raw, largest=MOST)


class ConnectClient:
    """Requests to a worker. NotFound for 404, Conflict for 400, Unsupported for 405; Unreachable while it settles.

    ``url`` is the worker's as it may be shown: a login in the address that was given is used and never told.
    """

    def __init__(self, url: str, *, doubted: bool = False) -> None:
        """One that is ``doubted`` is not waited for long."""
        self.url = without_login(url).rstrip("/")
        self._login = {"password": list(_login_of(url))}
        self.known: dict[str, Mapping[str, str]] = {}
        """Configurations that the worker holds, by connector: their secrets are not repeated from what it says."""
        # Seconds. A worker reads its offsets topic to the end before it tells a connector's offsets, which
        # takes seconds in a large one; a worker that is up takes a connection within milliseconds.
        self._waits = httpx2.Timeout(10, connect=2) if doubted else httpx2.Timeout(20, connect=3)
        # Environment proxies are not asked: a worker is inside the site.
        try:
            self._http = httpx2.Client(
                base_url=url.rstrip("/"), timeout=self._waits, trust_env=False, verify=_authorities()
            )
        except httpx2.InvalidURL as error:
            remedy = "correct connect.url; in a password, write every special letter as %XX"
            raise ConfigInvalid(f"{self.url}: is no address of a Connect worker", remedy=remedy) from error

    def get(self, path: str) -> Any:
        """GET, decoded."""
        return self.send("GET", path)

    def put(self, path: str, body: object = None) -> Any:
        """PUT, decoded."""
        return self.send("PUT", path, body)

    def post(self, path: str, body: object) -> Any:
        """POST, decoded."""
        return self.send("POST", path, body)

    def patch(self, path: str, body: object) -> Any:
        """PATCH, decoded."""
        return self.send("PATCH", path, body)

    def delete(self, path: str) -> Any:
        """DELETE, decoded."""
        return self.send("DELETE", path)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def date(self) -> str:
        """The worker's time as its answers carry it; empty where they do not."""
        return self._answer("GET", "/", None).date

    def send(self, method: str, path: str, body: object = None) -> Any:
        """Any request, decoded."""
        return self._decoded(self._answer(method, path, body))

    def _answer(self, method: str, path: str, body: object) -> _Answer:
        """Return the body of an answer that tells of success."""
        try:
            answer = self._asked(method, path, body)
        except httpx2.HTTPError as error:
            raise Unreachable(
                f"Connect worker {self.url} does not answer: {redact_foreign(str(error))}", remedy="check that it runs"
            ) from error
        LOG.debug("%s %s%s: %s", method, self.url, path, answer.status)
        if 200 <= answer.status < 300:
            return answer
        said = self._message(answer, body)
        # Taken for Connect's word, a worker that is starting would make every connector look absent, and an
        # absent link looks stopped.
        if answer.status == 404 and "json" not in answer.kind:
            # The web server is up before Connect is: its own page, not Connect's word on the connector.
            raise Unreachable(f"Connect worker {self.url} is starting", remedy="wait until it is up")
        match answer.status:
            case 404:
                raise NotFound(f"Connect worker {self.url}: {said}", remedy="create the connector, or correct its name")
            # What was asked is at fault, not the worker, so it is not asked again. The one exception, offsets
            # of a connector whose stop has not reached its tasks, is known to Worker.patiently.
            case 400:
                raise Conflict(f"Connect worker {self.url} declines {method} {path}: {said}")
            case 405:
                said = f"Connect worker {self.url} knows no {method} {path}: {said}"
                raise Unsupported(said, remedy="upgrade it: newer workers do")
            # 500 to a question is mostly a request to the leader that timed out. To a change it is not
            # asked again unless the worker says so: it may have been done.
            case 409 | 500 | 503 if method == "GET" or _passing(answer.status, said):
                raise NotSettled(f"Connect worker {self.url} is not ready: {said}", remedy="wait until it has settled")
        raise DrctlError(f"Connect worker {self.url} answers {answer.status} to {method} {path}: {said}")

    def _asked(self, method: str, path: str, body: object) -> _Answer:
        """One request. An answer that goes on for too long is not read to its end."""
        waits = self._waits if method == "GET" else httpx2.Timeout(CHANGE[0], connect=CHANGE[1])
        # The library's timeouts are for each piece of an answer. This one is for all of it, or a worker
        # that sends a byte a second would hold the run for as long as it likes.
        until = time.monotonic() + (waits.read or 0) + (waits.connect or 0)
        raw = bytearray()
        with self._http.stream(method, path, json=body, timeout=waits) as answer:
            for part in answer.iter_bytes():
                raw += part
                if len(raw) > MOST or time.monotonic() > until:
                    raise Unreachable(
                        f"what answers at {self.url} comes to no end, so it is no Connect worker",
                        remedy="correct its URL, or look at what stands between drctl and the worker",
                    )
            return _Answer(
                answer.status_code, answer.headers.get("content-type", ""), bytes(raw), answer.headers.get("date", "")
            )

    def _decoded(self, answer: _Answer) -> Any:
        try:
            return answer.value if answer.raw else None
        except ValueError as error:
            raise Unreachable(
                f"what answers at {self.url} sends no JSON, so it is no Connect worker", remedy="correct its URL"
            ) from error

    def _message(self, answer: _Answer, asked: object) -> str:
        """Return the worker's words, without the secrets of what it was sent and of what it is known to hold."""
        try:
            text = str(answer.value["message"])
        except (ValueError, KeyError, TypeError):
            text = answer.raw.decode("utf-8", "replace")
        return redact_foreign(text[:LARGEST], asked, self._login, *self.known.values())[:500]

    @contextmanager
    def understood(self, what: str) -> Iterator[None]:
        """Taking an answer apart. Unsupported, naming ``what``, where it lacks something that Connect always tells."""
        try:
            yield
        except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise Unsupported(
                f"Connect worker {self.url}: its answer about {what} is not one of Kafka Connect's",
                remedy="correct connect.url, or look at what stands between drctl and the worker",
            ) from error


@cache
def _authorities() -> ssl.SSLContext:
    """Whom the library trusts. To load them takes it longer than a request, and every port of a site has a client."""
    return httpx2.create_ssl_context(trust_env=False)


def _login_of(url: str) -> tuple[str, ...]:
    """User and password in an address, as they are written and as they are sent; nothing if there is no login."""
    place = url.partition("://")[2]
    found = {part.rpartition("@")[0] for part in (place, place.partition("/")[0])} - {""}
    return tuple(found | set(map(unquote, found)))


def _passing(status: int, said: str) -> bool:
    return status in (409, 503) or "timed out" in said.lower()
