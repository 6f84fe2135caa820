"""Diagnosis: everything that is not as it should be between two sites, by how much it matters."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from drctl.decide.advice import advice
from drctl.decide.capacity import Need, needs_now
from drctl.decide.equality import Unseen, unseen
from drctl.decide.losses import losses
from drctl.decide.own_rights import own_rights_advice
from drctl.decide.quotas import quota_differences
from drctl.decide.readiness import blockers, costs
from drctl.decide.rules import Blocker, Rule
from drctl.decide.upkeep import upkeep_failures, upkeep_unseen, upkeep_warnings
from drctl.model.cluster import Topic
from drctl.model.copying import LinkLook
from drctl.model.facts import Facts
from drctl.model.fixes import Fix
from drctl.model.guards import Guards
from drctl.model.reading import Reading
from drctl.model.upkeep import Upkeep


class Severity(StrEnum):
    """How much a finding matters."""

    BLOCKS = "blocks a switchover"
    COSTS = "costs something"
    ADVICE = "could be better"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be."""

    severity: Severity
    reason: Blocker

    @property
    def place(self) -> str:
        """Where: the site, topic, connector or link that the reason's text begins with."""
        return self.reason.detail.partition(": ")[0]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All findings, worst first, what nobody can compare, and what the shift that is on demands of the target.

    ``upkeep`` is what was seen of certificates, clocks and disks, also where nothing is wrong with them.
    """

    findings: tuple[Finding, ...]
    unseen: tuple[Unseen, ...]
    needs: tuple[Need, ...]
    upkeep: Upkeep

    @property
    def fixes(self) -> tuple[Fix, ...]:
        """Every safe change, each once, in the order of the findings: topics before rights before connectors."""
        found = (each.reason.fix for each in self.findings)
        return tuple(dict.fromkeys(fix for fix in found if fix is not None))

    def during(self, run: str) -> "Diagnosis":
        """The same while that run is unfinished: what blocks may be its own doing, so its end is the first remedy."""
        remedy = f"run {run} is unfinished and may have made it so: finish it first, 'drctl runs resume {run}'"
        return replace(self, findings=tuple(_left_to(remedy, each) for each in self.findings))

    @property
    def exit_code(self) -> int:
        """0 if nothing is wrong, else what a gate would exit with for the first finding; advice is nothing wrong."""
        wrong = (each.reason.concern.value for each in self.findings if each.severity is not Severity.ADVICE)
        return next(wrong, 0)


def diagnose(
    facts: Facts,
    looks: Sequence[LinkLook],
    syncs_topic: Reading[Topic | None],
    *,
    upkeep: Upkeep,
    guards: Guards,
    now: datetime,
) -> Diagnosis:
    """Judge one look at both sites and some at the link, oldest first."""
    facts, upkeep = _one_look_at_disks(facts, upkeep)
    blocking = tuple(blockers(facts, guards, now))
    found = [
        *_as(Severity.BLOCKS, blocking),
        *_as(Severity.COSTS, losses(looks) if looks else ()),
        *_as(Severity.COSTS, costs(facts)),
        *_as(Severity.COSTS, (each for each in upkeep_failures(upkeep) if each not in blocking)),
        *_as(Severity.ADVICE, (each for _, each in quota_differences(facts.source, facts.target, less=False))),
        *_as(Severity.ADVICE, own_rights_advice(facts)),
        *_as(Severity.ADVICE, upkeep_warnings(upkeep)),
        *_as(Severity.ADVICE, advice(facts.link.link, facts.link.status.value, syncs_topic.value)),
    ]
    if not syncs_topic.known and not (syncs_topic.silent and found):  # who is silent is named above
        detail = f"{facts.link.link.name}: the settings of the offset-syncs topic: {syncs_topic.unknown}"
        found.append(Finding(Severity.COSTS, Blocker(Rule.FACTS_UNKNOWN, detail, "see the reason, then look again")))
    missed = (*unseen(facts), *upkeep_unseen(upkeep))
    return Diagnosis(tuple(found), missed, tuple(needs_now(facts)), upkeep)


def _one_look_at_disks(facts: Facts, upkeep: Upkeep) -> tuple[Facts, Upkeep]:
    """Take what either look saw of the target's disks for both, so that one directory is not told with two sizes."""
    told = next((site.disks for site in upkeep.sites if site.name == facts.target.name), {})
    disks = {**facts.target.disks, **{who: seen for who, seen in told.items() if seen.known}}
    sites = (replace(site, disks=disks) if site.name == facts.target.name else site for site in upkeep.sites)
    return replace(facts, target=replace(facts.target, disks=disks)), replace(upkeep, sites=tuple(sites))


def _left_to(remedy: str, found: Finding) -> Finding:
    if found.severity is not Severity.BLOCKS:
        return found
    # Without its fix, too: mended in the middle of a run, a site may lose what the run has just brought
    # about, such as a fence.
    return replace(found, reason=replace(found.reason, remedy=remedy, fix=None))


def _as(severity: Severity, reasons: Iterable[Blocker]) -> Iterator[Finding]:
    return (Finding(severity, each) for each in reasons)
