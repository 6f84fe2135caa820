"""Rights compared: which rules of one site are not matched at another, for what a plan file names."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from drctl.model.access import EVERYONE, AclRule

IMPLIED = {
    "DESCRIBE": frozenset({"DESCRIBE", "READ", "WRITE", "DELETE", "ALTER"}),
    "DESCRIBE_CONFIGS": frozenset({"DESCRIBE_CONFIGS", "ALTER_CONFIGS"}),
}
"""Operations whose ALLOW grants another one, too (Kafka's own implications)."""

READING = ("READ", "DESCRIBE", "DESCRIBE_CONFIGS")

type Names = Mapping[str, Collection[str]]
"""The plan's names by kind, TOPIC and GROUP."""


def applications(rules: Iterable[AclRule], names: Names) -> frozenset[str]:
    """Principals that a rule lets do something with a topic or group of the plan."""
    return frozenset(rule.principal for rule in rules if rule.allow and _touches(rule, names))


def not_drctls(rules: Collection[AclRule]) -> frozenset[AclRule]:
    """Leave out the fence that drctl made, and its marks; a rule of that shape without a mark is not drctl's."""
    marked = {(rule.principal, rule.kind) for rule in rules if rule.marks}
    # The fence differs between the sites by design; compared, each would look like a right that is missing
    # or too much.
    return frozenset(r for r in rules if not r.marks and not (r.fences and (r.principal, r.kind) in marked))


def unmatched(
    here: Collection[AclRule],
    there: Collection[AclRule],
    names: Names,
    at_work: Collection[str],
    images: Mapping[str, str] | None = None,
) -> Iterator[AclRule]:
    """Rules of ``here``, in order, that say something about the plan's work which no one rule of ``there`` says.

    Topic and group rules count for the plan's names only: another pattern that matches them all the same is as good.
    Who may read a topic must be able to read its copy, too, where ``images`` says that it has another name. Rules for
    transactional ids and the cluster count for principals that are ``at_work``, see :func:`applications`.
    """
    called = images or {}
    for rule in sorted(here):
        if rule.kind in names:
            narrow = [rule._replace(name=name, pattern="LITERAL") for name in names[rule.kind] if rule.covers(name)]
            if any(not _said(each, there) for each in narrow):
                yield rule
            if rule.kind == "TOPIC" and rule.operation in READING:
                copies = [each._replace(name=called[each.name]) for each in narrow if each.name in called]
                yield from (each for each in copies if not _said(each, there))
        elif rule.principal in (*at_work, EVERYONE) and not _said(rule, there):
            yield rule


def unwritable(rules: Collection[AclRule], principal: str, topics: Collection[str]) -> Iterator[str]:
    """Why a principal cannot write to these topics or in transactions, for people; rules for single hosts deny nobody.

    An ALLOW for any host counts: where the principal's client runs is not known.
    """
    about = [r for r in rules if r.principal in (principal, EVERYONE) and r.operation in ("WRITE", "ALL")]
    # A DENY for one host stops only a client there. Where replication runs is not known, so it is not
    # counted against it.
    denied = [r for r in about if not r.allow and r.host == "*"]
    for topic in topics:
        by = sorted(str(rule) for rule in denied if rule.kind == "TOPIC" and rule.covers(topic))
        if by:
            yield f"is denied topic {topic}: {by[0]}"
        elif not any(rule.allow and rule.kind == "TOPIC" and rule.covers(topic) for rule in about):
            yield f"has no right to write to topic {topic}"
    yield from (
        f"is denied its transactions: {rule}"
        for rule in sorted(denied)
        if rule.kind == "TRANSACTIONAL_ID" and rule.name == "*"
    )


def _said(rule: AclRule, there: Iterable[AclRule]) -> bool:
    return any(says(each, rule) for each in there)


def says(wider: AclRule, rule: AclRule) -> bool:
    """Whether ``wider`` allows, or denies, at least all that ``rule`` does."""
    operations = IMPLIED.get(rule.operation, frozenset({rule.operation})) if rule.allow else {rule.operation}
    return (
        wider.allow == rule.allow
        and wider.kind == rule.kind
        and wider.principal in (rule.principal, EVERYONE)
        and wider.host in (rule.host, "*")
        and (wider.operation == "ALL" or wider.operation in operations)
        and _spans(wider, rule)
    )


def _spans(wider: AclRule, rule: AclRule) -> bool:
    if wider.pattern == "PREFIXED":
        return rule.name.startswith(wider.name) and not (rule.name == "*" and rule.pattern == "LITERAL")
    return wider.name == "*" or (wider.name, wider.pattern) == (rule.name, rule.pattern)


def _touches(rule: AclRule, names: Names) -> bool:
    return any(rule.covers(name) for name in names.get(rule.kind, ()))


def lacking(may: Mapping[str, Collection[str]], needed: Collection[str]) -> list[str]:
    """Return what is needed on each topic and not allowed, for people; ``may`` is by topic."""
    missing = {name: sorted(set(needed).difference(allowed)) for name, allowed in sorted(may.items())}
    return [f"{' and '.join(operations)} topic {name}" for name, operations in missing.items() if operations]
