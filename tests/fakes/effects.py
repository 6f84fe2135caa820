"""Every change that a fake port makes, counted, so that a run can be cut off before or after any."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Killed(BaseException):
    """The process is gone: nothing after it runs, not even error handling."""


class Effects:
    """The log of changes. ``watchers`` are called before and after each one, with its name."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.watchers: list[Callable[[str], None]] = []
        self._cut: tuple[int, bool] | None = None

    def cut_off(self, number: int, *, before: bool) -> None:
        """Kill the process at the effect of that number, counted from 0, right before or right after it."""
        self._cut = (number, before)

    def go_on(self) -> None:
        """A new process: no cut any more."""
        self._cut = None

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Count the change in the block under that name."""
        number = len(self.names)
        for watch in self.watchers:
            watch(name)
        if self._cut == (number, True):
            raise Killed(f"before {number} {name}")
        self.names.append(name)
        yield
        for watch in self.watchers:
            watch(name)
        if self._cut == (number, False):
            raise Killed(f"after {number} {name}")
