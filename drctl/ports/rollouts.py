"""Restart what runs clients, pod by pod."""

from typing import Protocol

from drctl.model.rollouts import Rollout
from drctl.model.scaling import Scalable
from drctl.ports.permit import Permit, always


class Rollouts(Protocol):
    """Deployments and StatefulSets whose pods are replaced by a mark on their template.

    NotFound where there is no such object, Forbidden naming the missing right.
    """

    def state(self, what: Scalable) -> Rollout:
        """How far it is, pods included."""
        ...

    def rehearse(self, what: Scalable) -> None:
        """Raise what would keep a restart from being done or from being seen, and change nothing.

        Conflict where its rollout is paused or its strategy replaces no pod by itself, where somebody else owns the
        mark, and where more than the mark would change.
        """
        ...

    def restart(self, what: Scalable, mark: str, permit: Permit = always) -> None:
        """Mark its pod template, so that its controller replaces every pod. One that has the mark stays as it is.

        Returns before a pod comes or goes. Conflict as for :meth:`rehearse`. ``permit`` is asked right before the
        change, and what it raises ends it there.
        """
        ...
