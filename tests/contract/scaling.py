"""Deployments as the contract suite plays on them, in memory or on a real API server."""

from typing import Protocol

from drctl.model.scaling import Scalable, Scaler
from drctl.ports import Scaling
from tests.fakes.scaling import FakeScaling


class ScalingHarness(Protocol):
    """The port is drctl's; who owns the manifest, the controllers and the autoscalers are the harness'."""

    @property
    def scaling(self) -> Scaling: ...

    def create(self, what: Scalable, replicas: int, *, manifest_says: bool = False) -> None:
        """Nothing of it runs yet. ``manifest_says``: the pipeline ``gitops`` owns the number."""

    def scale_by_hand(self, what: Scalable, replicas: int) -> None:
        """As ``kubectl scale`` does, once and for all."""

    def report(self, what: Scalable, pods: int, available: int, *, ended: int = 0, network: str = "") -> None:
        """The controller has acted: so many pods are there, so many can work, so many have ended and are not gone.

        Each has an address of its own on the ``network``; without one they are on their node's.
        """

    def autoscale(self, what: Scalable, least: int, most: int) -> None:
        """A HorizontalPodAutoscaler called ``load``."""

    def scale_by_events(self, what: Scalable, *, paused: bool = False, paused_at: int | None = None) -> None:
        """KEDA's ScaledObject called ``events``, with the autoscaler that KEDA makes for it."""


class FakeScalingHarness:
    """The fake."""

    def __init__(self) -> None:
        self.scaling = FakeScaling("north")
        self.scaling.idle = True

    def create(self, what: Scalable, replicas: int, *, manifest_says: bool = False) -> None:
        made = self.scaling.create(what, 0)
        made.wanted, made.settled, made.owners = replicas, False, {"gitops"} if manifest_says else set()

    def scale_by_hand(self, what: Scalable, replicas: int) -> None:
        made = self.scaling.objects[str(what)]
        made.wanted, made.settled, made.owners = replicas, False, set()

    def report(self, what: Scalable, pods: int, available: int, *, ended: int = 0, network: str = "") -> None:
        made = self.scaling.objects[str(what)]
        made.network = network
        made.pods, made.available, made.settled = [f"{what.name}-{n}" for n in range(pods)], available, True

    def autoscale(self, what: Scalable, least: int, most: int) -> None:
        self.scaling.objects[str(what)].scalers.append(Scaler("HorizontalPodAutoscaler", "load", least, most))

    def scale_by_events(self, what: Scalable, *, paused: bool = False, paused_at: int | None = None) -> None:
        scaler = Scaler("ScaledObject", "events", 0, 100, paused and paused_at is None)
        self.scaling.objects[str(what)].scalers.append(scaler)
