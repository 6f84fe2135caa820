"""Every change that a fake port makes, counted, so that a run can be cut off before, after or inside any."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from enum import StrEnum


class Killed(BaseException):
    """The process is gone: nothing after it runs, not even error handling."""


class Cut(StrEnum):
    """Where in an effect the process dies. Inside one of several parts, half of them are done, from either end."""

    BEFORE = "before"
    FIRST_HALF = "first half"
    LAST_HALF = "last half"
    AFTER = "after"


INSIDE = (Cut.FIRST_HALF, Cut.LAST_HALF)


class Effects:
    """The log of changes. ``watchers`` are called before and after each one, with its name.

    ``watchers_inside`` are called between the parts of one that has several, and where it is cut off inside.
    ``divisible`` holds the numbers of effects that had more than one part.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self.watchers: list[Callable[[str], None]] = []
        self.watchers_inside: list[Callable[[str], None]] = []
        self.divisible: set[int] = set()
        self._cut: tuple[int, Cut] | None = None

    def cut_off(self, number: int, *, before: bool) -> None:
        """Kill the process at the effect of that number, counted from 0, right before or right after it."""
        self._cut = (number, Cut.BEFORE if before else Cut.AFTER)

    def cut_inside(self, number: int, half: Cut) -> None:
        """Kill it when half the parts of that effect are done."""
        self._cut = (number, half)

    def go_on(self) -> None:
        """A new process: no cut any more."""
        self._cut = None

    @contextmanager
    def __call__(self, name: str) -> "Iterator[_Parts]":
        """Count the change in the block under that name; what the block gets takes a request's parts one by one."""
        number = len(self.names)
        for watch in self.watchers:
            watch(name)
        if self._cut == (number, Cut.BEFORE):
            raise Killed(f"before {number} {name}")
        self.names.append(name)
        yield _Parts(self, number, name)
        for watch in self.watchers:
            watch(name)
        if self._cut == (number, Cut.AFTER):
            raise Killed(f"after {number} {name}")

    def half_of(self, number: int) -> Cut | None:
        """Return the half of that effect after which the process dies, None if it does not die inside it."""
        if self._cut is None or self._cut[0] != number:
            return None
        return self._cut[1] if self._cut[1] in INSIDE else None


class _Parts:
    """A request of several parts: partitions, rules or connectors."""

    def __init__(self, effects: Effects, number: int, name: str) -> None:
        self._effects, self._number, self._name = effects, number, name

    def __call__[T](self, parts: Collection[T], *, in_order: bool = False) -> Iterator[T]:
        """Each part; a cut inside ends it after half of them. Those that are ``in_order`` have no last half."""
        listed = list(parts)
        if len(listed) > 1:
            self._effects.divisible.add(self._number)
        half = self._effects.half_of(self._number)
        if half is Cut.LAST_HALF and not in_order:
            listed.reverse()
        for done, part in enumerate(listed):
            if done:
                for watch in self._effects.watchers_inside:
                    watch(self._name)
            if half is not None and done == max(1, len(listed) // 2):
                raise Killed(f"inside {self._number} {self._name}")
            yield part
