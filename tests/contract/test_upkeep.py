"""The contracts of Certificates, Timekeeper, LogDirs and Disk, for the fakes and the real things."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from drctl.drivers.connect.timekeeper import ConnectTimekeeper
from drctl.drivers.kafka.log_dirs import KafkaLogDirs
from drctl.drivers.kafka.site_certificates import KafkaCertificates
from drctl.drivers.store.clock import SystemClock
from drctl.drivers.store.disk import FileSystemDisk
from drctl.errors import NotFound, Unauthenticated, Unreachable
from drctl.lab import Lab
from drctl.model.cluster import Broker
from drctl.model.upkeep import CertificateUse
from drctl.ports import Certificates, Clock, Disk, LogDirs, Timekeeper
from tests.contract.real_site import RealHarness
from tests.fakes import FakeBrokers, FakeCertificates, FakeClock, FakeDisk, FakeLogDirs, FakeSite, FakeTimekeeper


@pytest.fixture(params=["fake", "north", "south"])
def certificates(request: pytest.FixtureRequest) -> Certificates:
    """In memory, of brokers that ask for passwords (north), of those that demand client certificates (south)."""
    if request.param == "fake":
        return FakeCertificates(FakeSite("north", {}))
    site = request.getfixturevalue("real_sites")[request.param].site
    return KafkaCertificates(site.name, lambda: site.config, {})


def test_every_broker_that_is_named_presents_a_certificate_that_is_valid(certificates: Certificates) -> None:
    addresses = certificates.addresses()
    assert addresses
    for address in addresses:
        own = certificates.served(address)[0]
        assert own.subject.startswith("CN=")
        assert own.fingerprint
        assert own.not_after - own.not_before > timedelta(days=2)


def test_where_nobody_listens_there_is_no_answer(certificates: Certificates) -> None:
    with pytest.raises(Unreachable):
        certificates.served("localhost:1")


def test_the_truststore_holds_an_authority_and_says_where(certificates: Certificates) -> None:
    kept = [each for each in certificates.kept() if each.use is CertificateUse.AUTHORITY]
    assert kept
    assert all(each.place and each.certificate.subject for each in kept)


def test_a_login_by_certificate_is_no_part_of_looking_at_one(real_sites: dict[str, RealHarness]) -> None:
    stranger = {"security.protocol": "SSL", "bootstrap.servers": real_sites["south"].site.config["bootstrap.servers"]}
    asked = KafkaCertificates("south", lambda: stranger, {})
    assert all(asked.served(address) for address in asked.addresses())


@pytest.fixture(params=["fake", "real"])
def keeper(request: pytest.FixtureRequest) -> Iterator[tuple[Timekeeper, Clock]]:
    if request.param == "fake":
        clock = FakeClock()
        yield FakeTimekeeper(clock), clock
        return
    lab: Lab = request.getfixturevalue("lab")
    real = ConnectTimekeeper(lab.site("north").connect_url)
    yield real, SystemClock()
    real.close()


def test_a_worker_tells_the_time_in_whole_seconds(keeper: tuple[Timekeeper, Clock]) -> None:
    asked, clock = keeper
    before = clock.now()
    told = asked.time()
    assert told.microsecond == 0
    # Jetty keeps the header for up to a second.
    assert before - timedelta(seconds=2) <= told <= clock.now()


@pytest.fixture(params=["fake", "real"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Disk:
    return FakeDisk() if request.param == "fake" else FileSystemDisk(tmp_path / "state.sqlite")


def test_a_disk_has_no_more_room_than_size(disk: Disk) -> None:
    space = disk.space()
    assert 0 <= space.free <= space.total
    assert space.total > 0


@pytest.mark.parametrize("kind", ["fake", "real"])
def test_a_folder_that_is_not_there_has_no_room(kind: str, tmp_path: Path) -> None:
    fake = FakeDisk()
    fake.missing = True
    disk: Disk = fake if kind == "fake" else FileSystemDisk(tmp_path / "none" / "state.sqlite")
    with pytest.raises(NotFound):
        disk.space()


@pytest.fixture(params=["fake", "north", "south"])
def log_dirs(request: pytest.FixtureRequest) -> tuple[LogDirs, tuple[Broker, ...]]:
    """In memory, logged in by password (north), by client certificate (south)."""
    if request.param == "fake":
        site = FakeSite("north", {})
        return FakeLogDirs(site), FakeBrokers(site).cluster().brokers
    harness: RealHarness = request.getfixturevalue("real_sites")[request.param]
    return KafkaLogDirs(request.param, lambda: harness.site.config), harness.brokers.cluster().brokers


def test_every_broker_tells_the_room_in_its_directories(log_dirs: tuple[LogDirs, tuple[Broker, ...]]) -> None:
    asked, brokers = log_dirs
    assert brokers
    for broker in brokers:
        found = asked.space(broker)
        assert found
        for place, space in found.items():
            assert place.startswith("/")
            assert 0 <= space.free <= space.total
            assert space.total > 1 << 20


def test_no_directory_of_a_broker_that_is_well_is_out_of_service(log_dirs: tuple[LogDirs, tuple[Broker, ...]]) -> None:
    asked, brokers = log_dirs
    assert {broker.id: asked.offline(broker) for broker in brokers} == {broker.id: () for broker in brokers}


def test_a_broker_that_is_not_there_does_not_answer(log_dirs: tuple[LogDirs, tuple[Broker, ...]]) -> None:
    for ask in (log_dirs[0].space, log_dirs[0].offline):
        with pytest.raises(Unreachable):
            ask(Broker(99, "localhost", 1))


def test_a_password_that_is_wrong_is_rejected(real_sites: dict[str, RealHarness]) -> None:
    harness = real_sites["north"]
    wrong = {**harness.site.config, "sasl.password": "wrong"}
    with pytest.raises(Unauthenticated):
        KafkaLogDirs("north", lambda: wrong).space(harness.brokers.cluster().brokers[0])


def test_a_broker_that_nobody_vouches_for_is_told_no_password(real_sites: dict[str, RealHarness]) -> None:
    harness = real_sites["north"]
    strange = {**harness.site.config, "ssl.ca.location": real_sites["south"].site.config["ssl.ca.location"]}
    with pytest.raises(Unauthenticated, match="TLS fails"):
        KafkaLogDirs("north", lambda: strange).space(harness.brokers.cluster().brokers[0])
