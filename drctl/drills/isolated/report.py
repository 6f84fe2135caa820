"""``isolated.json``: what an isolated drill did and showed; from it and the evidence it is judged again."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import drctl
from drctl.drills.isolated.place import PARTITIONS, REPLICAS
from drctl.drills.isolated.trial import DrillHindrance, IsolatedTrial, Leg
from drctl.drills.judging import Judgement
from drctl.drills.provenance import commit
from drctl.ledger.events import Event, Seen
from drctl.model.plan_file import PlanFile

LEVEL = "isolated"
WORTH = (
    "Topic and group were the drill's own. It shows that records and positions go to the other site and home again; it"
    " fences nothing, moves no application, and is no drill of a switchover."
)
KEPT = (
    "MirrorMaker 2 keeps under the topic's name what it has copied (in Connect's offsets topic), offset syncs and "
    "checkpoints: a few records, which nothing takes away"
)


def body(trial: IsolatedTrial, judgement: Judgement, plan: PlanFile, by: str) -> dict[str, Any]:
    """Return the report; times are in UTC."""
    running = commit()
    return {
        "level": LEVEL,
        "worth": WORTH,
        "id": trial.id,
        "run": trial.run,
        "source": trial.source,
        "target": trial.target,
        "epoch": trial.epoch,
        "by": by or None,
        "began": _time(trial.began),
        "ended": _time(trial.ended),
        "topic": trial.topic,
        "image": trial.image,
        "group": trial.group,
        "partitions": PARTITIONS,
        "replicasAtMost": REPLICAS,
        "copiedAfterSeconds": trial.copied_after,
        "legs": [asdict(leg) for leg in trial.legs],
        "hindrances": [each._asdict() for each in trial.hindrances],
        "removed": list(trial.removed),
        "stays": list(trial.stays),
        "keptByMirrorMaker": KEPT if trial.removed else None,
        "leftByEarlierDrills": {"removed": list(trial.cleaned), "stays": list(trial.left_over)},
        **shown(judgement),
        "plan": {"name": plan.name, "file": plan.path.name, "digest": plan.digest},
        "drctl": {"version": drctl.__version__, "commit": running.id if running else None},
    }


def shown(judgement: Judgement) -> dict[str, Any]:
    """Return the part of the report that follows from the evidence."""
    records, copied = judgement.findings.records, judgement.standby
    return {
        "verdict": judgement.verdict.value,
        "reasons": list(judgement.reasons),
        "records": {
            "acknowledged": records.acknowledged,
            "seenAtSource": records.seen,
            "seenAtTarget": copied.records.seen if copied else 0,
            "lost": records.lost.count,
            "lostAtTarget": copied.records.lost.count if copied else 0,
        },
        "groups": [
            {
                "name": each.name,
                "processed": each.processed,
                "skipped": each.skipped.count,
                "repeated": each.repeated.count,
                "unread": each.unread.count,
            }
            for each in judgement.findings.groups
        ],
        "evidence": dict(judgement.weight.evidence),
        "windows": {name: each.acknowledged for name, each in judgement.weight.windows.items()},
        "plantedFaultsCaught": dict(judgement.weight.control),
    }


def trial_of(report: dict[str, Any], primary: tuple[Event, ...], standby: tuple[Event, ...]) -> IsolatedTrial:
    """Return the drill that a report tells of. KeyError, TypeError, ValueError for one that is none."""
    return IsolatedTrial(
        id=str(report["id"]),
        run=str(report["run"]),
        source=str(report["source"]),
        target=str(report["target"]),
        epoch=int(report["epoch"]),
        topic=str(report["topic"]),
        image=str(report["image"]),
        group=str(report["group"]),
        began=datetime.fromisoformat(report["began"]).timestamp(),
        ended=datetime.fromisoformat(report["ended"]).timestamp(),
        copied_after=report["copiedAfterSeconds"],
        legs=[Leg(**each) for each in report["legs"]],
        hindrances=[DrillHindrance(**each) for each in report["hindrances"]],
        primary=tuple(each for each in primary if isinstance(each, Seen)),
        standby=tuple(each for each in standby if isinstance(each, Seen)),
        removed=tuple(report["removed"]),
        stays=tuple(report["stays"]),
    )


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
