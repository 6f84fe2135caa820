"""Requests to one API server: answers as they are, errors translated, and no wait without an end."""

import hashlib
import threading
import time
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3

from drctl.drivers.kube.access import configuration, in_cluster
from drctl.drivers.kube.refusals import ERROR, REFUSALS, conflicts
from drctl.errors import ConfigInvalid, DrctlError, Unauthenticated, Unreachable
from drctl.model.documents import json_of
from drctl.redaction import redact_foreign

CONNECT = 5.0
"""Seconds to connect."""
ANSWER = 10.0
"""Seconds to answer."""
WHOLE = 30.0
"""Seconds for a whole answer: a page of 500 large resources from a busy server takes a few."""
LARGEST = 256 << 20
"""Bytes of one answer that are taken in."""

UNAUTHORIZED = 401
DEEPEST = 200
"""Levels of an answer: a definition of a resource nests its schema, with two levels for each of the resource's own."""


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """A decoded answer and the time that the server stamped it with (as it wrote it, empty if it did not)."""

    body: Any
    date: str


class KubeClient:
    """Connects when first asked. ``site`` names it in messages; without ``kubeconfig`` it is the pod's own account.

    ``patience``: seconds to connect and again to answer, where that must be sooner than usual.
    """

    def __init__(self, site: str, kubeconfig: Path | None, context: str, *, patience: float | None = None) -> None:
        self.site, self.kubeconfig, self.context, self.patience = site, kubeconfig, context, patience
        self._lock = threading.Lock()
        self._rest: Any = None
        self._seen = b""

    def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        body: object = None,
        content: str = "application/json",
    ) -> ApiResponse:
        """One request, decoded."""
        response = self._request(method, path, query, body=body, content=content, read=self.patience or ANSWER)
        try:
            raw = self._whole(response, f"{method} {path}")
            date = response.headers.get("Date", "")
        except urllib3.exceptions.HTTPError as error:
            raise self._unreachable(error) from error
        finally:
            response.release_conn()
        said = self._decoded(raw, response.status)
        if response.status >= 300:
            raise self.refused(response.status, said, f"{method} {path}")
        return ApiResponse(said, date)

    def _whole(self, response: Any, asked: str) -> bytes:
        """A whole answer. Unreachable where it comes to no end: the time-out alone begins anew with each byte."""
        raw, until = bytearray(), time.monotonic() + (self.patience or WHOLE)
        while part := response.read1(1 << 16):
            raw += part
            if len(raw) > LARGEST:
                response.close()
                raise DrctlError(f"site {self.site}: the answer to {asked} is larger than {LARGEST} bytes")
            if time.monotonic() > until:
                response.close()
                raise self._endless(asked)
        return bytes(raw)

    def _endless(self, asked: str) -> Unreachable:
        return Unreachable(
            f"site {self.site}: the answer to {asked} comes to no end in time",
            remedy="see who answers at the address in the kubeconfig, and how busy it is",
        )

    def lines(self, path: str, query: Mapping[str, str], seconds: float) -> Iterator[Any]:
        """Every line of a stream as it comes, decoded; Unreachable once nothing came for that long and some seconds."""
        # Longer than the watch was asked to last: the server ends it, and that end says that nothing was
        # missed.
        response = self._request("GET", path, query, read=seconds + ANSWER)
        try:
            if response.status >= 300:
                raise self.refused(response.status, self._decoded(response.read(LARGEST), response.status), path)
            left, until = b"", time.monotonic() + seconds + ANSWER
            # By what is there: asked for so many bytes, it would wait for all of them, however slowly they come.
            while part := response.read1(1 << 16):
                *whole, left = (left + part).split(b"\n")
                # A line without an end would otherwise grow in memory for as long as the watch lasts.
                if len(left) > LARGEST:
                    raise DrctlError(f"site {self.site}: a line of {path} is larger than {LARGEST} bytes")
                yield from (self._decoded(line, 200) for line in whole if line.strip())
                # Who sends something now and then, and never ends, would otherwise pass for a watch that is well.
                if time.monotonic() > until:
                    raise self._endless(path)
        except urllib3.exceptions.HTTPError as error:
            raise self._unreachable(error) from error
        finally:
            response.close()

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            if self._rest is not None:
                self._rest.close()

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        *,
        read: float,
        body: object = None,
        content: str = "application/json",
    ) -> Any:
        def sent(rest: Any) -> Any:
            return self._sent(rest, method, path, query, read=read, body=body, content=content)

        rest = self._connected()
        # Whatever was asked: who is not known to the server, or not trusted, has changed nothing there.
        try:
            response = sent(rest)
        except Unauthenticated:
            if not self._renewed(rest):
                raise
        else:
            if response.status != UNAUTHORIZED or not self._renewed(rest):
                return response
            response.close()
        return sent(self._connected())

    def _sent(
        self,
        rest: Any,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        *,
        read: float,
        body: object,
        content: str,
    ) -> Any:
        headers = {"Accept": "application/json", "Content-Type": content, "User-Agent": "drctl"}
        # Asked each time: a token may have been renewed.
        for key in rest.configuration.auth_settings().values():
            if key["in"] == "header" and key["value"]:
                headers[key["key"]] = key["value"]
        connect = min(CONNECT, self.patience or CONNECT)
        url = f"{rest.configuration.host}{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            return rest.request(method, url, headers=headers, body=body, _request_timeout=(connect, read)).response
        except urllib3.exceptions.HTTPError as error:
            raise self._unreachable(error) from error
        except self._library_error as error:
            raise Unauthenticated(
                f"site {self.site}: TLS to {rest.configuration.host} fails: {str(error.reason).splitlines()[-1]}",
                remedy="check the certificates in the kubeconfig",
            ) from error

    def _connected(self) -> Any:
        with self._lock:
            if self._rest is None:
                self._rest = self._loaded()
        return self._rest

    def _renewed(self, rejected: Any) -> bool:
        """Whether there are other credentials than the rejected ones: the kubeconfig, or what it names, was changed.

        A kubeconfig that cannot be used, as while it is written, leaves them as they are.
        """
        with self._lock:
            if self._rest is not rejected:
                return True
            if self._seen == self._seen_now(rejected.configuration):
                return False
            with suppress(ConfigInvalid):
                # The connections of the one before end by themselves: a watch may go on over them.
                self._rest = self._loaded()
            return self._rest is not rejected

    def _loaded(self) -> Any:
        from kubernetes.client.exceptions import ApiException
        from kubernetes.client.rest import RESTClientObject

        self._library_error = ApiException
        file = self.kubeconfig
        try:
            made = RESTClientObject(in_cluster() if file is None else configuration(file, self.context))
        except (OSError, ValueError, TypeError, AssertionError, urllib3.exceptions.HTTPError) as error:
            said = f": {error}" if isinstance(error, OSError) else ""
            raise ConfigInvalid(
                f"{file or 'pod'}: context {self.context}: its certificates or proxy cannot be used{said}",
                remedy="check certificate, key and proxy in the kubeconfig",
            ) from error
        self._seen = self._seen_now(made.configuration)
        return made

    def _seen_now(self, config: Any) -> bytes:
        """Digest the files that credentials come from; those that the library wrote itself never change."""
        hashed = hashlib.sha256()
        for file in (self.kubeconfig, config.ssl_ca_cert, config.cert_file, config.key_file):
            with suppress(OSError):
                hashed.update(b"\0" if file is None else Path(file).read_bytes())
        return hashed.digest()

    def _decoded(self, raw: bytes, status: int) -> Any:
        try:
            said = json_of(raw, largest=LARGEST, deepest=DEEPEST) if raw else {}
        except ValueError as error:
            if status >= 500:
                raise Unreachable(f"site {self.site}: the API server answers {status}", remedy="wait for it") from error
            if status >= 300:
                return {"message": redact_foreign(raw[:ERROR].decode("utf-8", "replace"), self._held())[:200]}
            raise self.stranger("no JSON") from error
        if status < 300 and not isinstance(said, dict):
            raise self.stranger("no object")
        return said

    @contextmanager
    def understood(self) -> Iterator[None]:
        """Taking an answer apart. Unreachable where it lacks what every API server tells."""
        try:
            yield
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise self.stranger("something else") from error

    def stranger(self, sent: str) -> Unreachable:
        """The error for an answer that no API server gives."""
        return Unreachable(
            f"site {self.site}: what answers sends {sent}, so it is no Kubernetes API server",
            remedy="correct the server's address in the kubeconfig",
        )

    def refused(self, status: int, said: Any, asked: str) -> DrctlError:
        """The error for an answer that is no success; Kubernetes' own words name verb, resource and field."""
        told = said if isinstance(said, dict) else {}
        parts = conflicts(told) or [str(told.get("message", ""))[:ERROR]]
        message = ": ".join(redact_foreign(part, self._held()) for part in parts)[:500]
        text = f"site {self.site}: {message or f'{status} to {asked}'}"
        kind, remedy = REFUSALS.get(status, (DrctlError, ""))
        return kind(text, remedy=remedy)

    def _held(self) -> dict[str, list[str]]:
        """Return what we log in with, which what answers may repeat."""
        headers = [str(each["value"] or "") for each in self._rest.configuration.auth_settings().values()]
        # What answers may be a proxy or a stranger that repeats our header in its page.
        sent = [header.rpartition(" ")[2] for header in headers]
        with suppress(ValueError):
            sent += [b64decode(header[6:]).decode() for header in headers if header.startswith("Basic ")]
        return {"password": sent}

    def _unreachable(self, error: Exception) -> Unreachable:
        kind = type(error).__name__
        return Unreachable(
            f"site {self.site}: the API server of context {self.context} does not answer ({kind})",
            remedy="check that it runs and can be reached from here",
        )
