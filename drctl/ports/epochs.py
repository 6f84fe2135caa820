"""The epoch: one integer per plan file, raised before every change of primary."""

from typing import Protocol


class Epochs(Protocol):
    """A compare-and-swap register."""

    def current(self) -> int:
        """The epoch now; 0 where none was ever raised."""
        ...

    def raise_to(self, epoch: int, *, expected: int) -> None:
        """Raise it in one atomic step; Superseded unless it is ``expected`` and ``epoch`` is higher."""
        ...
