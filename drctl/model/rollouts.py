"""Model the restart of clients that read where they bootstrap only when they start: a rollout of their pods."""

from dataclasses import dataclass

from drctl.model.scaling import Scalable

RESTARTED = "drctl.io/restarted-by"
"""The annotation of a pod template that says for which run its pods were started. As ``kubectl rollout restart`` does
it, a changed template makes its controller replace the pods; the run's id in it makes asking twice change nothing."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """How far the pods of one Deployment or StatefulSet have been replaced.

    ``mark`` is what the template says in :data:`RESTARTED`, empty if nothing. ``wanted`` is its ``spec.replicas``,
    ``updated`` the pods of the newest template, ``available`` those that can work. ``old`` are the names of pods, also
    those that are ending, that are not of ``mark``. ``settled``: its controller has acted on the newest generation.
    ``troubles`` are why pods do not come, in Kubernetes' words.
    """

    mark: str
    wanted: int
    updated: int
    available: int
    old: tuple[str, ...] = ()
    settled: bool = True
    troubles: tuple[str, ...] = ()

    def missing(self, mark: str) -> str:
        """Say in words what is still to come of the restart with that mark; nothing once it is complete."""
        found = "; ".join((*self._steps(mark), *self.troubles))
        return found if any(self._steps(mark)) else ""

    def _steps(self, mark: str) -> tuple[str, ...]:
        if self.mark != mark:
            return ("its pod template is not marked with this run",)
        if not self.settled:
            return ("its controller has not acted on the change yet",)
        steps = []
        if self.updated < self.wanted:
            steps.append(f"{self.updated} of {self.wanted} pods are new")
        if self.old:
            steps.append(f"old pods are left: {', '.join(self.old)}")
        if self.available < self.wanted:
            steps.append(f"{self.available} of {self.wanted} pods are available")
        return tuple(steps)


@dataclass(frozen=True, slots=True)
class HeldRestart:
    """One that could not be restarted now, with why and what helps."""

    what: Scalable
    why: str
    remedy: str
