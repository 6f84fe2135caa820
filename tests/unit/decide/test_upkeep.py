"""Upkeep, judged: what ends, drifts or fills is named in time, and what was not told is never well."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from drctl.decide.rules import Rule
from drctl.decide.upkeep import certificate_ends, upkeep_failures, upkeep_unseen, upkeep_warnings
from drctl.model.reading import Reading
from drctl.model.upkeep import CertificateUse, DiskSpace, KeptCertificate, SiteUpkeep, Skew, Upkeep
from tests.fakes.clock import FakeClock
from tests.fakes.upkeep import GIB, certificate

NOW = FakeClock().now()
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
ROOMY = DiskSpace(100 * GIB, 50 * GIB)


def seen[T](value: T) -> Reading[T]:
    return Reading(value, NOW)


def unknown(why: str = "nobody answers") -> Reading[Any]:
    return Reading(None, NOW, why)


WELL = SiteUpkeep(
    "north",
    seen(("north:9093",)),
    {"north:9093": seen((certificate("CN=broker-1"),))},
    seen((KeptCertificate(CertificateUse.AUTHORITY, "/ca.pem", certificate("CN=ca")),)),
    {"the Connect worker": seen(Skew(timedelta(0), SECOND))},
    {"broker 1": seen({"/data": ROOMY})},
)


def of(site: SiteUpkeep, state: Reading[DiskSpace] | None = None) -> Upkeep:
    return Upkeep(NOW, (site,), "/state", state or seen(ROOMY))


def told(site: SiteUpkeep, state: Reading[DiskSpace] | None = None) -> tuple[list[str], list[str]]:
    """Rules of what fails, and of what is only warned of."""
    upkeep = of(site, state)
    return [each.rule.name for each in upkeep_failures(upkeep)], [each.rule.name for each in upkeep_warnings(upkeep)]


def serving(left: timedelta) -> SiteUpkeep:
    return replace(WELL, served={"north:9093": seen((certificate("CN=broker-1", left),))})


def test_what_is_well_is_not_told_of() -> None:
    assert told(WELL) == ([], [])


@pytest.mark.parametrize(
    ("left", "failures", "warned"),
    [
        (30 * DAY, [], []),
        (30 * DAY - SECOND, [], ["CERTIFICATE_EXPIRING"]),
        (7 * DAY, [], ["CERTIFICATE_EXPIRING"]),
        (7 * DAY - SECOND, ["CERTIFICATE_EXPIRING"], []),
        (timedelta(0), ["CERTIFICATE_EXPIRING"], []),
        (-SECOND, ["CERTIFICATE_INVALID"], []),
        (-400 * DAY, ["CERTIFICATE_INVALID"], []),
    ],
)
def test_a_certificate_is_told_of_below_thirty_days_and_wrong_below_seven(
    left: timedelta, failures: list[str], warned: list[str]
) -> None:
    assert told(serving(left)) == (failures, warned)


def test_a_certificate_that_is_not_valid_yet_is_wrong_once() -> None:
    early = replace(certificate("CN=broker-1"), not_before=NOW + DAY)
    assert told(replace(WELL, served={"north:9093": seen((early,))})) == (["CERTIFICATE_INVALID"], [])


def test_a_certificate_in_several_places_is_told_once_with_all_of_them() -> None:
    one = certificate("CN=broker", 3 * DAY)
    site = replace(WELL, served={"north:9093": seen((one,)), "north:9094": seen((one,))})
    (found,) = upkeep_failures(of(site))
    assert found.detail.startswith("north: the broker certificate CN=broker (north:9093, north:9094) ends in 3 d, at ")


def test_the_chain_behind_a_brokers_certificate_counts_too() -> None:
    chain = (certificate("CN=broker-1"), certificate("CN=issuing-ca", 2 * DAY))
    (found,) = upkeep_failures(of(replace(WELL, served={"north:9093": seen(chain)})))
    assert "the authority certificate CN=issuing-ca (north:9093, in the chain)" in found.detail


@pytest.mark.parametrize("newest", [400 * DAY, 2 * DAY])
def test_of_an_authority_that_is_being_replaced_the_last_to_end_counts(newest: timedelta) -> None:
    pair = [certificate("CN=ca", -DAY), certificate("CN=ca", newest)]
    site = replace(WELL, kept=seen(tuple(KeptCertificate(CertificateUse.AUTHORITY, "/ca.pem", each) for each in pair)))
    assert told(site) == ([] if newest > 30 * DAY else ["CERTIFICATE_EXPIRING"], [])


def test_two_authorities_of_one_name_in_two_places_are_two() -> None:
    kept = [
        KeptCertificate(CertificateUse.AUTHORITY, "/old.pem", certificate("CN=ca", -DAY)),
        KeptCertificate(CertificateUse.AUTHORITY, "/new.pem", certificate("CN=ca", 400 * DAY)),
    ]
    assert told(replace(WELL, kept=seen(tuple(kept)))) == (["CERTIFICATE_INVALID"], [])


@pytest.mark.parametrize(
    ("ahead", "within", "failures", "warned"),
    [
        (5.4, 0.5, [], []),
        (5.6, 0.5, [], ["CLOCK_APART"]),
        (-20, 0.5, [], ["CLOCK_APART"]),
        (-31, 0.5, ["CLOCK_APART"], []),
        (31, 8, [], ["CLOCK_APART"]),
    ],
)
def test_clocks_count_by_what_they_differ_for_certain(
    ahead: float, within: float, failures: list[str], warned: list[str]
) -> None:
    skew = Skew(timedelta(seconds=ahead), timedelta(seconds=within))
    assert told(replace(WELL, clocks={"the Connect worker": seen(skew)})) == (failures, warned)


def test_a_clock_is_told_with_its_direction() -> None:
    skew = Skew(timedelta(seconds=-40), SECOND)
    (found,) = upkeep_failures(of(replace(WELL, clocks={"the Connect worker": seen(skew)})))
    assert found.detail == "north: the clock of the Connect worker is 40 s behind this machine's"


@pytest.mark.parametrize(
    ("free", "failures", "warned"), [(15, [], []), (14, [], ["DISK_FILLING"]), (2, ["DISK_FILLING"], [])]
)
def test_a_brokers_disk_counts_by_the_part_that_is_free(free: int, failures: list[str], warned: list[str]) -> None:
    assert told(replace(WELL, disks={"broker 1": seen({"/data": DiskSpace(100, free)})})) == (failures, warned)


@pytest.mark.parametrize(
    ("free", "failures", "warned"),
    [(GIB, [], []), (GIB - 1, [], ["DISK_FILLING"]), ((100 << 20) - 1, ["DISK_FILLING"], [])],
)
def test_room_beside_the_state_file_counts_in_bytes(free: int, failures: list[str], warned: list[str]) -> None:
    assert told(WELL, seen(DiskSpace(1000 * GIB, free))) == (failures, warned)


def test_what_was_not_told_is_named_with_its_reason_and_is_neither_wrong_nor_well() -> None:
    blind = SiteUpkeep(
        "north",
        unknown(),
        {},
        unknown(),
        {"the Connect worker": unknown()},
        {"broker 1": unknown()},
        "silent",
    )
    assert told(blind, unknown()) == ([], [])
    missed = dict(upkeep_unseen(of(blind, unknown())))
    assert set(missed) == {
        "certificates of the brokers of north",
        "certificates of the clients at north",
        "clock of the Connect worker at north",
        "clocks of the brokers of north",
        "free space on the disks of north",
        "free space on the disks of broker 1 of north",
        "free space beside the state file, /state",
    }
    assert missed["clock of the Connect worker at north"] == "nobody answers"


def test_an_address_that_did_not_tell_is_named_beside_those_that_did() -> None:
    site = replace(WELL, served={**WELL.served, "north:9094": unknown("it speaks no TLS")})
    assert dict(upkeep_unseen(of(site)))["certificate at north:9094 of north"] == "it speaks no TLS"


def test_authorities_of_the_system_are_named_as_not_looked_at() -> None:
    assert "authorities at north" in dict(upkeep_unseen(of(replace(WELL, kept=seen(())))))
    plain = replace(WELL, kept=seen(()), addresses=seen(()), served={})
    assert "authorities at north" not in dict(upkeep_unseen(of(plain)))


def test_the_first_to_end_stands_first() -> None:
    ends = certificate_ends(serving(3 * DAY), NOW)
    assert [(each.subject, each.left) for each in ends] == [("CN=broker-1", 3 * DAY), ("CN=ca", 365 * DAY)]


def test_a_directory_that_is_cordoned_is_told_with_its_broker() -> None:
    (found,) = upkeep_warnings(of(replace(WELL, disks={"broker 1": seen({"/data": replace(ROOMY, cordoned=True)})})))
    assert found.rule is Rule.DIRECTORY_CORDONED
    assert found.detail == "north: broker 1: /data is cordoned: no new partition is placed there"
    assert "cordoned.log.dirs" in found.remedy


def test_every_finding_has_a_remedy() -> None:
    worst = replace(
        serving(-DAY),
        clocks={"the Connect worker": seen(Skew(timedelta(hours=1), SECOND))},
        disks={"broker 1": seen({"/data": DiskSpace(100, 0)})},
    )
    found = list(upkeep_failures(of(worst, seen(DiskSpace(100, 0)))))
    assert {each.rule for each in found} == {Rule.CERTIFICATE_INVALID, Rule.CLOCK_APART, Rule.DISK_FILLING}
    assert all(each.remedy for each in found)
