"""How a login is kept and renewed: read once, again where it was rejected or has changed, and never lost."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import KafkaError

from drctl.drivers.kafka.login import FRESH, LOOK, SETTLE, KeptLogin, Login, LoginSource
from drctl.drivers.kafka.properties import load
from drctl.errors import ConfigInvalid, Unreachable

SERVERS = {"bootstrap.servers": "localhost:1"}
REJECTED = KafkaError(KafkaError._AUTHENTICATION, "wrong word")


class Secret:
    """What an API server tells; ``asked`` counts how often."""

    def __init__(self, password: str = "first") -> None:
        self.password, self.asked, self.silent, self.now = password, 0, False, 100.0

    def ask(self) -> dict[str, str]:
        self.asked += 1
        if self.silent:
            raise Unreachable("the API server does not answer")
        return {**SERVERS, "sasl.username": "drctl", "sasl.password": self.password}

    def kept(self) -> KeptLogin:
        return KeptLogin("north", self.ask, now=lambda: self.now)


@contextmanager
def finished(kept: KeptLogin) -> Iterator[None]:
    """What was begun in the background within has ended behind it."""
    yield
    kept.close()
    assert not [each for each in threading.enumerate() if each.name == "login-north"]


def rejected(login: Login) -> Login:
    login.causes.heard(REJECTED)
    return login


def test_a_login_is_asked_for_once_and_only_when_it_is_needed() -> None:
    secret = Secret()
    kept = secret.kept()
    assert (secret.asked, kept.asked) == (0, None)
    assert kept.known() is kept.newest() is kept.asked
    assert secret.asked == 1


def test_what_cannot_be_read_at_first_is_raised_and_asked_for_again() -> None:
    secret = Secret()
    secret.silent, kept = True, secret.kept()
    for _ in range(2):
        with pytest.raises(Unreachable):
            kept.known()
    secret.silent = False
    assert kept.known().settings["sasl.password"] == "first"


def test_a_rejected_login_is_read_again_and_replaced_by_another_one() -> None:
    secret = Secret()
    kept = secret.kept()
    first = rejected(kept.known())
    secret.password, secret.now = "second", secret.now + LOOK
    assert kept.renew(first)
    assert kept.known().settings["sasl.password"] == "second"
    assert not kept.known().causes.rejected
    assert kept.known().causes.settled_at == secret.now + SETTLE


def test_who_comes_later_with_the_same_rejected_login_is_given_the_one_that_was_read() -> None:
    secret = Secret()
    kept = secret.kept()
    first = rejected(kept.known())
    secret.password, secret.now = "second", secret.now + LOOK
    assert kept.renew(first)
    assert kept.renew(first)
    assert secret.asked == 2


def test_a_login_that_is_still_the_same_says_so_and_is_not_read_without_pause() -> None:
    secret = Secret()
    kept = secret.kept()
    first = rejected(kept.known())
    secret.now += LOOK
    assert not kept.renew(first)
    assert not kept.renew(first)
    assert secret.asked == 2
    told = first.causes.unauthenticated()
    assert "it was read again and is still the same" in told.remedy


def test_a_login_that_cannot_be_read_again_stays_and_says_why() -> None:
    secret = Secret()
    kept = secret.kept()
    first = rejected(kept.known())
    secret.silent, secret.now = True, secret.now + LOOK
    assert not kept.renew(first)
    assert kept.known() is first
    assert "could not be read again: the API server does not answer" in first.causes.unauthenticated().remedy


def test_settings_that_are_given_are_never_asked_for() -> None:
    kept = KeptLogin("north", SERVERS)
    first = rejected(kept.known())
    assert not kept.renew(first)
    assert kept.newest() is first
    assert "read again" not in first.causes.unauthenticated().remedy


def test_an_api_server_is_asked_again_in_the_background_for_the_next_client() -> None:
    secret = Secret()
    kept = secret.kept()
    first = kept.known()
    secret.password, secret.now = "second", secret.now + FRESH
    with finished(kept):
        kept.newest()
    assert kept.newest() is not first
    assert kept.newest().settings["sasl.password"] == "second"


def test_an_api_server_that_is_silent_keeps_no_client_from_being_made() -> None:
    secret = Secret()
    kept = secret.kept()
    first = kept.known()
    secret.silent, secret.now = True, secret.now + FRESH
    with finished(kept):
        assert kept.newest() is first
    assert kept.newest() is first


def test_no_secret_is_shown() -> None:
    secret = Secret("s3cret")
    login = secret.kept().known()
    assert "s3cret" not in repr(login)
    assert "s3cret" not in str(rejected(login).causes.unauthenticated())


class File:
    """A properties file with a password, and the login that is kept of it."""

    def __init__(self, folder: Path) -> None:
        self.path, self.now = folder / "client.properties", 100.0
        self.write("first")
        source = LoginSource(lambda: {**load(self.path), **SERVERS}, (self.path,))
        self.kept = KeptLogin("north", source, now=lambda: self.now)

    def write(self, password: str) -> None:
        """Replace it as tools do that rotate passwords: by another file."""
        login = f'org.apache.kafka.common.security.scram.ScramLoginModule required username="a" password="{password}";'
        text = f"security.protocol=SASL_PLAINTEXT\nsasl.mechanism=SCRAM-SHA-512\nsasl.jaas.config={login}\n"
        self.replace(text)

    def replace(self, text: str) -> None:
        new = self.path.with_suffix(".new")
        new.write_text(text)
        new.replace(self.path)


@pytest.fixture
def file(tmp_path: Path) -> File:
    return File(tmp_path)


def test_a_file_that_was_replaced_is_read_for_the_next_client(file: File) -> None:
    first = file.kept.known()
    file.write("second")
    file.now += LOOK
    assert file.kept.newest() is not first
    assert file.kept.known().settings["sasl.password"] == "second"


def test_a_file_that_was_touched_is_the_same_login(file: File) -> None:
    first = file.kept.known()
    os.utime(file.path, ns=(1, 1))
    file.now += LOOK
    assert file.kept.newest() is first


def test_a_file_that_is_half_written_or_gone_does_not_count(file: File) -> None:
    first = file.kept.known()
    file.replace("security.protocol=SASL_PLAIN")
    file.now += LOOK
    assert file.kept.newest() is first
    file.path.unlink()
    file.now += LOOK
    assert file.kept.newest() is first
    file.write("second")
    file.now += LOOK
    assert file.kept.newest().settings["sasl.password"] == "second"


def test_a_file_that_changed_since_it_was_read_is_read_at_once_where_its_login_is_rejected(file: File) -> None:
    first = rejected(file.kept.known())
    file.write("second")
    assert file.kept.renew(first)


def test_a_store_with_another_content_is_another_login(tmp_path: Path) -> None:
    store = tmp_path / "me.pem"
    store.write_text("one")
    properties = tmp_path / "client.properties"
    properties.write_text("")
    source = LoginSource(lambda: {**SERVERS, "ssl.certificate.location": str(store)}, (properties,))
    kept = KeptLogin("north", source)
    first = rejected(kept.known())
    store.write_text("two")
    assert kept.renew(first)
    assert kept.known().settings == first.settings


def test_a_file_that_is_wrong_at_first_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "client.properties"
    path.write_text("security.protocol=NONE\n")
    with pytest.raises(ConfigInvalid):
        KeptLogin("north", LoginSource(lambda: load(path), (path,))).known()
