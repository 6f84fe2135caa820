"""Kafka Connect's REST interface: one worker, errors translated."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx2

from drctl.errors import ConfigInvalid, Conflict, DrctlError, NotFound, Unreachable, Unsupported
from drctl.redaction import redact_foreign, without_login

LOG = logging.getLogger("drctl.connect")
CHANGE = 7.0, 3.0
"""Seconds for which a worker may keep silent about a change, and for a connection to it; see the brokers' limit."""
LARGEST = 64_000
"""Letters of an answer that are looked through when it is told."""


class ConnectClient:
    """Requests to a worker. NotFound for 404, Conflict for 400, Unreachable while it starts or rebalances.

    ``url`` is the worker's as it may be shown: a login in the address that was given is used and never told.
    """

    def __init__(self, url: str, *, doubted: bool = False) -> None:
        """One that is ``doubted`` is not waited for long."""
        self.url = without_login(url).rstrip("/")
        self.known: dict[str, Mapping[str, str]] = {}
        """Configurations that the worker holds, by connector: their secrets are not repeated from what it says."""
        self._waits = httpx2.Timeout(10, connect=2) if doubted else httpx2.Timeout(20, connect=3)
        # Environment proxies are not asked: a worker is inside the site.
        try:
            self._http = httpx2.Client(base_url=url.rstrip("/"), timeout=self._waits, trust_env=False)
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
        return str(self._answer("GET", "/", None).headers.get("date", ""))

    def send(self, method: str, path: str, body: object = None) -> Any:
        """Any request, decoded."""
        return self._decoded(self._answer(method, path, body))

    def _answer(self, method: str, path: str, body: object) -> httpx2.Response:
        """What a success is answered with."""
        try:
            waits = self._waits if method == "GET" else httpx2.Timeout(CHANGE[0], connect=CHANGE[1])
            answer = self._http.request(method, path, json=body, timeout=waits)
        except httpx2.HTTPError as error:
            raise Unreachable(
                f"Connect worker {self.url} does not answer: {redact_foreign(str(error))}", remedy="check that it runs"
            ) from error
        LOG.debug("%s %s%s: %s", method, self.url, path, answer.status_code)
        if answer.is_success:
            return answer
        said = self._message(answer, body)
        if answer.status_code == 404 and "json" not in answer.headers.get("content-type", ""):
            # The web server is up before Connect is: its own page, not Connect's word on the connector.
            raise Unreachable(f"Connect worker {self.url} is starting", remedy="wait until it is up")
        match answer.status_code:
            case 404:
                raise NotFound(f"Connect worker {self.url}: {said}", remedy="create the connector, or correct its name")
            case 400:
                raise Conflict(f"Connect worker {self.url} declines {method} {path}: {said}")
            case 409 | 500 | 503 if method == "GET" or _passing(answer.status_code, said):
                raise Unreachable(f"Connect worker {self.url} is not ready: {said}", remedy="wait until it has settled")
        raise DrctlError(f"Connect worker {self.url} answers {answer.status_code} to {method} {path}: {said}")

    def _decoded(self, answer: httpx2.Response) -> Any:
        try:
            return answer.json() if answer.content else None
        except (ValueError, RecursionError) as error:
            raise Unreachable(
                f"what answers at {self.url} sends no JSON, so it is no Connect worker", remedy="correct its URL"
            ) from error

    def _message(self, answer: httpx2.Response, asked: object) -> str:
        """What the worker says, without the secrets of what it was sent and of what it is known to hold."""
        try:
            text = str(answer.json()["message"])
        except (ValueError, KeyError, TypeError, RecursionError):
            text = answer.text
        return redact_foreign(text[:LARGEST], asked, *self.known.values())[:500]

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


def _passing(status: int, said: str) -> bool:
    return status in (409, 503) or "timed out" in said.lower()
