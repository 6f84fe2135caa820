"""unfence-site."""

from typing import ClassVar

from drctl.errors import StepFailed
from drctl.model.run import Evidence
from drctl.plans import fencing
from drctl.plans.plan import Place, Scene, Step
from drctl.plans.steps.check_others_closed import open_sites
from drctl.plans.waiting import wait_until_none


class UnfenceSite(Step):
    """Lift the deny rules that drctl made at the site, and see an ordinary client write there again.

    Every other site is asked once more right before. Rules that somebody else made stay, and are named.
    """

    name: ClassVar[str] = "unfence-site"
    title: ClassVar[str] = "Open the site for writing"
    at: ClassVar[Place] = Place.SOURCE
    look: ClassVar[str] = "kafka-acls.sh --bootstrap-server {source} --list"

    def check(self, scene: Scene) -> bool:
        return not fencing.own(scene.source)

    def do(self, scene: Scene) -> Evidence:
        if reasons := list(open_sites(scene)):
            raise StepFailed(f"{scene.source.name} stays closed: {'; '.join(reasons)}", remedy="see 'drctl status'")
        scene.in_charge()
        lifted = fencing.own(scene.source)
        scene.source.fence.lift(lifted)
        return {"lifted": sorted({denial.principal for denial in lifted})}

    def verify(self, scene: Scene) -> Evidence:
        fence = scene.source.fence
        wait_until_none(scene, "the site takes writes", lambda: [c.answer] if (c := fence.canary()).refused else [])
        return {"canary": "written", "left as they are": fencing.of_others(scene.source)}
