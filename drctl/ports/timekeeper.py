"""Somebody at a site who says what time it is there."""

from datetime import datetime
from typing import Protocol


class Timekeeper(Protocol):
    """Tells the time with an answer that it gives anyway."""

    def time(self) -> datetime:
        """The time there, in whole seconds, the rest cut off. Unsupported if its answers carry none."""
        ...
