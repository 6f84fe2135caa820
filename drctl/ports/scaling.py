"""Read and set what Kubernetes scales at one site."""

from typing import Protocol

from drctl.model.scaling import Scalable, Scale, Scaler


class Scaling(Protocol):
    """Objects with a number of replicas. NotFound where there is no such object, Forbidden naming the missing right."""

    def state(self, what: Scalable) -> Scale:
        """How it stands, pods included."""
        ...

    def scalers(self, what: Scalable) -> tuple[Scaler, ...]:
        """Return what else scales it; the autoscaler that KEDA makes for a ScaledObject is told as the ScaledObject."""
        ...

    def keep(self, what: Scalable, replicas: int | None) -> None:
        """Write a number down on the object, as the annotation ``drctl.io/replicas``; None takes it off. Idempotent."""
        ...

    def scale(self, what: Scalable, replicas: int) -> None:
        """Set the number of replicas, by the scale subresource. Idempotent; returns before a pod comes or goes.

        Conflict naming the field manager whose manifest sets the number, unless ``what.take``.
        """
        ...
