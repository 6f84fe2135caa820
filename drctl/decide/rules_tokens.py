"""Rules about delegation tokens and users: whoever makes or describes login tokens has to be able to at the target.

| rule at one site | counts |
| --- | --- |
| about a user, or about every token | if its principal works with the plan's topics or groups, or is everybody |
| about one token by its id | no: a token and its id exist at one site only |

Example: ``ALLOW User:shop CREATE_TOKENS on user User:pump`` at the source alone. After a move shop's jobs would find no
token to log in with at the target, so it blocks; what the target denies and the source does not blocks, too.
"""

from collections.abc import Iterator

from drctl.decide.rights import Names, applications, unmatched
from drctl.decide.rules import Blocker, Rule
from drctl.model.access import DELEGATION_TOKEN, EVERYONE, AclRule
from drctl.model.facts import Facts, SiteFacts

TOOL = "kafka-acls.sh --add, with --delegation-token or --user-principal"


def token_inequalities(facts: Facts) -> Iterator[Blocker]:
    """Return the rights that applications lack at the target, and what only the target denies them."""
    here, there, target = _rules(facts.source), _rules(facts.target), facts.target.name
    if here is None or there is None:
        return
    at_work = _applications(facts)
    for rule in unmatched({each for each in here if each.allow}, there, NO_NAMES, at_work):
        remedy = f"add it at {target} ({TOOL}): drctl adds none of these"
        yield Blocker(Rule.RIGHT_MISSING, f"{target}: {rule.principal} lacks: {rule}", remedy)
    for rule in unmatched({each for each in there if not each.allow}, here, NO_NAMES, at_work):
        remedy = f"remove it at {target}, or add it at {facts.source.name} if it is meant"
        yield Blocker(Rule.RIGHT_DENIED, f"{target}: {rule.principal} is denied: {rule}", remedy)


def token_differences(facts: Facts) -> Iterator[Blocker]:
    """Return what the source denies and the target does not."""
    here, there, target = _rules(facts.source), _rules(facts.target), facts.target.name
    if here is None or there is None:
        return
    for rule in unmatched({each for each in here if not each.allow}, there, NO_NAMES, _applications(facts)):
        remedy = f"add the rule at {target} if it is still meant ({TOOL})"
        yield Blocker(Rule.RIGHT_WIDER, f"{target}: does not have: {rule}", remedy)


NO_NAMES: Names = {}
"""A plan file names neither tokens nor users, so these rules count by their principals."""


def _rules(site: SiteFacts) -> frozenset[AclRule] | None:
    """Return those that can mean the same at two sites; None where they are not known."""
    told = site.token_rules.value
    if told is None:
        return None
    return frozenset(r for r in told if r.kind != DELEGATION_TOKEN or r.pattern != "LITERAL" or r.name == "*")


def _applications(facts: Facts) -> frozenset[str]:
    """Who works with the plan's topics and groups at the source; where that is not known, only rules for everybody."""
    known = facts.source.rules.value
    names = {"TOPIC": facts.topics, "GROUP": facts.groups}
    at_work = applications(known, names) if known is not None else frozenset[str]()
    return (at_work - {facts.link.link.replication_principal}) | {EVERYONE}
