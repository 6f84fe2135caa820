"""A lost site that is back, in a drill: closed as an operator closes it, its tail saved and decided on.

The late fence, the salvage and the decision per topic are the plans of an emergency.
"""

from dataclasses import dataclass
from uuid import UUID

from drctl.drills.audit_reader import stranded
from drctl.drills.homecoming import HomewardDrill
from drctl.drills.outcome import StrandedTail
from drctl.errors import DrctlError, LabError
from drctl.ledger.events import Stranded
from drctl.model.fence import FenceState
from drctl.model.run import Evidence
from drctl.model.salvage import Decision
from drctl.plans import decision, failovers, fence, salvage
from drctl.plans.aftermath import Aftermath, Salvaged, aftermath, decided, last_salvage
from drctl.plans.export import read_back
from drctl.plans.runner import run
from drctl.ports import World

BACK = 180.0
"""Seconds until the brokers that came back answer, of which a quiet machine needs a tenth."""


@dataclass(frozen=True, slots=True)
class BroughtBack:
    """The site that is back: when, the proof that it is closed, its tail, and each stranded record."""

    at: float
    fence: Evidence
    tail: StrandedTail
    stranded: tuple[Stranded, ...]


class ReturnDrill(HomewardDrill):
    """A drill that can bring a lost site back, and take the work home to it afterwards."""

    def bring_back(self, ledger_run: UUID, lost: str, survivor: str) -> BroughtBack:
        """Start its brokers on the disks that they had, close the site, save what only it has, decide.

        LabError if they do not answer; a run that fails raises.
        """
        self.say(f"{lost}'s brokers are started again")
        self.phase(f"{lost}'s brokers are started again, on their disks")
        self.lab.start_brokers(lost)
        with self.open_world(self.plan_file) as world:
            if silent := self.waited(BACK, f"{lost}'s logs", lambda: _silent(world, lost)):
                raise LabError(f"{lost} was started again and does not answer: {silent}", remedy="see the lab's logs")
            at = self.now()
            self.phase(f"{lost} answers")
            return self.close_and_save(world, ledger_run, lost, survivor, at=at)

    def close_and_save(self, world: World, ledger_run: UUID, lost: str, survivor: str, *, at: float) -> BroughtBack:
        """Close the site unless the failover has, save what only it has, decide; ``at``: since when it answers."""
        left = aftermath(world)
        proof = self._closed(world, left, lost, survivor)
        self.phase(f"{lost} is closed: {proof['why']}")
        run(salvage.ordered(lost, survivor, left.run.id), world, self.announce, self.terms)
        salvaged = last_salvage(world, left)
        self.phase(f"what only {lost} has is saved")
        self._decide(world, left, salvaged)
        return BroughtBack(at, proof, _tail(world, left, salvaged), _stranded(world, salvaged, ledger_run))

    def _closed(self, world: World, left: Aftermath, lost: str, survivor: str) -> Evidence:
        """Return the proof that it is closed: that of the failover, if it answered then, or of the late fence."""
        standing = failovers.standing(world)
        if standing is not None and standing.fence is FenceState.PROVEN:
            return {"fence": standing.fence.value, "why": standing.fence_why}
        return run(fence.ordered(lost, survivor, left.run.id), world, self.announce, self.terms).evidence["prove-fence"]

    def _decide(self, world: World, left: Aftermath, salvaged: Salvaged) -> None:
        """Hand the records over to their owners as files: nothing is written at the survivor that was not there."""
        for topic, count in sorted(salvaged.committed.items()):
            if count:
                reason = "the drill leaves stranded records to their owners, as files"
                made = decision.made(left, salvaged, topic, Decision.HAND_OVER, by="drctl drill", reason=reason)
                run(made, world, self.announce, self.terms)
                self.phase(f"{count} stranded records of {topic} are handed over")


def _silent(world: World, lost: str) -> str:
    """Why the site that comes back cannot tell yet where its logs end; nothing if it does."""
    site = world.sites[lost]
    try:
        topics = site.brokers.topics(world.plan.topics)
        site.records.bounds([p for name in sorted(topics) for p in topics[name].spread()])
    except DrctlError as error:
        return str(error)
    return ""


def _tail(world: World, left: Aftermath, salvaged: Salvaged) -> StrandedTail:
    tails = salvaged.tails.values()
    moved = (str(t.partition) for t in tails if t.span.start < t.span.stop and t.span.start != t.frontier)
    return StrandedTail(
        salvage=salvaged.run.id,
        records=dict(sorted(salvaged.committed.items())),
        decisions={topic: made.value for topic, (made, _) in decided(world, left.run.id).items()},
        faults=world.vault.faults(salvaged.run.id),
        moved=tuple(sorted(moved)),
    )


def _stranded(world: World, salvaged: Salvaged, ledger_run: UUID) -> tuple[Stranded, ...]:
    return tuple(
        each
        for _, tail in sorted(salvaged.tails.items())
        for each in stranded(read_back(world.vault, salvaged.run.id, tail), ledger_run)
    )
