"""Log lines when something changes: a failure that lasts is logged once, and its end once."""

from collections.abc import Callable, Mapping
from typing import Any

import structlog


class Telling:
    """Tells one thing of many, by key, whenever it becomes another, and is quiet while it stays the same."""

    def __init__(self) -> None:
        self._told: dict[str, object] = {}

    def changed(self, key: str, what: object) -> bool:
        """Whether this is another thing than was told of it last, or nothing was; None forgets it."""
        before = self._told.get(key)
        if what is None:
            self._told.pop(key, None)
        else:
            self._told[key] = what
        return before != what


class Trouble:
    """Tell of what fails again and again: a line when it begins or becomes another, one when it is over.

    ``pause`` is how many seconds the loop waits before it tries again: ``usual`` while all is well, else twice as long
    each time, from ``first`` up to ``most``.
    """

    def __init__(self, event: str, *, usual: float = 0.0, first: float = 0.5, most: float = 15.0) -> None:
        self.event, self.usual, self.first, self.most = event, usual, first, most
        self.pause, self.times = usual, 0
        self._telling = Telling()

    def over(self, log: "structlog.typing.FilteringBoundLogger") -> None:
        """It went well."""
        if self._telling.changed(self.event, None):
            over = f"{self.event}-over"
            log.info(over, times=self.times)
        self.pause, self.times = self.usual, 0

    def met(self, tell: Callable[..., Any], why: str, more: Mapping[str, object] | None = None) -> None:
        """It failed, and why; ``tell`` is the logger's method."""
        self.times += 1
        self.pause = min(self.most, self.pause * 2) if self.times > 1 else self.first
        if self._telling.changed(self.event, why):
            tell(self.event, why=why, **(more or {}))
