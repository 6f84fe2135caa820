"""``live.json``: what a live drill did and showed; all of it but its plan and maker follows from the journal."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import drctl
from drctl.drills.live.judging import exceptions_of, judged, left_of, seen_in
from drctl.drills.live.watching import handed_over
from drctl.drills.provenance import commit
from drctl.model.plan_file import PlanFile
from drctl.model.run import Event, RunState
from drctl.plans.live import OBJECTIVE, LiveMove, LiveState
from drctl.plans.objectives import pause
from drctl.plans.steps.check_gates import CheckGates

LEVEL = "live"
WORTH = (
    "The real work moved, and what its groups had to read is proven from the journal. What the applications did with"
    " the records they read, no journal knows."
)
NOTHING = "No move to the other site has ended, so nothing is shown of what its groups would have read there."


def body(state: LiveState, plan: PlanFile) -> dict[str, Any]:
    """Return the report; times are in UTC."""
    running = commit()
    return {
        **shown(state),
        "plan": {"name": plan.name, "file": plan.path.name, "digest": state.run.plan_digest},
        "drctl": {"version": drctl.__version__, "commit": running.id if running else None},
    }


def shown(state: LiveState) -> dict[str, Any]:
    """Return the part of the report that follows from the journal."""
    judgement, run = judged(state), state.run
    return {
        "level": LEVEL,
        "worth": WORTH if state.there is not None and state.there.state is RunState.DONE else NOTHING,
        "verdict": judgement.verdict.value,
        "reasons": list(judgement.reasons),
        "id": run.id,
        "source": run.source,
        "target": run.target,
        "by": state.said.get("by"),
        "began": _iso(state.entries[0].at if state.entries else None),
        "phase": state.phase.value,
        "word": _spoken(state),
        "stay": _stay(state),
        "moves": [_move(move, state) for move in (state.there, state.home) if move is not None],
    }


def _spoken(state: LiveState) -> dict[str, Any] | None:
    """The word that was said about the drill, by whom and why; None if nobody said one."""
    if state.word is None:
        return None
    told = {"word": state.word.word.value, "by": state.word.by, "reason": state.word.reason}
    return told | {"at": _iso(state.word.at)}


def _stay(state: LiveState) -> dict[str, Any]:
    ended = state.ended
    return {
        "since": _iso(state.since),
        "until": _iso(state.until),
        "ended": None if ended is None else {"at": _iso(ended.at), **ended.body},
        "looks": len(state.looks),
        "signals": list(_signals(state)),
        "groups": _groups(state),
    }


def _signals(state: LiveState) -> Iterator[dict[str, Any]]:
    """Each signal that was seen, with its first and last look and what it said first."""
    found: dict[tuple[str, bool], dict[str, Any]] = {}
    for look in state.looks:
        names = {(each["name"], bool(each["blocking"])): each["detail"] for each in reversed(look.body["signals"])}
        for (name, blocking), detail in names.items():
            told = {"name": name, "blocking": blocking, "detail": detail, "first": _iso(look.at), "looks": 0}
            line = found.setdefault((name, blocking), told)
            line["looks"] += 1
            line["last"] = _iso(look.at)
    for _, line in sorted(found.items()):
        yield line


def _groups(state: LiveState) -> list[dict[str, Any]]:
    """The groups as the last look found them at the other site."""
    last = state.looks[-1].body["groups"] if state.looks else {}
    return [{"name": name, **told} for name, told in sorted(last.items())]


def _move(move: LiveMove, state: LiveState) -> dict[str, Any]:
    seconds, objective = pause(move.entries), float(state.said[OBJECTIVE])
    gates = seen_in(move).get(CheckGates.name, {})
    return {
        "run": move.run.id,
        "source": move.run.source,
        "target": move.run.target,
        "epoch": move.run.epoch,
        "state": move.state.value,
        "began": _iso(move.entries[0].at if move.entries else None),
        "ended": _iso(move.ended),
        "processes": sum(each.event in (Event.RUN_STARTED, Event.RUN_RESUMED) for each in move.entries),
        "approvedBy": gates.get("approval", {}).get("by"),
        "pause": {
            "seconds": seconds,
            "objectiveSeconds": objective,
            "withinObjective": None if seconds is None else seconds <= objective,
        },
        "groups": list(_handed(move)),
        "left": list(left_of(move)),
        "exceptions": list(exceptions_of(move)),
    }


def _handed(move: LiveMove) -> Iterator[dict[str, Any]]:
    for name, group in sorted(handed_over(move).items()):
        lines = group["positions"].values()
        yield {
            "name": name,
            "positions": len(lines),
            "lag": group.get("lag"),
            "compared": sum(line.get("compared", 0) for line in lines),
            "proofs": dict(sorted(Counter(line["proof"] for line in lines).items())),
        }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
