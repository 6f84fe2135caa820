"""Model client quotas: what brokers let a user, a client id or an address use."""

from collections.abc import Mapping
from dataclasses import dataclass

DEFAULT = "<default>"
"""The name that Kafka's tools give what holds for everybody who has no quota of their own."""


@dataclass(frozen=True, slots=True, order=True)
class QuotaEntity:
    """Whom a quota is for: names by type (``user``, ``client-id``, ``ip``), sorted; None is the default."""

    parts: tuple[tuple[str, str | None], ...]

    def __str__(self) -> str:
        return ", ".join(f"{kind} {DEFAULT if name is None else name}" for kind, name in self.parts)


type ClientQuotas = Mapping[QuotaEntity, Mapping[str, float]]
"""Values by Kafka's own key, such as ``producer_byte_rate`` in bytes per second."""
