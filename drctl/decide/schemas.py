"""Schemas compared: whether clients that read records at the target find what they were written with.

MirrorMaker 2 copies records byte by byte, and in them the id of their schema; so what counts is what the target's
registry has under that id.

| at the source | at the target | told |
| --- | --- | --- |
| orders-value 1: id 7, a | the same | nothing |
| orders-value 1: id 7, a | id 7 is b, of whatever subject | another schema: records would be read with b |
| orders-value 1: id 7, a | no orders-value 1 | missing |
| orders-value 1: id 7, a | orders-value 1: id 9 | another id: records ask for 7 |
| nothing | orders-value 2: id 8 | nothing: no record has it yet |
"""

from collections.abc import Iterator, Sequence

from drctl.decide.rules import Blocker, Rule
from drctl.errors import at_site
from drctl.model.facts import Facts, SiteFacts
from drctl.model.schemas import Schemas, SubjectVersion
from drctl.model.wording import counted

SHOWN = 5
"""Subjects that are named of many: the first show what is wrong, and the number how far it reaches."""


def schema_inequalities(facts: Facts) -> Iterator[Blocker]:
    """Return what clients would miss at the target. Nothing where the plan file does not name both registries."""
    source, target = facts.source, facts.target
    if source.schemas is None or target.schemas is None:
        return
    for site in (source, target):
        yield from schemas_unknown(site)
    if source.schemas.value is None or target.schemas.value is None:
        return
    copy = "copy the registry by its own means, with the ids"
    for what, found, remedy in _lacking(source.schemas.value, target.schemas.value):
        if found:
            names = ", ".join(f"{each.subject} {each.version}" for each in found[:SHOWN])
            more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
            detail = f"{target.name}: its schema registry {what} {counted(len(found), 'version')}: {names}{more}"
            yield Blocker(Rule.SCHEMA_DIFFERS, detail, remedy or copy)


def schemas_unknown(site: SiteFacts) -> Iterator[Blocker]:
    """Name a registry that could not be read."""
    if site.schemas is not None and not site.schemas.known:
        detail = f"{site.name}: its schemas could not be read: {at_site(site.name, site.schemas.unknown)}"
        yield Blocker(Rule.SCHEMAS_UNKNOWN, detail, "see the reason; clients may not get their schemas either")


def _lacking(here: Schemas, there: Schemas) -> Iterator[tuple[str, Sequence[SubjectVersion], str]]:
    """By what is wrong with them the source's versions, and what helps; worst first."""
    by_id: dict[int, set[str]] = {}
    for each in there.values():
        by_id.setdefault(each.id, set()).add(each.fingerprint)
    other: list[SubjectVersion] = []
    missing: list[SubjectVersion] = []
    renumbered: list[SubjectVersion] = []
    for version in sorted(here):
        known, found = here[version], there.get(version)
        if known.fingerprint not in by_id.get(known.id, {known.fingerprint}):
            other.append(version)
        elif found is None:
            missing.append(version)
        elif found.id != known.id:
            renumbered.append(version)
    yield "has another schema under the id of", other, "give the ids of its own to nothing else: clear it, copy again"
    yield "lacks", missing, ""
    yield "has another id for", renumbered, ""
