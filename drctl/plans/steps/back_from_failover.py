"""The way back of a failover: each step leaves what is out of reach as it is, and says so."""

from typing import ClassVar, override

from drctl.errors import Unreachable
from drctl.model.fence import Denial
from drctl.model.link import LinkStatus
from drctl.model.run import Evidence
from drctl.plans import fencing
from drctl.plans.losing import answers
from drctl.plans.plan import Scene
from drctl.plans.steps.confirm_positions import ConfirmPositions
from drctl.plans.steps.fence_what_answers import FenceWhatAnswers
from drctl.plans.steps.hand_over_positions import HandOverPositions
from drctl.plans.steps.point_clients_back import PointClientsBack
from drctl.plans.steps.reopen_source import LEFT_CLOSED, ReopenSource
from drctl.plans.steps.restore_positions import RestorePositions
from drctl.plans.steps.resume_link import ResumeLink
from drctl.plans.steps.resume_sinks import ResumeSinks
from drctl.plans.steps.stop_sinks import that_ran
from drctl.plans.waiting import wait_until_none


class ReopenIfFenced(ReopenSource):
    """Lift the deny rules that this run, or the one it took over, put up at the source, unless it was silent all along.

    A source that is silent now keeps them; it is named, and comes back closed.
    """

    title: ClassVar[str] = "Open the source again, if this run has fenced it"

    @override
    def check(self, scene: Scene) -> bool:
        if not self._put_up(scene) or not answers(scene.source):
            return True
        return super().check(scene)

    @override
    def verify(self, scene: Scene) -> Evidence:
        if not self._put_up(scene):
            stood = sorted({each.principal for each in fencing.own(scene.source)}) if answers(scene.source) else []
            return {LEFT_CLOSED: stood} if stood else {"fenced": False}
        if not answers(scene.source):
            scene.say(f"{scene.source.name} is silent: the deny rules put up there stay until it answers")
            return {"left fenced": scene.source.name}
        return super().verify(scene)

    @override
    def _ours(self, scene: Scene) -> frozenset[Denial]:
        before = scene.remembered.get(FenceWhatAnswers.name, {}).get("stood before")
        if before is None:  # a source whose rules could not be read was not fenced by this run
            return super()._ours(scene)
        own = {d for d in fencing.own(scene.source) if d.principal not in before[d.scope.value]}
        return super()._ours(scene) | own

    @staticmethod
    def _put_up(scene: Scene) -> bool:
        fenced = FenceWhatAnswers.name in scene.remembered
        return fenced or any(name in scene.remembered for name in ("fence-writes", "fence-transactions"))


class ReopenDoor(PointClientsBack):
    """Point the front door at the source again, if the run that was taken over has closed it."""

    @override
    def _before(self, scene: Scene) -> str:
        return scene.world.front_door.site() or scene.source.name


class RestoreConfirmed(RestorePositions):
    """Give the groups at the target the positions that they had there before.

    Where there was none before, the proven and stamped position stays.
    """

    @override
    def _before(self, scene: Scene) -> Evidence:
        own: Evidence = scene.remembered.get(ConfirmPositions.name, {}).get("target before", {})
        earlier: Evidence = scene.remembered.get(HandOverPositions.name, {}).get("target before", {})
        return own | earlier


class ResumeSinksIfTheyAnswer(ResumeSinks):
    """Let the sink connectors at the source run on that the run taken over has stopped, unless their worker is silent.

    These are named, and have to be resumed by hand.
    """

    @override
    def check(self, scene: Scene) -> bool:
        try:
            return super().check(scene)
        except Unreachable:
            return True

    @override
    def verify(self, scene: Scene) -> Evidence:
        try:
            return super().verify(scene)
        except Unreachable as silent:
            return {"left as they are": that_ran(scene), "why": str(silent)}


class LetLinkRunOn(ResumeLink):
    """Let the link to the target run on from where this run stopped it.

    While the source is silent it is enough that it is asked to: it copies when the source is back.
    """

    @override
    def do(self, scene: Scene) -> Evidence:
        scene.in_charge()
        scene.forward.replication.resume(scene.in_charge)
        wait_until_none(scene, "the link runs on", lambda: self._halted(scene))
        return {}

    @override
    def _stood_still(self, scene: Scene, status: LinkStatus) -> bool:
        return False  # a failover passes its gates whether the link runs or not

    def _halted(self, scene: Scene) -> list[str]:
        source = scene.forward.replication.status().source
        return [f"{source.name} is {source.state}"] if source.halted else []
