"""What the drivers say when a real site rejects them, denies them or is not there."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drctl.drivers.kafka.brokers import KafkaBrokers
from drctl.drivers.kafka.fence import AclFence
from drctl.drivers.kafka.mappings import KafkaMappings
from drctl.drivers.kafka.positions import KafkaPositions
from drctl.drivers.kafka.records import KafkaRecords
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.store.clock import SystemClock
from drctl.errors import ConfigInvalid, Forbidden, NotFound, Unauthenticated, Unreachable
from drctl.lab import Lab
from drctl.lab.certificates import Authority
from drctl.lab.ports import free_ports
from drctl.model.fence import DenyRule, Scope
from drctl.model.offsets import Committed, TopicPartition
from drctl.model.site import Canary, Site
from tests.contract.waiting import until


@contextmanager
def opened(properties: Path, servers: str) -> Iterator[KafkaSite]:
    site = KafkaSite.open(Site("east", servers, properties, "", Canary(properties, "drctl.canary")))
    try:
        yield site
    finally:
        site.close()


def altered(lab: Lab, site: str, folder: Path, old: str, new: str) -> Path:
    text = lab.site(site).client_properties("drctl").read_text()
    assert old in text
    path = folder / "client.properties"
    path.write_text(text.replace(old, new))
    return path


def test_a_wrong_password_names_site_and_user_and_not_the_password(
    lab: Lab, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    properties = altered(lab, "north", tmp_path, 'password="', 'password="wr0ng-')
    with (
        opened(properties, lab.site("north").bootstrap_servers) as site,
        pytest.raises(Unauthenticated, match="reject user drctl") as told,
    ):
        KafkaBrokers(site).cluster()
    assert "wr0ng" not in str(told.value) + repr(told.value)
    assert capfd.readouterr().err == ""


def test_a_client_certificate_of_a_foreign_authority_is_rejected(lab: Lab, tmp_path: Path) -> None:
    foreign = Authority.create("foreign", tmp_path / "foreign", SystemClock().now()).issue("drctl", tmp_path)
    own = lab.folder / "certificates" / "south" / "drctl.pem"
    properties = altered(lab, "south", tmp_path, str(own), str(foreign))
    with (
        opened(properties, lab.site("south").bootstrap_servers) as site,
        pytest.raises(Unauthenticated, match=r"site east: the brokers at .* reject the holder of .*drctl\.pem"),
    ):
        KafkaBrokers(site).cluster()


def test_brokers_with_a_certificate_of_a_foreign_authority_are_rejected(lab: Lab, tmp_path: Path) -> None:
    foreign = Authority.create("foreign", tmp_path / "foreign", SystemClock().now()).certificate
    own = lab.folder / "certificates" / "north" / "ca.pem"
    properties = altered(lab, "north", tmp_path, str(own), str(foreign))
    with (
        opened(properties, lab.site("north").bootstrap_servers) as site,
        pytest.raises(Unauthenticated, match="site east: we do not trust the brokers at"),
    ):
        KafkaRecords(site).bounds([TopicPartition("drctl.canary", 0)])


def test_an_expired_certificate_is_told_before_anything_connects(lab: Lab, tmp_path: Path) -> None:
    expired = Authority.create("a", tmp_path / "a", SystemClock().now()).issue("drctl", tmp_path, expired=True)
    own = lab.folder / "certificates" / "south" / "drctl.pem"
    properties = altered(lab, "south", tmp_path, str(own), str(expired))
    with (
        pytest.raises(Unauthenticated, match=r"drctl\.pem: the certificate of CN=drctl expired at"),
        opened(properties, "localhost:1"),
    ):
        pass


def test_a_site_that_does_not_answer_names_its_servers(lab: Lab) -> None:
    properties = lab.site("north").client_properties("drctl")
    with opened(properties, "localhost:1") as site, pytest.raises(Unreachable, match="localhost:1") as told:
        KafkaPositions(site).groups()
    assert not isinstance(told.value, Unauthenticated)


def test_a_missing_right_is_named(lab: Lab) -> None:
    properties = lab.site("north").client_properties("canary")
    with opened(properties, lab.site("north").bootstrap_servers) as site:
        with pytest.raises(Forbidden, match="user canary is denied") as rules:
            AclFence(site, Canary(properties, "drctl.canary")).deny([DenyRule("User:shop", Scope.TOPICS)])
        assert "ALTER on the cluster" in rules.value.remedy
        with pytest.raises(Forbidden, match="group billing") as commit:
            KafkaPositions(site).commit("billing", {TopicPartition("drctl.canary", 0): Committed(0)})
        assert "READ on the group" in commit.value.remedy


def test_a_canary_that_cannot_log_in_proves_nothing(lab: Lab, tmp_path: Path) -> None:
    wrong = altered(lab, "north", tmp_path, 'password="', 'password="wr0ng-')
    with opened(lab.site("north").client_properties("drctl"), lab.site("north").bootstrap_servers) as site:
        with pytest.raises(Unauthenticated, match="canary"):
            AclFence(site, Canary(wrong, "drctl.canary")).canary()
        assert KafkaBrokers(site).cluster().kraft


def test_a_canary_topic_that_does_not_exist_proves_nothing(lab: Lab) -> None:
    servers = lab.site("north").bootstrap_servers
    with opened(lab.site("north").client_properties("drctl"), servers) as site, pytest.raises((NotFound, Unreachable)):
        AclFence(site, Canary(lab.site("north").client_properties("admin"), "no-such-topic")).canary()


def test_offset_syncs_on_the_wrong_side_are_told_from_missing_ones(lab: Lab) -> None:
    north, south = lab.site("north").kafka("drctl"), lab.site("south").kafka("drctl")
    try:
        east, west = KafkaSite("east", south.config), KafkaSite("west", south.config)
        with pytest.raises(NotFound, match=r"wrong side, in mm2-offset-syncs\.north\.internal at east"):
            KafkaMappings(east, north).syncs([])
        with pytest.raises(NotFound, match=r"site west has no topic mm2-offset-syncs\.east\.internal") as told:
            KafkaMappings(east, west).syncs([])
        assert "wrong side" not in str(told.value)
        with pytest.raises(NotFound, match=r"east\.checkpoints\.internal"):
            KafkaMappings(east, north).checkpoints([])
    finally:
        for each in (north, south, east, west):
            each.close()


def test_a_doubted_site_that_was_silent_is_found_by_itself_once_it_answers(lab: Lab) -> None:
    (port,) = free_ports(1)
    properties, servers = lab.site("north").client_properties("drctl"), lab.site("north").bootstrap_servers
    site = KafkaSite.open(Site("east", f"localhost:{port}", properties, "", Canary(properties, "t")), doubted=True)
    try:
        for _ in range(2):
            with pytest.raises(Unreachable, match="site east: cannot connect"):
                KafkaBrokers(site).cluster()
        pair = f"{port}:{servers.split(',')[0].rpartition(':')[2]}"
        with subprocess.Popen([sys.executable, "-m", "drctl.lab.tcp_proxy", "localhost", pair]) as wire:
            until(SystemClock(), "it is found", lambda: KafkaBrokers(site).cluster().kraft)
            wire.kill()
    finally:
        site.close()
    with pytest.raises(Unreachable, match="its connections are closed"):
        site.admin()


def test_a_truststore_may_be_missing_and_is_named(tmp_path: Path, lab: Lab) -> None:
    own = lab.folder / "certificates" / "north" / "ca.pem"
    properties = altered(lab, "north", tmp_path, str(own), str(tmp_path / "gone.pem"))
    with pytest.raises(ConfigInvalid, match=r"client\.properties:\d+: ssl\.truststore\.location names .*gone\.pem"):
        KafkaSite.open(Site("east", "localhost:1", properties, "", Canary(properties, "t")))
