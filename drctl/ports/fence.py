"""The fence of one site: deny rules, and an ordinary client that tries them."""

from collections.abc import Collection
from typing import Protocol

from drctl.model.fence import CanaryResult, DenyRule, Writers


class Fence(Protocol):
    """Deny rules for every writer but the replication principals. All methods are idempotent.

    Kafka's rules name no owner, so each rule that drctl makes has a second one beside it, on a resource named
    :data:`drctl.model.fence.MARK`, made and removed in the same request.
    """

    def writers(self) -> Writers:
        """Who is allowed to write, from the ALLOW rules for topics and transactional ids."""
        ...

    def standing(self) -> frozenset[DenyRule]:
        """The deny rules of this shape that stand now, read back from a broker, each with whether it is drctl's own."""
        ...

    def deny(self, denials: Collection[DenyRule], *, adopt: bool = False) -> None:
        """Add these rules as drctl's own. Acknowledgements may still arrive for some ten milliseconds afterwards.

        A rule that somebody else made stays theirs, unless it is to be adopted.
        """
        ...

    def lift(self, denials: Collection[DenyRule]) -> None:
        """Remove these rules where they are drctl's own; the others, and those that do not stand, are no error."""
        ...

    def canary(self) -> CanaryResult:
        """Let an ordinary client try to write one record. Unreachable if it gets neither an answer nor a refusal."""
        ...
