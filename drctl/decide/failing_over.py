"""Reasons not to fail over: only what the target needs stands in the way, and a source that is well."""

from collections.abc import Iterator
from datetime import datetime

from drctl.decide.readiness import blockers
from drctl.decide.rules import Blocker, Rule
from drctl.decide.rules_sites import source_ailments
from drctl.decide.rules_workloads import unknown_groups
from drctl.model.facts import Facts
from drctl.model.guards import Guards
from drctl.model.loss import AcceptedLoss, Loss
from drctl.model.wording import counted

NEEDED = frozenset(
    {
        Rule.FACTS_STALE,
        Rule.FACTS_UNKNOWN,
        Rule.TARGET_SILENT,
        Rule.ONE_CLUSTER,
        Rule.BROKERS_MISSING,
        Rule.PARTITION_WITHOUT_LEADER,
        Rule.CLIENT_ROUTING_ELSEWHERE,
        Rule.CLIENT_ROUTING_HELD,
        Rule.LINK_UNKNOWN,
        Rule.BOTH_DIRECTIONS,
        Rule.TOPIC_MISSING,
        Rule.GROUP_IMMOVABLE,
        Rule.GROUP_ACTIVE_AT_TARGET,
        Rule.SINK_ACTIVE_AT_TARGET,
        Rule.CANARY_REFUSED,
        Rule.CANARY_TOPIC_MISSING,
    }
)
"""Rules that stand in the way of a failover, too, where they concern the target."""


def failover_blockers(facts: Facts, guards: Guards, now: datetime) -> Iterator[Blocker]:
    """Reasons to wait, in the order to fix them. What is wrong at the source is why one fails over: it is no reason."""
    if not source_ailments(facts):
        detail = f"{facts.source.name}: its brokers answer, every partition has a leader, and an ordinary client writes"
        remedy = (
            f"'drctl switchover --to {facts.target.name}' loses nothing; where clients cannot work there all the same,"
            " override this rule, and accept the loss that is stated"
        )
        yield Blocker(Rule.SOURCE_HEALTHY, detail, remedy)
    for each in blockers(facts, guards, now):
        if each.rule in NEEDED and not _about_the_source(each, facts) and not _routing_closed(each, facts):
            yield each


def loss_blockers(loss: Loss, accepted: AcceptedLoss) -> Iterator[Blocker]:
    """The loss, unless it was accepted."""
    if accepted.covers(loss):
        return
    if loss.total is None:
        detail = "how many records would be lost is unknown: the source is silent, and " + (
            "its log ends were never seen"
            if loss.seen is None
            else "how fast they grew after they were seen is unknown"
        )
        yield Blocker(Rule.LOSS_NOT_ACCEPTED, detail, "accept that with --accept-loss unknown")
        return
    detail = f"up to {counted(loss.total, 'record')} would be lost, and {accepted} are accepted"
    yield Blocker(Rule.LOSS_NOT_ACCEPTED, detail, f"accept them with --accept-loss {loss.total}, or bring it back")


def sinks_left(facts: Facts) -> Iterator[Blocker]:
    """Sinks that a failover does not start, for nobody knows whose position they would go on from."""
    return unknown_groups(facts, f", so it is not started at {facts.target.name}")


def _about_the_source(blocker: Blocker, facts: Facts) -> bool:
    """Whether it tells of the source's side only: its brokers, its canary, the worker that runs there."""
    names = [f"{facts.source.name}: "]
    names += [f"{facts.reverse.link.name}: "] if facts.reverse and not facts.reverse.status.known else []
    return blocker.detail.startswith(tuple(names))


def _routing_closed(blocker: Blocker, facts: Facts) -> bool:
    """Whether clients are sent nowhere: a move was cut off, and somebody has to let them in again."""
    return blocker.rule is Rule.CLIENT_ROUTING_ELSEWHERE and facts.client_routing.value is None
