"""The fence of a site whose users Strimzi owns, and how such a site is reached."""

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from drctl.drivers.strimzi.access import StrimziAccess
from drctl.drivers.strimzi.fence import StrimziFence
from drctl.errors import ConfigInvalid, Conflict, NotFound, NotProven
from drctl.model.fence import DenyRule, Scope
from drctl.model.resources import KAFKA, KAFKA_USER, SECRET, STRIMZI, Object
from drctl.model.site import Canary, Site, Strimzi
from tests.fakes import FakeApi, FakeFence, FakeResources, FakeSite

NAMES = Strimzi("north", "external", "drctl", "canary", take_ownership=True)
SHOP, TURBINES, LEGACY = "User:shop", "User:CN=turbines", "User:legacy"
BOTH = {Scope.TOPICS, Scope.TRANSACTIONAL_IDS}
ALLOW: dict[str, Any] = {
    "resource": {"type": "topic", "name": "orders", "patternType": "literal"},
    "operations": ["Write", "Read"],
}


def denials(*principals: str) -> frozenset[DenyRule]:
    return frozenset(DenyRule(principal, scope) for principal in principals for scope in BOTH)


class Earth:
    """Two users with KafkaUsers and one without; the User Operator's effect is told by :meth:`user_operator`."""

    def __init__(self, names: Strimzi = NAMES, *, ignored: str | None = None, operator: bool = True) -> None:
        self.api, self.site = FakeApi({STRIMZI: ("v1",)}), FakeSite("north", {"orders": 1})
        self.user("shop", "scram-sha-512", ALLOW)
        self.user("turbines", "tls", ALLOW)
        self.site.allowed |= {SHOP, TURBINES, LEGACY}
        env = [{"name": "STRIMZI_IGNORED_USERS_PATTERN", "value": ignored}] if ignored is not None else []
        entity = {"userOperator": {}, "template": {"userOperatorContainer": {"env": env}}} if operator else {}
        self.api.put(KAFKA.at("v1"), {"metadata": {"name": "north"}, "spec": {"entityOperator": entity}})
        self.fence = StrimziFence(FakeFence(self.site), FakeResources(self.api), names)

    def user(self, name: str, kind: str, *rules: Mapping[str, Any]) -> None:
        meta = {"name": name, "labels": {"strimzi.io/cluster": "north"}}
        authorization = {"type": "simple", "acls": list(rules), "unheard": 1}
        spec = {"authentication": {"type": kind}, "authorization": authorization, "quotas": {"x": 1}}
        self.api.put(KAFKA_USER.at("v1"), {"metadata": meta, "spec": spec})

    def stored(self, name: str) -> Any:
        return self.api.objects["kafkausers", "kafka", name]["spec"]

    def user_operator(self) -> None:
        """Deletes every rule of a user whose KafkaUser does not name it, as its loop does within two minutes."""
        self.site.denials = {
            each
            for each in self.site.denials
            for name, principal in (("shop", SHOP), ("turbines", TURBINES))
            if each.principal == principal
            and any(rule.get("type") == "deny" for rule in self.stored(name)["authorization"]["acls"])
        }


def test_a_fence_is_written_into_the_users_and_struck_at_once_and_lasts() -> None:
    earth = Earth()
    for _ in range(2):
        earth.fence.deny(denials(SHOP, TURBINES))
    assert not earth.site.may(SHOP)
    earth.user_operator()
    assert earth.fence.standing() == denials(SHOP, TURBINES)
    rules = earth.stored("shop")["authorization"]["acls"]
    assert rules[0] == ALLOW
    assert [(rule["type"], rule["resource"]["type"], rule["resource"]["name"]) for rule in rules[1:]] == [
        ("deny", "topic", "*"),
        ("deny", "topic", "drctl.fence"),
        ("deny", "transactionalId", "*"),
        ("deny", "transactionalId", "drctl.fence"),
    ]
    assert earth.stored("shop")["quotas"] == {"x": 1}
    assert earth.stored("shop")["authorization"]["unheard"] == 1


def test_lifting_leaves_the_users_as_they_were() -> None:
    earth = Earth()
    earth.fence.deny(denials(SHOP, TURBINES))
    for _ in range(2):
        earth.fence.lift(denials(SHOP, TURBINES))
    assert earth.stored("shop")["authorization"]["acls"] == [ALLOW]
    assert earth.site.may(SHOP)
    assert earth.fence.standing() == frozenset()


TAKEN: dict[str, Any] = {
    "type": "deny",
    "resource": {"type": "topic", "name": "*", "patternType": "literal"},
    "operations": ["Write"],
}


def test_a_deny_rule_that_the_users_owner_wrote_stays_theirs_until_it_is_adopted() -> None:
    earth = Earth()
    earth.user("shop", "scram-sha-512", ALLOW, TAKEN)
    owners = DenyRule(SHOP, Scope.TOPICS)
    earth.site.denials, earth.site.of_others = {owners}, {owners}
    earth.fence.deny(denials(SHOP))
    assert {each.scope: each.own for each in earth.fence.standing()} == {
        Scope.TOPICS: False,
        Scope.TRANSACTIONAL_IDS: True,
    }
    earth.fence.lift(denials(SHOP))
    assert earth.stored("shop")["authorization"]["acls"] == [ALLOW, TAKEN]
    assert not earth.site.may(SHOP)
    earth.fence.deny([owners], adopt=True)
    assert all(each.own for each in earth.fence.standing())
    earth.fence.lift([owners])
    assert earth.stored("shop")["authorization"]["acls"] == [ALLOW]
    assert earth.site.may(SHOP)


def test_a_rule_that_the_user_operator_will_delete_does_not_stand() -> None:
    earth = Earth()
    earth.site.denials = set(denials(SHOP, LEGACY))
    assert earth.fence.standing() == frozenset()


def test_a_user_without_kafka_user_is_refused_before_anything_is_done() -> None:
    earth = Earth()
    with pytest.raises(NotProven, match="User:legacy") as caught:
        earth.fence.deny(denials(SHOP, LEGACY))
    assert "STRIMZI_IGNORED_USERS_PATTERN" in caught.value.remedy
    assert earth.site.may(SHOP)
    assert earth.stored("shop")["authorization"]["acls"] == [ALLOW]


@pytest.mark.parametrize("earth", [Earth(ignored="^legacy|ANONYMOUS$"), Earth(operator=False)])
def test_a_user_that_is_ignored_or_nobody_watches_is_struck_alone(earth: Earth) -> None:
    earth.fence.deny(denials(LEGACY))
    assert earth.fence.standing() == denials(LEGACY)


@pytest.mark.parametrize("pattern", ["legac", "^shop$", ""])
def test_a_pattern_must_match_the_whole_name(pattern: str) -> None:
    with pytest.raises(NotProven, match="User:legacy"):
        Earth(ignored=pattern).fence.deny(denials(LEGACY))


def test_a_pattern_that_nobody_understands_is_not_guessed() -> None:
    with pytest.raises(NotProven, match="no pattern that drctl understands"):
        Earth(ignored="(").fence.deny(denials(LEGACY))


def test_a_conflict_over_one_user_changes_none() -> None:
    earth = Earth(Strimzi("north", "external", "drctl", "canary"))
    with pytest.raises(Conflict, match=r"(?s)kubectl.*\n.*kubectl") as caught:
        earth.fence.deny(denials(SHOP, TURBINES))
    assert "takeOwnership" in caught.value.remedy
    assert earth.site.may(SHOP)
    assert earth.stored("turbines")["authorization"]["acls"] == [ALLOW]


def test_writers_are_those_of_the_brokers_and_those_that_the_operator_has_yet_to_allow() -> None:
    earth = Earth()
    earth.user("coming", "scram-sha-512", {**ALLOW, "operations": [], "operation": "All"})
    earth.user("reader", "scram-sha-512", {**ALLOW, "operations": ["Read"]})
    found = earth.fence.writers().principals
    assert {SHOP, TURBINES, LEGACY, "User:coming"} <= found
    assert "User:reader" not in found


def test_the_name_that_kafka_knows_is_the_status_own() -> None:
    earth = Earth()
    user = earth.api.objects["kafkausers", "kafka", "turbines"]
    user["status"] = {"username": "CN=turbines,O=plant"}
    earth.site.allowed = {"User:CN=turbines,O=plant"}
    earth.fence.deny(denials("User:CN=turbines,O=plant"))
    assert earth.fence.standing() == denials("User:CN=turbines,O=plant")


def secret(name: str, **parts: str) -> Object:
    return {"metadata": {"name": name}, "data": {k: base64.b64encode(v.encode()).decode() for k, v in parts.items()}}


class Reached:
    """Kafka/north with a listener, and the secrets of its users."""

    def __init__(self, kind: str = "tls", *, tls: bool = True) -> None:
        self.api = FakeApi({STRIMZI: ("v1",)})
        wanted = {"name": "external", "tls": tls, "authentication": {"type": kind}}
        told = {"name": "external", "bootstrapServers": "north.example:9094", "certificates": ["CA ONE", "CA TWO"]}
        spec = {"kafka": {"listeners": [{"name": "plain"}, wanted]}}
        self.api.put(KAFKA.at("v1"), {"metadata": {"name": "north"}, "spec": spec, "status": {"listeners": [told]}})
        self.api.put(
            KAFKA_USER.at("v1"), {"metadata": {"name": "drctl"}, "status": {"username": "drctl", "secret": "drctl"}}
        )
        self.api.put(SECRET, secret("drctl", **{"user.crt": "CERT", "user.key": "KEY", "password": "p4ss"}))

    def client(self, names: Strimzi = NAMES) -> dict[str, str]:
        site = Site("north", "", None, "", Canary(None, "canary"))
        return StrimziAccess(site, names, FakeResources(self.api)).client("drctl")


def test_a_certificate_comes_from_the_users_secret() -> None:
    assert Reached().client() == {
        "bootstrap.servers": "north.example:9094",
        "security.protocol": "SSL",
        "ssl.ca.pem": "CA ONE\nCA TWO",
        "ssl.certificate.pem": "CERT",
        "ssl.key.pem": "KEY",
    }


def test_a_password_comes_from_the_users_secret() -> None:
    found = Reached("scram-sha-512").client()
    assert (found["security.protocol"], found["sasl.username"], found["sasl.password"]) == ("SASL_SSL", "drctl", "p4ss")
    assert Reached("scram-sha-512", tls=False).client()["security.protocol"] == "SASL_PLAINTEXT"


def test_what_is_missing_is_named_and_no_secret_is_told() -> None:
    earth = Reached()
    earth.api.put(SECRET, {"metadata": {"name": "drctl"}, "data": {"user.crt": "n0 base64!"}})
    with pytest.raises(ConfigInvalid, match=r"secret drctl has no usable user\.crt") as caught:
        earth.client()
    assert "n0 base64" not in str(caught.value)
    earth.api.remove(SECRET, "drctl")
    with pytest.raises(NotFound, match="no secret drctl"):
        earth.client()
    with pytest.raises(ConfigInvalid, match="has no wrong, only plain, external"):
        earth.client(Strimzi("north", "wrong", "drctl", "canary"))
    with pytest.raises(ConfigInvalid, match="wants custom"):
        Reached("custom").client()


@pytest.mark.parametrize(
    ("authorization", "told"),
    [
        ({"type": "simple", "superUsers": ["CN=root", "User:ops"]}, {"User:CN=root", "User:ops"}),
        ({"type": "simple"}, set()),
        ({"type": "opa", "superUsers": ["CN=root"]}, None),
        (None, None),
    ],
)
def test_super_users_are_named_where_kafka_itself_authorizes(
    authorization: Mapping[str, Any] | None, told: set[str] | None
) -> None:
    earth = Earth()
    spec = {"kafka": {"authorization": authorization}} if authorization else {}
    earth.api.put(KAFKA.at("v1"), {"metadata": {"name": "north"}, "spec": spec})
    assert earth.fence.writers().super_users == told
