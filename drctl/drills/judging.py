"""From what a drill left behind to its verdict: no lab and no clock, so that any history can be judged again."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from drctl.drills.client_evidence import OPENED, evidence, windows
from drctl.drills.home_evidence import home_evidence, home_windows
from drctl.drills.outage_evidence import outage_evidence, outage_windows
from drctl.drills.outcome import Handover, Outage, Work
from drctl.drills.timeline import Histories
from drctl.drills.way_home import (
    PLANTED,
    TAIL_READ,
    Numbered,
    SecondLook,
    made_anew,
    without_offsets,
    without_tail,
)
from drctl.ledger.checker import check
from drctl.ledger.control import caught, caught_in_copy
from drctl.ledger.events import Acknowledged, Event, Seen, Stranded
from drctl.ledger.findings import Findings
from drctl.ledger.kept import kept_at
from drctl.ledger.verdict import EvidenceRequirements, judge, reached
from drctl.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its reasons and with all that it rests on; ``standby`` is None where there is none any more."""

    verdict: Verdict
    reasons: tuple[str, ...]
    findings: Findings
    standby: Findings | None
    weight: EvidenceRequirements


def judged(
    work: Work,
    histories: Histories,
    handovers: Sequence[Handover],
    *,
    primary: Sequence[Event],
    standby: Sequence[Event],
    complete: bool,
) -> Judgement:
    """Judge a drill by its clients' histories and by what a fresh reader found at both sites when all was over."""
    history = tuple(histories.events())
    events = [*history, *primary]
    kept = kept_at(primary, standby)
    findings = check(events, compacted=work.compacted, groups=work.groups, kept=kept)
    mirrored = [*history, *standby]
    # The standby by itself, without groups: a record that is missing there must not be made up for by one
    # that is at the primary.
    copied = check(mirrored, compacted=work.compacted)
    seen = {**evidence(histories, handovers, copied, work.clients), **reached(findings)}
    control = {
        **caught(events, compacted=work.compacted, groups=work.groups, kept=kept),
        **caught_in_copy(mirrored, compacted=work.compacted),
    }
    weight = EvidenceRequirements(windows(histories, handovers), seen, control, complete=complete)
    return Judgement(*judge(findings, weight), findings, copied, weight)


def judged_outage(
    work: Work,
    histories: Histories,
    outage: Outage,
    *,
    survivor: Sequence[Event],
    stranded: Sequence[Stranded],
    complete: bool,
) -> Judgement:
    """Judge a drill that lost a site by its clients' histories, a fresh reader at the survivor, and the salvaged tail.

    What was acknowledged has to be in one of the two, and in one only. Groups may skip nothing that is at the survivor.
    They may read again what they had read since their positions were last copied, as after any crash: that is reported.
    A superseded record of the lost site may have been compacted away there before a group came, and need not be read.
    """
    history = tuple(histories.events())
    events = [*history, *stranded, *survivor]
    kept = kept_at(_of_site(outage.target, history, survivor))
    findings = check(events, compacted=work.compacted, groups=work.groups, kept=kept)
    seen = {**outage_evidence(work, histories, outage, findings, stranded), **reached(findings)}
    control = caught(events, compacted=work.compacted, groups=work.groups, kept=kept)
    weight = EvidenceRequirements(outage_windows(histories, outage), seen, control, complete=complete, redelivery=True)
    return Judgement(*judge(findings, weight), findings, None, weight)


def judged_circle(
    work: Work,
    histories: Histories,
    outage: Outage,
    home: Handover,
    *,
    primary: Sequence[Event],
    standby: Sequence[Event],
    stranded: Sequence[Stranded],
    complete: bool,
) -> Judgement:
    """Judge a drill that lost a site and took the work home again; ``primary`` was found at home, ``standby`` at the
    site that had gone on.

    All that holds of an outage holds here. What was acknowledged, wherever, has to be at home or in the tail, in one
    of them and once: the tail that lies in the log at home is left out where it lay. The standby must hold the same. On
    the way home nothing may be read again, and nothing of the tail.
    """
    anew = made_anew(home)
    history = tuple(without_offsets(histories.events(), home.target, anew))
    at_home = tuple(without_offsets(without_tail(primary, stranded, anew), home.target, anew))
    events = [*history, *stranded, *at_home]
    own = set(_acknowledged_since(history, outage, home))
    kept = kept_at(_among(own, at_home), _among(own, standby))
    findings = check(events, compacted=work.compacted, groups=work.groups, kept=kept)
    mirrored = [*history, *stranded, *standby]
    copied = check(mirrored, compacted=work.compacted)
    look = SecondLook.of(work, home)
    seen = {
        **outage_evidence(work, histories, outage, findings, stranded, until=home.step_began(OPENED)),
        **home_evidence(work, histories, outage, home, copied),
        **reached(findings),
    }
    control = {
        **caught(events, compacted=work.compacted, groups=work.groups, kept=kept),
        **caught_in_copy(mirrored, compacted=work.compacted),
        **look.control(events),
    }
    weight = EvidenceRequirements(
        {**outage_windows(histories, outage), **home_windows(histories, home)},
        seen,
        control,
        complete=complete,
        redelivery=True,
        planted=(*PLANTED, TAIL_READ) if findings.records.stranded else PLANTED,
        faults=look.faults(look.findings(events)),
    )
    verdict, reasons = judge(findings, weight)
    if verdict is Verdict.PROVED:
        reasons = (f"{reasons[0]}; nothing was lost, copied twice or read again on the way home",)
    return Judgement(verdict, reasons, findings, copied, weight)


def _acknowledged_since(history: Iterable[Event], outage: Outage, home: Handover) -> Iterator[Numbered]:
    """Yield what was acknowledged where groups were at work after the loss: it was never at the site as it was lost."""
    for event in history:
        if isinstance(event, Acknowledged) and (event.site == outage.target or event.at >= home.began):
            yield event.stream, event.sequence


def _of_site(site: str, history: Iterable[Event], found: Iterable[Event]) -> Iterator[Event]:
    """Yield what a reader found of that which was acknowledged at a site, and so never was at the lost one."""
    return _among({(e.stream, e.sequence) for e in history if isinstance(e, Acknowledged) and e.site == site}, found)


def _among(own: Collection[Numbered], found: Iterable[Event]) -> Iterator[Event]:
    return (event for event in found if isinstance(event, Seen) and (event.stream, event.sequence) in own)
