"""The doctor on certificates, clocks and disks: what runs out is told, and what nobody told is not called well."""

from datetime import timedelta

import pytest

from drctl.cli.doctor import as_document
from drctl.decide.diagnosis import Diagnosis, Severity
from drctl.decide.rules import Rule
from drctl.errors import Blocked
from drctl.model.access import AclRule
from drctl.model.loss import AcceptedLoss
from drctl.model.quotas import QuotaEntity
from drctl.model.run import RunState
from drctl.model.terms import Terms
from drctl.model.upkeep import DiskSpace
from drctl.monitors.upkeep import skew
from tests.fakes import FakeWorld
from tests.fakes.schemas import FakeSchemaRegistry
from tests.fakes.upkeep import certificate
from tests.spec.clinic import look, rules, well
from tests.spec.failing import fail_over
from tests.spec.harness import switch

DAY = timedelta(days=1)


def found_in(earth: FakeWorld, rule: Rule) -> list[tuple[Severity, str]]:
    return [(each.severity, each.reason.detail) for each in look(earth).findings if each.reason.rule is rule]


def unseen(found: Diagnosis) -> dict[str, str]:
    return dict(found.unseen)


def test_a_brokers_certificate_is_looked_at_where_no_bootstrap_address_leads() -> None:
    earth = well()
    now = earth.clock.now()
    earth.certificates["south"].chains["localhost:9003"] = (certificate("CN=broker-3", 20 * DAY, now=now),)
    found = look(earth)
    assert [(each.severity, each.place) for each in found.findings] == [(Severity.ADVICE, "south")]
    assert found.exit_code == 0
    earth.certificates["south"].chains["localhost:9003"] = (certificate("CN=broker-3", 3 * DAY, now=now),)
    found = look(earth)
    assert (rules(found), found.exit_code) == ({Rule.CERTIFICATE_EXPIRING}, 30)


def test_an_address_that_does_not_answer_hides_no_other_and_is_named() -> None:
    earth = well()
    earth.certificates["south"].mute = {"localhost:9001"}
    earth.certificates["south"].chains["localhost:9002"] = (certificate("CN=broker-2", -DAY, now=earth.clock.now()),)
    found = look(earth)
    assert rules(found) == {Rule.CERTIFICATE_INVALID}
    assert "does not answer" in unseen(found)["certificate at localhost:9001 of south"]


def test_brokers_that_speak_without_tls_are_asked_for_no_certificate() -> None:
    earth = well()
    for each in earth.certificates.values():
        each.plain, each.stores = True, []
    found = look(earth)
    assert not found.findings
    assert not any("certificate" in what for what in unseen(found))
    assert as_document(found, "north", "south")["upkeep"]["certificates"] == []


def test_of_a_silent_site_nothing_is_called_well() -> None:
    earth = well()
    earth.south.down = earth.timekeepers["south"].down = True
    found = look(earth)
    told = unseen(found)
    assert "certificate at localhost:9001 of south" in told
    assert told["clock of the Connect worker at south"] == "nobody answers"
    document = as_document(found, "north", "south")["upkeep"]
    assert [each["aheadSeconds"] for each in document["clocks"] if each["site"] == "south"] == [None]


@pytest.mark.parametrize(("seconds", "severity"), [(10, Severity.ADVICE), (-60, Severity.COSTS)])
def test_a_worker_whose_clock_is_wrong_is_told_of(seconds: int, severity: Severity) -> None:
    earth = well()
    earth.timekeepers["north"].ahead = timedelta(seconds=seconds)
    ((how, detail),) = found_in(earth, Rule.CLOCK_APART)
    assert how is severity
    assert detail.startswith("north: the clock of the Connect worker is ")


def test_an_answer_that_took_long_makes_a_clock_uncertain_and_not_wrong() -> None:
    earth = well()
    earth.timekeepers["north"].takes = 20.0
    seen = skew(earth.ports(), earth.timekeepers["north"])
    assert seen.within == timedelta(seconds=10.5)
    assert seen.at_least == timedelta(0)
    assert not found_in(earth, Rule.CLOCK_APART)


def test_a_worker_that_tells_no_time_is_not_taken_to_be_right() -> None:
    earth = well()
    earth.timekeepers["north"].silent = True
    found = look(earth)
    assert unseen(found)["clock of the Connect worker at north"] == "its answers have no Date"
    assert not found.findings


def test_a_full_disk_beside_the_state_file_is_wrong() -> None:
    earth = well()
    earth.disk.free = 1 << 20
    ((how, detail),) = found_in(earth, Rule.DISK_FILLING)
    assert (how, detail.split(":")[0]) == (Severity.COSTS, "this machine")
    earth.disk.missing = True
    assert "free space beside the state file, /" in unseen(look(earth))


def test_a_brokers_disk_that_fills_is_told_and_one_that_is_not_measured_is_named() -> None:
    earth = well()
    earth.log_dirs["south"].dirs = {1: DiskSpace(100, 10), 2: DiskSpace(100, 1), 3: None}
    found = look(earth)
    told = [(each.severity, each.reason.detail.partition(" has ")[0]) for each in found.findings]
    assert told == [
        (Severity.BLOCKS, "south: broker 2: /var/lib/kafka"),
        (Severity.ADVICE, "south: broker 1: /var/lib/kafka"),
    ]
    assert "does not tell" in unseen(found)["free space on the disks of broker 3 of south"]
    told_by_north = [
        each for each in as_document(found, "north", "south")["upkeep"]["disks"] if each["site"] == "north"
    ]
    assert [each["broker"] for each in told_by_north] == ["1", "2", "3"]
    earth.log_dirs["north"].dirs, earth.log_dirs["south"].dirs = {1: DiskSpace(100, 1)}, {}
    assert [how for how, _ in found_in(earth, Rule.DISK_FILLING)] == [Severity.COSTS], "no move leads there"


def test_a_switchover_waits_for_room_at_the_target_or_for_a_reason_to_go_on_without() -> None:
    earth = well()
    earth.log_dirs["south"].dirs = {3: DiskSpace(100, 2)}
    with pytest.raises(Blocked) as caught:
        switch(earth.ports())
    assert caught.value.exit_code == 30
    assert [each.partition(" has ")[0] for each in caught.value.reasons] == ["south: broker 3: /var/lib/kafka"]
    terms = Terms(by="anna", overrides={"disk-filling": "a larger disk comes tonight"})
    result = switch(earth.new_process(), terms=terms)
    assert result.evidence["check-gates"]["overridden"]["disk-filling"]["why"] == "a larger disk comes tonight"


def test_a_failover_goes_to_a_site_with_little_room_and_says_so() -> None:
    earth = well()
    earth.log_dirs["south"].dirs = {2: DiskSpace(100, 50, cordoned=True), 3: DiskSpace(100, 2)}
    earth.north.down = True
    result = fail_over(earth.ports(), accepted=AcceptedLoss(unknown=True))
    warned = result.evidence["check-gates"]["warnings"]
    assert [each for each in warned if each.startswith("south: broker 3: /var/lib/kafka has")]
    assert [each for each in warned if each.startswith("south: 2 of 3 brokers take new partitions")]


def test_a_switchover_goes_on_without_a_disk_that_nobody_tells_of_and_says_so() -> None:
    earth = well()
    earth.log_dirs["south"].dirs = {3: None}
    warned = switch(earth.ports()).evidence["check-gates"]["warnings"]
    assert [each for each in warned if each.startswith("not compared: free space on the disks of broker 3 of south: ")]


def test_a_cordoned_directory_is_told_and_is_nothing_wrong() -> None:
    earth = well()
    earth.log_dirs["south"].more = {"/var/lib/more": DiskSpace(100, 50)}
    earth.log_dirs["south"].dirs = {2: DiskSpace(100, 50, cordoned=True)}
    found = look(earth)
    assert [(each.severity, each.reason.rule) for each in found.findings] == [
        (Severity.ADVICE, Rule.DIRECTORY_CORDONED)
    ]
    assert found.exit_code == 0
    disks = as_document(found, "north", "south")["upkeep"]["disks"]
    assert [(each["site"], each["broker"]) for each in disks if each["cordoned"]] == [("south", "2")]


def test_a_broker_without_a_directory_left_blocks_a_switchover_where_too_few_others_take_partitions() -> None:
    earth = well()
    earth.log_dirs["south"].dirs = {2: DiskSpace(100, 50, cordoned=True)}
    found = look(earth)
    told = [(each.severity, each.reason.rule) for each in found.findings]
    assert told == [(Severity.BLOCKS, Rule.DIRECTORY_CORDONED), (Severity.ADVICE, Rule.DIRECTORY_CORDONED)]
    assert found.exit_code == 30
    with pytest.raises(Blocked) as caught:
        switch(earth.ports())
    assert caught.value.exit_code == 30
    terms = Terms(by="anna", overrides={"directory-cordoned": "it creates no topics"})
    assert switch(earth.new_process(), terms=terms).state is RunState.DONE


def test_where_describing_the_cluster_is_denied_no_disk_is_called_well() -> None:
    earth = well()
    earth.log_dirs["north"].denied = True
    assert "denied" in unseen(look(earth))["free space on the disks of broker 1 of north"]


SHOP = QuotaEntity((("user", "shop"),))


READ = AclRule("User:shop", "*", "READ", "TOPIC", "shop.", "PREFIXED", allow=True)


def test_a_quota_that_leaves_an_application_less_at_the_standby_blocks_and_one_that_leaves_more_is_told() -> None:
    earth = well()
    for site in earth.sites.values():
        site.rules.add(READ)
    earth.quotas["north"].held = {SHOP: {"producer_byte_rate": 2048.0}}
    earth.quotas["south"].held = {SHOP: {"producer_byte_rate": 1024.0}}
    told = "south: producer_byte_rate of user shop is 1024, 2048 at north"
    assert found_in(earth, Rule.QUOTA_DIFFERS) == [(Severity.BLOCKS, told)]
    with pytest.raises(Blocked) as caught:
        switch(earth.ports())
    assert (caught.value.exit_code, [told in each for each in caught.value.reasons]) == (36, [True])
    earth.quotas["south"].held = {}
    assert found_in(earth, Rule.QUOTA_DIFFERS) == [
        (Severity.ADVICE, "south: producer_byte_rate of user shop is not limited, 2048 at north")
    ]
    assert look(earth).exit_code == 0


def test_a_switchover_goes_on_without_quotas_that_nobody_tells_and_says_so() -> None:
    earth = well()
    earth.quotas["south"].denied = True
    result = switch(earth.ports())
    warned = result.evidence["check-gates"]["warnings"]
    assert [each for each in warned if each.startswith("not compared: client quotas at south: ")]


def test_a_right_to_make_tokens_that_an_application_lacks_at_the_standby_blocks_a_switchover() -> None:
    earth = well()
    for site in earth.sites.values():
        site.rules.add(READ)
    makes = AclRule("User:shop", "*", "CREATE_TOKENS", "USER", "User:pump", "LITERAL", allow=True)
    earth.north.token_rules.add(makes)
    (found,) = (each.reason for each in look(earth).findings if each.reason.rule is Rule.RIGHT_MISSING)
    assert found.detail == "south: User:shop lacks: ALLOW User:shop CREATE_TOKENS on user User:pump"
    with pytest.raises(Blocked) as caught:
        switch(earth.ports())
    assert [found.detail in each for each in caught.value.reasons] == [True]
    earth.south.token_rules.add(makes)
    assert not look(earth).findings
    switch(earth.ports())


def test_quotas_that_nobody_may_read_are_named_as_not_compared() -> None:
    earth = well()
    earth.quotas["north"].denied = True
    earth.quotas["south"].held = {SHOP: {"producer_byte_rate": 1.0}}
    found = look(earth)
    assert not found.findings
    assert "DESCRIBE_CONFIGS on the cluster is denied" in unseen(found)["client quotas at north"]


def test_a_switchover_waits_for_a_schema_that_the_standby_lacks_and_the_doctor_says_so() -> None:
    earth = well()
    earth.registries = {name: FakeSchemaRegistry(name) for name in earth.sites}
    for each in earth.registries.values():
        each.register("shop.orders-value", 1, 7, "order")
    assert look(earth).exit_code == 0
    earth.registries["north"].register("shop.orders-value", 2, 9, "order with a discount")
    told = "south: its schema registry lacks 1 version: shop.orders-value 2"
    assert found_in(earth, Rule.SCHEMA_DIFFERS) == [(Severity.BLOCKS, told)]
    with pytest.raises(Blocked) as caught:
        switch(earth.ports())
    assert (caught.value.exit_code, [told in each for each in caught.value.reasons]) == (36, [True])
    earth.registries["south"].register("shop.orders-value", 2, 9, "order with a discount")
    assert switch(earth.new_process()).state is RunState.DONE


def test_a_registry_that_does_not_tell_is_a_reason_to_wait() -> None:
    earth = well()
    earth.registries = {name: FakeSchemaRegistry(name) for name in earth.sites}
    earth.registries["south"].denied = True
    ((severity, told),) = found_in(earth, Rule.SCHEMAS_UNKNOWN)
    assert (severity, told) == (
        Severity.BLOCKS,
        "south: its schemas could not be read: schema registry http://r denies reading",
    )
