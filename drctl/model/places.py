"""Model where a site's brokers run, and how the volumes under them stand."""

from dataclasses import dataclass
from enum import StrEnum

from drctl.model.kubernetes import ConditionStatus


class VolumeHealth(StrEnum):
    """The three answers about a volume's health. NOT_REPORTED: nobody tells of it, which is not health."""

    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    NOT_REPORTED = "not reported"


@dataclass(frozen=True, slots=True)
class BrokerVolume:
    """One claim of a broker's pod, and the volume behind it.

    ``phase`` is the claim's, empty where there is no such claim. ``nodes`` are those to which the volume is attached,
    None where attachments were not seen or the claim has no volume. ``free`` is the part that is free of bytes or
    inodes, whichever is less; None where nobody measures it. ``told`` are the words of those who call it unhealthy.
    """

    claim: str
    phase: str
    volume: str
    nodes: tuple[str, ...] | None
    free: float | None
    health: VolumeHealth
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BrokerPlace:
    """One broker as Kafka and Kubernetes see it.

    ``broker`` is None for a pod whose name tells no id. ``alive``: it is in the brokers' metadata; None where nobody
    could ask. ``pod`` is empty, and what follows of it too, where the broker has none. ``ready`` and ``node_ready`` are
    None where there is no pod, or its node was not seen.
    """

    broker: int | None
    alive: bool | None
    pod: str = ""
    phase: str = ""
    ready: ConditionStatus | None = None
    restarts: int = 0
    trouble: str = ""
    node: str = ""
    node_ready: ConditionStatus | None = None
    zone: str = ""
    volumes: tuple[BrokerVolume, ...] = ()
