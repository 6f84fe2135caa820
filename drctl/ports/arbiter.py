"""Where it is decided in a third place which site is primary, for controllers that cannot see each other."""

from typing import Protocol

from drctl.model.arbiter import ArbiterRecord


class Arbiter(Protocol):
    """One record that is replaced by compare-and-swap. Unreachable where it does not answer."""

    def read(self) -> ArbiterRecord | None:
        """Return what stands there, None where nothing was ever told. Unsupported for what is no such record."""
        ...

    def write(self, record: ArbiterRecord, *, expected: ArbiterRecord | None) -> None:
        """Replace what stands there in one atomic step; Superseded, and nothing changed, unless it is ``expected``.

        Unreachable leaves open whether it was done: read before anything is decided.
        """
        ...
