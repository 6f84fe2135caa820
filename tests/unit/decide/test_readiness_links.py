"""Rules about what a link copies, and about the groups and sinks that move with it: each fault alone is named."""

import pytest

from drctl.decide.readiness import Rule, blockers
from drctl.model.facts import Lag
from drctl.model.link import Connector, ConnectorState
from drctl.model.offsets import TopicPartition
from drctl.model.session import Group, GroupProtocol, GroupState
from tests.unit.decide.good_facts import (
    ABSENT,
    FAILED,
    GOOD,
    GUARDS,
    MEMBER,
    NO_ANSWER,
    NOW,
    Change,
    backward,
    changed,
    configured,
    forward,
    label,
    named,
    seen,
    source,
    status,
    target,
    unseen,
    with_connector,
)

OF_LINKS: list[tuple[Rule, str, Change]] = [
    (Rule.LINK_UNKNOWN, "no answer", forward(status=unseen())),
    (Rule.LINK_UNKNOWN, "south-to-north", backward(status=unseen())),
    (Rule.CONNECTOR_ABSENT, "mirror.source", forward(status=seen(status(ConnectorState.ABSENT)))),
    (Rule.CONNECTOR_FAILED, "TopicAuth", with_connector("source", tasks=(FAILED,))),
    (
        Rule.CONNECTOR_FAILED,
        "no plugin",
        with_connector("checkpoint", state=ConnectorState.FAILED, trace="no plugin", tasks=()),
    ),
    (Rule.CONNECTOR_IDLE, "PAUSED", with_connector("source", state=ConnectorState.PAUSED)),
    (Rule.CONNECTOR_IDLE, "no tasks", with_connector("source", tasks=())),
    (Rule.HEADERS_REWRITTEN, "not set", configured("source", header_converter=None)),
    (Rule.HEADERS_REWRITTEN, "Simple", configured("checkpoint", header_converter="SimpleHeaderConverter")),
    (Rule.BYTES_REWRITTEN, "Json", configured("source", value_converter="JsonConverter")),
    (
        Rule.RECORDS_SKIPPED,
        "mirror.source: consumer.auto.offset.reset is latest",
        configured("source", consumer_auto_offset_reset="latest"),
    ),
    (
        Rule.RECORDS_SKIPPED,
        "mirror.source: errors.tolerance is all",
        configured("source", errors_tolerance="all", exactly_once_support=None),
    ),
    (
        Rule.SYNCS_MISSING,
        "mirror.source: emit.offset-syncs.enabled is false",
        configured("source", **{"emit.offset-syncs.enabled": "false"}),
    ),
    (Rule.TOPIC_NOT_COPIED, "orders is not copied: it is not in", configured("source", topics="shop.*, turbines.*")),
    (Rule.TOPIC_NOT_COPIED, "leaves it out: topics.exclude", configured("source", topics_exclude="ord.*")),
    (
        Rule.TOPIC_NOT_COPIED,
        "transformation some",
        configured("source", transforms="some", transforms_some_type="org.apache.kafka.connect.transforms.Filter"),
    ),
    (
        Rule.BYTES_REWRITTEN,
        "transformation mask",
        configured("source", transforms="mask", transforms_mask_type="com.acme.Mask"),
    ),
    (Rule.POLICY_DIFFERS, "Default", configured("source", replication_policy_class=None)),
    (Rule.SYNCS_LOCATION, "source", configured("checkpoint", **{"offset-syncs_topic_location": "source"})),
    (Rule.SYNCS_MISSING, "no topic", forward(syncs=unseen("there is no topic"))),
    (Rule.BOTH_DIRECTIONS, "south-to-north", backward(status=seen(status()))),
    (Rule.LAG_UNKNOWN, "no answer", forward(lag=unseen())),
    (Rule.LAG_TOO_HIGH, "101", forward(lag=seen(Lag({TopicPartition("orders", 0): 101}, True, None)))),
    (
        Rule.GROUP_MISSING,
        "billing",
        source(groups=seen({"billing": Group("billing", GroupProtocol.OTHER, GroupState.DEAD)})),
    ),
    (
        Rule.GROUP_IMMOVABLE,
        "north: billing is a share group",
        source(groups=seen({"billing": Group("billing", GroupProtocol.SHARE, GroupState.EMPTY)})),
    ),
    (
        Rule.GROUP_IMMOVABLE,
        "south: billing is a streams group",
        target(groups=seen({"billing": Group("billing", GroupProtocol.STREAMS, GroupState.STABLE)})),
    ),
    (
        Rule.GROUP_ACTIVE_AT_TARGET,
        "billing-1",
        target(groups=seen({"billing": Group("billing", GroupProtocol.CLASSIC, GroupState.STABLE, (MEMBER,))})),
    ),
    (Rule.SINKS_UNKNOWN, "north: no worker", source(sinks=unseen("no worker"))),
    (Rule.SINKS_UNKNOWN, "south: no worker", target(sinks=unseen("no worker"))),
    (
        Rule.SINKS_UNKNOWN,
        "lake: the group that it reads as is unknown: north: no answer",
        changed(unknown_sinks={"lake": NO_ANSWER}),
    ),
    (
        Rule.SINKS_UNKNOWN,
        "lake, table: the groups that they read as are unknown: north: no answer",
        changed(unknown_sinks={"table": NO_ANSWER, "lake": NO_ANSWER}),
    ),
    (Rule.SINK_MISSING, "orders-to-lake", source(sinks=seen({"orders-to-lake": Connector("orders-to-lake", ABSENT)}))),
    (
        Rule.SINK_ACTIVE_AT_TARGET,
        "orders-to-lake is RUNNING",
        target(sinks=seen({"orders-to-lake": Connector("orders-to-lake", ConnectorState.RUNNING)})),
    ),
]


@pytest.mark.parametrize(("rule", "words", "change"), OF_LINKS, ids=label)
def test_a_fault_of_a_link_group_or_sink_is_named_with_its_place_and_remedy(
    rule: Rule, words: str, change: Change
) -> None:
    found = list(blockers(change(GOOD), GUARDS, NOW))
    assert named(found, rule, words), found
