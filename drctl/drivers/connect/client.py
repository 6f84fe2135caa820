"""Kafka Connect's REST interface: one worker, errors translated."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2

from drctl.errors import Conflict, DrctlError, NotFound, Unreachable

SECRET = re.compile(r'((?:password|secret|token|jaas\.config)"?\s*[=:]\s*)("[^"]*"|\S+)', re.IGNORECASE)

SECRET_KEY = re.compile(r"password|secret|token|jaas\.config|credential|access\.key|private\.key", re.IGNORECASE)
USER_INFO = re.compile(r"(://[^/\s:@]*:)[^/\s@]+@")


class ConnectClient:
    """Requests to a worker. NotFound for 404, Conflict for 400, Unreachable while it starts or rebalances."""

    def __init__(self, url: str, *, doubted: bool = False) -> None:
        """One that is ``doubted`` is not waited for long."""
        self.url = url.rstrip("/")
        waits = httpx2.Timeout(10, connect=2) if doubted else httpx2.Timeout(20, connect=3)
        # Environment proxies are not asked: a worker is inside the site.
        self._http = httpx2.Client(base_url=self.url, timeout=waits, trust_env=False)

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

    def send(self, method: str, path: str, body: object = None) -> Any:
        """Any request, decoded."""
        try:
            answer = self._http.request(method, path, json=body)
        except httpx2.HTTPError as error:
            raise Unreachable(
                f"Connect worker {self.url} does not answer: {error}", remedy="check that it runs"
            ) from error
        if answer.is_success:
            return self._decoded(answer)
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
        except ValueError as error:
            raise Unreachable(
                f"what answers at {self.url} sends no JSON, so it is no Connect worker", remedy="correct its URL"
            ) from error

    @staticmethod
    def _message(answer: httpx2.Response, asked: object) -> str:
        try:
            text = str(answer.json()["message"])
        except (ValueError, KeyError, TypeError):
            text = answer.text
        return hidden(text, asked)[:500]


def _passing(status: int, said: str) -> bool:
    return status in (409, 503) or "timed out" in said.lower()


def hidden(text: str, config: object = None) -> str:
    """The text without what looks like a secret in it, and without the secrets of that configuration."""
    for value in sorted(_secrets(config), key=len, reverse=True):
        text = text.replace(value, "***")
    return USER_INFO.sub(r"\1***@", SECRET.sub(r"\1***", text))


def _secrets(config: object) -> Iterator[str]:
    for key, value in config.items() if isinstance(config, Mapping) else ():
        if isinstance(value, str) and value and SECRET_KEY.search(str(key)):
            yield value
        yield from _secrets(value)
