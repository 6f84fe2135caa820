"""Equality of a standby: where the target would serve the work less well than the source does.

:func:`inequalities` is what a switchover does not begin with, :func:`differences` what only costs something. A failover
is warned of both (:func:`failover_warnings`): the source is gone, and a weaker site is better than none. What nobody
can compare is reported by :func:`unseen`, never taken for equal.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from drctl.decide.own_rights import own_rights_at_target
from drctl.decide.quotas import quota_differences, quota_user
from drctl.decide.rights import applications, not_drctls, unmatched
from drctl.decide.rules import Blocker, Rule
from drctl.decide.rules_disks import disk_blockers, disk_warnings
from drctl.decide.rules_scaling import failover_scaling_warnings
from drctl.decide.rules_tokens import token_differences, token_inequalities
from drctl.decide.rules_topics import topic_differences, topic_inequalities
from drctl.decide.schemas import schema_inequalities, schemas_unknown
from drctl.errors import at_site
from drctl.model.access import EVERYONE, AclRule
from drctl.model.facts import Facts, SiteFacts
from drctl.model.fixes import AllowRight
from drctl.model.wording import counted


class Unseen(NamedTuple):
    """Something that could not be compared, and why."""

    what: str
    why: str


READ = {
    "topics": "topics",
    "rules": "rules",
    "users": "users",
    "cluster": "cluster",
    "quotas": "client quotas",
    "rights": "what drctl may do",
    "token_rules": "rules about delegation tokens and users",
}
"""Words for what is compared, by where it stands in the facts of a site."""
WARNED = ("quotas", "rights", "token_rules")
"""Facts that a switchover goes on without, and says so; any other that cannot be read stands in its way."""


def inequalities(facts: Facts) -> Iterator[Blocker]:
    """Return what makes the target less than the source, each with its remedy and, where it is safe, its fix."""
    yield from topic_inequalities(facts)
    yield from _rights(facts)
    yield from token_inequalities(facts)
    yield from _users(facts)
    yield from _quotas(facts, of_applications=True)
    yield from schema_inequalities(facts)


def differences(facts: Facts) -> Iterator[Blocker]:
    """Return what differs and costs something, but takes nothing away."""
    yield from topic_differences(facts)
    here, there = _rules(facts.source, facts), _rules(facts.target, facts)
    if here is not None and there is not None:
        names = _names(facts)
        for rule in unmatched({r for r in here if not r.allow}, there, names, applications(here, names)):
            remedy = f"add the rule at {facts.target.name} if it is still meant"
            yield Blocker(Rule.RIGHT_WIDER, f"{facts.target.name}: does not have: {rule}", remedy)
    yield from token_differences(facts)
    before, after = facts.source.cluster.value, facts.target.cluster.value
    # Counted, not measured: fewer brokers may be larger ones, so it is said and blocks nothing.
    if before is not None and after is not None and len(after.brokers) < len(before.brokers):
        counts = f"{counted(len(after.brokers), 'broker')}, {facts.source.name} has {len(before.brokers)}"
        yield Blocker(Rule.CAPACITY_SMALLER, f"{facts.target.name}: {counts}", "see that they carry the whole load")
    yield from _quotas(facts, of_applications=False)


def failover_warnings(facts: Facts) -> Iterator[Blocker]:
    """All of it as warnings; where a site does not tell, that it could not be compared."""
    yield from own_rights_at_target(facts)
    yield from failover_scaling_warnings(facts)
    yield from disk_blockers(facts)
    yield from disk_warnings(facts)
    if not facts.source.cluster.known:
        source = facts.source.name
        detail = f"{facts.target.name} is not compared with {source}: {at_site(source, facts.source.cluster.unknown)}"
        yield Blocker(Rule.FACTS_UNKNOWN, detail, "see what 'drctl doctor' said while it answered")
        yield from schemas_unknown(facts.target)
        return
    yield from inequalities(facts)
    yield from differences(facts)
    for what, why in unseen(facts):
        yield Blocker(Rule.FACTS_UNKNOWN, f"not compared: {what}: {why}", "compare it by hand while there is time")


def unseen(facts: Facts) -> Iterator[Unseen]:
    """Return what could not be compared between the sites."""
    yield from _not_read(facts, READ)
    named = [site for site in (facts.source, facts.target) if site.schemas is not None]
    if len(named) == 1:
        yield Unseen("schemas", f"the plan file names a schema registry at {named[0].name} only")
    here, there = facts.source.users.value, facts.target.users.value
    if here and there is not None and not there:
        yield Unseen(
            f"users at {facts.target.name}",
            "it keeps no SCRAM users: its clients log in otherwise, such as by certificate, which no broker lists",
        )
    if here and there:
        yield Unseen("passwords of SCRAM users", "Kafka tells nobody what they are: let each application log in once")
    for site in (facts.source, facts.target):
        if site.super_users is None:
            why = "its brokers keep super.users to themselves: no application may be one, for no deny rule binds it"
            yield Unseen(f"super users at {site.name}", why)


def uncompared(facts: Facts) -> Iterator[Blocker]:
    """Return what a switchover goes on without having compared it, as warnings."""
    for what, why in _not_read(facts, WARNED):
        yield Blocker(Rule.FACTS_UNKNOWN, f"not compared: {what}: {why}", "see the reason, or compare it by hand")


def _not_read(facts: Facts, what: Iterable[str]) -> Iterator[Unseen]:
    for site in (facts.source, facts.target):
        for each in what:
            reading = getattr(site, each)
            if not reading.known:
                yield Unseen(f"{READ[each]} at {site.name}", at_site(site.name, reading.unknown))


def _rights(facts: Facts) -> Iterator[Blocker]:
    here, there, names = _rules(facts.source, facts), _rules(facts.target, facts), _names(facts)
    if here is None or there is None:
        return
    at_work = applications(here, names)
    for rule in unmatched({r for r in here if r.allow}, there, names, at_work, facts.images):
        detail = f"{facts.target.name}: {rule.principal} lacks: {rule}"
        yield Blocker(Rule.RIGHT_MISSING, detail, f"add it at {facts.target.name}", AllowRight(facts.target.name, rule))
    # A DENY beats every ALLOW, so one that only the target has takes more away than a right that is missing,
    # and shows with the first write there.
    for rule in unmatched({r for r in there if not r.allow}, here, names, at_work):
        if rule.principal in at_work or rule.principal == EVERYONE:
            remedy = f"remove it at {facts.target.name}, or add it at {facts.source.name} if it is meant"
            if rule.fences:
                remedy += f"; if it is a fence from before: drctl fence --site {facts.target.name}"
                remedy += f" --adopt '{rule.principal}'"
            yield Blocker(Rule.RIGHT_DENIED, f"{facts.target.name}: {rule.principal} is denied: {rule}", remedy)


def _users(facts: Facts) -> Iterator[Blocker]:
    rules, here, there = _rules(facts.source, facts), facts.source.users.value, facts.target.users.value
    # A target without any SCRAM user has another way of logging in, and not hundreds of users missing: see
    # unseen.
    if rules is None or here is None or not there:
        return
    for user in sorted(applications(rules, _names(facts))):
        name = user.removeprefix("User:")
        missing = sorted(here.get(name, frozenset()) - there.get(name, frozenset()))
        if missing:
            detail = f"{facts.target.name}: user {name} has no credential for {', '.join(missing)}"
            remedy = "create it with its password (kafka-configs.sh --entity-type users): nobody can copy a password"
            yield Blocker(Rule.USER_MISSING, detail, remedy)


def _quotas(facts: Facts, *, of_applications: bool) -> Iterator[Blocker]:
    """Name the quotas that leave less at the target: to applications, or to others, such as MirrorMaker 2."""
    rules = _rules(facts.source, facts)
    at_work = applications(rules, _names(facts)) if rules is not None else {EVERYONE}
    for entity, reason in quota_differences(facts.source, facts.target, less=True):
        user = quota_user(entity)
        if (user is None or not at_work.isdisjoint({f"User:{user}", EVERYONE})) is of_applications:
            yield reason


def _rules(site: SiteFacts, facts: Facts) -> frozenset[AclRule] | None:
    """Without drctl's own fence and without what MirrorMaker 2 needs, which differs by direction."""
    if site.rules.value is None:
        return None
    mirror = facts.link.link.replication_principal
    return frozenset(rule for rule in not_drctls(site.rules.value) if rule.principal != mirror)


def _names(facts: Facts) -> dict[str, tuple[str, ...]]:
    """The plan's; whoever may write to the canary's topic has to be able to at the target, too."""
    canary = (facts.canary_topic,) if facts.canary_topic == facts.target_canary_topic else ()
    return {"TOPIC": (*facts.topics, *canary), "GROUP": facts.groups}
