"""From a drill to its report as plain values."""

from collections import Counter
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any

from drctl.drills.outcome import Drill, Handover, MovedWork, PlanFacts, SiteSettings
from drctl.drills.report import definitions
from drctl.drills.report.moments import iso
from drctl.drills.report.outage import outage_part
from drctl.drills.report.schema import (
    DrilledSitePart,
    GroupPart,
    JournalPart,
    MomentPart,
    PlanPart,
    RecordsPart,
    Report,
    RunPart,
    StepPart,
    TotalsPart,
    WindowPart,
)
from drctl.drills.report.schema_handover import HandedGroup, HandoverPart, PausePart
from drctl.drills.timeline import ClientPause
from drctl.ledger.findings import Findings


def build(drill: Drill) -> Report:
    """The report of a drill."""
    return Report(
        schema_version=2,
        verdict=drill.verdict.value,
        reasons=list(drill.reasons),
        run=_run(drill),
        plan=_plan(drill.provenance.plan),
        journal=JournalPart(lines=drill.provenance.journal.lines, head=drill.provenance.journal.digest),
        steps=[step for move in drill.moves for step in _steps(move)],
        records=_records(drill.findings),
        groups=_groups(drill),
        totals=_totals(drill),
        handovers=[_handover(drill, handover) for handover in drill.handovers],
        sites=[_site(posture) for posture in drill.postures],
        timeline=[MomentPart(at=iso(at), what=what) for at, what in sorted(_moments(drill), key=itemgetter(0))],
        windows=[
            WindowPart(name=name, acknowledged=traffic.acknowledged, floor=traffic.floor)
            for name, traffic in drill.weight.windows.items()
        ],
        evidence=dict(drill.weight.evidence),
        negative_control=dict(drill.weight.control),
        standby=None if drill.standby is None else _records(drill.standby),
        outage=None if drill.outage is None else outage_part(drill.outage, drill.histories, *drill.handovers),
        definitions=definitions.of(outage=drill.outage is not None, home=bool(drill.handovers)),
    )


def _run(drill: Drill) -> RunPart:
    origin = drill.provenance
    return RunPart(
        id=drill.id,
        kind="drill",
        began=iso(drill.began),
        ended=iso(drill.ended),
        user=origin.user,
        host=origin.host,
        versions=origin.versions,
        commit=origin.commit.id if origin.commit else None,
        local_changes=origin.commit.changed if origin.commit else None,
    )


def _plan(plan: PlanFacts) -> PlanPart:
    return PlanPart(
        name=plan.name,
        file=plan.file,
        digest=plan.digest,
        topics=list(plan.topics),
        recovery_time=plan.objective.recovery_time,
        recovery_point=plan.objective.recovery_point,
    )


def _steps(move: MovedWork) -> Iterator[StepPart]:
    for timing, span in zip(move.result.timings, move.spans, strict=True):
        yield StepPart(
            name=timing.name,
            seconds=round(timing.seconds, 3),
            began=iso(span.began),
            ended=iso(span.ended),
            handover=f"{move.source} to {move.target}",
            found_done=timing.found_done,
        )


def _site(posture: SiteSettings) -> DrilledSitePart:
    return DrilledSitePart(
        name=posture.site,
        cluster_id=posture.cluster_id,
        brokers=posture.brokers,
        replication_factor=posture.replicas,
        min_insync_replicas=posture.in_sync,
    )


def _moments(drill: Drill) -> Iterator[tuple[float, str]]:
    yield from drill.phases
    for move in drill.moves:
        name = f"{move.kind} from {move.source} to {move.target}"
        yield move.spans[0].began, f"{name} begins"
        yield from ((span.ended, f"{span.step} ended after {span.ended - span.began:.1f} s") for span in move.spans)
        yield move.spans[-1].ended, f"{name} has ended"


def _records(findings: Findings) -> RecordsPart:
    records = findings.records
    counts = {name: found.count for name, found in records.faults.items()}
    return RecordsPart(
        acknowledged=records.acknowledged,
        recovered=records.recovered.count,
        superseded=records.superseded,
        stranded=records.stranded.count,
        expired=records.expired.count,
        examples={
            name: list(found.examples)
            for name, found in {**records.faults, "expired": records.expired}.items()
            if found
        },
        **counts,
    )


def _groups(drill: Drill) -> list[GroupPart]:
    """Every group that was handed over or processed anything: of who processed nothing nobody knows what it skipped."""
    lags = _lags(drill)
    mirrormaker = drill.handovers[0].mirrormaker if drill.handovers else {}
    found = {group.name: group for group in drill.findings.groups if group.processed}
    names = {group.name for group in drill.findings.groups}
    return [
        GroupPart(
            name=name,
            protocol=drill.protocols.get(name),
            lag_at_handover=lags.get(name),
            skipped=found[name].skipped.count if name in found else None,
            repeated=found[name].repeated.count if name in found else None,
            mirrormaker_would_repeat=mirrormaker.get(name),
        )
        for name in sorted({*lags, *names})
    ]


def _lags(drill: Drill) -> dict[str, int]:
    """How far each group was behind at the first handover, or when the site was lost."""
    if drill.outage is None:
        return drill.handovers[0].lags if drill.handovers else {}
    groups = [group for group in drill.findings.groups if group.processed and group.topics is not None]
    at, lag_at = drill.outage.outage.lost_at, drill.histories.lag_at
    return {group.name: lag_at(at, group.name, group.topics or ()) for group in groups}


def _totals(drill: Drill) -> TotalsPart:
    groups = drill.findings.groups
    known = bool(groups) and all(group.processed for group in groups)
    return TotalsPart(
        processed=sum(group.processed for group in groups),
        skipped=sum(group.skipped.count for group in groups) if known else None,
        repeated=sum(group.repeated.count for group in groups) if known else None,
        mirrormaker_would_repeat=sum(sum(handover.mirrormaker.values()) for handover in drill.handovers),
    )


def _handover(drill: Drill, handover: Handover) -> HandoverPart:
    evidence, run = handover.result.evidence, handover.result.run
    handed: dict[str, dict[str, Any]] = evidence["hand-over-positions"]["groups"]
    pauses = drill.histories.pauses(handover.spans, handover.source, handover.target)
    return HandoverPart(
        run=run.id,
        source=handover.source,
        target=handover.target,
        epoch=run.epoch,
        began=iso(handover.began),
        seconds=round(handover.ended - handover.began, 3),
        fence={key: value for key, value in evidence["prove-fence"].items() if key != "ends"},
        groups=[_handed(name, group, handover.mirrormaker[name]) for name, group in sorted(handed.items())],
        pauses=[PausePart(client=pause.client, seconds=pause.seconds) for pause in pauses],
        longest_pause=_longest(pauses),
        pause_within_objective=_within(pauses, drill.provenance.plan.objective.recovery_time),
        not_arrived=list(evidence.get("watch-first-commits", {}).get("not arrived", [])),
    )


def _handed(name: str, group: dict[str, Any], mirrormaker: int) -> HandedGroup:
    lines = group["positions"].values()
    return HandedGroup(
        name=name,
        partitions=len(lines),
        lag=group["lag"],
        compared=sum(line.get("compared", 0) for line in lines),
        proofs=dict(Counter(line["proof"] for line in lines)),
        mirrormaker_would_repeat=mirrormaker,
    )


def _longest(pauses: Sequence[ClientPause]) -> float | None:
    return max((pause.seconds for pause in pauses if pause.seconds is not None), default=None)


def _within(pauses: Sequence[ClientPause], objective: float) -> bool | None:
    """Whether no pause is longer than the objective; None if that cannot be said, because one of them is unknown."""
    longest = _longest(pauses)
    if longest is not None and longest > objective:
        return False
    return None if longest is None or any(pause.seconds is None for pause in pauses) else True
