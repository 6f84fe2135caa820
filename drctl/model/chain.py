"""Chain a journal so that altering it shows: digests over entries within a run, and over lines across all runs.

A *line* is one change of the journal: a run begun, an entry written, a run ended, an epoch raised. Lines are numbered
from 1 without gaps, and each one's digest covers the one before. The newest line is the journal's *head*.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from drctl.errors import JournalBroken
from drctl.model.run import Run

GENESIS = "drctl"
"""Stands for the digest of a line before the first one."""


class Change(StrEnum):
    """Name what a line tells."""

    RUN_BEGUN = "run-begun"
    ENTRY_WRITTEN = "entry-written"
    RUN_ENDED = "run-ended"
    EPOCH_RAISED = "epoch-raised"


@dataclass(frozen=True, slots=True)
class Line:
    """One change. ``about`` is the run's id, of an epoch the plan's name.

    ``content`` is JSON: the run; the entry with its body as text; the state; or the epoch. ``digest`` is SHA-256, hex.
    """

    number: int
    change: Change
    about: str
    content: str
    digest: str = ""

    @property
    def essence(self) -> str:
        """Return what the digest covers of the content: of an entry its own digest, which covers the rest."""
        return str(json.loads(self.content)["digest"]) if self.change is Change.ENTRY_WRITTEN else self.content


def chained(before: str, line: Line) -> Line:
    """The line with its digest, after the one whose digest is ``before``."""
    return replace(line, digest=digest(before, str(line.number), line.change, line.about, line.essence))


def entry_digest(before: str, sequence: int, at: str, event: str, step: str, body: str) -> str:  # noqa: PLR0917
    """Of one entry; ``before`` is the digest of the run's entry before it, of the first one the run's id."""
    return digest(before, str(sequence), at, event, step, body)


def digest(*parts: str) -> str:
    """SHA-256 over these parts, in hex."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def run_content(run: Run) -> str:
    """A run as a line's content."""
    return canonical(asdict(run))


def canonical(value: object) -> str:
    """JSON that is the same for the same value."""
    # Keys sorted, since the digest is over the text: the same evidence, put together in another order, must
    # be the same line.
    return json.dumps(value, sort_keys=True, default=str)


def require_whole(where: str, lines: Iterable[Line], after: Line | None = None) -> Line | None:
    """Check that these lines follow each other and ``after``; returns the last one.

    JournalBroken names the first line that was altered, or is missing.
    """
    last = after
    entries: dict[str, str] = {}
    for line in lines:
        number, before = (last.number + 1, last.digest) if last else (1, GENESIS)
        if line.number != number:
            raise JournalBroken(
                f"{where}: line {number} is missing before line {line.number}", remedy="take the copy of another site"
            )
        if not _is_true(line, before, entries):
            raise JournalBroken(
                f"{where}: line {line.number}, about {line.about}, was altered", remedy="take the copy of another site"
            )
        last = line
    return last


def _is_true(line: Line, before: str, entries: dict[str, str]) -> bool:
    """Whether digest and content agree; ``entries`` holds the newest digest of every run seen from its start."""
    try:
        if chained(before, line).digest != line.digest:
            return False
        if line.change is Change.RUN_BEGUN:
            entries[line.about] = line.about
        if line.change is not Change.ENTRY_WRITTEN:
            return True
        told = json.loads(line.content)
        own = [told["sequence"], told["at"], told["event"], told["step"], told["body"]]
        known = entries.get(line.about)
        entries[line.about] = told["digest"]
        # None where the run began before the first line that is looked at: then the chain over all lines
        # vouches for it.
        return known is None or entry_digest(known, *own) == told["digest"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
