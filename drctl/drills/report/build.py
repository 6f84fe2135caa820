"""From a drill to its report as plain values."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from drctl import __version__
from drctl.drills.report.schema import (
    GroupPart,
    HandedGroup,
    HandoverPart,
    PausePart,
    RecordsPart,
    Report,
    RunPart,
    StepPart,
    WindowPart,
)
from drctl.drills.switchover import Drill, Handover
from drctl.ledger.checker import Findings


def build(drill: Drill) -> Report:
    """The report of a drill."""
    return Report(
        schema_version=1,
        verdict=drill.verdict.value,
        reasons=list(drill.reasons),
        run=RunPart(
            id=drill.id, kind="drill", began=_iso(drill.began), ended=_iso(drill.ended), tool=f"drctl {__version__}"
        ),
        steps=[
            StepPart(
                name=t.name, seconds=round(t.seconds, 3), handover=f"{h.source} to {h.target}", found_done=t.found_done
            )
            for h in drill.handovers
            for t in h.result.timings
        ],
        records=_records(drill.findings),
        groups=_groups(drill),
        handovers=[_handover(drill, handover) for handover in drill.handovers],
        windows=[WindowPart(name=n, acknowledged=a, floor=f) for n, (a, f) in drill.weight.acknowledged.items()],
        evidence=dict(drill.weight.evidence),
        negative_control=drill.control,
        standby=_records(drill.standby),
    )


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


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
    first = drill.handovers[0]
    found = {group.name: group for group in drill.findings.groups}
    return [
        GroupPart(
            name=name,
            protocol=drill.protocols[name],
            lag_at_handover=handed["lag"],
            skipped=found[name].skipped.count if name in found else 0,
            repeated=found[name].repeated.count if name in found else 0,
            mirrormaker_would_repeat=first.mirrormaker.get(name, 0),
        )
        for name, handed in sorted(_handed(first).items())
    ]


def _handed(handover: Handover) -> dict[str, Any]:
    groups: dict[str, Any] = handover.result.evidence["hand-over-positions"]["groups"]
    return groups


def _handover(drill: Drill, handover: Handover) -> HandoverPart:
    evidence, run = handover.result.evidence, handover.result.run
    return HandoverPart(
        run=run.id,
        source=handover.source,
        target=handover.target,
        epoch=run.epoch,
        seconds=round(handover.spans[-1].ended - handover.spans[0].began, 3),
        fence={key: value for key, value in evidence["prove-fence"].items() if key != "ends"},
        groups=[
            HandedGroup(
                name=name,
                partitions=len(group["positions"]),
                lag=group["lag"],
                compared=sum(line.get("compared", 0) for line in group["positions"].values()),
                proofs=dict(Counter(line["proof"] for line in group["positions"].values())),
                mirrormaker_would_repeat=handover.mirrormaker.get(name, 0),
            )
            for name, group in sorted(_handed(handover).items())
        ],
        pauses=[
            PausePart(client=p.client, seconds=p.seconds)
            for p in drill.histories.pauses(handover.spans, handover.source, handover.target)
        ],
        not_arrived=list(evidence.get("watch-first-commits", {}).get("not arrived", [])),
    )
