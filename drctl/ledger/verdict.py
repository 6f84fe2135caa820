"""From findings to a verdict. Only *proved* is a success, and it has to be earned.

The first line that applies decides; every way to a false *proved* that is known has its history in ``tests/histories``.

========================================================  ============
any fault in the findings                                 refuted
a history incomplete, a planted fault missed, a witness
missing, a record expired before anybody read it, a
group not at the end of what it reads                     inconclusive
no evidence, no traffic before, during or after, too
little of it, nothing acknowledged, no group at work      vacuous
none of these                                             proved
========================================================  ============
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from drctl.ledger.control import FROM_TAIL, PLANTED
from drctl.ledger.findings import Findings, GroupFindings
from drctl.model.verdict import Verdict

IN_WORDS = {"deleted": "deleted: the log's start moved past them, and retention cannot have done so"}
"""Classes of faults that need more than their name."""


class WindowPhase(StrEnum):
    """Where a window lies, seen from the event that is judged."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


class Traffic(NamedTuple):
    """Records acknowledged in one window, and how many are needed there at least for them to mean something."""

    phase: WindowPhase
    acknowledged: int
    floor: int


@dataclass(frozen=True, slots=True)
class EvidenceRequirements:
    """State how much a drill must hold before a clean history means something.

    ``windows``: the traffic of each window by its name; every phase needs one. ``evidence``: what had to be witnessed
    by another than the one who did it, and whether it was. ``control``: per planted fault whether the same checker
    named it; those in ``planted`` must be among them besides what every history needs. ``complete``: every client's
    history could be read to its end. ``redelivery``: a group may read a record again, as at-least-once consumers do
    when a coordinator dies; it is noted and is no fault. Skipping one always is. ``faults``: what refutes besides what
    was found, in words.
    """

    windows: Mapping[str, Traffic]
    evidence: Mapping[str, bool]
    control: Mapping[str, bool]
    complete: bool = True
    redelivery: bool = False
    planted: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


def reached(findings: Findings) -> dict[str, bool]:
    """Per group whether it read everything that is there in its topics, and per topic that nobody reads that it is not.

    Evidence of every verdict: ``judge`` takes it from the findings, whatever ``EvidenceRequirements.evidence`` says.
    """
    ends = {_reads_on(group): group.topics is not None and not group.unread for group in findings.groups}
    return {**ends, **{f"a group reads {topic}": False for topic in findings.unattended}}


def shortfalls(findings: Findings, weight: EvidenceRequirements) -> tuple[str, ...]:
    """Return what keeps a history from meaning something, but for what groups have not reached.

    For one that must be refuted: what is lost no group can reach.
    """
    reach = reached(findings)
    evidence = {what: witnessed for what, witnessed in weight.evidence.items() if what not in reach}
    without = replace(weight, evidence=evidence)
    return (*_gaps(findings, without, {}), *_thin(findings, without))


def _reads_on(group: GroupFindings) -> str:
    return f"group {group.name} reached the acknowledged end of what it reads"


def judge(findings: Findings, weight: EvidenceRequirements) -> tuple[Verdict, tuple[str, ...]]:
    """The verdict with every reason for it."""
    faults = (*_faults(findings, redelivery=weight.redelivery), *weight.faults)
    # Before anything else: no lack of evidence makes a lost record less lost.
    if faults:
        return Verdict.REFUTED, faults
    gaps, thin = tuple(_gaps(findings, weight, reached(findings))), tuple(_thin(findings, weight))
    # Before what is thin: where a history is incomplete, that nothing happened in it is not known either.
    if gaps:
        return Verdict.INCONCLUSIVE, (*gaps, *thin)
    if thin:
        return Verdict.VACUOUS, thin
    return Verdict.PROVED, (_proved(findings),)


def _proved(findings: Findings) -> str:
    again = sum(group.repeated.count for group in findings.groups)
    groups = f"skipped none and read {again} again" if again else "skipped or repeated none"
    stranded = findings.records.stranded.count
    there = f"all {findings.records.acknowledged} acknowledged records are there once"
    if stranded:
        there = f"{there}, {stranded} of them in the stranded tail and nowhere else"
    return f"{there}, and every group read to the end and {groups}"


def _faults(findings: Findings, *, redelivery: bool) -> Iterator[str]:
    for name, found in findings.records.faults.items():
        if found:
            yield f"{found.count} {IN_WORDS.get(name) or name.replace('_', ' ')}, first: {found.examples[0]}"
    for group in findings.groups:
        if group.skipped:
            yield f"group {group.name} skipped {group.skipped.count}, first: {group.skipped.examples[0]}"
        if group.phantom:
            yield f"group {group.name} processed {group.phantom.count} never sent, first: {group.phantom.examples[0]}"
        if group.repeated and not redelivery:
            yield f"group {group.name} repeated {group.repeated.count}, first: {group.repeated.examples[0]}"


def _gaps(findings: Findings, weight: EvidenceRequirements, reach: Mapping[str, bool]) -> Iterator[str]:
    if not weight.complete:
        yield "a client's history is incomplete"
    if expired := findings.records.expired:
        yield f"{expired.count} expired before they could be read, first: {expired.examples[0]}"
    for log in findings.undecided:
        yield f"whether retention removed them cannot be told of {log}"
    planted = (*PLANTED, FROM_TAIL) if findings.records.stranded else PLANTED
    # A fault of the control that nobody has planted fails as one that was not caught: get() is None for it.
    if not all(weight.control.get(kind) for kind in (*planted, *weight.planted, *weight.control)):
        yield "the checker did not catch every planted fault"
    short = {_reads_on(group): _short(group) for group in findings.groups}
    for what, witnessed in {**weight.evidence, **reach}.items():
        if not witnessed:
            yield f"not witnessed: {what}{short.get(what, '')}"


def _short(group: GroupFindings) -> str:
    if group.topics is None:
        return ", since nobody said which topics it reads"
    return f", {group.unread.count} records are unread, first: {group.unread.examples[0]}" if group.unread else ""


def _thin(findings: Findings, weight: EvidenceRequirements) -> Iterator[str]:
    if not weight.evidence:
        yield "nothing had to be witnessed"
    told = {traffic.phase for traffic in weight.windows.values()}
    yield from (f"no window shows the traffic {phase} the event" for phase in WindowPhase if phase not in told)
    for window, traffic in weight.windows.items():
        if traffic.floor < 1:
            yield f"no record had to be acknowledged {window}"
        if traffic.acknowledged < traffic.floor:
            yield f"only {traffic.acknowledged} records were acknowledged {window}, at least {traffic.floor} are needed"
    if not findings.records.acknowledged:
        yield "no record was acknowledged"
    if not findings.groups:
        yield "no group processed anything"
    for group in findings.groups:
        if not group.processed:
            yield f"group {group.name} processed nothing"
