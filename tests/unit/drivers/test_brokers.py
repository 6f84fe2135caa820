"""Which brokers drctl works with."""

import pytest

from drctl.drivers.kafka.brokers import super_users, supported_version
from drctl.errors import Unsupported


@pytest.mark.parametrize(
    ("protocol", "version"),
    [
        ({}, "4"),
        ({"inter.broker.protocol.version": "3.9-IV0"}, "3.9"),
        ({"inter.broker.protocol.version": "3.10"}, "3.10"),
    ],
)
def test_kraft_brokers_from_3_9_on_are_taken(protocol: dict[str, str], version: str) -> None:
    assert supported_version("north", {"process.roles": "broker", **protocol}) == version


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"zookeeper.connect": "zk:2181"}, "north runs on ZooKeeper"),
        ({"process.roles": "", "zookeeper.connect": ""}, "north runs on ZooKeeper"),
        ({"process.roles": "broker", "inter.broker.protocol.version": "3.8-IV1"}, r"north runs Kafka 3\.8"),
        ({"process.roles": "broker", "inter.broker.protocol.version": "2.8"}, r"north runs Kafka 2\.8"),
    ],
)
def test_zookeeper_and_older_versions_are_refused(config: dict[str, str], said: str) -> None:
    with pytest.raises(Unsupported, match=said) as told:
        supported_version("north", config)
    assert told.value.remedy


@pytest.mark.parametrize(
    ("told", "known"),
    [
        ({}, None),
        ({"super.users": ""}, None),  # a secret to Apache Kafka: named, without its value
        ({"super.users": "User:admin;User:CN=ops,O=plant"}, {"User:admin", "User:CN=ops,O=plant"}),
        ({"super.users": " User:admin ; "}, {"User:admin"}),
    ],
)
def test_super_users_are_known_where_a_broker_tells_them(told: dict[str, str], known: set[str] | None) -> None:
    assert super_users(told) == known
