"""The part of a report that tells of an outage: recovery time and point, the stranded tail, and what was decided."""

from collections import Counter

from drctl.drills.outcome import Handover, OutageReport
from drctl.drills.recovery import Recovery
from drctl.drills.report.moments import iso
from drctl.drills.report.schema_handover import PausePart
from drctl.drills.report.schema_outage import (
    ObservationPart,
    OutagePart,
    RecoveryPointPart,
    RecoveryTimePart,
    RecreatedPart,
    StrandedPart,
    WayHomePart,
)
from drctl.drills.timeline import Histories


def outage_part(told: OutageReport, histories: Histories, home: Handover | None = None) -> OutagePart:
    """Return an outage as plain values, with the way home if there is one."""
    outage, result = told.outage, told.outage.result
    tail = outage.tail
    return OutagePart(
        lost_site=outage.source,
        survivor=outage.target,
        lost_at=iso(outage.lost_at),
        returned_at=iso(outage.returned_at),
        observations=[ObservationPart(observer=who, what=what) for who, what in outage.observations.items()],
        recovery_time=_time(told.recovery),
        recovery_point=_point(told.recovery),
        run=result.run.id,
        epoch=result.run.epoch,
        seconds=round(outage.spans[-1].ended - outage.began, 3),
        stated_loss=result.evidence["measure-loss"]["total"],
        fence_at_failover=result.evidence["fence-what-answers"]["fence"],
        fence_after_return=outage.fence.get("fence", "pending"),
        positions=dict(
            Counter(
                line["proof"]
                for group in result.evidence["confirm-positions"]["groups"].values()
                for line in group["positions"].values()
            )
        ),
        stranded=[
            StrandedPart(topic=topic, records=count, decision=tail.decisions.get(topic))
            for topic, count in sorted(tail.records.items())
        ],
        files=f"salvage/{tail.salvage}",
        pauses=[
            PausePart(client=pause.client, seconds=pause.seconds)
            for pause in histories.pauses(outage.spans, outage.source, outage.target)
        ],
        not_arrived=list(result.evidence["watch-first-commits"].get("not arrived", [])),
        way_home=_way_home(told, home) if home else None,
    )


def _way_home(told: OutageReport, home: Handover) -> WayHomePart | None:
    moved = told.homecoming
    if moved is None:
        return None
    anew = home.result.evidence.get("check-homecoming", {}).get("recreated", {})
    return WayHomePart(
        run=home.result.run.id,
        copied=moved.copied,
        copied_again=moved.again,
        recreated=[
            RecreatedPart(topic=topic, records=cost["records"], gone=cost["gone"]) for topic, cost in anew.items()
        ],
        stepped_over=moved.stepped_over,
        read_again=moved.read_again,
    )


def _time(recovery: Recovery) -> RecoveryTimePart:
    return RecoveryTimePart(
        seconds=_rounded(recovery.time),
        detection=round(recovery.detection, 2),
        own=_rounded(recovery.own),
        objective=recovery.objectives.recovery_time.total_seconds(),
        met=recovery.in_time,
    )


def _point(recovery: Recovery) -> RecoveryPointPart:
    return RecoveryPointPart(
        records=recovery.records,
        seconds=round(recovery.point, 2),
        objective=recovery.objectives.recovery_point.total_seconds(),
        met=recovery.at_point,
    )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)
