"""Commands of the operator: hooks, and a front door that is not a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended. ``code`` is None if it could not be started or was killed at its deadline."""

    code: int | None
    output: str = ""
    errors: str = ""
    timed_out: bool = False


class Commands(Protocol):
    """Runs commands on this machine."""

    def run(self, command: Sequence[str], text: str, seconds: float) -> Ended:
        """Run it without a shell, ``text`` on its standard input, for at most so long.

        At the deadline it is killed with everything that it started. Never raises for what the command does.
        """
        ...
