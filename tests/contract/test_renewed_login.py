"""Logins that are rotated while drctl works: passwords, client certificates, authorities, on real Kafka."""

import base64
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.drivers.kafka.java import escaped
from drctl.drivers.kafka.log_dirs import KafkaLogDirs
from drctl.drivers.kafka.positions import KafkaPositions
from drctl.drivers.kafka.properties import load
from drctl.drivers.kafka.records import KafkaRecords
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.kafka.tail import KafkaTail
from drctl.drivers.store.clock import SystemClock
from drctl.drivers.strimzi.access import StrimziAccess
from drctl.errors import Unauthenticated
from drctl.lab import Lab
from drctl.lab.certificates import Authority, write_secret
from drctl.lab.layout import password
from drctl.model.changes import PositionMoved
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.resources import KAFKA, KAFKA_USER, SECRET, STRIMZI
from drctl.model.site import Canary, Site, Strimzi
from tests.contract.rotating import USER, await_rejection, cut, link_listener, scram_user
from tests.contract.stage import RealStage
from tests.contract.waiting import until
from tests.fakes import FakeApi, FakeClock, FakeResources

FIRST, SECOND = "f1rst-w0rd", "s3cond-w0rd"
CLOCK = SystemClock()

type Keep = Callable[[str], None]
"""Writes a password where drctl reads it."""


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Tell all that was logged or printed."""
    caplog.set_level(logging.DEBUG)

    def told() -> str:
        words = capfd.readouterr()
        return caplog.text + words.out + words.err

    return told


class Use:
    """What drctl asks of a site all day long, by clients that stay: an admin client, consumers, connections, a tail."""

    def __init__(self, site: KafkaSite, stage: RealStage) -> None:
        self.site, self.stage, self.place = site, stage, TopicPartition(stage.topic(), 0)
        self.group, self.offset = uuid4().hex, 0
        stage.write(self.place, b"one")
        self.tail = KafkaTail(site).from_now()

    def ask(self) -> None:
        """Ask by each of them; the tail is to tell of a commit that is made now."""
        assert KafkaBrokers(self.site).cluster().kraft
        broker = KafkaBrokers(self.site).cluster().brokers[0]
        assert self.place.topic in KafkaBrokers(self.site).names()
        assert KafkaLogDirs(self.site.name, self.site.settings, self.site.renewed).space(broker)
        assert len(KafkaRecords(self.site).identities(self.place, 0, 1)) == 1
        self.offset += 1
        self.stage.positions.commit(self.group, {self.place: Committed(self.offset)})
        assert KafkaPositions(self.site).committed([self.group])[self.group][self.place].offset == self.offset
        until(CLOCK, "the tail tells of the commit", self._told)

    def _told(self) -> bool:
        told = [each for each in self.tail.poll(0.5).changes if isinstance(each, PositionMoved)]
        return any((each.group, each.committed.offset) == (self.group, self.offset) for each in told)

    def close(self) -> None:
        self.tail.close()
        self.site.close()


@contextmanager
def used(site: KafkaSite, stage: RealStage) -> Iterator[Use]:
    use = Use(site, stage)
    try:
        yield use
    finally:
        use.close()


def from_file(lab: Lab, folder: Path) -> tuple[KafkaSite, Keep]:
    """A site whose password is in a properties file."""
    own, path = lab.site("north").client_properties("drctl").read_text(), folder / "client.properties"

    def keep(word: str) -> None:
        text = own.replace('username="drctl"', f'username="{USER}"').replace(password("drctl", "north"), word)
        assert word in text
        write_secret(path, text)

    keep(FIRST)
    return KafkaSite.open(Site("north", lab.site("north").layout.link_servers, path, "", Canary(path, "t"))), keep


def from_secret(lab: Lab, _: Path) -> tuple[KafkaSite, Keep]:
    """A site whose password is in the secret of a KafkaUser, in an API in memory."""
    api, authority = FakeApi({STRIMZI: ("v1",)}), lab.folder / "certificates" / "north" / "ca.pem"
    listener = {"name": "external", "tls": True, "authentication": {"type": "scram-sha-512"}}
    status = {
        "name": "external",
        "bootstrapServers": lab.site("north").layout.link_servers,
        "certificates": [authority.read_text()],
    }
    body = {"spec": {"kafka": {"listeners": [listener]}}, "status": {"listeners": [status]}}
    api.put(KAFKA.at("v1"), {"metadata": {"name": "north"}, **body})
    api.put(KAFKA_USER.at("v1"), {"metadata": {"name": USER}, "status": {"username": USER, "secret": USER}})

    def keep(word: str) -> None:
        api.put(SECRET, {"metadata": {"name": USER}, "data": {"password": base64.b64encode(word.encode()).decode()}})

    keep(FIRST)
    names = Strimzi("north", "external", USER, USER)
    site = Site("north", "", None, "", Canary(None, "t"), strimzi=names)
    access = StrimziAccess(site, names, FakeResources(api, FakeClock()))
    return KafkaSite.open(site, lambda: access.client(USER)), keep


@pytest.mark.parametrize("kept", [from_file, from_secret], ids=["file", "secret"])
def test_a_password_that_was_changed_is_logged_in_with_once_it_is_where_drctl_reads_it(
    lab: Lab,
    real_sites: dict[str, RealStage],
    tmp_path: Path,
    kept: Callable[[Lab, Path], tuple[KafkaSite, Keep]],
    said: Callable[[], str],
) -> None:
    stage = real_sites["north"]
    with scram_user(stage, FIRST) as set_password:
        site, keep = kept(lab, tmp_path)
        until(CLOCK, "the user may log in", lambda: _logs_in(dict(site.config)))
        with used(site, stage) as use:
            use.ask()
            old = dict(site.config)
            set_password(SECOND)
            await_rejection("north", old)
            cut(lab, "north")
            with pytest.raises(Unauthenticated, match=f"reject user {USER}") as told:
                KafkaBrokers(site).cluster()
            assert "is still the same" in told.value.remedy
            keep(SECOND)
            use.ask()
            use.ask()
    everything = said() + str(told.value) + told.value.remedy
    assert not [word for word in (FIRST, SECOND) if word in everything]


def _logs_in(login: dict[str, Any]) -> bool:
    """Whether the brokers take it by now."""
    site = KafkaSite("north", login)
    try:
        site.admin()
    except Unauthenticated:
        return False
    finally:
        site.close()
    return True


def by_certificate(lab: Lab, folder: Path) -> KafkaSite:
    """A site with a keystore and a truststore of its own in the folder: ``me.pem`` and ``ca.pem``."""
    certificates, path = lab.folder / "certificates" / "south", folder / "client.properties"
    text = lab.site("south").client_properties("drctl").read_text()
    for name, own in (("drctl.pem", "me.pem"), ("ca.pem", "ca.pem")):
        write_secret(folder / own, (certificates / name).read_bytes())
        assert escaped(str(certificates / name)) in text
        text = text.replace(escaped(str(certificates / name)), escaped(str(folder / own)))
    write_secret(path, text)
    return KafkaSite.open(Site("south", lab.site("south").layout.link_servers, path, "", Canary(path, "t")))


def test_a_certificate_of_a_renewed_clients_authority_is_logged_in_with(
    lab: Lab, real_sites: dict[str, RealStage], tmp_path: Path
) -> None:
    stage, authority = real_sites["south"], Authority.create("clients", tmp_path / "new", CLOCK.now())
    with link_listener(lab, stage) as listener, used(by_certificate(lab, tmp_path), stage) as use:
        use.ask()
        old = dict(use.site.config)
        listener.set(truststore=authority.certificate)
        await_rejection("south", old)
        cut(lab, "south")
        write_secret(tmp_path / "me.pem", authority.issue("drctl", tmp_path / "new").read_bytes())
        use.ask()
        use.ask()
    cut(lab, "south")


def test_brokers_of_a_renewed_authority_are_trusted_once_the_truststore_says_so(
    lab: Lab, real_sites: dict[str, RealStage], tmp_path: Path
) -> None:
    stage, authority = real_sites["south"], Authority.create("brokers", tmp_path / "new", CLOCK.now())
    host = lab.site("south").layout.host
    with link_listener(lab, stage) as listener, used(by_certificate(lab, tmp_path), stage) as use:
        use.ask()
        old = dict(use.site.config)
        listener.set(keystore=authority.issue("broker", tmp_path / "new", hosts=[host]))
        await_rejection("south", old)
        cut(lab, "south")
        write_secret(tmp_path / "ca.pem", (tmp_path / "ca.pem").read_bytes() + authority.certificate.read_bytes())
        use.ask()
        use.ask()
    cut(lab, "south")


def test_a_certificate_that_was_replaced_is_used_for_new_connections_before_the_old_one_is_rejected(
    lab: Lab, real_sites: dict[str, RealStage], tmp_path: Path
) -> None:
    """Who it is then tells which certificate was used: another user's, who may not describe the brokers' settings."""
    stage = real_sites["south"]
    with used(by_certificate(lab, tmp_path), stage) as use:
        use.ask()
        settings = load(lab.site("south").client_properties("canary"))
        before = use.site.login
        write_secret(tmp_path / "me.pem", Path(settings["ssl.certificate.location"]).read_bytes())
        until(CLOCK, "it is noticed", lambda: use.site.is_outdated(before))
        assert use.site.admin() is not None
        until(CLOCK, "its rights are the canary's", lambda: _sees_less(use))


def _sees_less(use: Use) -> bool:
    return use.place.topic not in KafkaBrokers(use.site).names()
