"""Commands of the operator: hooks, and client routing that is not a file."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from drctl.redaction import redact_foreign


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended. ``code`` is None if it could not be started or was killed at its deadline.

    ``secrets`` is what it was given that may be secret: its words, and part of its environment. What it wrote is shown
    as :meth:`said` and :meth:`complained` only.
    """

    code: int | None
    output: str = ""
    errors: str = ""
    timed_out: bool = False
    secrets: tuple[object, ...] = field(default=(), repr=False)

    def said(self, letters: int) -> str:
        """The first letters of its standard output, as they may be shown and written down."""
        return redact_foreign(self.output.strip(), *self.secrets)[:letters]

    def complained(self, letters: int) -> str:
        """The last letters of its standard error, as they may be shown and written down."""
        return redact_foreign(self.errors.strip(), *self.secrets)[-letters:].strip()


class Commands(Protocol):
    """Runs commands on this machine."""

    def run(self, command: Sequence[str], text: str, seconds: float) -> Ended:
        """Run it without a shell, ``text`` on its standard input, for at most so long.

        At the deadline it is killed with everything that it started. Never raises for what the command does.
        """
        ...
