"""From what an isolated drill has seen to its verdict: no site and no clock, so that anybody can judge it again.

========================================================================  ============
a record lost, doubled or changed, at one of the sites; one that the
group skipped or was given twice                                          refuted
not begun or not ended, no record copied, a position that was not put to
a test at the other site, or at home again; something stays at a site     inconclusive
all of that seen, and the planted faults caught                           proved
========================================================================  ============
"""

from collections.abc import Iterator, Sequence

from drctl.drills.isolated.place import PARTITIONS
from drctl.drills.isolated.trial import GROUP, IsolatedTrial, Leg
from drctl.drills.judging import Judgement
from drctl.drills.timeline import Histories
from drctl.ledger.checker import check
from drctl.ledger.control import caught, caught_in_copy
from drctl.ledger.findings import Findings
from drctl.ledger.verdict import EvidenceRequirements, Traffic, WindowPhase, judge, reached
from drctl.model.verdict import Verdict

FLOOR = 50 * PARTITIONS
"""Records in each window: fewer than the drill writes, more than fit beside one offset sync."""
LOST = "lost"


def judged(trial: IsolatedTrial, histories: Histories) -> Judgement:
    """Judge a drill by its clients' histories and by what fresh readers found at both sites."""
    groups = {trial.group: (trial.topic,)}
    history = tuple(histories.events())
    events, mirrored = [*history, *trial.primary], [*history, *trial.standby]
    findings, copied = check(events, groups=groups), check(mirrored)
    seen = {**dict(_evidence(trial, histories, findings, copied)), **reached(findings)}
    control = {**caught(events, groups=groups), **caught_in_copy(mirrored)}
    weight = EvidenceRequirements(_windows(trial, histories), seen, control, faults=tuple(_faults(trial, copied)))
    verdict, reasons = judge(findings, weight)
    hindered = tuple(each.detail for each in trial.hindrances)
    if hindered and verdict is not Verdict.REFUTED:
        return Judgement(Verdict.INCONCLUSIVE, hindered, findings, copied, weight)
    return Judgement(verdict, (*reasons, *hindered), findings, copied, weight)


def _evidence(
    trial: IsolatedTrial, histories: Histories, findings: Findings, copied: Findings
) -> Iterator[tuple[str, bool]]:
    yield "the drill came to its end", not trial.hindrances and trial.ended > trial.began
    yield f"the link copied every record to {trial.target}", bool(copied.records.seen) and not copied.records.lost
    legs = [(leg.source, leg.target) for leg in trial.legs]
    there, home = (trial.source, trial.target), (trial.target, trial.source)
    yield "the group's positions were proven both ways", legs == [there, home]
    yield (
        "they were proven in every partition",
        all(len(leg.positions) == PARTITIONS for leg in trial.legs),
    )
    for number, (_, site) in enumerate((there, home)):
        tested = len(legs) > number and _read_after(histories, site, trial.legs[number], findings)
        yield f"the group read on at {site}", tested
    yield "nothing of the drill is left at a site", not trial.stays and bool(trial.removed)


def _read_after(histories: Histories, site: str, leg: Leg, findings: Findings) -> bool:
    """Whether the group processed a record there in every partition once its positions had been handed over."""
    lines = (line for line in histories.lines.get(GROUP, ()) if line.site == site and line.at >= leg.ended)
    partitions = {record[2] for line in lines if line.kind == "processed" for record in line.records}
    return len(partitions) == PARTITIONS and bool(findings.records.acknowledged)


def _faults(trial: IsolatedTrial, copied: Findings) -> Iterator[str]:
    """Yield each fault of the copies. One that is missing may be on its way, unless the drill came to its end."""
    for name, found in copied.records.faults.items():
        if found and (name != LOST or (trial.standby and not trial.hindrances)):
            yield f"at {trial.target}: {found.count} {name.replace('_', ' ')}, first: {found.examples[0]}"


def _windows(trial: IsolatedTrial, histories: Histories) -> dict[str, Traffic]:
    bounds: Sequence[float] = (0.0, float("inf"), float("inf"))
    if trial.legs:
        bounds = (0.0, trial.legs[0].began, trial.legs[0].ended)
    names = ("before the group moved", "while it moved", "after it had moved")
    ends = (*bounds[1:], float("inf"))
    return {
        name: Traffic(phase, histories.acknowledged_between(began, ended), FLOOR)
        for name, phase, began, ended in zip(names, WindowPhase, bounds, ends, strict=True)
    }
