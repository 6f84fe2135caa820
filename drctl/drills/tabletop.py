"""A drill at the table: everything that can be known of a switchover without moving anything.

It asks the gates, translates every position and tells the expected pause and what a failover would cost. It writes
nothing at any site, and its report says so: what did not happen is proved by nothing, so it is never a proved drill.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

import drctl
from drctl.decide.digests import facts_digest
from drctl.decide.readiness import Blocker, blockers, warnings
from drctl.decide.rules import Rule
from drctl.drills.provenance import commit
from drctl.errors import DrctlError, Forbidden, Unsupported
from drctl.model.facts import Facts
from drctl.model.fence import CanaryResult, DenyRule, Writers
from drctl.model.forecast import Forecast
from drctl.model.translation import Exact
from drctl.model.verdict import Verdict
from drctl.monitors import SideBySide, observe, uncovered
from drctl.plans.admission import reasons_to_wait
from drctl.plans.continuation import under_way
from drctl.plans.digests import plan_digest
from drctl.plans.forecasting import forecast
from drctl.plans.objectives import pauses
from drctl.plans.observing import observed_and_judged
from drctl.plans.plan import Plan
from drctl.plans.position_gate import JudgedPositions
from drctl.plans.selection import moving
from drctl.plans.steps.check_gates import looked_closer
from drctl.plans.switchover import plan as switchover_plan
from drctl.ports import Fence, World

LEVEL = "tabletop"
NOT_TRIED = "not tried: a tabletop writes nothing, and this is seen only by letting an ordinary client write"
WORTH = "Nothing was moved, fenced or written. This tells what is known before a move, and proves nothing about one."
VERDICT = Verdict.VACUOUS
"""Of every tabletop, whatever it found: too little happened to prove anything."""


class UntouchedFence:
    """Implements :class:`drctl.ports.Fence` for who only looks."""

    def __init__(self, fence: Fence) -> None:
        self.fence = fence

    def writers(self) -> Writers:
        return self.fence.writers()

    def standing(self) -> frozenset[DenyRule]:
        return self.fence.standing()

    def deny(self, denials: Collection[DenyRule], *, adopt: bool = False) -> None:  # noqa: ARG002
        raise Forbidden("a tabletop denies nobody anything", remedy="run the switchover")

    def lift(self, denials: Collection[DenyRule]) -> None:  # noqa: ARG002
        raise Forbidden("a tabletop lifts no rule", remedy="run the switchover")

    def canary(self) -> CanaryResult:
        raise Unsupported(NOT_TRIED, remedy="run 'drctl plan switchover', which lets the canary try")


def tabletop(whole: World, source: str, target: str, *, by: str = "") -> dict[str, Any]:
    """Return the report's body. What could not be seen is null, with the reason."""
    began = whole.clock.now()
    whole = replace(whole, sites={n: replace(s, fence=UntouchedFence(s.fence)) for n, s in whole.sites.items()})
    world = moving(whole, target)
    steps = switchover_plan(world, source, target, observe=observe)
    going = under_way(steps, world)
    facts, judged, seen = observed_and_judged(_within_seconds, world, source, target, accept_repeats=False)
    reasons = [
        *(reasons_to_wait(steps, world) if going is None else ()),
        *blockers(facts, world.plan.guards, world.clock.now()),
        *_closer(world, facts),
        *seen,
    ]
    measured, promised = pauses(whole), whole.plan.objectives
    epoch = world.epochs.current()
    running = commit()
    return {
        "level": LEVEL,
        "verdict": VERDICT.value,
        "worth": WORTH,
        "id": f"{LEVEL}-{began:%Y%m%dT%H%M%SZ}",
        "source": source,
        "target": target,
        "epoch": epoch,
        "by": by or None,
        "began": began.isoformat(),
        "ended": whole.clock.now().isoformat(),
        "unfinishedRun": going.id if going is not None else None,
        "steps": _steps(steps),
        "blockers": [_told(each) for each in reasons if NOT_TRIED not in each.detail],
        "exitCode": next((each.concern.value for each in reasons if NOT_TRIED not in each.detail), 0),
        "notTried": [each.detail.removesuffix(f": {NOT_TRIED}") for each in reasons if NOT_TRIED in each.detail],
        "warnings": [_told(each) for each in warnings(facts)],
        "groups": list(_groups(world.plan.groups, judged)),
        **_staying(whole, source),
        "pause": {
            "expectedSeconds": max(measured, default=None),
            "measuredSeconds": list(measured),
            "objectiveSeconds": promised.recovery_time.total_seconds(),
        },
        **_failover(whole, source, target, promised.recovery_point.total_seconds()),
        "digests": {"plan": plan_digest(steps, world), "facts": facts_digest(facts, epoch)},
        "plan": {"name": whole.plan.name, "file": whole.plan.path.name, "digest": whole.plan.digest},
        "drctl": {"version": drctl.__version__, "commit": running.id if running else None},
    }


def _within_seconds(world: World, source: str, target: str) -> Facts:
    return observe(world, source, target, SideBySide(world.clock))


def _closer(world: World, facts: Facts) -> list[Blocker]:
    try:
        return list(looked_closer(world, facts))
    except DrctlError as error:
        return [
            Blocker(Rule.FACTS_UNKNOWN, f"a closer look: {error}", error.remedy or "see the reason, then look again")
        ]


def _steps(steps: Plan) -> list[dict[str, Any]]:
    return [
        {"name": step.name, "title": step.title, "canRollBack": steps.can_roll_back_after(step.name)}
        for step in steps.steps
    ]


def _told(each: Blocker) -> dict[str, str]:
    return {"rule": each.rule.name, "detail": each.detail, "remedy": each.remedy}


def _groups(names: Iterable[str], judged: JudgedPositions) -> Iterable[dict[str, Any]]:
    if judged.answers is None:
        yield from ({"name": name, "positions": None, "proven": None, "unknown": judged.unknown} for name in names)
        return
    for name, found in sorted(judged.answers.items()):
        refused = [each for each in found.values() if not isinstance(each, Exact)]
        yield {
            "name": name,
            "positions": len(found),
            "proven": len(found) - len(refused),
            "unknown": "; ".join(sorted({each.why.value for each in refused})),
        }


def _staying(world: World, source: str) -> dict[str, Any]:
    """Groups that would stay behind; a site that does not tell is no site without any."""
    try:
        return {"staysBehind": [each._asdict() for each in uncovered(world, source)], "staysBehindUnknown": ""}
    except DrctlError as error:
        return {"staysBehind": None, "staysBehindUnknown": str(error)}


def _failover(world: World, source: str, target: str, objective: float) -> dict[str, Any]:
    try:
        found = forecast(world, source, target)
    except DrctlError as error:
        return {"failover": None, "failoverUnknown": str(error)}
    return {"failover": _cost(found, objective), "failoverUnknown": found.unknown}


def _cost(found: Forecast, objective: float) -> dict[str, Any]:
    loss = found.loss
    return {
        "recordsLost": None if loss is None else loss.total,
        "exact": loss is not None and loss.exact,
        "lossObjectiveSeconds": objective,
        "rereadsAtMost": {name: each.rereads for name, each in sorted(found.groups.items())},
        "uncovered": dict(found.uncovered),
        "expectedRecoverySeconds": found.expected_recovery,
    }
