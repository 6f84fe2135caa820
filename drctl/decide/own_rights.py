"""drctl's own rights: what its user may do at both sites, against what the steps of a move need there.

| operation | at | who needs it | without it |
| --- | --- | --- | --- |
| DESCRIBE, DESCRIBE_CONFIGS on the cluster | both | check-gates | blocks |
| ALTER on the cluster | both | the steps that fence and unfence | blocks, where the run fences at all |
| READ, DESCRIBE_CONFIGS on each topic | both | check-gates, hand-over-positions | blocks |
| DESCRIBE on each group | source | hand-over-positions | blocks |
| READ on each group | target | hand-over-positions, restore-positions | blocks |
| READ on each group | source | drain-consumers | static members that are gone are waited for |
| ALTER_CONFIGS on each topic | both | `drctl salvage`, once that site was lost and is back | it freezes no retention |
| WRITE on ``drctl.journal``, where it exists | both | every run | the site keeps no copy of the journal |
| READ on ``__consumer_offsets`` | source | group-offset sync, `drctl sessions` | positions are known later |
| DELETE on each group | target | `drctl groups undo` | a group that was not there before stays |

Most of what blocks would else fail while nobody may write. What a broker does not tell is not missing: of a cluster or
topic that may not be described it tells no operation, so only those are named that would let it be described, too;
and a rule that denies DESCRIBE is then named for any of them.

Example: the target allows READ on group ``billing``, and DESCRIBE alone on ``audit``. Then ``audit`` is named, with
``--operation Read --group audit``; if a deny rule takes READ away, that rule is named instead: no other would help.
"""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from drctl.decide.rights import says
from drctl.decide.rules import Blocker, Rule
from drctl.model.access import EVERYONE, AclRule
from drctl.model.facts import Facts, SiteFacts
from drctl.model.own_rights import JOURNAL, OFFSETS, OwnRights
from drctl.model.wording import counted

FEW = 3
"""Names that a remedy lists one by one; of more, one rule for all of them is easier to keep right."""
UNTOLD = ("DESCRIBE_CONFIGS", "ALTER_CONFIGS")
"""Operations that do not imply DESCRIBE: one may be allowed and yet not be told."""
OPTIONS = {"TOPIC": "--topic", "GROUP": "--group"}


class NeededRight(NamedTuple):
    """An operation that is needed on every name of that kind, or on ``only`` one; ``why`` says what for."""

    kind: str
    operation: str
    why: str
    only: str = ""


SEEING = (
    NeededRight("CLUSTER", "DESCRIBE", "check-gates reads the authorizer's rules"),
    NeededRight("CLUSTER", "DESCRIBE_CONFIGS", "check-gates reads the version and settings of brokers"),
    NeededRight("TOPIC", "READ", "hand-over-positions compares records"),
    NeededRight("TOPIC", "DESCRIBE_CONFIGS", "check-gates reads settings"),
)
AT_SOURCE = (*SEEING, NeededRight("GROUP", "DESCRIBE", "hand-over-positions reads what is committed"))
AT_TARGET = (*SEEING, NeededRight("GROUP", "READ", "hand-over-positions commits positions"))
FENCES = NeededRight("CLUSTER", "ALTER", "fence-writes adds deny rules, and unfence-source removes them")
UNFENCES = NeededRight("CLUSTER", "ALTER", "fence-standby adds deny rules, and unfence-target removes them")
EITHER = (
    NeededRight("TOPIC", "ALTER_CONFIGS", "'drctl salvage' freezes retention at a site that was lost and is back"),
    NeededRight("TOPIC", "WRITE", "the site keeps a copy of the journal", JOURNAL),
)
USEFUL_AT_SOURCE = (
    NeededRight("GROUP", "READ", "drain-consumers removes static members that are gone, and waits for them else"),
    NeededRight(
        "TOPIC", "READ", "positions are followed as they are committed, and asked for now and then else", OFFSETS
    ),
    *EITHER,
)
USEFUL_AT_TARGET = (
    *EITHER,
    NeededRight("GROUP", "DELETE", "'drctl groups undo' takes back a group that was not there before its handover"),
)


def own_right_blockers(facts: Facts) -> Iterator[Blocker]:
    """Return what a step of a switchover needs and drctl may not do."""
    yield from _lacking(facts.source, Rule.OWN_RIGHT_MISSING, AT_SOURCE)
    yield from _lacking(facts.source, Rule.FENCE_FORBIDDEN, (FENCES,))
    yield from own_rights_at_target(facts)


def own_rights_at_target(facts: Facts) -> Iterator[Blocker]:
    """Return those of the target alone, which a failover needs, too."""
    yield from _lacking(facts.target, Rule.OWN_RIGHT_MISSING, AT_TARGET)
    yield from _lacking(facts.target, Rule.FENCE_FORBIDDEN, (UNFENCES,))


def own_rights_advice(facts: Facts) -> Iterator[Blocker]:
    """Return what no step of a switchover fails without."""
    yield from _lacking(facts.source, Rule.OWN_RIGHT_MISSING, USEFUL_AT_SOURCE)
    yield from _lacking(facts.target, Rule.OWN_RIGHT_MISSING, USEFUL_AT_TARGET)


def _lacking(site: SiteFacts, rule: Rule, needs: Iterable[NeededRight]) -> Iterator[Blocker]:
    if site.rights.value is None:
        return
    for need in needs:
        names = _without(site.rights.value, need)
        if names:
            on = "the cluster" if need.kind == "CLUSTER" else _shown(need.kind.lower(), names)
            detail = f"{site.name}: drctl may not {need.operation} {on}: {need.why}"
            yield Blocker(rule, detail, _remedy(site, site.rights.value, need, names))


def _told(rights: OwnRights, need: NeededRight) -> Mapping[str, frozenset[str]]:
    """Operations by name, of what the need is about; the cluster under Kafka's own name."""
    if need.kind == "CLUSTER":
        return {"kafka-cluster": rights.cluster}
    if need.kind == "GROUP":
        return rights.groups
    special = (JOURNAL, OFFSETS)
    return {n: may for n, may in rights.topics.items() if n == need.only or not (need.only or n in special)}


def _without(rights: OwnRights, need: NeededRight) -> list[str]:
    """Names on which the operation is not allowed."""
    return sorted(
        name
        for name, may in _told(rights, need).items()
        if need.operation not in may and ("DESCRIBE" in may or need.operation not in UNTOLD)
    )


def _remedy(site: SiteFacts, rights: OwnRights, need: NeededRight, names: list[str]) -> str:
    denying = _denying(site, rights, need, names)
    if denying is None:
        return _allowing(site, rights, need, names)
    remove = f"remove the rule at {site.name}: {denying}"
    if denying.host == "*":
        return remove
    # Where drctl runs is not known: elsewhere that rule denies it nothing.
    return f"if drctl runs at {denying.host}, {remove}; else: {_allowing(site, rights, need, names)}"


def _allowing(site: SiteFacts, rights: OwnRights, need: NeededRight, names: list[str]) -> str:
    """The line that allows it."""
    option = OPTIONS.get(need.kind)
    if option is None:
        where = "--cluster"
    else:
        where = " ".join(f"{option} {shlex.quote(name)}" for name in (names if len(names) <= FEW else ["*"]))
    operation = need.operation.replace("_", " ").title().replace(" ", "")
    wanted = f"--allow-principal {shlex.quote(rights.principal or 'User:DRCTL')} --operation {operation} {where}"
    if site.kafka_user:
        return f"add it to the rules of KafkaUser/{site.kafka_user}, as in: {wanted}"
    brokers = site.cluster.value.brokers if site.cluster.value else ()
    server = f"{brokers[0].host}:{brokers[0].port}" if brokers else "BROKER"
    return f"kafka-acls.sh --bootstrap-server {server} --command-config ADMIN.properties --add {wanted}"


def _denying(site: SiteFacts, rights: OwnRights, need: NeededRight, names: list[str]) -> AclRule | None:
    """A rule that denies it, by whatever allow, for any host if there is one; None if none is known to."""
    me = (rights.principal, EVERYONE)
    about = [rule for rule in site.rules.value or () if not rule.allow and rule.principal in me]
    told = _told(rights, need)
    # Where DESCRIBE is denied nothing is told, whatever else is allowed.
    for name, operation in [(n, need.operation) for n in names] + [(n, "DESCRIBE") for n in names if not told[n]]:
        for rule in sorted(about, key=lambda each: (each.host != "*", each)):
            asked = AclRule(rule.principal, rule.host, operation, need.kind, name, "LITERAL", allow=False)
            if says(rule, asked):
                return rule
    return None


def _shown(kind: str, names: list[str]) -> str:
    """Names for people, as in ``topics orders, prices``."""
    if len(names) == 1:
        return f"{kind} {names[0]}"
    if len(names) <= FEW:
        return f"{kind}s {', '.join(names)}"
    return f"{counted(len(names), kind)}, such as {names[0]}"
