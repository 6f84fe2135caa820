"""Hold what steps leave for others to read: each kind as a value, turned into JSON and back only here.

| step                                    | leaves           | read by                                                |
| --------------------------------------- | ---------------- | ------------------------------------------------------ |
| prove-fence                             | FenceProof       | disproving it, a failover, a reversal, a returned site |
| drain-link                              | DrainedLink      | a failover that takes the move over                    |
| record-handover-point                   | HandoverPoint    | reversing replication, the next loss, a salvage        |
| measure-loss                            | MeasuredLoss     | a failover's positions, a salvage                      |
| check-decision                          | CheckedDecision  | carrying out what was decided about a stranded tail    |
| hand-over-positions, confirm-positions  | GroupPositions   | every look at what became of the groups                |

A journal that an older drctl wrote reads the same: keys are never renamed, and one that came later has a value without
it. Positions are the many (one for each group and partition), so they stay the documents that they are, only typed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, NotRequired, Protocol, Self, TypedDict, cast

from drctl.model.offsets import TopicPartition
from drctl.model.run import Evidence
from drctl.plans import evidence

type Seen = Mapping[str, Evidence]
"""Each step's latest evidence, by the step's name."""


class Left(Protocol):
    """Hold what one step leaves; ``step`` is its name."""

    step: ClassVar[str]

    def to_json(self) -> Evidence:
        """Return it as it stands in the journal."""
        ...

    @classmethod
    def from_json(cls, body: Evidence) -> Self:
        """Return what stands in the journal, also as an older drctl wrote it."""
        ...


def left[L: Left](kind: type[L], seen: Seen) -> L:
    """Return what that step has left in this run. KeyError if it has not come to that."""
    return kind.from_json(seen[kind.step])


def left_if_any[L: Left](kind: type[L], seen: Seen) -> L | None:
    """Return the same, None if the step has not come to that."""
    return kind.from_json(seen[kind.step]) if seen.get(kind.step) else None


@dataclass(frozen=True, slots=True)
class FenceProof:
    """How it was proven that a site stands still: its ends over the window, and what an ordinary client was told.

    ``uncovered`` says whom no deny rule binds, in words.
    """

    step: ClassVar[str] = "prove-fence"
    ends: Mapping[TopicPartition, int]
    began: datetime | None = None
    window: timedelta = timedelta(0)
    samples: int = 0
    canary: str = ""
    uncovered: str = ""

    def to_json(self) -> Evidence:
        """Return it as it stands in the journal."""
        return {
            "ends": evidence.to_json(self.ends),
            "began": self.began.isoformat() if self.began else None,
            "window": self.window.total_seconds(),
            "samples": self.samples,
            "canary": self.canary,
            "uncovered": self.uncovered,
        }

    @classmethod
    def from_json(cls, body: Evidence) -> Self:
        """Return what stands in the journal; a failover's fence holds the same beside what it is worth."""
        began = body.get("began")
        return cls(
            evidence.from_json(body["ends"]),
            datetime.fromisoformat(began) if began else None,
            timedelta(seconds=body.get("window", 0)),
            body.get("samples", 0),
            body.get("canary", ""),
            body.get("uncovered", ""),
        )


@dataclass(frozen=True, slots=True)
class DrainedLink:
    """At which frontier no data record was left, and where the source's logs ended then.

    ``unpaired`` are the partitions with copied records behind the newest offset sync.
    """

    step: ClassVar[str] = "drain-link"
    frontier: Mapping[TopicPartition, int]
    ends: Mapping[TopicPartition, int]
    unpaired: tuple[TopicPartition, ...] = ()

    def to_json(self) -> Evidence:
        """Return it as it stands in the journal."""
        return {
            "frontier": evidence.to_json(self.frontier),
            "ends": evidence.to_json(self.ends),
            "unpaired": [str(partition) for partition in self.unpaired],
        }

    @classmethod
    def from_json(cls, body: Evidence) -> Self:
        """Return what stands in the journal; an older drctl did not look for unpaired records."""
        unpaired = tuple(map(evidence.partition_of, body.get("unpaired", ())))
        return cls(evidence.from_json(body["frontier"]), evidence.from_json(body["ends"]), unpaired)


@dataclass(frozen=True, slots=True)
class HandoverPoint:
    """Where the target's logs ended before it was opened."""

    step: ClassVar[str] = "record-handover-point"
    ends: Mapping[TopicPartition, int]

    def to_json(self) -> Evidence:
        """Return it as it stands in the journal."""
        return {"ends": evidence.to_json(self.ends)}

    @classmethod
    def from_json(cls, body: Evidence) -> Self:
        """Return what stands in the journal."""
        return cls(evidence.from_json(body["ends"]))


@dataclass(frozen=True, slots=True)
class MeasuredLoss:
    """Hold what a failover's link had copied, and where the source's logs ended as far as anybody knew."""

    step: ClassVar[str] = "measure-loss"
    frontier: Mapping[TopicPartition, int]
    source_ends: Mapping[TopicPartition, int]

    def to_json(self) -> Evidence:
        """Return this part of what stands in the journal; the rest is for people."""
        return {"frontier": evidence.to_json(self.frontier), "source ends": evidence.to_json(self.source_ends)}

    @classmethod
    def from_json(cls, body: Evidence) -> Self:
        """Return what stands in the journal; what nobody knew is empty."""
        return cls(evidence.from_json(body.get("frontier") or {}), evidence.from_json(body.get("source ends") or {}))


@dataclass(frozen=True, slots=True)
class CheckedDecision:
    """The runs that lost and saved the records which somebody decides on, and how many these are."""

    step: ClassVar[str] = "check-decision"
    failover: str
    salvage: str
    records: int

    def to_json(self) -> Evidence:
        """Return it as it stands in the journal."""
        return {"failover": self.failover, "salvage": self.salvage, "records": self.records}

    @classmethod
    def from_json(cls, body: Evidence) -> Self:
        """Return what stands in the journal."""
        return cls(body["failover"], body["salvage"], body["records"])


HandedPosition = TypedDict(
    "HandedPosition",
    {
        "here": int,
        "there": int,
        "metadata": str,
        "proof": str,
        "compared": NotRequired[int],
        "repeats": NotRequired[int | None],
        "as": NotRequired[str],
    },
)
"""One position at the source and at the target, and by what it is proven; ``as`` is the partition's name there."""


class GroupPositions(TypedDict):
    """A group's positions by source partition; ``lag`` is how many records it had still to read."""

    lag: NotRequired[int]
    positions: dict[str, HandedPosition]


HANDED_OVER, CONFIRMED = "hand-over-positions", "confirm-positions"
"""The steps that leave positions."""


def group_positions(seen: Seen, step: str = HANDED_OVER) -> Mapping[str, GroupPositions]:
    """Return every group's positions as that step has left them. KeyError if it has not come to that."""
    return cast("Mapping[str, GroupPositions]", seen[step]["groups"])
