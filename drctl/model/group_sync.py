"""How well a group's positions at the standby are kept.

A position that moved at the source, or was committed there with other metadata, is *due*, and stays so until the
standby has it, proven:

```
            moves at the source
  (none) ────────────────────────► due ◄────────────────────────────────────────────────┐
                                    │  cycle: translate, prove, commit, read back       │
     ┌──────────────┬───────────────┼────────────────┬──────────────────┐               │
     ▼              ▼               ▼                ▼                  ▼               │
  PROVEN         BEHIND          REFUSED     ACTIVE, USED,           FAILED             │
  not due        committed,      left as     CONTESTED               nothing known      │
  until it       and early       it was      left as it was          of the commit      │
  moves again       │ next cycle    │ 10 s           │ 10 s             │ 1, 2, … 60 s  │
                    └───────────────┴────────────────┴──────────────────┴───────────────┘

  HANDED_OVER: lives at the standby, nothing is due. UNDECIDED: due, not tried until the transaction ends.
```

Deleted at the source it is no longer followed. No group waits for another one; a cycle takes a part of those that are
due, in the order in which they became so (:mod:`drctl.plans.due`). Where the leader of a partition was elected, at
either site, all positions in it are due again: a log that lost its end may have made them late. If it did, and one of
ours can be proven no more, it goes back to the early position that its refusal offers. Whose a position at the standby
is, says the table in :mod:`drctl.plans.ownership`.

| in a cycle, first that holds | state of the group |
| --- | --- |
| reading, committing or reading back failed | FAILED |
| a position at the standby has a later epoch's stamp | CONTESTED |
| a position at the standby is neither ours nor one to go forward over | USED |
| the coordinator refuses the commit, since the group has members | ACTIVE |
| some translation is refused for another reason than the copy | REFUSED |
| some position lies beyond what is copied | BEHIND |
| else | PROVEN |

Example: billing is at 120 of orders-0. The link has copied what lies below 118, and the standby's log ends at 131. 131
is committed, BEHIND by 2: 118 and 119. Once these are copied, at 131 and 132, 120 is translated to 133: PROVEN.

Invariant: o committed at the standby for the position p => image(r) >= o for each record r >= p.
It is a translation that is proven, or an early one, and neither passes over a record (:mod:`drctl.decide.translate`).
A run that raises the epoch waits until no older commit can arrive any more (:mod:`drctl.plans.under_way`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from drctl.model.offsets import TopicPartition
from drctl.model.translation import UnprovenReason


class GroupSyncState(StrEnum):
    """Worded for the operator."""

    PROVEN = "every position at the standby is proven"
    BEHIND = "every position skips nothing; records before it are not copied yet"
    REFUSED = "some positions cannot be proven, and are left as they were"
    ACTIVE = "the group has members at the standby, and is left alone"
    HANDED_OVER = "the group was handed over to the standby and lives there"
    UNDECIDED = "a transaction at the source does not end and hides what the group commits, so nobody can tell"
    USED = "somebody else committed for the group at the standby, and it is left alone"
    CONTESTED = "a position at the standby has a later epoch than any that was raised, and the group is left alone"
    FAILED = "the group's positions could not be read, committed or read back; it is tried again"


@dataclass(frozen=True, slots=True)
class GroupSyncStatus:
    """A group at the standby after the last cycle that had to do with it.

    ``behind`` counts records that the group has read and the standby does not hold yet: a failover now would lose them
    with the source, and the group would read on after them.
    """

    state: GroupSyncState
    behind: int = 0
    refused: Mapping[TopicPartition, UnprovenReason] = field(default_factory=dict)
    committed: int = 0
    """Positions committed and read back in that cycle."""
    why: str = ""
    """Why it failed, or who contests it; empty where the state tells all."""
