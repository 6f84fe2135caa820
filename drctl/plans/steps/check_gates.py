"""check-gates."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, override

from drctl.decide.readiness import Blocker, blockers, warnings
from drctl.errors import Blocked
from drctl.model.facts import Facts
from drctl.model.run import Evidence
from drctl.model.site import Guards
from drctl.plans.plan import Place, Scene, Step
from drctl.ports import World

type Observe = Callable[[World, str, str], Facts]
"""``drctl.monitors.observe``, handed in by the door: plans and monitors are strangers."""

type Consider = Callable[[Facts, Guards, datetime], Iterator[Blocker]]
"""Names every reason to wait."""


@dataclass(frozen=True, slots=True)
class CheckGates(Step):
    """Look at both sites and the link, and name every reason to wait. Nothing is changed while there is one.

    A run that has raised the epoch has passed its gates: some of them only hold before the fence, so a resumed run is
    not held up by them again.
    """

    observe: Observe
    consider: Consider = blockers
    name: ClassVar[str] = "check-gates"
    title: ClassVar[str] = "Check that nothing stands in the way"
    at: ClassVar[Place] = Place.BOTH
    look: ClassVar[str] = "drctl status -o wide"

    def check(self, scene: Scene) -> bool:
        return scene.world.epochs.current() >= scene.run.epoch

    @override
    def do(self, scene: Scene) -> Evidence:
        return {}

    def verify(self, scene: Scene) -> Evidence:
        world, run = scene.world, scene.run
        facts = self.observe(world, run.source, run.target)
        found = list(self.consider(facts, world.plan.guards, world.clock.now()))
        if found:
            raise Blocked(
                f"{run.kind} from {run.source} to {run.target}: {len(found)} reasons to wait, nothing was changed",
                (f"{b.detail} ({b.remedy})" for b in found),
                exit_code=found[0].concern.value,
                remedy="remove the reasons and run the command again",
            )
        return {"blockers": [], "warnings": [f"{w.detail} ({w.remedy})" for w in warnings(facts)]}
