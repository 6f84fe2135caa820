"""The doctor on two real sites: what is planted is named, what only adds is mended, the rest stays named."""

import json
from collections.abc import Callable, Iterator, Mapping

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka import TopicPartition as Place
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from drctl.config import load
from drctl.drivers.kafka.access import KafkaAccess
from drctl.drivers.kafka.provision import allow, create_topics
from drctl.drivers.kafka.site import KafkaSite
from drctl.drivers.kafka.topics import KafkaTopics
from drctl.drivers.store.clock import SystemClock
from drctl.errors import Unreachable
from drctl.lab import Lab
from drctl.model.access import AclRule
from drctl.model.offsets import Committed, TopicPartition
from drctl.ports import World
from drctl.wiring.world import open_world
from tests.lab.usage import drctl

CLOCK = SystemClock()
READINGS, ORDERS, PRICES = "turbines.readings", "shop.orders", "shop.prices"
SOURCE = "north-to-south.source"
LEFT_ALONE = {"topics": r"turbines\..*", "sync.topic.configs.enabled": "false"}
"""Else MirrorMaker 2 itself would set topics' settings back, and add partitions, every few seconds."""


@pytest.fixture
def world(own_lab: Lab) -> Iterator[World]:
    with open_world(load(own_lab.plan_file)) as world:
        yield world


def doctor(lab: Lab, *arguments: str) -> tuple[int, dict[str, list[str]]]:
    """Exit code, and details by rule."""
    done = drctl(lab, "doctor", "-o", "json", *arguments)
    assert done.stdout, done.stderr
    found: dict[str, list[str]] = {}
    for each in json.loads(done.stdout)["findings"]:
        found.setdefault(each["rule"], []).append(each["detail"])
        assert each["remedy"]
        assert each["place"]
    return done.returncode, found


@pytest.fixture
def admins(own_lab: Lab) -> Iterator[tuple[KafkaSite, KafkaSite]]:
    pair = own_lab.site("north").kafka(), own_lab.site("south").kafka()
    yield pair
    for each in pair:
        each.close()


def until(what: str, reached: Callable[[], bool]) -> None:
    """Ask until it is so; a worker that rebalances, or a broker that is behind, is asked again."""
    deadline = CLOCK.monotonic() + 90
    while not _answered(reached):
        assert CLOCK.monotonic() < deadline, what
        CLOCK.sleep(0.2)


def _answered(reached: Callable[[], bool]) -> bool:
    try:
        return reached()
    except Unreachable:
        return False


def test_the_doctor_names_what_is_planted_and_mends_what_only_adds(
    own_lab: Lab, world: World, admins: tuple[KafkaSite, KafkaSite]
) -> None:
    """In one test, because each part changes the lab for good."""
    find_nothing(own_lab, world)
    find_inequalities_and_mend_them(own_lab, world, admins)
    find_a_user_who_could_not_log_in(own_lab, admins[1])
    find_a_consumer_at_the_standby(own_lab)
    find_what_the_link_lost(own_lab, world, admins[0])


def find_nothing(lab: Lab, world: World) -> None:
    """A lab as it was made is well."""
    positions = world.sites["north"].positions
    for group in world.plan.groups:
        positions.commit(group, {TopicPartition(ORDERS, 0): Committed(0)})
    code, found = doctor(lab)
    assert found == {}
    assert code == 0
    told = drctl(lab, "doctor").stdout
    assert "Nothing is wrong between north and south." in told
    assert "clocks of the brokers of north" in told
    assert "quotas" not in told, "they were compared"
    assert "delegation tokens" not in told, "rules about them were compared, too"


def find_inequalities_and_mend_them(lab: Lab, world: World, admins: tuple[KafkaSite, KafkaSite]) -> None:
    before = configured(world, {**LEFT_ALONE, "consumer.poll.timeout.ms": "1000"})
    plant(*admins)
    code, found = doctor(lab)
    assert code == 36
    named = {"TOPIC_NOT_COPIED", "CLEANUP_DIFFERS", "TIMESTAMPS_DIFFER", "RIGHT_DENIED", "RIGHT_WIDER"}
    mended = {"PARTITIONS_DIFFER", "TARGET_WEAKER", "RECORDS_REFUSED", "RETENTION_SHORTER", "SETTINGS_DIFFER"}
    assert found.keys() == named | mended | {"RIGHT_MISSING", "LINK_SLOWER"}
    assert len(found["RIGHT_MISSING"]) == 4
    refused = drctl(lab, "doctor", "--fix")
    assert refused.returncode == 3
    assert "add partitions up to 4 (now 3)" in refused.stderr
    code, left = doctor(lab, "--fix", "--yes")
    assert code == 36
    assert left.keys() == named
    assert len(world.sites["south"].brokers.topics([ORDERS])[ORDERS].partitions) == 4
    assert (world.sites["south"].connectors.definition(SOURCE) or {})["consumer.poll.timeout.ms"] == "100"
    assert world.sites["south"].fence.standing()
    configured(world, before)


def configured(world: World, config: Mapping[str, str]) -> Mapping[str, str]:
    """The link with these settings over its own, and running with them; returns what they were."""
    connectors, replication = world.sites["south"].connectors, world.links["north", "south"].replication
    before = connectors.definition(SOURCE)
    assert before is not None
    replication.stop()
    until("the link is stopped", lambda: replication.status().halted)
    connectors.put(SOURCE, {**before, **config})
    replication.resume()
    until("the link runs", lambda: replication.status().working)
    return before


def plant(north: KafkaSite, south: KafkaSite) -> None:
    """Make south less than north."""
    here, there = KafkaTopics(north), KafkaTopics(south)
    here.add_partitions(ORDERS, 4)
    less = {"max.message.bytes": "500000", "retention.ms": "3600000", "unclean.leader.election.enable": "true"}
    there.change({ORDERS: less, PRICES: {"cleanup.policy": "delete"}})
    there.change({READINGS: {"message.timestamp.type": "LogAppendTime"}})
    here.change({ORDERS: {"compression.type": "zstd"}})
    rights = [
        ("User:bank", "READ", "TOPIC", "shop.*"),
        ("User:bank", "READ", "GROUP", "billing"),
        ("User:bank", "WRITE", "TRANSACTIONAL_ID", "bank*"),
        ("User:bank", "IDEMPOTENT_WRITE", "BROKER", "kafka-cluster"),
    ]
    allow(north, rights)
    deny(south, AclRule("User:readers", "*", "READ", "TOPIC", ORDERS, "LITERAL", allow=False))
    deny(north, AclRule("User:guest", "*", "READ", "TOPIC", ORDERS, "LITERAL", allow=False))
    until("the rules show", lambda: len([r for r in KafkaAccess(north).rules() if r.principal == "User:bank"]) == 4)


def deny(site: KafkaSite, rule: AclRule) -> None:
    kind, pattern = ResourceType[rule.kind], ResourcePatternType[rule.pattern]
    operation, denied = AclOperation[rule.operation], AclPermissionType.DENY
    made = AclBinding(kind, rule.name, pattern, rule.principal, rule.host, operation, denied)
    for future in site.admin().create_acls([made]).values():
        future.result(30)
    until("the rule shows", lambda: rule in KafkaAccess(site).rules())


def find_a_user_who_could_not_log_in(lab: Lab, south: KafkaSite) -> None:
    admin = south.admin()
    some = UserScramCredentialUpsertion("someone", ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), b"word")
    admin.alter_user_scram_credentials([some])["someone"].result(30)
    until("the user shows", lambda: "someone" in KafkaAccess(south).users())
    _, found = doctor(lab)
    assert any("user shop has no credential for SCRAM-SHA-512" in each for each in found["USER_MISSING"])
    gone = UserScramCredentialDeletion("someone", ScramMechanism.SCRAM_SHA_512)
    admin.alter_user_scram_credentials([gone])["someone"].result(30)
    until("the user is gone", lambda: "someone" not in KafkaAccess(south).users())
    assert "USER_MISSING" not in doctor(lab)[1]


def find_a_consumer_at_the_standby(lab: Lab) -> None:
    kafka = lab.site("south").kafka("readers")
    settings = {
        "group.id": "reporting",
        "client.id": "mill-7",
        "group.instance.id": "seven",
        "session.timeout.ms": 6000,
    }
    consumer = Consumer({**kafka.config, **kafka.causes.settings(), **settings})
    consumer.subscribe([READINGS])
    deadline = CLOCK.monotonic() + 60
    while not consumer.assignment():
        assert CLOCK.monotonic() < deadline
        consumer.poll(0.2)
    done = drctl(lab, "clients", "-o", "json")
    table = drctl(lab, "clients")
    consumer.close()
    kafka.close()
    told = json.loads(done.stdout)
    assert done.returncode == table.returncode == 38, done.stderr
    assert told["complete"] is False
    assert "south: reporting: 1 member: mill-7 at" in told["leftBehind"][0]["detail"]
    assert any("mill-7" in each["what"] for each in told["notKnown"])
    assert "seven" in table.stdout


def find_what_the_link_lost(lab: Lab, world: World, north: KafkaSite) -> None:
    first, admin = TopicPartition(ORDERS, 0), north.admin()
    replication = world.links["north", "south"].replication
    write(lab, ORDERS, 20)
    until("it is copied", lambda: replication.frontier().get(first, 0) >= 20)
    assert "RECORDS_LOST" not in doctor(lab)[1]
    replication.stop()
    until("the link is stopped", lambda: replication.status().halted)
    write(lab, ORDERS, 10)
    end = world.sites["north"].records.bounds([first])[first].stable
    admin.delete_records([Place(ORDERS, 0, end - 2)])[Place(ORDERS, 0, end - 2)].result(30)
    assert "offsets 20 to 27 were deleted uncopied" in doctor(lab)[1]["RECORDS_LOST"][0]
    assert "were deleted uncopied" in drctl(lab, "status").stdout
    admin.delete_topics([ORDERS])[ORDERS].result(30)
    until("it is gone", lambda: ORDERS not in world.sites["north"].brokers.topics([ORDERS]))
    create_topics(north, {ORDERS: (4, 1, {})})
    until("it is back", lambda: ORDERS in world.sites["north"].brokers.topics([ORDERS]))
    _, found = doctor(lab)
    assert "recreated at north" in found["TOPIC_RECREATED"][0]
    assert "copied up to 20, and the log ends at 0" in found["SOURCE_SHORTER"][0]
    _, found = doctor(lab, "--accept-recreated", ORDERS)
    assert "TOPIC_RECREATED" not in found


def write(lab: Lab, topic: str, count: int) -> None:
    kafka = lab.site("north").kafka("shop")
    producer = Producer({**kafka.config, **kafka.causes.settings()})
    for number in range(count):
        producer.produce(topic, b"%d" % number, partition=0)
    assert producer.flush(60) == 0
    kafka.close()
