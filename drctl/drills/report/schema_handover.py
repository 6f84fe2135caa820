"""A handover in ``report.json``: groups, proofs and pauses of one planned move."""

from typing import Any

from drctl.drills.report.schema_part import Count, Part, Seconds


class HandedGroup(Part):
    """One group at one handover; ``lag`` in offsets, as Kafka counts it."""

    name: str
    partitions: Count
    lag: Count
    compared: Count
    proofs: dict[str, Count]
    mirrormaker_would_repeat: Count


class PausePart(Part):
    """From a client's last work at the source to its first at the target; null if it did not come back."""

    client: str
    seconds: Seconds | None


class HandoverPart(Part):
    """One switchover, or the failback of a drill that lost a site: who handed to whom, and what proves it.

    ``longest_pause`` is the longest that is known of any client. ``pause_within_objective`` compares it with the plan's
    ``recovery_time``: false if it is longer, null if a client's pause is not known and no other is longer.
    """

    run: str
    source: str
    target: str
    epoch: int
    began: str
    seconds: Seconds
    fence: dict[str, Any]
    groups: list[HandedGroup]
    pauses: list[PausePart]
    longest_pause: Seconds | None
    pause_within_objective: bool | None
    not_arrived: list[str]
