"""note-decision."""

from dataclasses import dataclass
from typing import ClassVar

from drctl.errors import NotProven
from drctl.model.run import Evidence
from drctl.model.salvage import Decision
from drctl.plans.lines import document
from drctl.plans.plan import Place, Scene, Step


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
    look: ClassVar[str] = "drctl salvage show"

    def check(self, scene: Scene) -> bool:
        return self.name in scene.seen

    def remember(self, scene: Scene) -> Evidence:
        return {"at": scene.world.clock.now().isoformat()}

    def do(self, scene: Scene) -> Evidence:
        checked = scene.seen["check-decision"]
        told = {
            "topic": self.topic,
            "decision": self.decision.value,
            "by": self.by,
            "reason": self.reason,
            "at": scene.remembered[self.name]["at"],
            "records": checked["records"],
            "run": scene.run.id,
        }
        scene.in_charge()
        scene.world.vault.put(checked["salvage"], self._file(), document(told))
        return told

    def verify(self, scene: Scene) -> Evidence:
        salvage = scene.seen["check-decision"]["salvage"]
        if not scene.world.vault.holds(salvage, self._file()):
            raise NotProven(f"{scene.world.vault.place(salvage)}/{self._file()} is not what was written")
        return {}

    def _file(self) -> str:
        return f"{self.topic}/decision.json"
