"""reopen-source."""

from typing import ClassVar

from drctl.model.fence import Denial, Scope
from drctl.model.run import Evidence
from drctl.plans import fencing
from drctl.plans.plan import Place, Scene, Step
from drctl.plans.steps.fence_transactions import FenceTransactions
from drctl.plans.steps.fence_writes import FenceWrites
from drctl.plans.waiting import wait_until_none

_PUT_UP_BY = {Scope.TOPICS: FenceWrites.name, Scope.TRANSACTIONAL_IDS: FenceTransactions.name}


class ReopenSource(Step):
    """Lift the deny rules that this run put up at the source, both kinds, and see an ordinary client write again.

    First on the way back: whatever else may fail, clients can work. Rules that stood before the run are not touched: a
    site that was fenced then may have an open sibling. Nor are those that somebody else made.
    """

    name: ClassVar[str] = "reopen-source"
    title: ClassVar[str] = "Open the source again"
    at: ClassVar[Place] = Place.SOURCE
    look: ClassVar[str] = "kafka-acls.sh --bootstrap-server {source} --list"

    def check(self, scene: Scene) -> bool:
        return not self._ours(scene)

    def do(self, scene: Scene) -> Evidence:
        scene.in_charge()
        scene.source.fence.lift(self._ours(scene))
        return {}

    def verify(self, scene: Scene) -> Evidence:
        fence = scene.source.fence
        wait_until_none(scene, "the deny rules are gone", lambda: sorted(d.principal for d in self._ours(scene)))
        if left := fencing.own(scene.source):
            return {"left as it was": sorted({denial.principal for denial in left})}
        wait_until_none(scene, "the source takes writes", lambda: [c.answer] if (c := fence.canary()).refused else [])
        return {"canary": "written", "left as they are": fencing.of_others(scene.source)}

    def _ours(self, scene: Scene) -> frozenset[Denial]:
        return frozenset(d for d in fencing.own(scene.source) if _is_ours(scene, d))


def _is_ours(scene: Scene, denial: Denial) -> bool:
    """Whether the rule came with this run; a step that never intended anything put up nothing."""
    remembered = scene.remembered.get(_PUT_UP_BY[denial.scope])
    return remembered is not None and denial.principal not in remembered["stood before"]
