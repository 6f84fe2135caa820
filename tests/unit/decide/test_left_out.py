"""Which topics a source connector copies, by its configuration alone. Checked against Kafka 4.3.1's own classes."""

import pytest

from drctl.decide.left_out import LeftOut, left_out, transformations

SMTS = "org.apache.kafka.connect.transforms."
NORTH_TO_SOUTH = {"source.cluster.alias": "north", "target.cluster.alias": "south"}


def why(topic: str, prefix: str = "", **config: str) -> str:
    found = left_out(
        {**NORTH_TO_SOUTH, **{key.replace("_", "."): value for key, value in config.items()}}, topic, prefix
    )
    return found.why if found else ""


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"topics": r"turbines\..*,shop\..*"},
        {"topics": "shop.orders"},
        {"topics": "turbines , shop.orders"},
        {"topics": ".*", "topics_exclude": ""},
        {"topics": r"\p{Lower}+\.orders"},
        {"topics": r"[a-z&&[^x]]+\.orders"},
        {"topics": r"shop[[.]]orders"},
        {"topics": "payments", "topic_filter_class": "com.acme.Filter"},
    ],
)
def test_a_topic_that_the_filter_takes_is_copied(config: dict[str, str]) -> None:
    assert why("shop.orders", **config) == ""


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"topics": r"turbines\..*,dr\..*"}, "not in the connector's topics"),
        ({"topics": "orders"}, "not in the connector's topics"),
        ({"topics": "shop"}, "not in the connector's topics"),
        ({"topics": ""}, "not in the connector's topics"),
        ({"topics_exclude": r"turbines\..*, shop\.o.*"}, "topics.exclude"),
    ],
)
def test_a_topic_that_the_filter_does_not_take_is_left_out(config: dict[str, str], reason: str) -> None:
    assert reason in why("shop.orders", **config)


@pytest.mark.parametrize("topic", ["shop.replica", "dr.orders.replica", "mm2-status.north.internal"])
def test_what_mirror_maker_leaves_out_by_default_is_told_with_its_default(topic: str) -> None:
    assert why(topic)


def test_an_exclusion_of_ones_own_replaces_the_default() -> None:
    assert "by default" in why("shop.replica")
    assert why("shop.replica", topics_exclude="nothing") == ""


@pytest.mark.parametrize("topic", ["__transactions", ".hidden", "north.checkpoints.internal", "mm2-x.internal"])
def test_internal_topics_are_never_copied_whatever_the_filter_says(topic: str) -> None:
    config = {"topics": ".*", "topics_exclude": "", "topic_filter_class": "com.acme.Filter"}
    assert "internal" in why(topic, **config)
    found = left_out({}, topic, "")
    assert found is not None
    assert found.certain


def test_internal_topics_are_named_with_the_separator() -> None:
    config = {"topics_exclude": "", "replication_policy_separator": "_"}
    assert "internal" in why("mm2_x_internal", **config)
    assert why("mm2-x.internal", **config) == "names ending in internal are left out up to Kafka 3.9"
    dotted = {**config, "replication_policy_internal_topic_separator_enabled": "false"}
    assert "takes it for an internal topic" in why("mm2-x.internal", **dotted)


@pytest.mark.parametrize("topic", ["billing-internal", "dr.billing.internal"])
def test_what_only_older_versions_leave_out_is_uncertain(topic: str) -> None:
    assert left_out({}, topic, "") == LeftOut("names ending in internal are left out up to Kafka 3.9", certain=False)
    excluded = left_out({"topics.blacklist": "shop.*"}, "shop.orders", "")
    assert excluded == LeftOut("topics.blacklist leaves it out up to Kafka 3.9", certain=False)
    assert left_out({"topics.blacklist": "shop.*", "topics.exclude": ""}, "shop.orders", "") is None


def test_what_looks_like_heartbeats_gets_another_name_under_the_identity_policy() -> None:
    assert "another name" in why("turbines.heartbeats")
    assert why("turbines.heartbeats", prefix="north.") == ""


def test_what_came_from_the_target_by_its_name_is_not_copied_back() -> None:
    assert "came from south" in why("south.orders", prefix="north.")
    assert "came from south" in why("west.south.orders", prefix="north.")
    assert why("orders.south", prefix="north.") == ""
    assert why("south.orders") == "", "the identity policy sees no origin in a name"


def changed(topic: str = "shop.orders", prefix: str = "", **transform: str) -> list[tuple[str, bool]]:
    predicates = {key: value for key, value in transform.items() if key.startswith("predicates.")}
    own = {f"transforms.t.{key}": value for key, value in transform.items() if key not in predicates}
    return list(transformations({"transforms": "t", **own, **predicates}, topic, prefix))


def test_a_transformation_that_drops_or_renames_takes_records_away() -> None:
    assert [takes for _, takes in changed(type=f"{SMTS}Filter")] == [True]
    assert [takes for _, takes in changed(type=f"{SMTS}TimestampRouter")] == [True]
    assert [takes for _, takes in changed(type=f"{SMTS}RegexRouter", regex="shop.(.*)", replacement="$1")] == [True]
    assert changed(type=f"{SMTS}RegexRouter", regex="orders", replacement="x") == []
    assert [takes for _, takes in changed(type=f"{SMTS}InsertHeader")] == [False]
    assert list(transformations({}, "shop.orders", "")) == []


def test_a_predicate_on_the_name_of_the_copy_keeps_a_transformation_away() -> None:
    named = {"predicate": "p", "predicates.p.type": f"{SMTS}predicates.TopicNameMatches"}
    assert changed(type=f"{SMTS}Filter", **named, **{"predicates.p.pattern": "turbines.*"}) == []
    assert changed(type=f"{SMTS}Filter", **named, **{"predicates.p.pattern": "shop.*"})
    assert changed(type=f"{SMTS}Filter", **named, **{"predicates.p.pattern": "shop.*"}, negate="true") == []
    assert changed(type=f"{SMTS}Filter", prefix="north.", **named, **{"predicates.p.pattern": "shop.*"}) == []
    tombstones = {"predicate": "p", "predicates.p.type": f"{SMTS}predicates.RecordIsTombstone"}
    assert changed(type=f"{SMTS}Filter", **tombstones), "it may hold for a record"
