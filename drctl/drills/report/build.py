"""From a drill to its report as plain values."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from drctl.drills.outcome import Drill, Handover, Posture
from drctl.drills.report.schema import (
    GroupPart,
    HandedGroup,
    HandoverPart,
    MomentPart,
    PausePart,
    RecordsPart,
    Report,
    RunPart,
    SitePart,
    StepPart,
    TotalsPart,
    WindowPart,
)
from drctl.ledger.checker import Findings


def build(drill: Drill) -> Report:
    """The report of a drill."""
    return Report(
        schema_version=1,
        verdict=drill.verdict.value,
        reasons=list(drill.reasons),
        run=RunPart(
            id=drill.id, kind="drill", began=_iso(drill.began), ended=_iso(drill.ended), versions=drill.versions
        ),
        steps=[step for handover in drill.handovers for step in _steps(handover)],
        records=_records(drill.findings),
        groups=_groups(drill),
        totals=_totals(drill),
        handovers=[_handover(drill, handover) for handover in drill.handovers],
        sites=[_site(posture) for posture in drill.postures],
        timeline=[MomentPart(at=_iso(at), what=what) for at, what in sorted(_moments(drill))],
        windows=[
            WindowPart(name=name, acknowledged=traffic.acknowledged, floor=traffic.floor)
            for name, traffic in drill.weight.windows.items()
        ],
        evidence=dict(drill.weight.evidence),
        negative_control=dict(drill.weight.control),
        standby=_records(drill.standby),
    )


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _steps(handover: Handover) -> Iterator[StepPart]:
    for timing, span in zip(handover.result.timings, handover.spans, strict=True):
        yield StepPart(
            name=timing.name,
            seconds=round(timing.seconds, 3),
            began=_iso(span.began),
            handover=f"{handover.source} to {handover.target}",
            found_done=timing.found_done,
        )


def _site(posture: Posture) -> SitePart:
    return SitePart(
        name=posture.site,
        cluster_id=posture.cluster_id,
        brokers=posture.brokers,
        replication_factor=posture.replicas,
        min_insync_replicas=posture.in_sync,
    )


def _moments(drill: Drill) -> Iterator[tuple[float, str]]:
    yield from drill.phases
    for handover in drill.handovers:
        name = f"switchover from {handover.source} to {handover.target}"
        yield handover.began, f"{name} begins"
        yield from ((span.ended, f"{span.step} reached") for span in handover.spans)
        yield handover.ended, f"{name} has ended"


def _records(findings: Findings) -> RecordsPart:
    records = findings.records
    counts = {name: found.count for name, found in records.faults.items()}
    return RecordsPart(
        acknowledged=records.acknowledged,
        recovered=records.recovered.count,
        superseded=records.superseded,
        examples={name: list(found.examples) for name, found in records.faults.items() if found},
        **counts,
    )


def _groups(drill: Drill) -> list[GroupPart]:
    """Every group that was handed over or processed anything: of who processed nothing nobody knows what it skipped."""
    first = drill.handovers[0]
    found = {group.name: group for group in drill.findings.groups if group.processed}
    return [
        GroupPart(
            name=name,
            protocol=drill.protocols.get(name),
            lag_at_handover=first.lags.get(name),
            skipped=found[name].skipped.count if name in found else None,
            repeated=found[name].repeated.count if name in found else None,
            mirrormaker_would_repeat=first.mirrormaker.get(name),
        )
        for name in sorted({*first.lags, *(group.name for group in drill.findings.groups)})
    ]


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
    return HandoverPart(
        run=run.id,
        source=handover.source,
        target=handover.target,
        epoch=run.epoch,
        began=_iso(handover.began),
        seconds=round(handover.ended - handover.began, 3),
        fence={key: value for key, value in evidence["prove-fence"].items() if key != "ends"},
        groups=[
            HandedGroup(
                name=name,
                partitions=len(group["positions"]),
                lag=group["lag"],
                compared=sum(line.get("compared", 0) for line in group["positions"].values()),
                proofs=dict(Counter(line["proof"] for line in group["positions"].values())),
                mirrormaker_would_repeat=handover.mirrormaker[name],
            )
            for name, group in sorted(handed.items())
        ],
        pauses=[
            PausePart(client=p.client, seconds=p.seconds)
            for p in drill.histories.pauses(handover.spans, handover.source, handover.target)
        ],
        not_arrived=list(evidence.get("watch-first-commits", {}).get("not arrived", [])),
    )
