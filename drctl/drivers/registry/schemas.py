"""The REST interface that Confluent's Schema Registry has, and others take over (Karapace, Apicurio's ``ccompat``).

``GET /schemas`` tells everything in pages; where there is no such path, subjects are asked for one by one.
"""

import hashlib
import json
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2

from drctl.errors import ConfigInvalid, DrctlError, Forbidden, NotFound, Unauthenticated, Unreachable, Unsupported
from drctl.model.documents import json_of
from drctl.model.schemas import RegisteredSchema, RegistryPlace, Schemas, SubjectVersion
from drctl.redaction import redact_foreign, without_login

PATIENCE = 5.0, 2.0
"""Seconds for which a registry may keep silent, and for a connection to it."""
WITHIN = 8.0
"""Seconds for all of it: a look of a person at everything may take little more."""
MOST = 64 << 20
"""Bytes of an answer that are taken in."""
PAGE = 1000
"""Schemas in one answer: the most that Confluent's gives unless it is told otherwise."""


class HttpSchemaRegistry:
    """Implements :class:`drctl.ports.SchemaRegistry`. Files are read again with every look: logins are renewed."""

    def __init__(self, site: str, place: RegistryPlace) -> None:
        self.place, self.url = place, without_login(place.url).rstrip("/")
        self.name = f"site {site}: schema registry {self.url}"

    def registered(self) -> Schemas:
        until = time.monotonic() + WITHIN
        with self._client() as http:
            try:
                found = dict(self._in_pages(http, until))
            except NotFound:
                found = dict(self._one_by_one(http, until))
        return found

    def _in_pages(self, http: httpx2.Client, until: float) -> Iterator[tuple[SubjectVersion, RegisteredSchema]]:
        """Ask on until a page brings nothing new: some give fewer than asked for, some the whole of it every time."""
        seen: set[SubjectVersion] = set()
        told = 0
        while True:
            page = self._parsed(self._get(http, f"/schemas?offset={told}&limit={PAGE}", until))
            if not (page.keys() - seen):
                return
            yield from page.items()
            seen |= page.keys()
            told += len(page)

    def _one_by_one(self, http: httpx2.Client, until: float) -> Iterator[tuple[SubjectVersion, RegisteredSchema]]:
        for subject in self._listed(self._get(http, "/subjects", until), str):
            place = f"/subjects/{quote(subject, safe='')}/versions"
            for version in self._listed(self._get(http, place, until), int):
                yield from self._parsed([self._get(http, f"{place}/{version}", until)]).items()

    def _parsed(self, page: Any) -> dict[SubjectVersion, RegisteredSchema]:
        try:
            return schemas_in(page)
        except ValueError as error:
            raise self._stranger() from error

    def _listed[T](self, told: Any, kind: type[T]) -> list[T]:
        if not isinstance(told, list) or not all(type(each) is kind for each in told):
            raise self._stranger()
        return told

    def _client(self) -> httpx2.Client:
        """Return a client with the login; environment proxies are not asked: a registry is inside the site."""
        login = login_in(self.place.credentials)
        headers = {"Accept": "application/vnd.schemaregistry.v1+json, application/json"}
        if login and ":" not in login:
            headers["Authorization"] = f"Bearer {login}"
        user, _, password = login.partition(":")
        try:
            return httpx2.Client(
                base_url=self.place.url.rstrip("/"),
                auth=(user, password) if ":" in login else None,
                headers=headers,
                timeout=httpx2.Timeout(PATIENCE[0], connect=PATIENCE[1]),
                trust_env=False,
                verify=trust_in(self.place.authorities),
            )
        except httpx2.InvalidURL as error:
            raise ConfigInvalid(f"{self.name}: is no address", remedy="correct schemaRegistry.url") from error

    def _get(self, http: httpx2.Client, path: str, until: float) -> Any:
        raw = bytearray()
        try:
            with http.stream("GET", path) as answer:
                for part in answer.iter_bytes():
                    raw += part
                    if len(raw) > MOST or time.monotonic() > until:
                        break
        except httpx2.HTTPError as error:
            said = redact_foreign(str(error), {"password": login_in(self.place.credentials)})
            raise Unreachable(f"{self.name} does not answer: {said}", remedy="check that it runs") from error
        if len(raw) > MOST or time.monotonic() > until:
            raise Unreachable(
                f"{self.name} has not told all of its schemas within {WITHIN:.0f} s", remedy="compare them by hand"
            )
        if answer.is_success:
            return self._decoded(bytes(raw))
        raise self._refusal(answer.status_code)

    def _decoded(self, raw: bytes) -> Any:
        try:
            return json_of(raw, largest=MOST)
        except ValueError as error:
            raise self._stranger() from error

    def _refusal(self, status: int) -> DrctlError:
        match status:
            case 401:
                remedy = "correct the file that schemaRegistry.credentials names"
                return Unauthenticated(f"{self.name} rejects the login", remedy=remedy)
            case 403:
                return Forbidden(f"{self.name} denies reading", remedy="let drctl's login read all subjects")
            case 404 | 405:
                return NotFound(f"{self.name} has no such path", remedy="correct schemaRegistry.url")
        return Unreachable(f"{self.name} answers {status}", remedy="see its log")

    def _stranger(self) -> DrctlError:
        said = f"what answers at {self.url} is no schema registry"
        return Unsupported(f"{self.name.partition(':')[0]}: {said}", remedy="correct schemaRegistry.url")


def schemas_in(page: Any) -> dict[SubjectVersion, RegisteredSchema]:
    """Return the schemas of one answer; a ValueError where it is none of a registry's."""
    found: dict[SubjectVersion, RegisteredSchema] = {}
    try:
        if not isinstance(page, list):
            raise TypeError("no list")
        for each in page:
            subject, version, number, text = each["subject"], each["version"], each["id"], each["schema"]
            if not (isinstance(subject, str) and isinstance(text, str) and type(version) is type(number) is int):
                raise TypeError("another type")
            kind, references = each.get("schemaType") or "AVRO", each.get("references") or []
            essence = json.dumps([kind, _plain(text), references], sort_keys=True)
            digest = hashlib.sha256(essence.encode()).hexdigest()
            found[SubjectVersion(subject, version)] = RegisteredSchema(number, digest)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("no schemas") from error
    return found


def login_in(file: Path | None) -> str:
    """Return ``user:password`` or a token from its file, nothing without one. ConfigInvalid where it holds none."""
    if file is None:
        return ""
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"{file}: cannot be read", remedy="name a readable file with the login") from error
    if not text or not text.isprintable():
        raise ConfigInvalid(f"{file}: holds no login in one line", remedy="write user:password, or a token, into it")
    return text


def trust_in(file: Path | None) -> ssl.SSLContext:
    """Return whom to trust: the authorities in the file, the system's without one. ConfigInvalid for none in it."""
    try:
        return ssl.create_default_context(cafile=None if file is None else str(file))
    except OSError as error:  # an SSLError, too
        raise ConfigInvalid(f"{file}: holds no certificates in PEM", remedy="name the registry's authority") from error


def _plain(text: str) -> Any:
    """A schema without its layout, which registries change; text that is no JSON as it is."""
    try:
        return json_of(text.encode(), largest=MOST)
    except ValueError:
        return text
