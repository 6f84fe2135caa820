"""Who may do what at a fake site: its rules, and the fence made of them."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from drctl.errors import Forbidden, NotFound, Unreachable
from drctl.model.access import AclRule, Users
from drctl.model.cluster import Broker
from drctl.model.fence import MARK, CanaryResult, DenyRule, Scope, Writers
from drctl.model.own_rights import OwnRights
from tests.fakes.effects import Effects
from tests.fakes.site import FakeSite

MAY = ("READ", "DESCRIBE", "DESCRIBE_CONFIGS", "ALTER", "ALTER_CONFIGS", "DELETE")
"""What drctl may do with a topic."""


class FakeFence:
    """The site's deny rules; the canary writes as ``User:canary``."""

    def __init__(self, site: FakeSite, effects: Effects | None = None) -> None:
        self.site = site
        self._effects = effects or Effects()

    def writers(self) -> Writers:
        self.site.reach()
        return Writers(frozenset(self.site.allowed | self.site.platform), self.site.everyone)

    def standing(self) -> frozenset[DenyRule]:
        self.site.reach()
        return frozenset(replace(d, own=d not in self.site.of_others) for d in self.site.denials)

    def deny(self, denials: Collection[DenyRule], *, adopt: bool = False) -> None:
        self.site.reach()
        with self._effects(f"{'adopt' if adopt else 'deny'} at {self.site.name}") as parts:
            for each in parts(sorted(denials, key=str)):
                if adopt or each not in self.site.denials:
                    self.site.of_others.discard(each)
                self.site.denials.add(each)

    def lift(self, denials: Collection[DenyRule]) -> None:
        self.site.reach()
        with self._effects(f"lift at {self.site.name}") as parts:
            for each in parts(sorted(set(denials) - self.site.of_others, key=str)):
                self.site.denials.discard(each)

    def canary(self) -> CanaryResult:
        self.site.reach()
        if self.site.canary_fails is not None:
            raise self.site.canary_fails
        if self.site.may("User:canary"):
            return CanaryResult(refused=False, answer="written at offset 0")
        return CanaryResult(refused=True, answer="TOPIC_AUTHORIZATION_FAILED")


class FakeAccess:
    """The site's rules and users; the fence's deny rules and the writers are among the rules, as with Kafka."""

    def __init__(self, site: FakeSite, effects: Effects | None = None) -> None:
        self.site = site
        self._effects = effects or Effects()

    def rules(self) -> frozenset[AclRule]:
        self.site.reach()
        kinds = {Scope.TOPICS: "TOPIC", Scope.TRANSACTIONAL_IDS: "TRANSACTIONAL_ID"}
        denied = {
            AclRule(d.principal, "*", "WRITE", kinds[d.scope], name, "LITERAL", allow=False)
            for d in self.site.denials
            for name in ("*", MARK)
            if name == "*" or d not in self.site.of_others
        }
        allowed = {AclRule(p, "*", "WRITE", "TOPIC", "*", "LITERAL", allow=True) for p in self.site.allowed}
        own = {AclRule(p, "*", "WRITE", "TOPIC", "connect-", "PREFIXED", allow=True) for p in self.site.platform}
        return frozenset(self.site.rules | denied | allowed | own)

    def token_rules(self, broker: Broker) -> frozenset[AclRule]:
        self.site.reach()
        if "DESCRIBE cluster" in self.site.withheld:
            raise Forbidden(f"{self.site.name}: DESCRIBE on the cluster is denied")
        if broker.port < 9000:
            raise Unreachable(f"{self.site.name}: broker {broker.id} does not answer", remedy="start it")
        return frozenset(self.site.token_rules)

    def allow(self, rules: Collection[AclRule]) -> None:
        self.site.reach()
        for rule in rules:
            with self._effects(f"allow at {self.site.name}: {rule}"):
                self.site.rules.add(rule)
                self.site.allowed |= {rule.principal} if rule.lets_write else set()

    def may(self, topics: Collection[str]) -> Mapping[str, frozenset[str]]:
        self.site.reach()
        for name in topics:
            if not any(p.topic == name for p in self.site.logs):
                raise NotFound(f"{self.site.name}: there is no topic {name}")
        return dict.fromkeys(topics, self._left("", *MAY, "CREATE"))

    def rights(self, topics: Collection[str], groups: Collection[str]) -> OwnRights:
        self.site.reach()
        there = {partition.topic for partition in self.site.logs}
        return OwnRights(
            "User:drctl",
            self._left(" cluster", "DESCRIBE", "DESCRIBE_CONFIGS", "ALTER"),
            {name: self._left("", *MAY) for name in topics if name in there},
            {name: self._left(" group", "READ", "DESCRIBE", "DELETE") for name in groups},
        )

    def _left(self, of: str, *operations: str) -> frozenset[str]:
        return frozenset(each for each in operations if f"{each}{of}" not in self.site.withheld)

    def users(self) -> Users:
        self.site.reach()
        return dict(self.site.users)
