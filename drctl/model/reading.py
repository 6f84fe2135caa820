"""Model what a monitor saw, when, and how surely. Unknown is a value: never zero, never healthy."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Reading[T]:
    """A value with the time it was seen, or no value with the reason why it is unknown.

    ``silent`` says that it is unknown because nobody answered; a refusal is an answer.
    """

    value: T | None
    seen_at: datetime
    unknown: str = ""
    silent: bool = False

    @property
    def known(self) -> bool:
        """Whether there is a value at all."""
        return not self.unknown
