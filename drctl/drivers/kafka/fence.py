"""The fence of one site: DENY rules per principal, and an ordinary client that tries them.

Super users bypass every rule and appear in none: they are not covered, and no application may be one.
"""

import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future
from contextlib import suppress

from confluent_kafka import KafkaError, Message, Producer
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from drctl.drivers.kafka.asking_again import asked_again, done_again
from drctl.drivers.kafka.errors import Causes
from drctl.drivers.kafka.journal_copy import TOPIC as JOURNAL
from drctl.drivers.kafka.properties import load, user
from drctl.drivers.kafka.site import TIMEOUT, KafkaSite
from drctl.errors import Unauthenticated, Unreachable
from drctl.model.canaries import PREFIX as DRILLS
from drctl.model.fence import MARK, CanaryResult, DenyRule, Scope, Writers
from drctl.model.site import Canary

KINDS = {Scope.TOPICS: ResourceType.TOPIC, Scope.TRANSACTIONAL_IDS: ResourceType.TRANSACTIONAL_ID}
WRITING = (AclOperation.WRITE, AclOperation.ALL)
EVERYONE = "User:*"
SETTLE = 3.0
"""Seconds to wait for a rule to be shown; who needs to be sure reads back."""
SOON, RARELY = 0.01, 0.05
"""Seconds to the second question whether it is shown, doubled until it is the latter: clients wait, and most often a
broker has applied a rule within some milliseconds."""


class AclFence:
    """Implements :class:`drctl.ports.Fence`."""

    def __init__(self, site: KafkaSite, canary: Canary, discover: Callable[[], dict[str, str]] | None = None) -> None:
        """``discover`` tells how the canary logs in where it has no properties file.

        ConfigInvalid if that file is wrong: behind the fence it would be too late to hear of it.
        """
        self.site = site
        self.ordinary = canary
        self._discover = discover or dict
        if canary.client_properties is not None:
            with suppress(Unauthenticated):  # a certificate that is out of date hinders nothing but the canary
                load(canary.client_properties)

    @asked_again
    def writers(self) -> Writers:
        allowed = {
            rule.principal
            for rules in self._rules(AclPermissionType.ALLOW).values()
            for rule in rules
            # Of any resource pattern, prefixes and wildcards included: whoever may write to one topic of
            # the site is a writer. Narrower would need every topic's name, and a topic that is created a
            # moment later.
            if rule.operation in WRITING and not _is_our_own(rule)
        }
        return Writers(frozenset(allowed - {EVERYONE}), everyone=EVERYONE in allowed)

    @asked_again
    def standing(self) -> frozenset[DenyRule]:
        found: set[DenyRule] = set()
        for scope, rules in self._rules(AclPermissionType.DENY).items():
            # Kafka's rules carry no note of who made them, so the mark is a second rule on a name that no
            # topic has.
            marked = {rule.principal for rule in rules if _has_our_shape(rule, MARK)}
            denied = {rule.principal for rule in rules if _has_our_shape(rule, "*")}
            found |= {DenyRule(principal, scope, principal in marked) for principal in denied}
        return frozenset(found)

    @done_again
    def deny(self, denials: Collection[DenyRule], *, adopt: bool = False) -> None:
        if denials:
            marked = set(denials) if adopt else set(denials) - self._of_others()
            # Marks first: a rule whose mark the brokers have not taken would be somebody else's, and never be lifted.
            bindings = [AclBinding(*_rule(denial, MARK)) for denial in marked]
            bindings += [AclBinding(*_rule(denial)) for denial in denials]
            futures = self.site.admin().create_acls(bindings, request_timeout=self.site.change_timeout)
            self.site.wait_all(futures.items(), "add deny rules", self.site.change_timeout)
            _settle(lambda: self.standing() >= set(denials) and not (adopt and self._of_others() & set(denials)))

    @done_again
    def lift(self, denials: Collection[DenyRule]) -> None:
        if own := set(denials) - self._of_others() if denials else set():
            # Both in one request. Where only the first is applied the mark alone is left, which denies
            # nothing and is taken away with the next fence.
            filters = [AclBindingFilter(*_rule(denial, name)) for denial in own for name in ("*", MARK)]
            futures = self.site.admin().delete_acls(filters, request_timeout=self.site.change_timeout)
            self.site.wait_all(futures.items(), "remove deny rules", self.site.change_timeout)
            _settle(lambda: not self.standing() & own)

    def canary(self) -> CanaryResult:
        file = self.ordinary.client_properties
        login = self._discover() if file is None else load(file)
        config = {**login, "bootstrap.servers": self.site.settings()["bootstrap.servers"]}
        # Not idempotent: a producer that may write to no topic is refused its producer id already, with an
        # error about the cluster, and that would look like a missing right of the canary's.
        quick = {"acks": "all", "message.timeout.ms": 8000, "linger.ms": 0, "enable.idempotence": False}
        causes = Causes(self.site.name, config["bootstrap.servers"], f"the canary ({user(config)})")
        producer = causes.client(Producer, {**config, **quick})
        answers: list[KafkaError | None] = []

        def delivered(error: KafkaError | None, _: Message) -> None:
            answers.append(error)

        producer.produce(self.ordinary.topic, value=b"drctl canary", on_delivery=delivered)
        deadline = time.monotonic() + TIMEOUT
        while not answers and not causes.rejected and time.monotonic() < deadline:
            producer.poll(0.1)
        if causes.rejected:
            raise causes.unauthenticated()
        if not answers:
            raise Unreachable(f"site {self.site.name}: the canary got no answer", remedy="check its brokers")
        error = answers[0]
        if error is None:
            return CanaryResult(refused=False, answer="written")
        # Nothing else counts as refused. A timeout may be a site that is slow, and a record too large says
        # nothing about rights.
        if error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
            return CanaryResult(refused=True, answer=str(error.name()))
        raise causes.translate(error, f"let the canary write to {self.ordinary.topic}")

    def _of_others(self) -> frozenset[DenyRule]:
        """Rules that stand without a mark. One that a lagging broker does not show yet is taken for drctl's."""
        return frozenset(denial for denial in self.standing() if not denial.own)

    def _rules(self, permission: AclPermissionType) -> dict[Scope, Collection[AclBinding]]:
        """By scope, asked at the same time: within a pause this is asked some fifty times."""
        futures = {scope: self._asked(kind, permission) for scope, kind in KINDS.items()}
        return self.site.wait_all(futures.items(), "read its rules")

    def _asked(self, kind: ResourceType, permission: AclPermissionType) -> "Future[Collection[AclBinding]]":
        # The stubs know no None, which is what matches any name, principal and host.
        anything = (kind, None, ResourcePatternType.ANY, None, None, AclOperation.ANY, permission)
        wanted = AclBindingFilter(*anything)  # type: ignore[arg-type]
        asked: Future[Collection[AclBinding]] = self.site.admin().describe_acls(
            wanted, request_timeout=self.site.timeout
        )
        return asked


def _is_our_own(rule: AclBinding) -> bool:
    """Whether it lets drctl copy its journal, which goes on behind the fence, or drill with names reserved for that.

    No application works with either.
    """
    if rule.restype == ResourceType.TOPIC and rule.resource_pattern_type == ResourcePatternType.LITERAL:
        return bool(rule.name == JOURNAL)
    return rule.resource_pattern_type == ResourcePatternType.PREFIXED and rule.name.startswith(DRILLS)


def _has_our_shape(rule: AclBinding, name: str) -> bool:
    shape = (rule.name, rule.resource_pattern_type, rule.operation, rule.host)
    return shape == (name, ResourcePatternType.LITERAL, AclOperation.WRITE, "*")


def _rule(
    denial: DenyRule, name: str = "*"
) -> tuple[ResourceType, str, ResourcePatternType, str, str, AclOperation, AclPermissionType]:
    return (
        # WRITE alone, so that consumers can drain and a tail can be salvaged behind the fence. On "*", for a
        # topic that is created behind the fence would be open otherwise.
        KINDS[denial.scope],
        name,
        ResourcePatternType.LITERAL,
        denial.principal,
        "*",
        AclOperation.WRITE,
        AclPermissionType.DENY,
    )


def _settle(shown: Callable[[], bool]) -> None:
    """Give the broker that is asked a moment to apply the rules: it answers from its own copy of the metadata."""
    deadline, pause = time.monotonic() + SETTLE, SOON
    while not shown() and time.monotonic() < deadline:
        threading.Event().wait(pause)
        pause = min(2 * pause, RARELY)
