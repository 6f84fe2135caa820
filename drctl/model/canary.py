"""Model the canary's traffic: small numbered records that drctl writes and reads itself, all the time."""

from dataclasses import dataclass
from enum import StrEnum

CANARY_RECORDS = "drctl.canary-records"
"""The topic, and the group that reads it. Reserved: whoever else writes there is shown as a record that nobody sent."""


class WriteAnswer(StrEnum):
    """Say what became of a record. DENIED: certainly not written. DOUBTFUL: nobody knows."""

    WRITTEN = "written"
    DENIED = "denied"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True, slots=True)
class CanaryRecord:
    """A record as a reader gets it. ``topic`` is its name at the site; ``number`` the header, None without one."""

    topic: str
    partition: int
    offset: int
    number: bytes | None
    value: bytes | None
