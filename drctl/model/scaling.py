"""Model what is scaled: the Deployments and StatefulSets of a workload, Strimzi's node pools, and a link's tasks."""

from collections.abc import Collection
from dataclasses import dataclass, field

DEPLOYMENT, STATEFUL_SET, NODE_POOL = "Deployment", "StatefulSet", "KafkaNodePool"
"""Kinds."""
TASKS_MAX = "tasks.max"
"""The kind of a link's number of tasks: no object of Kubernetes, and a number that is scaled with the others."""
KEPT = "drctl.io/replicas"
"""The annotation that says how many replicas an object had before drctl took it to 0, or is to have when it comes."""


@dataclass(frozen=True, slots=True)
class Scalable:
    """One object with a number of replicas, of the same name at every site; ``namespace`` is the site's own if empty.

    ``take``: drctl may set the number although a manifest of somebody else sets it, too.
    """

    kind: str
    name: str
    namespace: str = ""
    take: bool = False

    def __str__(self) -> str:
        if self.kind == TASKS_MAX:
            return f"{self.kind} of {self.name}"
        return f"{self.kind}/{self.name}" + (f" in {self.namespace}" if self.namespace else "")


@dataclass(frozen=True, slots=True)
class Carrier:
    """Name what carries a workload's clients. ``groups`` are the consumer groups whose members are its pods.

    Where none is named it carries all of the workload, or its producers. ``of_sinks`` are those of them that the
    workload does not name as its own: each must be one that a sink connector of it reads as.
    """

    what: Scalable
    groups: tuple[str, ...] = ()
    of_sinks: tuple[str, ...] = field(default=(), compare=False, repr=False)

    def moves_with(self, groups: Collection[str]) -> bool:
        """Whether it goes along when all of the work moves but what is not among these groups."""
        return not self.groups or any(group in groups for group in self.groups)

    def is_handed_over_with(self, groups: Collection[str]) -> bool:
        """Whether it goes along when these groups move alone."""
        return bool(self.groups) and all(group in groups for group in self.groups)


@dataclass(frozen=True, slots=True)
class Scale:
    """How one object stands.

    ``wanted`` is its ``spec.replicas``, ``present`` its ``status.replicas``, ``available`` those that can work.
    ``pods`` are the names of all pods of its selector that have not ended, ``addresses`` those that only they have: a
    pod on its node's own network shares that one with others, and tells none. ``settled``: its controller has acted on
    the newest generation. ``kept`` is what the annotation says. ``owners`` are field managers other than drctl whose
    manifest sets the number: who scaled it through the scale subresource has none to put back.
    """

    wanted: int
    present: int
    available: int
    pods: tuple[str, ...] = ()
    settled: bool = True
    kept: int | None = None
    owners: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    @property
    def is_down(self) -> bool:
        """Whether nothing of it is left, which is more than that nothing is wanted."""
        return self.wanted == 0 and self.settled and self.present == 0 and not self.pods

    @property
    def staying(self) -> int:
        """How many can work and are to stay; what is being scaled down works for some moments more."""
        return min(self.wanted, self.available)

    def has(self, replicas: int) -> bool:
        """Whether so many can work and are to stay."""
        return self.settled and self.staying >= replicas


@dataclass(frozen=True, slots=True)
class Scaler:
    """Name what scales an object beside us, from ``least`` to ``most``: a HorizontalPodAutoscaler, KEDA's ScaledObject.

    ``paused`` says that it was told not to.
    """

    kind: str
    name: str
    least: int
    most: int
    paused: bool = False

    @property
    def undoes_zero(self) -> bool:
        """Whether it would scale up what was taken to 0.

        Kubernetes: an autoscaler with ``minReplicas`` of 1 or more leaves a target at 0 alone until it is scaled up by
        hand ("implicit maintenance-mode deactivation"). KEDA starts a target from 0 itself, unless it is paused.
        """
        return not self.paused and (self.kind != "HorizontalPodAutoscaler" or self.least == 0)


@dataclass(frozen=True, slots=True)
class Scaled:
    """One object with what scales it."""

    scale: Scale
    scalers: tuple[Scaler, ...] = ()
