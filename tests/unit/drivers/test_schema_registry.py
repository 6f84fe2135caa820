"""The contract of SchemaRegistry, for the fake and for the real driver against a small registry of our own."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from drctl.drivers.registry import schemas
from drctl.drivers.registry.schemas import HttpSchemaRegistry, login_in, schemas_in, trust_in
from drctl.errors import ConfigInvalid, DrctlError, Forbidden, Unauthenticated, Unreachable, Unsupported
from drctl.model.schemas import RegistryPlace, SubjectVersion
from drctl.ports import SchemaRegistry
from tests.fakes.schemas import FakeSchemaRegistry
from tests.unit.drivers.serving import served

ORDERS = '{"type": "record", "name": "Order", "fields": []}'
BILLS = '{"type": "string"}'


@dataclass
class Registry:
    """What the small registry holds, and how it behaves."""

    held: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    body: bytes | None = None
    login: str = ""
    pages: bool = True
    """Whether it knows ``/schemas``."""
    heeds: bool = True
    """Whether it heeds offset and limit there."""
    most: int = 2
    asked: list[str] = field(default_factory=list)
    methods: set[str] = field(default_factory=set)

    def register(self, subject: str, version: int, number: int, text: str) -> None:
        self.held.append({"subject": subject, "version": version, "id": number, "schema": text})

    def answer(self, path: str) -> tuple[int, Any]:
        where, query = urlsplit(path).path, parse_qs(urlsplit(path).query)
        parts = [unquote(part) for part in where.split("/")[1:]]
        if parts == ["schemas"] and self.pages:
            begin = int(query["offset"][0]) if self.heeds else 0
            return 200, self.held[begin : begin + self.most] if self.heeds else self.held
        if parts == ["subjects"]:
            return 200, sorted({each["subject"] for each in self.held})
        found = [each for each in self.held if parts[:1] == ["subjects"] and each["subject"] == parts[1]]
        if len(parts) == 3 and found:
            return 200, [each["version"] for each in found]
        if len(parts) == 4 and found:
            return 200, next(each for each in found if each["version"] == int(parts[3]))
        return 404, {"error_code": 404}


@contextmanager
def serving(registry: Registry) -> Iterator[str]:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            registry.asked.append(self.path)
            status, told = registry.status, None
            if registry.login and self.headers.get("Authorization") != registry.login:
                status = 401
            if status == 200:
                status, told = registry.answer(self.path)
            raw = registry.body if registry.body is not None else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
            registry.methods.add(self.command)

    with served(Answers) as url:
        yield url


@pytest.fixture
def there() -> Registry:
    return Registry()


@pytest.fixture
def url(there: Registry) -> Iterator[str]:
    with serving(there) as address:
        yield address


type Register = Callable[[str, int, int, str], None]


@pytest.fixture(params=["fake", "pages", "pages without end", "one by one"])
def pair(request: pytest.FixtureRequest) -> tuple[SchemaRegistry, Register]:
    """A registry, and what registers a schema in it."""
    if request.param == "fake":
        fake = FakeSchemaRegistry("north")
        return fake, fake.register
    registry: Registry = request.getfixturevalue("there")
    registry.pages, registry.heeds = request.param != "one by one", request.param == "pages"
    return HttpSchemaRegistry("north", RegistryPlace(request.getfixturevalue("url"))), registry.register


def test_an_empty_registry_holds_nothing(pair: tuple[SchemaRegistry, Register]) -> None:
    assert pair[0].registered() == {}


def test_every_version_of_every_subject_is_told_with_its_id(pair: tuple[SchemaRegistry, Register]) -> None:
    registry, register = pair
    names = ["orders-value", "bills-value", "a/b c", "ünits"]
    for number, name in enumerate(names, 1):
        register(name, 1, number, ORDERS)
    register("orders-value", 3, 9, BILLS)
    found = registry.registered()
    assert {version: schema.id for version, schema in found.items()} == {
        **{SubjectVersion(name, 1): number for number, name in enumerate(names, 1)},
        SubjectVersion("orders-value", 3): 9,
    }
    alike = {found[SubjectVersion(name, 1)].fingerprint for name in names}
    assert len(alike) == 1
    assert found[SubjectVersion("orders-value", 3)].fingerprint not in alike


def schema(text: str, **more: object) -> dict[str, object]:
    return {"subject": "s", "version": 1, "id": 1, "schema": text} | more


@pytest.mark.parametrize(
    "other",
    [schema(BILLS), schema(ORDERS, schemaType="JSON"), schema(ORDERS, references=[{"name": "x"}])],
    ids=["text", "type", "references"],
)
def test_another_text_type_or_reference_is_another_schema(other: dict[str, object]) -> None:
    assert schemas_in([other]) != schemas_in([schema(ORDERS)])


def test_layout_is_no_part_of_a_schema() -> None:
    spread = schema(json.dumps(json.loads(ORDERS), indent=2), schemaType="AVRO", references=[])
    assert schemas_in([spread]) == schemas_in([schema(ORDERS)])


@pytest.mark.parametrize("text", ["user:pa:ss", "a-token"], ids=["password", "token"])
def test_the_login_is_read_from_its_file_and_told_nobody(there: Registry, url: str, tmp_path: Path, text: str) -> None:
    file = tmp_path / "login"
    file.write_text(f"{text}\n")
    basic = f"Basic {base64.b64encode(text.encode()).decode()}"
    there.login = basic if ":" in text else f"Bearer {text}"
    there.register("s", 1, 1, ORDERS)
    registry = HttpSchemaRegistry("north", RegistryPlace(url, file))
    assert len(registry.registered()) == 1
    file.write_text("user:another")
    with pytest.raises(Unauthenticated, match="rejects the login") as caught:
        registry.registered()
    assert "another" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (401, Unauthenticated, "rejects the login"),
        (403, Forbidden, "denies reading"),
        (302, Unreachable, "answers 302"),
        (503, Unreachable, "answers 503"),
    ],
)
def test_a_refusal_is_told_with_the_site(
    there: Registry, url: str, status: int, error: type[DrctlError], said: str
) -> None:
    there.status = status
    with pytest.raises(error, match=said) as caught:
        HttpSchemaRegistry("north", RegistryPlace(url)).registered()
    assert str(caught.value).startswith("site north: schema registry http://127.0.0.1:")
    assert caught.value.remedy


BOOLEAN = b'[{"subject": "s", "version": true, "id": 1, "schema": "x"}]'


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"[]x", b"{}", b'{"a": 1}', b"7", b'[{"subject": "s"}]', b'["s"]', b"null", BOOLEAN],
    ids=["page", "rest", "empty object", "object", "number", "part", "names", "null", "boolean"],
)
def test_an_answer_that_is_no_registrys_is_named_as_such(there: Registry, url: str, body: bytes) -> None:
    there.body = body
    with pytest.raises(Unsupported, match=r"site north: what answers at .* is no schema registry"):
        HttpSchemaRegistry("north", RegistryPlace(url)).registered()


def test_one_that_does_not_tell_everything_in_time_is_not_taken_for_less(
    there: Registry, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.register("s", 1, 1, ORDERS)
    monkeypatch.setattr(schemas, "WITHIN", -1.0)
    with pytest.raises(Unreachable, match="has not told all of its schemas"):
        HttpSchemaRegistry("north", RegistryPlace(url)).registered()


def test_nobody_at_its_address_is_told_without_the_login_in_it(there: Registry) -> None:
    with serving(there) as address:
        gone = address.replace("http://", "http://user:hidden@")
    with pytest.raises(Unreachable, match="does not answer") as caught:
        HttpSchemaRegistry("north", RegistryPlace(gone)).registered()
    assert "hidden" not in str(caught.value)


def test_it_is_only_read(there: Registry, url: str) -> None:
    there.pages = False
    there.register("s", 1, 1, ORDERS)
    HttpSchemaRegistry("north", RegistryPlace(url)).registered()
    assert there.methods == {"GET"}


@pytest.mark.parametrize("text", ["", " \n", "a\nb", "\x00"], ids=["empty", "blank", "lines", "binary"])
def test_a_file_without_a_login_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "login").write_text(text)
    with pytest.raises(ConfigInvalid, match="login: holds no login"):
        login_in(tmp_path / "login")


def test_a_file_that_is_not_there_or_holds_no_certificate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="login: cannot be read"):
        login_in(tmp_path / "login")
    (tmp_path / "ca.pem").write_text("none")
    for name in ("ca.pem", "absent.pem"):
        with pytest.raises(ConfigInvalid, match=f"{name}: holds no certificates"):
            trust_in(tmp_path / name)
