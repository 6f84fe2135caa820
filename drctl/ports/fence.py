"""The fence of one site: deny rules, and an ordinary client that tries them."""

from collections.abc import Collection
from typing import Protocol

from drctl.model.fence import CanaryResult, Denial, Writers


class Fence(Protocol):
    """Deny rules that take the pen from everyone but the replication principal. All methods are idempotent."""

    def writers(self) -> Writers:
        """Who is allowed to write, from the ALLOW rules for topics and transactional ids."""
        ...

    def standing(self) -> frozenset[Denial]:
        """The deny rules of this shape that stand now, read back from a broker."""
        ...

    def deny(self, denials: Collection[Denial]) -> None:
        """Add these rules. Acknowledgements may still arrive for some ten milliseconds after this returns."""
        ...

    def lift(self, denials: Collection[Denial]) -> None:
        """Remove these rules; those that do not stand are no error."""
        ...

    def canary(self) -> CanaryResult:
        """Let an ordinary client try to write one record. Unreachable if it gets neither an answer nor a refusal."""
        ...
