"""note-decision."""

from dataclasses import dataclass
from typing import ClassVar

from drctl.errors import NotProven
from drctl.model.run import Evidence
from drctl.model.salvage import Decision
from drctl.plans.lines import document
from drctl.plans.plan import Place, Step, StepContext
from drctl.plans.step_evidence import CheckedDecision, left


@dataclass(frozen=True, slots=True)
class NoteDecision(Step):
    """Write down beside the saved records what was decided about the topic, by whom, when and why.

    Files that were handed over say to whom. The journal holds the same: it counts.
    """

    topic: str = ""
    decision: Decision = Decision.HAND_OVER
    by: str = ""
    reason: str = ""
    name: ClassVar[str] = "note-decision"
    title: ClassVar[str] = "Note the decision beside the records"
    at: ClassVar[Place] = Place.BOTH
    inspect: ClassVar[str] = "drctl salvage show"

    def check(self, ctx: StepContext) -> bool:
        return self.name in ctx.evidence

    def snapshot(self, ctx: StepContext) -> Evidence:
        return {"at": ctx.world.clock.now().isoformat()}

    def do(self, ctx: StepContext) -> Evidence:
        checked = left(CheckedDecision, ctx.evidence)
        told = {
            "topic": self.topic,
            "decision": self.decision.value,
            "by": self.by,
            "reason": self.reason,
            "at": ctx.snapshots[self.name]["at"],
            "records": checked.records,
            "run": ctx.run.id,
        }
        ctx.check_authority()
        ctx.world.vault.put(checked.salvage, self._file(), document(told))
        return told

    def verify(self, ctx: StepContext) -> Evidence:
        salvage = left(CheckedDecision, ctx.evidence).salvage
        if not ctx.world.vault.holds(salvage, self._file()):
            raise NotProven(f"{ctx.world.vault.place(salvage)}/{self._file()} is not what was written")
        return {}

    def _file(self) -> str:
        return f"{self.topic}/decision.json"
