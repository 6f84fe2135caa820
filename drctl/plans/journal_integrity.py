"""Whether the journal is as it was written: every entry of every run, and each site's copy held against it.

Invariant: ``is_whole`` only if every line follows its predecessor, every entry its predecessor within its run, and
every run is the one that its line began.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum

from drctl.errors import DrctlError, JournalBroken
from drctl.model.chain import Line
from drctl.ports import Journal, World


class CopyState(StrEnum):
    """How a site's copy stands to the journal. Only DIFFERS and AHEAD call for a person."""

    SAME = "the same"
    BEHIND = "behind"
    AHEAD = "ahead of the journal"
    DIFFERS = "differs"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CopyCheck:
    """One site's copy: ``lines`` is how many it holds, None where it could not be read; ``why`` says what is wrong."""

    site: str
    state: CopyState
    lines: int | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Integrity:
    """Hold what was found. ``broken`` names the first place that was altered; ``head`` is the newest digest."""

    runs: int
    entries: int
    lines: int
    head: str
    broken: str = ""
    copies: tuple[CopyCheck, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether the journal itself is as it was written."""
        return not self.broken


def check_journal(world: World, *, copies: bool) -> Integrity:
    """Read all of the journal, and with ``copies`` each site's copy. Damage is returned, not raised.

    Behind the first damaged line nothing can be trusted, for each line's digest covers the one before: so that one is
    named and the copies are not held against it.
    """
    journal = world.journal_file
    try:
        lines, runs = journal.lines(), journal.runs()
        entries = sum(len(journal.entries(run.id)) for run, _ in runs)
    except JournalBroken as error:
        return Integrity(0, 0, 0, "", str(error))
    checked: tuple[CopyCheck, ...] = ()
    if copies and world.copies:
        with ThreadPoolExecutor(len(world.copies)) as pool:  # side by side: a site that is silent delays no other
            checked = tuple(pool.map(lambda site: _copy(world, site, lines), world.copies))
    return Integrity(len(runs), entries, len(lines), lines[-1].digest if lines else "", copies=checked)


def _copy(world: World, site: str, lines: Sequence[Line]) -> CopyCheck:
    try:
        there = world.copies[site].lines()
    except JournalBroken as error:
        return CopyCheck(site, CopyState.DIFFERS, None, str(error))
    except DrctlError as error:
        return CopyCheck(site, CopyState.UNKNOWN, None, str(error))
    for own, copied in zip(lines, there, strict=False):
        if own != copied:
            return CopyCheck(site, CopyState.DIFFERS, len(there), f"line {own.number}, about {own.about}")
    if len(there) > len(lines):
        return CopyCheck(site, CopyState.AHEAD, len(there), f"'drctl runs restore --from {site}' completes the journal")
    return CopyCheck(site, CopyState.SAME if len(there) == len(lines) else CopyState.BEHIND, len(there))


def is_ahead(last: Line, journal: Journal) -> bool:
    """Whether a copy that ends with this line holds what the journal does not."""
    ours = journal.lines(last.number - 1)
    return not ours or ours[0].digest != last.digest
