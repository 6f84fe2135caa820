"""Decision: what becomes of one topic's stranded records: replayed, discarded, or handed over to their owner."""

from drctl.model.salvage import Decision
from drctl.plans.aftermath import Aftermath, Salvaged
from drctl.plans.plan import Plan, Step
from drctl.plans.selection import DECISION
from drctl.plans.steps.check_decision import CheckDecision
from drctl.plans.steps.note_decision import NoteDecision
from drctl.plans.steps.raise_epoch import RaiseEpoch
from drctl.plans.steps.replay_tail import ReplayTail


def made(
    failover: Aftermath,
    salvaged: Salvaged,
    topic: str,
    decision: Decision,
    *,
    by: str,
    reason: str,
    records: int | None = None,
) -> Plan:
    """The decision of ``by`` about that topic; for a discard ``records`` must be how many are given up."""
    about = {
        "failover": failover.run.id,
        "salvage": salvaged.run.id,
        "topic": topic,
        "decision": decision.value,
        "by": by,
        "reason": reason,
        "records": salvaged.committed.get(topic, 0),
    }
    plan = ordered(failover.run.source, failover.run.target, topic, decision, by=by, reason=reason, records=records)
    return Plan(plan.kind, plan.source, plan.target, plan.steps, plan.point_of_no_return, (), about)


def ordered(
    source: str,
    target: str,
    topic: str = "",
    decision: Decision = Decision.REPLAY,
    *,
    by: str = "",
    reason: str = "",
    records: int | None = None,
) -> Plan:
    """The same without a world, for the runbook. ``source`` is the site that was lost."""
    replay: tuple[Step, ...] = (ReplayTail(topic),) if decision is Decision.REPLAY else ()
    steps = (
        CheckDecision(topic, decision, records),
        RaiseEpoch(),
        *replay,
        NoteDecision(topic, decision, by, reason),
    )
    return Plan(DECISION, source, target, steps, RaiseEpoch.name, ())
