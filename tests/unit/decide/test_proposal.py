"""What a plan file would say: found by what the sites show, doubtful where they do not show it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from drctl.decide.proposal import propose
from drctl.errors import NotFound
from drctl.model.access import AclRule
from drctl.model.link import MIRROR_KINDS
from drctl.model.reading import Reading
from drctl.model.session import GroupProtocol
from drctl.model.survey import Proposal, SiteSurvey

NOW = datetime(2026, 1, 1, tzinfo=UTC)
IDENTITY = "org.apache.kafka.connect.mirror.IdentityReplicationPolicy"
SECRET = "hunter2-of-the-link"
JAAS = 'org.apache.kafka.common.security.scram.ScramLoginModule required username="{}" password="{}";'
CANARY = "drctl.canary"


def may_write(principal: str, topic: str, pattern: str = "LITERAL") -> AclRule:
    return AclRule(principal, "*", "WRITE", "TOPIC", topic, pattern, allow=True)


RULES = frozenset(
    {
        may_write("User:mm2", "*"),
        may_write("User:shop", "shop.", "PREFIXED"),
        may_write("User:canary", CANARY),
        may_write("User:drctl", "drctl.journal"),
        may_write("User:registry", "_schemas"),
    }
)
TOPICS = frozenset({"shop.orders", "shop.prices", "other", CANARY, "drctl.journal", "__consumer_offsets", "_schemas"})
SYNCS = frozenset({"mm2-offset-syncs.north.internal"})


def link(source: str, target: str, **changes: str) -> dict[str, dict[str, str]]:
    """The three connectors of a link as a worker holds them."""
    shared = {
        "source.cluster.alias": source,
        "target.cluster.alias": target,
        "source.cluster.bootstrap.servers": f"{source}:9093",
        "target.cluster.bootstrap.servers": f"{target}:9093",
        "replication.policy.class": IDENTITY,
        "target.cluster.sasl.jaas.config": JAAS.format("mm2", SECRET),
        "topics": "shop[.].*",
        **changes,
    }
    return {
        f"{source}-{kind}": {**shared, "connector.class": name, "name": f"{source}-{kind}"}
        for name, kind in MIRROR_KINDS.items()
    }


def site(name: str, **changes: object) -> SiteSurvey:
    base = SiteSurvey(name, TOPICS, {}, {}, {}, frozenset(), Reading(RULES, NOW), frozenset({"User:admin"}))
    return replace(base, **changes)  # type: ignore[arg-type]


GROUPS = {
    "billing": frozenset({"shop.orders"}),
    "audit": frozenset({"other"}),
    "connect-to-db": frozenset({"shop.orders"}),
    "drctl-salvage-1": frozenset({"shop.orders"}),
}
SINKS = {
    "to-db": {"connector.class": "JdbcSink", "topics": "shop.orders"},
    "by-pattern": {"connector.class": "JdbcSink", "topics.regex": "shop[.]p.*", "consumer.override.group.id": "own"},
    "from-db": {"connector.class": "JdbcSource"},
    "of-another": {"connector.class": "JdbcSink", "topics": "other"},
    "strange": {"connector.class": "JdbcSink", "topics.regex": "shop[[.]"},
}
SHARED = {"shared": GroupProtocol.SHARE}
NORTH = site("north", groups=GROUPS, connectors=SINKS, immovable=SHARED)
SOUTH = site("south", topics=TOPICS | SYNCS, connectors=link("north", "south"), running=frozenset({"north-source"}))


def proposed(north: SiteSurvey = NORTH, south: SiteSurvey = SOUTH) -> Proposal:
    return propose(north, south, CANARY)


def test_topics_are_those_that_the_link_copies_and_no_ones_own() -> None:
    assert proposed().topics == ("shop.orders", "shop.prices")
    everything = replace(SOUTH, connectors=link("north", "south", topics=".*"))
    assert proposed(south=everything).topics == ("_schemas", "other", "shop.orders", "shop.prices")


def test_groups_are_those_with_positions_in_these_topics_and_not_those_of_sinks() -> None:
    found = proposed()
    assert (found.groups, found.elsewhere, found.immovable) == (("billing",), ("audit",), SHARED)


def test_sinks_are_those_that_read_these_topics() -> None:
    assert proposed().sinks == ("by-pattern", "to-db")


@pytest.mark.parametrize("way_round", [False, True])
def test_the_primary_is_where_the_link_that_runs_leads_from(way_round: bool) -> None:
    pair = (SOUTH, NORTH) if way_round else (NORTH, SOUTH)
    found = propose(*pair, CANARY)
    assert (found.primary, found.standby, found.certain) == ("north", "south", True)


def test_where_both_directions_stand_the_first_site_is_taken_and_that_is_said() -> None:
    north = replace(NORTH, connectors=link("south", "north"))
    found = proposed(north, replace(SOUTH, running=frozenset()))
    assert (found.primary, found.certain) == ("north", False)
    found = proposed(replace(north, running=frozenset({"south-source"})), replace(SOUTH, running=frozenset()))
    assert (found.primary, found.certain) == ("south", True)


def test_a_direction_that_does_not_exist_is_the_other_turned_around_and_called_so() -> None:
    there, back = proposed().links
    assert (there.derived, back.derived) == (False, True)
    assert set(back.connectors) == {"south-to-north.source", "south-to-north.checkpoint", "south-to-north.heartbeat"}
    source = back.connectors["south-to-north.source"]
    assert (source["source.cluster.alias"], source["target.cluster.alias"]) == ("south", "north")
    assert source["source.cluster.bootstrap.servers"] == "south:9093"


def test_a_connector_that_is_missing_is_added_with_what_the_others_share() -> None:
    two = {name: config for name, config in link("north", "south").items() if not name.endswith("heartbeat")}
    (there, _) = proposed(south=replace(SOUTH, connectors=two)).links
    added = there.connectors["north-to-south.heartbeat"]
    assert added["connector.class"].endswith("MirrorHeartbeatConnector")
    assert added["target.cluster.bootstrap.servers"] == "south:9093"
    assert "topics" not in added


def test_no_value_that_may_be_secret_is_proposed_and_each_is_named() -> None:
    odd = {"transforms.x.passphrase": SECRET, "some.plugin.thing": SECRET}
    found = proposed(south=replace(SOUTH, connectors=link("north", "south", **odd)))
    assert SECRET not in repr(found)
    assert SECRET not in str([each.connectors for each in found.links])
    assert ("north-source", "target.cluster.sasl.jaas.config") in found.links[0].hidden
    assert ("north-source", "some.plugin.thing") in found.links[0].hidden


def test_links_write_as_whom_they_log_in_as() -> None:
    there, back = proposed().links
    assert (there.principals, back.principals) == (("User:mm2",), ("User:mm2",))


def test_without_a_login_those_who_may_write_offset_syncs_and_copies_are_named() -> None:
    hidden = {"target.cluster.sasl.jaas.config": "${file:/secrets:jaas}"}
    south = replace(SOUTH, connectors=link("north", "south", **hidden))
    assert proposed(south=south).links[0].principals == ("User:mm2",)
    more = Reading(RULES | {may_write("User:admin", "*")}, NOW)
    assert proposed(south=replace(south, rules=more)).links[0].principals == ("User:admin", "User:mm2")
    nobody = replace(south, rules=Reading(None, NOW, "denied"))
    assert proposed(south=nobody).links[0].principals == ()


def test_the_platform_writes_topics_and_none_that_moves() -> None:
    assert proposed().platform == {"north": ("User:registry",), "south": ("User:registry",)}


def test_under_the_default_policy_copies_have_their_prefix_and_none_comes_back() -> None:
    config = {
        "replication.policy.class": "org.apache.kafka.connect.mirror.DefaultReplicationPolicy",
        "topics": ".*orders",
    }
    north = replace(NORTH, topics=NORTH.topics | {"south.shop.orders"})
    south = replace(SOUTH, connectors=link("north", "south", **config))
    found = proposed(north, south)
    assert found.topics == ("shop.orders",)
    assert found.not_there_yet == ("shop.orders",)
    assert [each.prefix for each in found.links] == ["north.", "south."]


def test_where_no_link_leads_the_aliases_that_there_are_are_told() -> None:
    south = replace(SOUTH, connectors=link("nord", "sued"))
    with pytest.raises(NotFound, match="there are connectors from nord to sued"):
        proposed(south=south)
    with pytest.raises(NotFound, match="none at all"):
        proposed(site("north"), site("south"))


def test_a_link_that_copies_nothing_is_no_plan() -> None:
    with pytest.raises(NotFound, match="copies no topic"):
        proposed(south=replace(SOUTH, connectors=link("north", "south", topics="none")))


def test_a_canary_topic_that_is_missing_is_said_where() -> None:
    assert proposed(south=replace(SOUTH, topics=SOUTH.topics - {CANARY})).canary_topic_missing == ("south",)
