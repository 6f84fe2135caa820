"""Which copy of a journal is the newest: by epoch, then by sequence; copies that contradict each other have none.

A journal's lines are numbered from 1 without gaps, so the number of its last line is its sequence; the epoch is the
highest that one of its lines has raised. Each line's digest covers the line before: where two copies have the same
digest under one number, they are the same up to there.

| a copy's last line, under its number in the other one | verdict                                             |
| ----------------------------------------------------- | --------------------------------------------------- |
| the same digest                                       | the other one goes on from it: as new, or newer     |
| another digest                                        | contradiction, whatever the epochs: they part below |

Example: the file ends with line 80 in epoch 6, south's copy with line 95 in epoch 7, and its line 80 is the file's: the
copy is the newest. If its line 80 is another one, two drctls have written, each without the other, and the epoch 7
proves only that one of them has decided later.

Invariant: newest(copies) = c and no contradiction => every other copy is a beginning of c. So its epoch and its number
are at most those of c: to order by (epoch, sequence) is then the same as to order by the number alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from drctl.model.chain import Change, Line


@dataclass(frozen=True, slots=True, order=True)
class CopyHead:
    """Where a journal ends: its epoch, the number of its last line, both 0 of an empty one. Compares in that order."""

    epoch: int
    number: int
    digest: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"line {self.number} in epoch {self.epoch}"


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two copies of which neither goes on from the other, and the number of the first line in which they differ."""

    one: str
    other: str
    line: int


def head_of(lines: Sequence[Line]) -> CopyHead:
    """Return where these lines end. ValueError if a line that raises the epoch tells no number."""
    epoch = max((int(line.content) for line in lines if line.change is Change.EPOCH_RAISED), default=0)
    return CopyHead(epoch, lines[-1].number, lines[-1].digest) if lines else CopyHead(0, 0)


def contradiction(copies: Mapping[str, Sequence[Line]]) -> Contradiction | None:
    """Return the first two copies that contradict each other, None if there are none. Each copy must be whole."""
    for one, other in combinations(copies, 2):
        pairs = zip(copies[one], copies[other], strict=False)
        parts = next((first.number for first, second in pairs if first.digest != second.digest), None)
        if parts is not None:
            return Contradiction(one, other, parts)
    return None


def newest(copies: Mapping[str, Sequence[Line]]) -> str:
    """Return which copy is the newest, of several that are the same the first. They must not contradict each other."""
    return max(copies, key=lambda each: head_of(copies[each]))
