"""Report what a run was, from its journal and the plan file alone: of any run, not only of a drill.

No site is asked and no record counted: what a report of a drill proves, this one does not claim.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import drctl
from drctl.drills.provenance import commit
from drctl.model.guards import Objectives
from drctl.model.plan_file import PlanFile
from drctl.model.run import Event, Evidence, JournalEntry, RunState
from drctl.plans import openness
from drctl.plans.objectives import pause
from drctl.plans.repetition import result
from drctl.plans.selection import FAILOVER
from drctl.plans.standing import Told

LEFT = {
    ("watch-first-commits", "not arrived"): "not arrived yet",
    ("watch-first-commits", "still at the source"): "still commits at the source",
    ("watch-first-commits", "connected at the source"): "still connected at the source",
    ("scale-up-target", "not available"): "not up at the target",
    ("restart-clients", "not restarted"): "not restarted",
    ("start-sinks", "not working"): "does not work at the target",
    ("scale-down-source", "left as they are"): "not scaled down at the source",
    ("resume-sinks", "left as they are"): "not resumed at the source",
}
"""Where a run's evidence names what does not work yet at its end, and in which words that is told."""

SAID = ("message", "cause", "state", "reason", "by", "overrides", "aborted by")
"""Keys of what the journal's lines say in words, in the order in which it is told."""


def run_report(plan: PlanFile, told: Told) -> dict[str, Any]:
    """Return the report's body. What the journal does not hold is null."""
    run, seen = told.run, result(told.run, RunState.RUNNING, told.entries).evidence
    began, ended = told.began, told.ended
    return {
        "id": run.id,
        "run": run.kind,
        "source": run.source,
        "target": run.target,
        "epoch": run.epoch,
        "state": told.standing.value,
        "why": told.why,
        "continues": list(told.continues),
        "continuedBy": told.continued_by,
        "by": told.by or None,
        "processes": list(_processes(told)),
        "began": began and began.isoformat(),
        "ended": ended and ended.isoformat(),
        "seconds": _seconds(began, ended),
        "pause": _against(pause(told.entries), plan.objectives),
        "recovery": _against(_recovery(told, seen), plan.objectives) if run.kind == FAILOVER else None,
        "loss": _loss(seen.get("measure-loss"), plan.objectives),
        "fence": _fence(run.source, seen),
        "groups": list(_groups(seen)),
        "steps": list(_steps(told)),
        "left": list(_left(seen)),
        "timeline": [
            {"at": entry.at.isoformat(), "event": entry.event.value, "step": entry.step, "said": _said(entry.body)}
            for entry in told.entries
        ],
        "plan": {"name": run.plan, "file": plan.path.name, "digest": run.plan_digest},
        "journal": {"lines": len(told.entries), "head": told.entries[-1].digest if told.entries else None},
        "drctl": {"version": drctl.__version__, "commit": _commit()},
    }


def _processes(told: Told) -> Iterator[dict[str, Any]]:
    """Every process that began the run or went on with it, in order, and where it ran, as far as that was said."""
    for entry in told.entries:
        if entry.event in (Event.RUN_STARTED, Event.RUN_RESUMED):
            said = {name: entry.body.get(name) or None for name in ("by", "account", "host")}
            yield {"at": entry.at.isoformat(), "event": entry.event.value, **said}


def _seconds(began: datetime | None, ended: datetime | None) -> float | None:
    return None if began is None or ended is None else round((ended - began).total_seconds(), 3)


def _against(seconds: float | None, objectives: Objectives) -> dict[str, Any]:
    objective = objectives.recovery_time.total_seconds()
    within = None if seconds is None else seconds <= objective
    return {"seconds": seconds, "objectiveSeconds": objective, "withinObjective": within}


def _recovery(told: Told, seen: Mapping[str, Evidence]) -> float | None:
    restored = seen.get("watch-first-commits", {}).get("traffic restored")
    return _seconds(told.began, datetime.fromisoformat(restored)) if restored else None


def _loss(told: Evidence | None, objectives: Objectives) -> dict[str, Any] | None:
    if told is None:
        return None
    known = [seconds for seconds in told["seconds"].values() if seconds is not None]
    return {
        "records": told["total"],
        "exact": told["exact"],
        "countedAt": told["source"],
        "seenAt": told.get("seen at"),
        "unseen": told.get("unseen"),
        "accepted": told.get("accepted"),
        "topics": dict(told["records"]),
        "seconds": max(known) if known and len(known) == len(told["seconds"]) else None,
        "objectiveSeconds": objectives.recovery_point.total_seconds(),
    }


def _fence(site: str, seen: Mapping[str, Evidence]) -> dict[str, Any] | None:
    """Tell how the source was closed: as a failover found it, or as it was proven by data.

    ``later`` is how surely it was closed once it came back while the failover was still at work, else null.
    """
    if failed_over := seen.get("fence-what-answers"):
        words = {name: failed_over.get(name) for name in ("by", "why")}
        late = seen.get("close-if-back", {})
        later = late if late.get("fence") else None
        found = {"site": site, "state": failed_over["fence"], **words, "open": None}
        return found | {"later": later and _closed_late(later)}
    proof = seen.get("prove-fence")
    if proof is None or "canary" not in proof:
        return None
    why = (
        f"end offsets stood still over {proof['window']:g} s in {proof['samples']} samples, and an ordinary client was"
        f" refused ({proof['canary']})"
    )
    return {"site": site, **_closed_late({"fence": "proven"} | proof | {"why": why}), "later": None}


def _closed_late(told: Evidence) -> dict[str, Any]:
    """Tell how surely a site is closed, and for how long it may have taken writes; ``open`` is null if it was not."""
    opened = told.get("open")
    return {
        "state": told["fence"],
        "by": told.get("by"),
        "why": told["why"],
        "open": opened
        and {
            "secondsAtLeast": opened[openness.AT_LEAST],
            "secondsAtMost": opened[openness.AT_MOST],
            "offsetsWritten": opened[openness.WRITTEN],
        },
    }


def _groups(seen: Mapping[str, Evidence]) -> Iterator[dict[str, Any]]:
    """The groups whose positions were handed over, or confirmed by a failover, and what proves them."""
    told = seen.get("hand-over-positions") or seen.get("confirm-positions") or {}
    for name, group in sorted(told.get("groups", {}).items()):
        lines = group["positions"].values()
        yield {
            "name": name,
            "positions": len(lines),
            "lag": group.get("lag"),
            "compared": sum(line.get("compared", 0) for line in lines),
            "proofs": dict(sorted(Counter(line["proof"] for line in lines).items())),
        }
    for name, why in sorted(told.get("uncovered", {}).items()):
        yield {"name": name, "positions": 0, "lag": None, "compared": 0, "proofs": {}, "uncovered": why}


def _steps(told: Told) -> Iterator[dict[str, Any]]:
    """Every step that ended, in order; its seconds count from its first attempt."""
    intents = Counter(e.step for e in told.entries if e.event is Event.STEP_INTENDED)
    failures = Counter(e.step for e in told.entries if e.event is Event.STEP_FAILED)
    first: dict[str, JournalEntry] = {}
    for entry in told.entries:
        first.setdefault(entry.step, entry)
    for each in result(told.run, RunState.RUNNING, told.entries).timings:
        yield {
            "name": each.name,
            "began": first[each.name].at.isoformat(),
            "seconds": round(each.seconds, 3),
            "attempts": intents[each.name],
            "failures": failures[each.name],
            "foundDone": each.found_done,
        }


def _left(seen: Mapping[str, Evidence]) -> Iterator[str]:
    for (step, key), words in LEFT.items():
        found = seen.get(step, {}).get(key) or ()
        if isinstance(found, dict):
            yield from (f"{words}: {name}: {why}" for name, why in found.items())
        else:
            yield from (f"{words}: {each}" for each in ([found] if isinstance(found, str) else found))


def _said(body: Evidence) -> str:
    return ", ".join(f"{name} {body[name]}" for name in SAID if body.get(name) not in (None, "", {}, []))


def _commit() -> str | None:
    found = commit()
    return f"{found.id}{', with local changes' if found.changed else ''}" if found else None
