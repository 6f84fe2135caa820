"""From what a drill left behind to its verdict: no lab and no clock, so that any history can be judged again."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from drctl.drills.client_evidence import evidence, windows
from drctl.drills.outage_evidence import outage_evidence, outage_windows
from drctl.drills.outcome import Handover, Outage, Work
from drctl.drills.timeline import Histories
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
    They may read again what they had read since their positions were last copied, as after any crash: that is told.
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


def _of_site(site: str, history: Iterable[Event], found: Iterable[Event]) -> Iterator[Event]:
    """Yield what a reader found of that which was acknowledged at a site, and so never was at the lost one."""
    own = {(e.stream, e.sequence) for e in history if isinstance(e, Acknowledged) and e.site == site}
    return (event for event in found if isinstance(event, Seen) and (event.stream, event.sequence) in own)
