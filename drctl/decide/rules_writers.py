"""Rules about who writes where: the fence of the source, the closed standby, the canaries, the replication principals.

The standby is closed if writers − exempt − denied = ∅ in every scope, and an ordinary client is refused there:

| at the standby                           | then                                                        |
| ---------------------------------------- | ----------------------------------------------------------- |
| no deny rule of the fence's shape at all | a warning: fence-standby closes it before the source's fence |
| some stand, and a writer is not denied   | STANDBY_OPEN: it may have written there                     |
| all are denied, the canary writes        | CANARY_WRITES: the fence does not bind                      |
| the canary is refused, none is drctl's   | CANARY_REFUSED: nothing that drctl lifts would open it      |
"""

from collections.abc import Iterator

from drctl.decide.rights import unwritable
from drctl.decide.rules import Blocker, Rule
from drctl.errors import at_site
from drctl.model.access import writable, writes_topics
from drctl.model.facts import Facts, SiteFacts
from drctl.model.fence import EVERYONE, DenyRule


def own(site: SiteFacts) -> frozenset[DenyRule]:
    """The deny rules that drctl made there, as far as they are known."""
    return frozenset(denial for denial in site.standing.value or () if denial.own)


def writing_blockers(facts: Facts) -> Iterator[Blocker]:
    """Writers whom the fence would not bind or does not, at either site."""
    for site in (facts.source, facts.target):
        if site.writers.value is not None and site.writers.value.everyone:
            detail = f"{site.name}: an ALLOW rule gives {EVERYONE} the right to write"
            yield Blocker(Rule.EVERYONE_WRITES, detail, "name the principals that write instead")
    yield from _super_users(facts)
    yield from _platform(facts)
    if standing := own(facts.source):
        detail = f"{facts.source.name}: deny rules stand for {_names(standing)}"
        remedy = f"resume or abort the run that left them; if none is unfinished: drctl unfence {facts.source.name}"
        yield Blocker(Rule.SOURCE_FENCED, detail, remedy)
    if facts.target.standing.value:
        for name, scopes in sorted(_open_at_the_standby(facts).items()):
            detail = f"{facts.target.name}: {name} may write there: its {' and '.join(scopes)} are not denied"
            remedy = "see what it has written there, and take that away; then give --override standby-open"
            yield Blocker(Rule.STANDBY_OPEN, detail, f"{remedy}: the move denies it first")
    yield from _replication(facts)


def writing_warnings(facts: Facts) -> Iterator[Blocker]:
    """A standby that was never fenced, and rules that drctl leaves as they are."""
    standing = facts.target.standing.value
    if standing is not None and not standing:
        detail = f"{facts.target.name}: no deny rule stands, so applications may write there now"
        remedy = "the move fences it first; a record written there stops the proof of positions"
        yield Blocker(Rule.STANDBY_OPEN, detail, remedy)
    for site in (facts.source, facts.target):
        if others := frozenset(site.standing.value or ()) - own(site):
            detail = f"{site.name}: drctl did not make the deny rules that stand for {_names(others)}"
            yield Blocker(Rule.RULE_OF_OTHERS, detail, "they stay when the site is opened: see that this is meant")
    yield from _denied_too(facts)


def canary_blockers(facts: Facts) -> Iterator[Blocker]:
    """An ordinary client that could not prove the fence of the source or the opening of the target."""
    yield from source_canary(facts)
    yield from _target_canary(facts)


def source_canary(facts: Facts) -> Iterator[Blocker]:
    """At the source it has to write; behind drctl's fence nothing can be told."""
    name, topics = facts.source.name, facts.source.topics.value
    if topics is not None and facts.canary_topic not in topics:
        yield _no_topic(name, facts.canary_topic)
        return
    if own(facts.source) or not facts.source.cluster.known:
        return
    met = facts.canary.value
    if met is None:
        detail = f"{name}: the canary: {at_site(name, facts.canary.unknown)}"
        yield Blocker(Rule.FACTS_UNKNOWN, detail, "repair the canary's client")
    elif met.refused:
        detail = f"{name}: {met.answer}"
        yield Blocker(Rule.CANARY_REFUSED, detail, f"allow the canary's user to write to {facts.canary_topic}")


def _target_canary(facts: Facts) -> Iterator[Blocker]:
    """At the standby it has to be refused by drctl's own fence, so that lifting that lets it write."""
    site, name, topics = facts.target, facts.target.name, facts.target.topics.value
    if topics is not None and facts.target_canary_topic not in topics:
        yield _no_topic(name, facts.target_canary_topic)
        return
    if not site.cluster.known:
        return
    met, standing = facts.target_canary.value, site.standing.value
    if met is None:
        remedy = "repair the canary's client: it has to be refused there now, and to write once the target is open"
        detail = f"{name}: the canary: {at_site(name, facts.target_canary.unknown)}"
        yield Blocker(Rule.FACTS_UNKNOWN, detail, remedy)
    # Refused by somebody else's rule, or for want of a right: lifting ours would not let it write, and
    # unfence-target would time out waiting for a write that is taken.
    elif standing is not None and met.refused and not own(site):
        detail = f"{name}: {met.answer}, and not by a rule that drctl could lift"
        remedy = f"allow the canary's user to write to {facts.target_canary_topic}"
        if standing:
            remedy += f"; if a fence of before stands there: drctl fence --site {name} --adopt PRINCIPAL"
        yield Blocker(Rule.CANARY_REFUSED, detail, remedy)
    elif standing and not met.refused and not _open_at_the_standby(facts):
        detail = f"{name}: an ordinary client writes there, and all writers are denied ({met.answer})"
        yield Blocker(
            Rule.CANARY_WRITES, detail, "the canary's user must be no super user and no replication principal"
        )


def _no_topic(site: str, topic: str) -> Blocker:
    detail = f"{site}: there is no topic {topic}"
    return Blocker(Rule.CANARY_TOPIC_MISSING, detail, "create it, with WRITE for the canary's user")


def _open_at_the_standby(facts: Facts) -> dict[str, list[str]]:
    """Each writer whom no rule denies, with the scopes; User:* has a rule of its own."""
    writers, standing = facts.target.writers.value, facts.target.standing.value
    found: dict[str, list[str]] = {}
    if writers is not None and standing is not None:
        for denial in sorted(writers.undenied(standing, facts.exempt(facts.target)), key=str):
            if denial.principal != EVERYONE:
                found.setdefault(denial.principal, []).append(denial.scope.value)
    return found


def _super_users(facts: Facts) -> Iterator[Blocker]:
    for site in (facts.source, facts.target):
        writers = site.writers.value.principals if site.writers.value else frozenset[str]()
        # Only one that also has rules to write: that is an application that was made a super user. The
        # site's own super users have none.
        for name in sorted((site.super_users or frozenset()) & writers - facts.replication):
            detail = f"{site.name}: {name} is a super user and has rules to write"
            yield Blocker(Rule.SUPER_USER_WRITES, detail, "take it out of super.users, or its ALLOW rules away")


def _platform(facts: Facts) -> Iterator[Blocker]:
    """A Connect worker or the like that the fence would have to deny, because it can write what moves."""
    for site in (facts.source, facts.target):
        for name in sorted(site.platform - facts.replication if site.rules.value is not None else ()):
            if topics := writable(site.rules.value or (), name, facts.workload_topics):
                detail = f"{site.name}: {name} is of the platform and may write to {', '.join(topics)}"
                remedy = "allow it its own topics only, or take it out of platformPrincipals: then the fence denies it"
                yield Blocker(Rule.PLATFORM_WRITES, detail, remedy)


def _denied_too(facts: Facts) -> Iterator[Blocker]:
    """Writers at the source that write to nothing that moves: perhaps what runs around the site, as its own user."""
    site, theirs = facts.source, {*facts.workload_topics, facts.canary_topic}
    if site.rules.value is None or site.writers.value is None:
        return
    for name in sorted(site.writers.value.principals - facts.exempt(site) - {EVERYONE}):
        if writes_topics(site.rules.value, name) and not writable(site.rules.value, name, theirs):
            detail = f"{site.name}: {name} writes to no topic that moves, and the fence denies it, too"
            remedy = "if it is a Connect worker's or a Schema Registry's, name it under the site's platformPrincipals"
            # Told and not refused: whether it belongs to the platform only the operator knows, and denied
            # it does no harm to the move.
            yield Blocker(Rule.DENIED_TOO, detail, remedy)


def _replication(facts: Facts) -> Iterator[Blocker]:
    """Each link's principal writes at its target, also the home link's, which runs once all is moved."""
    for each, site in ((facts.link, facts.target), (facts.reverse, facts.source)):
        if each is None or site.rules.value is None:
            continue
        principal = each.link.replication_principal
        # It needs no rule to write, and no deny rule would bind it either.
        if principal in (site.super_users or ()):
            continue
        copies = [each.link.prefix + topic for topic in facts.topics]
        for reason in unwritable(site.rules.value, principal, copies):
            detail = f"{site.name}: {principal}, under which {each.link.name} writes, {reason}"
            yield Blocker(Rule.REPLICATION_DENIED, detail, f"allow it WRITE there: without it {each.link.name} stops")


def _names(denials: frozenset[DenyRule]) -> str:
    return ", ".join(sorted({denial.principal for denial in denials}))
