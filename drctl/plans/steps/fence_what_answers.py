"""fence-what-answers."""

from dataclasses import dataclass
from typing import ClassVar

from drctl.errors import DeadlinePassed, DrctlError, JournalBroken, Refused, StepFailed, Unreachable
from drctl.model.fence import Attestation, FenceState, Scope
from drctl.model.run import Evidence
from drctl.plans import evidence, fencing
from drctl.plans.agent import fence_by_agent
from drctl.plans.losing import answers
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.steps.prove_fence import ProveFence
from drctl.plans.topic_identity import GATES
from drctl.plans.waiting import wait_until_none

GRACE = 5.0
"""Seconds that live producers get to end their transactions before their transactional ids are denied."""
AT_MOST = 20.0
"""Seconds that coordinators get to abort what is left: an emergency waits no longer for the proof."""


@dataclass(frozen=True, slots=True)
class FenceWhatAnswers(Step):
    """Deny writes at the source as far as it can be reached, and write down how surely it is closed.

    A source that answers is fenced as in a switchover, and the fence is *proven*, or the target is not opened: unless a
    person attests that it takes no writes. A source that is silent cannot be fenced by rules. A fencing agent, if the
    plan file names one, takes it down and makes the fence *by agent*; else a person's word makes it *attested*, and
    without one it is *pending* until the site is back and closed. It is never said to be more than it is. A source that
    was silent and answers again before the target is opened rolls the run back: it may have taken writes meanwhile, and
    may be well. Not so where a person attests that it takes none: one that answers off and on is fenced as far as it
    answers, holds up nothing, and its fence stays *attested*.
    """

    attestation: Attestation | None = None
    name: ClassVar[str] = "fence-what-answers"
    title: ClassVar[str] = "Fence the source as far as it answers"
    at: ClassVar[Place] = Place.SOURCE
    lasting: ClassVar[bool] = True
    inspect: ClassVar[str] = "kafka-acls.sh --bootstrap-server {source} --list"

    def check(self, ctx: StepContext) -> bool:
        return self.name in ctx.evidence

    def disprove(self, ctx: StepContext) -> None:
        told = ctx.evidence.get(self.name)
        if told is None or ctx.past_point_of_no_return:
            return
        if not told["answered"]:
            if told["fence"] != FenceState.ATTESTED:
                _require_silent(ctx)
        elif told["fence"] == FenceState.PROVEN:
            _require_still(ctx, told)

    def snapshot(self, ctx: StepContext) -> Evidence:
        try:
            standing = {scope.value: fencing.standing(ctx, scope) for scope in Scope}
        except DrctlError as silent:
            return {"stood before": None, "why": str(silent)}
        return {"stood before": standing}

    def do(self, ctx: StepContext) -> Evidence:
        if not answers(ctx.source):
            return self._out_of_reach(ctx)
        if not ctx.past_point_of_no_return and not self._answered_before(ctx):
            if self.attestation is None:
                raise _returned(ctx)
            return self._told(f"{self.attestation.why}; {self._off_and_on(ctx)}", answered=True)
        try:
            return fenced(ctx)
        except (Refused, JournalBroken):
            raise  # somebody else is in charge, or nothing can be written down
        except DrctlError as error:
            if self.attestation is not None:
                return self._told(f"{self.attestation.why}; not proven: {error}", answered=True)
            if not answers(ctx.source):
                return self._told(f"{ctx.source.name} fell silent: {error}", answered=False)
            # Clients are at the target by now. What cannot be proven stays pending, and the service tries
            # again as long as the site answers.
            if ctx.past_point_of_no_return:
                return self._told(f"not proven: {error}", answered=True)
            raise StepFailed(
                f"{ctx.source.name} answers, and its fence cannot be proven: {error}",
                remedy="cut it off from its clients, then say so with --attest-source-down 'what was done'",
            ) from error

    def verify(self, ctx: StepContext) -> Evidence:  # noqa: ARG002 - the proof was made while fencing
        return {}

    def _answered_before(self, ctx: StepContext) -> bool:
        """Whether it has answered all along; only then is it known which rules stood there before."""
        known = ctx.snapshots[self.name]["stood before"] is not None
        return known and bool(ctx.evidence[GATES]["source answered"])

    def _off_and_on(self, ctx: StepContext) -> str:
        """Fence a source that answers off and on as far as it does; how far that is, in words.

        No proof counts: brokers that do not answer may not know of the rules. Where nobody could read which rules stood
        before, none is put up before the point of no return, for the rollback could not tell them apart.
        """
        told = f"{ctx.source.name} answers off and on"
        # The rollback lifts what drctl's marks name, less what stood before the run. Unknown what stood
        # before, it would lift the fence of an earlier run.
        if ctx.snapshots[self.name]["stood before"] is None:
            return f"{told}: it is closed once the target is open"
        try:
            fenced(ctx)
        except (Refused, JournalBroken):
            raise  # somebody else is in charge, or nothing can be written down
        except DrctlError as error:
            return f"{told}, not proven: {error}"
        return f"{told}: brokers that do not answer may not know of the deny rules"

    def _out_of_reach(self, ctx: StepContext) -> Evidence:
        earlier = ctx.evidence.get(ProveFence.name)
        if earlier is not None:  # of a move that was taken over or rolled back; deny rules outlast the outage
            why = "proven by an earlier run, and lifted by none since; the deny rules are kept in its own metadata log"
            return {"fence": FenceState.PROVEN.value, "by": "drctl", "why": why, "answered": False} | earlier
        by_agent, failed = fence_by_agent(ctx)
        if by_agent:
            return by_agent
        why = f"{ctx.source.name} does not answer"
        return self._told(f"{why}; {failed}" if failed else why, answered=False)

    def _told(self, why: str, *, answered: bool) -> Evidence:
        if self.attestation is None:
            return {"fence": FenceState.PENDING.value, "by": "", "why": why, "answered": answered}
        by, word = self.attestation.by, self.attestation.why
        return {
            "fence": FenceState.ATTESTED.value,
            "by": by,
            "why": word if not answered else why,
            "answered": answered,
        }


def fenced(ctx: StepContext) -> Evidence:
    """Deny everybody, in two stages, and prove it; whatever a port or the proof raises."""
    partitions = ctx.partitions(ctx.source)

    def opened() -> list[str]:
        return fencing.open_transactions(ctx.source, partitions)

    fencing.put_up(ctx, Scope.TOPICS)
    try:
        wait_until_none(ctx, "open transactions end", opened, within=GRACE)
    except DeadlinePassed:
        ctx.report("some transactions stay open: their coordinators will abort them")
    fencing.put_up(ctx, Scope.TRANSACTIONAL_IDS)
    denied = {scope.value: fencing.require(ctx, scope) for scope in Scope}
    wait_until_none(ctx, "no transaction is open at the source", opened, within=AT_MOST)
    return fencing.proven(ProveFence().verify(ctx)) | {"answered": True, "denied": denied}


def _require_silent(ctx: StepContext) -> None:
    if answers(ctx.source):
        raise _returned(ctx)


def _require_still(ctx: StepContext, told: Evidence) -> None:
    """Refuse where something grows behind the fence; what can no longer be asked was proven."""
    try:
        grown = fencing.growth(ctx.source, evidence.from_json(told["ends"]))
    except Unreachable:
        return
    if grown:
        named = ", ".join(f"{p} by {count}" for p, count in grown.items())
        raise StepFailed(
            f"{ctx.source.name}: records appeared behind the fence: {named}",
            remedy="someone writes who is not fenced: is an application a super user?",
        )


def _returned(ctx: StepContext) -> StepFailed:
    return StepFailed(
        f"{ctx.source.name} answers again, and {ctx.target.name} is not open yet",
        remedy=f"look at 'drctl status': if it is well, nothing need be lost (drctl switchover --to"
        f" {ctx.target.name}); else run the failover again, which fences it first; if it answers off and on, cut it off"
        " from its clients, then say so with --attest-source-down 'what was done'",
    )
