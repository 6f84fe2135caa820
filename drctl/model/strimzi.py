"""Strimzi's resources as their operator reports on them."""

from dataclasses import dataclass
from enum import StrEnum


class ResourceState(StrEnum):
    """Sum up a resource's conditions.

    ``NotReady`` is a condition type of its own: then there is no Ready condition, so what is not said is SILENT and not
    false. PAUSED: reconciliation is paused, and the rest of the status is as old as the pause. BEHIND: the operator has
    not seen the newest generation, so its conditions speak of an older one. UNSEEN: we may not, or cannot, look.
    """

    READY = "ready"
    NOT_READY = "not ready"
    PAUSED = "paused"
    BEHIND = "behind"
    SILENT = "silent"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class StrimziResource:
    """One resource.

    ``said`` are the reasons and messages of NotReady and Warning conditions, first lines. ``failed`` names connectors
    and tasks that failed, which Ready does not tell of a KafkaMirrorMaker2. ``wanted`` and ``present`` count pods where
    the resource has some, and ``ids`` are the brokers of a KafkaNodePool. ``phase`` is a KafkaRebalance's; of a
    StrimziPodSet it is ``Rolling`` while pods of an older revision are left.
    """

    kind: str
    name: str
    standing: ResourceState
    said: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    wanted: int | None = None
    present: int | None = None
    ids: tuple[int, ...] = ()
    phase: str = ""

    @property
    def label(self) -> str:
        """``Kind/name``, as kubectl writes it."""
        return f"{self.kind}/{self.name}"
