"""Model what a comparison of two sites' logs has found."""

from dataclasses import dataclass
from enum import StrEnum

from drctl.model.offsets import TopicPartition


class Difference(StrEnum):
    """How a partition differs from its copy."""

    MISSING = "missing"
    """The source holds a record that the target lacks, and later ones were copied."""
    EXTRA = "extra"
    """The target holds a record that the source never had there."""
    CHANGED = "changed"
    """One record stands where another one should."""
    REPEATED = "repeated"
    """The target holds a record once more than the source."""
    MOVED = "moved"
    """The record is there, behind or in front of where it belongs."""


@dataclass(frozen=True, slots=True)
class Differing:
    """One difference: offsets at the source and at the target, None where there is none."""

    kind: Difference
    source: int | None
    target: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One partition and its copy.

    ``compared`` counts pairs of equal records, ``since`` is the offset of the source from which on they were compared.
    ``differing`` counts all differences, ``differences`` are the first ones. ``waiting`` records were not copied yet.
    ``one_sided`` records stand on one side only, of a topic from which compaction takes records on each side in its own
    time. ``unknown`` says why nothing could be compared.
    """

    partition: TopicPartition
    since: int = 0
    compared: int = 0
    differing: int = 0
    differences: tuple[Differing, ...] = ()
    waiting: int = 0
    one_sided: int = 0
    unknown: str = ""
