"""How well a group's positions at the standby are kept.

A position of a group in a partition, from when it moves at the source:

    at rest ---- moved at the source, or its metadata changed ----> due
       ^                                                             |
       |                                          translated, at most once a cycle
       |                                                             v
       +-- proven: committed, read back --------------------------- judged
                                                                     |
        not copied yet: waits a moment for the link, then is committed as early as it has to be; due at once
        refused: what the standby has is left as it was ------------------------------------------; due later
        its group has members there, is used or contested: the group is left alone ---------------; due later
        its group fails (unread, unanswered, read back otherwise): tried ever less often ----------; due later
        hidden by a transaction at the source: nothing is done -------------------; due once that is decided

Deleted at the source it is followed no more, handed over it lives at the standby. Whose a position there is, judge the
table in ``drctl/plans/ownership.py``. No group waits for another one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from drctl.model.offsets import TopicPartition
from drctl.model.translation import Refusal


class GroupSyncState(StrEnum):
    """Worded for the operator."""

    PROVEN = "every position at the standby is proven"
    BEHIND = "every position skips nothing; records before it are not copied yet"
    REFUSED = "some positions cannot be proven, and are left as they were"
    ACTIVE = "the group has members at the standby, and is left alone"
    HANDED_OVER = "the group was handed over to the standby and lives there"
    UNDECIDED = "a transaction at the source does not end and hides what the group commits, so nobody can tell"
    USED = "somebody else committed for the group at the standby, and it is left alone"
    CONTESTED = "a position at the standby bears a later epoch than any that was raised, and the group is left alone"
    FAILED = "the group's positions could not be read, committed or read back; it is tried again"


@dataclass(frozen=True, slots=True)
class GroupSyncStatus:
    """A group at the standby after the last cycle that had to do with it.

    ``behind`` counts records that the group has read and the standby does not hold yet: a failover now would lose them
    with the source, and the group would read on after them.
    """

    state: GroupSyncState
    behind: int = 0
    refused: Mapping[TopicPartition, Refusal] = field(default_factory=dict)
    committed: int = 0
    """Positions committed and read back in that cycle."""
    why: str = ""
    """What failed, or who contests it; empty where the state tells all."""
